use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::plan::{
    Action, After, Change, Fidelity, FieldChange, Mode, Obstacle, Plan, PredictionReason, Reason, Refusal,
    UnknownValue,
};
use crate::resource::{Address, ClusterIdentity, Identity, Key, Problem, ProblemKind, Target};

fn file(key: &Key) -> PlanFile {
    file_of(&empty_plan(), key)
}

fn empty_plan() -> Plan {
    Plan {
        project: "p".into(),
        lineage: "a".repeat(32),
        serial: 3,
        mode: Mode::Apply,
        cluster: ClusterIdentity { uid: Some("u".into()), server: "https://s".into(), ca_digest: None },
        changes: Vec::new(),
        refusals: Vec::new(),
        notes: vec!["a note".into()],
        targets: Vec::new(),
        left_out: Vec::new(),
        digest: "sha256:0".into(),
    }
}

fn file_of(plan: &Plan, key: &Key) -> PlanFile {
    let preconditions = serde_json::from_value(json!({
        "regplan": "0.0.0", "project": "p", "lineage": plan.lineage, "serial": 3, "cluster": plan.cluster,
        "configuration": "sha256:1", "secrets": {"the environment variable A": "hmac:1"},
        "asked": {"mode": "apply", "targets": [], "replace": [], "adopt": [], "consent": []},
    }));
    PlanFile::new(plan, preconditions.unwrap(), BTreeMap::new(), key)
}

#[test]
fn a_file_outlives_being_written() {
    let key = Key::random();
    let file = file(&key);
    let read = PlanFile::from_text(&file.to_text().unwrap()).unwrap();
    assert_eq!(read, file);
    assert!(read.is_sealed_by(&key) && !read.is_sealed_by(&Key::random()));
    assert_eq!((read.plan().notes, read.plan().digest), (vec!["a note".to_owned()], "sha256:0".to_owned()));
}

#[test]
fn reasons_and_refusals_outlive_being_written() {
    let address = Address::block("resource", "a");
    let target = Target { identity: Identity::namespaced("", "ConfigMap", "n", "a"), version: None };
    let reasons = vec![Reason::ReplaceTriggered { by: address.clone() }, Reason::AppliedBefore];
    let predicted = Fidelity::Predicted(PredictionReason::NamespaceCreated { namespace: "n".into() });
    let path = "spec.x".parse().unwrap();
    let field = FieldChange::new(path, None, After::Unknown(UnknownValue::Generated));
    let change = Change::new(address.clone(), target.clone(), Action::Update, predicted.clone());
    let refused = |obstacle| Refusal { address: address.clone(), target: target.clone(), obstacle };
    let replacement = Obstacle::Replacement { reasons: reasons.clone(), help: "agree".into() };
    let problem = Problem::new(ProblemKind::Rejected, "no").help("ask").into();
    let plan = Plan {
        changes: vec![Change { reasons: reasons.clone(), fields: vec![field.clone()], ..change }],
        refusals: vec![refused(replacement), refused(problem)],
        ..empty_plan()
    };
    let text = file_of(&plan, &Key::random()).to_text().unwrap();
    let read = PlanFile::from_text(&text).unwrap().plan();
    assert_eq!((&read.changes[0].reasons, &read.changes[0].fidelity), (&reasons, &predicted));
    assert_eq!(read.changes[0].fields, [field]);
    let Obstacle::Replacement { reasons: read_reasons, help } = &read.refusals[0].obstacle else {
        panic!("{:?}", read.refusals)
    };
    assert_eq!((read_reasons, help.as_str()), (&reasons, "agree"));
    let Obstacle::Problem(problem) = &read.refusals[1].obstacle else { panic!("{:?}", read.refusals) };
    assert_eq!((problem.message.as_str(), problem.help.as_deref()), ("no", Some("ask")));
}

#[test]
fn every_breach_of_the_terms_is_told() {
    let preconditions = file(&Key::random()).preconditions;
    let with = |key: &str, value: serde_json::Value| -> Preconditions {
        let mut other = serde_json::to_value(&preconditions).unwrap();
        other[key] = value;
        serde_json::from_value(other).unwrap()
    };
    assert_eq!(preconditions.mismatches(&preconditions), []);
    assert_eq!(preconditions.mismatches(&with("serial", json!(9))), [], "a newer one alone is no breach");
    let cluster = json!({"uid": "other", "server": "https://s"});
    for (key, value, mismatch) in [
        ("regplan", json!("9.9.9"), Mismatch::Version { made_by: "0.0.0".into() }),
        ("project", json!("q"), Mismatch::Project { of: "p".into() }),
        ("lineage", json!("b".repeat(32)), Mismatch::Lineage { of: "a".repeat(32) }),
        ("cluster", cluster, Mismatch::Cluster { of: Box::new(preconditions.cluster.clone()) }),
        ("configuration", json!("sha256:2"), Mismatch::Configuration),
        ("secrets", json!({}), Mismatch::Secrets(vec!["the environment variable A".into()])),
    ] {
        assert_eq!(preconditions.mismatches(&with(key, value)), [mismatch], "{key}");
    }
}

proptest! {
    #[test]
    fn a_file_that_lost_or_changed_a_byte_is_no_plan_file_or_changed(at in 0usize..2000, byte in 0u8..=127) {
        let file = file(&Key::random());
        let text = file.to_text().unwrap();
        let mut bytes = text.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(read) = PlanFile::from_text(&String::from_utf8(bytes).unwrap()) {
            // White space between the keys; or the seal, which only its key can tell.
            let is_same = |a: &PlanFile, b: &PlanFile| a.digest() == b.digest() && a.preconditions == b.preconditions;
            prop_assert!(is_same(&read, &file));
        }
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused(text in ".*") {
        prop_assert!(PlanFile::from_text(&text).is_err());
    }
}
