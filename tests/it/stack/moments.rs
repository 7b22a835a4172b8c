//! What comes in through a real ingress controller while a registry goes from one way to another one, and the apply is killed
//! after each single write.

mod prober;
mod side;

use std::fs;

use crate::bed::{Records, Size};
use crate::force::exposure::{is_rolled_out, kill_after_each_write};
use crate::harness::{Bed, HEAD, Namespace, Project, wait_until};
use prober::Prober;
use side::Side;

tests! { on Size::Processes;
    no_request_comes_in_at_any_moment_of_a_change,
}

/// What is asserted, in words, for `docs/reliability.md`.
pub(crate) const OF_A_REQUEST: [&str; 3] = [
    "Without a password nobody gets into a registry that has users before and after the change.",
    "No port without TLS asks for a password or takes one, unless the configuration before or after the change does without TLS.",
    "At the end, the registry answers by the way of its configuration, and by no other one.",
];

const CLOSED: Side = Side { is_exposed: false, has_users: false, has_tls: false };
const OPEN: Side = Side { is_exposed: true, has_users: false, has_tls: false };
const OPEN_WITH_TLS: Side = Side { is_exposed: true, has_users: false, has_tls: true };
const GUARDED: Side = Side { is_exposed: true, has_users: true, has_tls: true };

/// From one to the other.
const CHANGES: [[Side; 2]; 6] = [
    [CLOSED, GUARDED],
    [GUARDED, CLOSED],
    [OPEN, GUARDED],
    [GUARDED, OPEN],
    [OPEN_WITH_TLS, GUARDED],
    [GUARDED, OPEN_WITH_TLS],
];

/// How many writes a change has at least.
const WRITES: usize = 2;

/// All of the changes at once, because most of the time is spent on waiting for pods and certificates.
fn no_request_comes_in_at_any_moment_of_a_change() {
    let bed = &Bed::shared().with_cert_manager();
    let namespaces = CHANGES.map(|_| Namespace::new());
    std::thread::scope(|scope| {
        let started = namespaces.iter().zip(CHANGES);
        let started = started.map(|(ns, [from, to])| scope.spawn(move || change(bed, ns, from, to)));
        for change in started.collect::<Vec<_>>() {
            if let Err(panic) = change.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

fn change(bed: &Bed, ns: &Namespace, from: Side, to: Side) {
    let host = format!("{}.{}", ns.prefix(), bed.facts().records.zone);
    let project = project(ns, bed);
    let head = project.read("regplan.toml");
    let write = |side: Side| project.rewrite("regplan.toml", &format!("{head}{}", side.registry(&host)));
    write(from);
    project.apply();
    project.expect_settled();
    let prober = Prober::start(bed, &host, [from, to]);
    prober.wait_for(from);
    write(to);
    let proxy = ns.proxy();
    let project = project.through(&proxy);
    let kills = kill_after_each_write(ns, &project, &proxy, &format!("from {from} to {to}"), |context| {
        prober.look(context);
        wait_until("the rollout", || is_rolled_out(ns));
        prober.look(context);
    });
    assert!(kills >= WRITES, "from {from} to {to} {kills} writes are too few");
    prober.wait_for(to);
    prober.finish();
    project.run(["destroy", "--auto-approve"]).success();
}

/// A project with an issuer and a zone, and no registry yet.
fn project<'n>(ns: &'n Namespace, bed: &Bed) -> Project<'n> {
    let Records { zone, server, key, secret } = bed.facts().records.clone();
    let acme = &bed.facts().acme;
    let text = format!(
        r#"{HEAD}
[dns.zone]
zone = "{zone}"
rfc2136 = {{ server = "{server}", key_name = "{key}", key = {{ env = "TSIG_KEY" }} }}

[issuer.acme]
scope = "namespace"
acme.server = "{acme}"
acme.email = "ops@example.test"
acme.ca_bundle = "acme.pem"
acme.http01 = {{ class = "contour" }}
"#
    );
    let project = ns.project().write("regplan.toml", &text).env("TSIG_KEY", secret);
    fs::copy(&bed.facts().acme_authority, project.path("acme.pem")).unwrap();
    project.env("CI_PASSWORD", prober::PASSWORD)
}
