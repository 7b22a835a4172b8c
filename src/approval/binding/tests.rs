use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::plan::testing::owned;
use crate::plan::{Cause, Fidelity, PredictionReason, moved_fields};
use crate::resource::{Desired, Live, digest};
use crate::resource::{Encoding, Expression, LiveReference, Part, Reference};

fn config_map(data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "a"}, "data": data})
}

fn change(data: &Value, live: Option<&Value>) -> Change {
    let desired = Desired::new(Address::block("resource", "c"), config_map(data)).unwrap();
    let action = if live.is_some() { Action::Update } else { Action::Create };
    let (address, target) = (desired.address.clone(), desired.target());
    Change {
        prior: live.map(|data| Arc::new(owned(config_map(data), &["data.k"]))),
        send: Some(desired.object.clone()),
        desired: Some(Arc::new(desired)),
        ..Change::new(address, target, action, Fidelity::DryRun)
    }
}

fn with(mut change: Change, alter: impl FnOnce(&mut Change)) -> Change {
    alter(&mut change);
    change
}

fn live(change: &mut Change) -> &mut Live {
    Arc::make_mut(change.prior.as_mut().unwrap())
}

fn deviations(approved: &Change, now: &Change) -> Vec<Deviation> {
    let key = Key::random();
    Binding::of(approved, &key).deviations(&Binding::of(now, &key))
}

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

#[test]
fn what_does_not_concern_the_change_does_not_count() {
    let approved = change(&json!({"k": "new"}), Some(&json!({"k": "old"})));
    let now = with(approved.clone(), |change| {
        live(change).stamp.version = "99".into();
        live(change).object["data"]["theirs"] = json!("x");
        live(change).object["status"] = json!({"x": 1});
        change.fidelity = Fidelity::Predicted(PredictionReason::Forbidden { message: "no".into() });
        change.warnings.push("deprecated".into());
        change.foreign = 7;
    });
    assert_eq!(deviations(&approved, &now), []);
}

#[test]
fn what_others_did_is_told_from_what_would_be_written() {
    let approved = change(&json!({"k": "new"}), Some(&json!({"k": "old"})));
    let theirs = change(&json!({"k": "new"}), Some(&json!({"k": "theirs"})));
    assert_eq!(deviations(&approved, &theirs), [Deviation::Holds(vec![path("data.k")])]);
    let ours = change(&json!({"k": "newer"}), Some(&json!({"k": "old"})));
    assert_eq!(deviations(&approved, &ours), [Deviation::Sends(vec![path("data.k")])]);
    let more = change(&json!({"k": "new", "l": "x"}), Some(&json!({"k": "old"})));
    assert_eq!(deviations(&approved, &more), [Deviation::Sends(vec![path("data.l")])]);
    let recreated = with(approved.clone(), |change| live(change).stamp.uid = "other".into());
    assert_eq!(deviations(&approved, &recreated), [Deviation::Object]);
    let gone = change(&json!({"k": "new"}), None);
    assert_eq!(deviations(&approved, &gone), [Deviation::Action]);
    let taking = with(approved.clone(), |change| change.taken_from.push("helm".into()));
    assert_eq!(deviations(&approved, &taking), [Deviation::TakesFrom]);
}

#[test]
fn a_field_that_goes_is_bound_to_what_it_held() {
    let going = |held: &str| {
        with(change(&json!({"k": "v"}), Some(&json!({"k": "v", "old": held}))), |change| {
            change.fields.push(crate::plan::FieldChange {
                path: path("data.old"),
                before: Some(json!(held)),
                after: After::Absent,
                sensitive: false,
                origin: None,
                forces_replacement: false,
                cause: Cause::Yours,
                keep: None,
                users: Vec::new(),
            });
        })
    };
    assert_eq!(deviations(&going("x"), &going("x")), []);
    assert_eq!(deviations(&going("x"), &going("y")), [Deviation::Holds(vec![path("data.old")])]);
}

#[test]
fn a_reference_that_was_open_may_be_known_by_then_and_a_known_one_must_stay() {
    let text = "resource.s.spec.clusterIP".to_owned();
    let parts = vec![Part::Reference(Reference::Live(LiveReference { text }))];
    let expression = Expression { parts, encoding: Encoding::Plain };
    let referring = |value: Option<&str>| {
        with(change(&json!({"k": "(open)"}), Some(&json!({"k": "old"}))), |change| {
            let desired = Arc::make_mut(change.desired.as_mut().unwrap());
            desired.unresolved.insert(path("data.k"), expression.clone());
            if let Some(value) = value {
                change.send.as_mut().unwrap()["data"]["k"] = json!(value);
            }
        })
    };
    assert_eq!(deviations(&referring(None), &referring(Some("10.0.0.1"))), []);
    assert_eq!(deviations(&referring(Some("10.0.0.1")), &referring(Some("10.0.0.1"))), []);
    let sends = [Deviation::Sends(vec![path("data.k")])];
    assert_eq!(deviations(&referring(Some("10.0.0.1")), &referring(Some("10.0.0.2"))), sends);
    assert_eq!(deviations(&referring(Some("10.0.0.1")), &referring(None)), sends);
}

#[test]
fn what_the_run_makes_is_not_bound_and_no_secret_can_be_guessed() {
    let made = |value: &str| {
        with(change(&json!({"k": value}), None), |change| {
            Arc::make_mut(change.desired.as_mut().unwrap()).fresh.insert(path("data.k"), ());
        })
    };
    assert_eq!(deviations(&made("one"), &made("two")), []);
    let secret = |value: &str| {
        with(change(&json!({"k": value}), Some(&json!({"k": value}))), |change| {
            Arc::make_mut(change.desired.as_mut().unwrap()).sensitive.insert(path("data.k"), ());
        })
    };
    let change = secret("hunter22");
    let text = |key: &Key| serde_json::to_string(&Binding::of(&change, key)).unwrap();
    let (one, other) = (text(&Key::random()), text(&Key::random()));
    assert!(!one.contains("hunter22") && !one.contains(&digest("\"hunter22\"")), "{one}");
    assert_ne!(one, other, "only who has the key can try a guess");
    let sends = [Deviation::Sends(vec![path("data.k")])];
    assert_eq!(deviations(&change, &secret("hunter23")), sends);
}

#[test]
fn a_half_done_replacement_is_gone_on_with() {
    let key = Key::random();
    let create = change(&json!({"k": "v"}), None);
    let replace = with(change(&json!({"k": "v"}), Some(&json!({"k": "old"}))), |change| {
        change.action = Action::Replace;
    });
    let bind = |change: &Change| Binding::of(change, &key);
    assert!(bind(&replace).is_continued_by(&bind(&create)));
    assert!(!bind(&replace).is_continued_by(&bind(&change(&json!({"k": "w"}), None))));
    assert!(!bind(&create).is_continued_by(&bind(&replace)));
}

#[test]
fn only_fields_of_the_change_count_as_moved() {
    let change = change(&json!({"k": "new"}), Some(&json!({"k": "old"})));
    let now = |data: Value| owned(config_map(&data), &["data.k"]);
    assert_eq!(moved_fields(&change, &now(json!({"k": "old", "theirs": "x"}))), []);
    assert_eq!(moved_fields(&change, &now(json!({"k": "theirs"}))), [path("data.k")]);
    assert_eq!(moved_fields(&change, &now(json!({}))), [path("data.k")]);
}
