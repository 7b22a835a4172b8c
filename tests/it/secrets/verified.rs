//! The password of a registry, while `regplan verify` uses it: with a registry that works, and with one that says in its
//! refusals, or sends elsewhere, what it was shown.

use super::sinks::{Sinks, value};
use crate::harness::{Canary, Front, Namespace, Wrong};
use crate::verify::{BY_SECRET, HOST, Registry, Signed, project};

tests! { no_password_is_said_or_written_where_a_registry_is_verified }

/// What stands before the registry.
const FRONTS: [Wrong; 4] = [Wrong::Nothing, Wrong::Quotes, Wrong::NoChallenge, Wrong::OtherHost];

fn no_password_is_said_or_written_where_a_registry_is_verified() {
    let ns = Namespace::absent();
    let password = Canary::new("CI_PASSWORD", value("p\"ss/w\u{f6}rd #"));
    let (registry, signed) = (Registry::start_for(password.value()), Signed::new());
    let project = project(&ns, BY_SECRET).env("CI_PASSWORD", password.value());
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    let mut sinks = Sinks::default();
    for wrong in FRONTS {
        let front = Front::start(registry.port(), &signed.pair, wrong);
        let there = front.resolve(HOST).join(" ");
        for format in ["text", "json", "junit"] {
            sinks.run(&project, &format!("verify --largest-body=2Mi {trusting} {there} --format={format}"));
        }
    }
    assert!(sinks.has("Works: 14 checks passed."), "the password is the right one");
    assert!(sinks.has("password-refused"), "it was refused, and quoted");
    sinks.files(project.folder().parent().unwrap(), &[]);
    sinks.lack(&[password]);
}
