//! `regplan verify` behind something that does one thing wrong: each fault has its name, a reason and what to do next.

use std::path::Path;
use std::{fs, thread};

use regplan::verify::codes;
use serde_json::{Value, json};

use super::{BY_SECRET, PASSWORD, Registry, Signed, checks, project, verify};
use crate::harness::{Front, Namespace, Wrong, rust_files};

tests! {
    every_fault_is_found_and_named,
    a_registry_that_allows_no_delete_is_found,
    every_code_is_seen_by_a_test,
}

/// What a front does wrong, the check that finds it, the fault, and words of its reason and of what to do next.
type Case = (Wrong, &'static str, &'static str, &'static str, &'static str);

const CASES: [Case; 16] = [
    (Wrong::BodyLimit(1 << 20), "body", "body-too-large", "front answers 413", "nginx"),
    (Wrong::PlainLocation, "push", "other-location", "sent on to http://", "X-Forwarded-Proto"),
    (Wrong::OtherHost, "push", "other-location", "sent on to registry.svc", "Host"),
    (Wrong::NoRedirect, "redirect", "no-redirect", "answers at plain HTTP", "lead HTTP to HTTPS"),
    (Wrong::NoChallenge, "authentication", "no-challenge", "401 without", "clients ask for no password"),
    (Wrong::GatewayTimeout, "push", "gateway-timeout", "front answers 504", "ingress.timeouts"),
    (Wrong::NoBackend, "authentication", "no-backend", "front answers 503", "no pod"),
    (Wrong::OtherServer, "authentication", "not-the-registry", "front answers 404", "look which server"),
    (Wrong::Open, "authentication", "open", "200 without a password", "take it from the net"),
    (Wrong::TakesAnyPassword, "wrong-password", "wrong-password-taken", "nobody has set", "in its place"),
    (Wrong::Quotes, "password", "password-refused", "403", "what else asks for rights"),
    (Wrong::TooMany, "push", "too-many-requests", "front answers 429", "wait a while"),
    (Wrong::HangsUp, "push", "broken-off", "broken off at PATCH", "ends connections"),
    (Wrong::KeepsAll, "delete", "left-behind", "still there after it was deleted", "cache"),
    (Wrong::KeepsAll, "clean-up", "left-behind", "still there after it was deleted", "cache"),
    (Wrong::OtherContent, "pull", "other-content", "was pushed", "compression"),
];

/// Text and JSON say the same.
fn every_fault_is_found_and_named() {
    let (ns, signed) = (Namespace::absent(), Signed::new());
    thread::scope(|scope| {
        for case in CASES {
            let (ns, signed) = (&ns, &signed);
            scope.spawn(move || is_found_and_named(ns, signed, case));
        }
    });
}

fn is_found_and_named(ns: &Namespace, signed: &Signed, (wrong, check, code, reason, fix): Case) {
    let (registry, project) = (Registry::start(), project(ns, BY_SECRET));
    let front = Front::start(registry.port(), &signed.pair, wrong);
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    let ended = verify(&project, &front, &[&trusting, "--format=json"]).run().code(2);
    let found = checks(&ended);
    assert_eq!(found[check]["code"], code, "{wrong:?}: {found:#}");
    let text = verify(&project, &front, &[&trusting, &format!("--only={check}")]).run().code(2);
    text.stdout_contains(&format!("x {check}"));
    for (key, words) in [("reason", reason), ("fix", fix)] {
        let told = found[check][key].as_str().unwrap_or_default();
        assert!(told.contains(words), "{wrong:?}: no `{words}` in {told}");
        text.stdout_contains(words);
    }
    for ended in [ended, text] {
        assert!(!ended.stdout().contains(PASSWORD), "{wrong:?}");
    }
}

/// The registry itself refuses.
fn a_registry_that_allows_no_delete_is_found() {
    let (ns, signed) = (Namespace::absent(), Signed::new());
    let storage = |folder: &Path| json!({"filesystem": {"rootdirectory": folder.join("data")}, "delete": {"enabled": false}});
    let (registry, project) = (Registry::start_with(PASSWORD, storage), project(&ns, BY_SECRET));
    let front = Front::start(registry.port(), &signed.pair, Wrong::Nothing);
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    let ended = verify(&project, &front, &[&trusting, "--format=json", "--only=push"]).run().code(2);
    let delete: Value = checks(&ended)["delete"].clone();
    assert_eq!(delete["code"], "no-delete", "{delete:#}");
    assert!(delete["reason"].to_string().contains("the registry answers 405"), "{delete:#}");
    assert!(delete["fix"].to_string().contains("storage.delete.enabled"), "{delete:#}");
}

/// Looks into the tests of `verify`: each code stands in one of them.
fn every_code_is_seen_by_a_test() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let of_others = ["verify.rs", "stack/verify.rs", "stack/node.rs", "charts/tested.rs"];
    let mut files: Vec<_> = of_others.iter().map(|file| tests.join(file)).collect();
    rust_files(&tests.join("verify"), &mut files);
    let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let unseen: Vec<&str> = codes::ALL
        .iter()
        .map(|(code, _)| *code)
        .filter(|code| !text.contains(&format!("\"{code}\"")))
        .collect();
    assert!(unseen.is_empty(), "no test sees these: {unseen:?}");
}
