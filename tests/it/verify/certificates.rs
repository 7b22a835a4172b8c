//! `regplan verify` before servers whose certificate is not the one that is meant.

use std::thread;

use serde_json::json;

use super::{BY_SECRET, HOST, Registry, Signed, checks, project, verify};
use crate::harness::{Front, Namespace, Wrong};
use crate::plane::pki::{Pair, Validity};

tests! {
    a_certificate_that_is_not_right_is_found,
    a_certificate_that_is_not_the_one_in_the_secret_is_found,
}

/// A server whose certificate is not right is asked again for a moment, so all are looked at side by side.
fn a_certificate_that_is_not_right_is_found() {
    let (ns, registry, signed) = (Namespace::absent(), Registry::start(), Signed::new());
    let issued = "tls.issuer = \"issuer.le\"\n[issuer.le]\nacme.server = \"letsencrypt\"\nacme.http01 = {}\n";
    let project = project(&ns, issued);
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    let found = |pair: &Pair, args: &[&str]| {
        let front = Front::start(registry.port(), pair, Wrong::Nothing);
        let args = [&["--format=json", "--only=password", "--only=issuer"], args].concat();
        checks(&verify(&project, &front, &args).run().code(2))
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let untrusted = found(&signed.pair, &[]);
            assert_eq!(untrusted["chain"]["code"], "not-trusted");
            assert_eq!(untrusted["authentication"]["outcome"], "passed", "that needs no trust");
            assert_eq!(untrusted["password"]["reason"], "it stands on `chain`", "nobody is sent a password");
        });
        scope.spawn(|| {
            let by_another = found(&signed.pair, &[&trusting]);
            assert_eq!(by_another["chain"]["outcome"], "passed");
            assert_eq!(by_another["issuer"]["code"], "other-issuer");
        });
        for (name, validity, check, code) in [
            (HOST, Validity::Expired, "expiry", "expired"),
            (HOST, Validity::Later, "expiry", "not-yet-valid"),
            (HOST, Validity::Ending, "expiry", "not-renewed"),
            ("other.example.com", Validity::Current, "names", "other-names"),
        ] {
            let pair = signed.authority.server_named(name, validity).unwrap();
            let (found, trusting) = (&found, &trusting);
            scope.spawn(move || {
                let found = found(&pair, &[trusting]);
                assert_eq!(found[check]["code"], code, "{found:#}");
                assert_eq!(found["password"]["outcome"], "skipped", "{found:#}");
            });
        }
    });
}

fn a_certificate_that_is_not_the_one_in_the_secret_is_found() {
    let (ns, registry, signed) = (Namespace::new(), Registry::start(), Signed::new());
    let project = project(&ns, BY_SECRET);
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    let stored = signed.authority.server_named(HOST, Validity::Current).unwrap();
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "registry-tls"},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": stored.certificate, "tls.key": stored.key},
    });
    ns.apply(&secret.to_string());
    let front = Front::start(registry.port(), &signed.pair, Wrong::Nothing);
    let args = [&trusting, "--format=json", "--only=issuer"];
    let issuer = checks(&verify(&project, &front, &args).run().code(2))["issuer"].clone();
    assert_eq!(issuer["code"], "other-certificate", "{issuer:#}");
    assert!(issuer["reason"].to_string().contains("the Secret holds another one"), "{issuer:#}");
    let front = Front::start(registry.port(), &stored, Wrong::Nothing);
    verify(&project, &front, &args).run().success();
}
