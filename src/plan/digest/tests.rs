use std::sync::Arc;

use super::*;
use crate::kubernetes::marks::{LINEAGE, PROJECT, PROTECT};
use crate::plan::testing::{PROJECT_NAME, owned};
use crate::plan::{Fidelity, Reason};
use crate::resource::{Address, Desired, FieldManager, Operation};

/// An update without a line to show, of an object of which we own these fields.
fn quiet(fields: &[&str]) -> Change {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "a",
        "annotations": {PROJECT: "p", LINEAGE: "l"}}, "data": {"k": "v"}});
    let desired = Desired::new(Address::block("resource", "c"), object.clone()).unwrap();
    Change {
        reasons: vec![Reason::OwnershipOnly { taken: Vec::new(), released: Vec::new() }],
        cause: Some(Cause::Drift { by: vec![manager("kubectl", "2026-01-02T03:04:05Z")] }),
        prior: Some(Arc::new(owned(object.clone(), fields))),
        send: Some(object),
        desired: Some(Arc::new(desired.clone())),
        ..Change::new(desired.address.clone(), desired.target(), Action::Update, Fidelity::DryRun)
    }
}

fn manager(name: &str, time: &str) -> FieldManager {
    FieldManager {
        name: name.into(),
        operation: Operation::Update,
        subresource: None,
        time: Some(time.into()),
    }
}

fn digested(change: &Change) -> Value {
    meaning(change, &field_manager(PROJECT_NAME), &BTreeSet::new())
}

fn altered(alter: impl FnOnce(&mut Change)) -> Value {
    let mut change = quiet(&["data.k"]);
    alter(&mut change);
    digested(&change)
}

/// Two plans of the same changes have one digest, in whatever words, and whoever has drawn a lineage.
#[test]
fn neither_words_nor_times_tell_plans_apart() {
    let mark = |change: &mut Change, mark: &str, value: &str| {
        change.send.as_mut().unwrap()["metadata"]["annotations"][mark] = json!(value);
    };
    let same = digested(&quiet(&["data.k"]));
    for retold in [
        altered(|change| change.reasons = vec![Reason::AppliedBefore]),
        altered(|change| change.reasons = Vec::new()),
        altered(|change| change.warnings.push("deprecated".into())),
        altered(|change| {
            change.cause = Some(Cause::Drift { by: vec![manager("kubectl", "2027-01-01T00:00:00Z")] });
        }),
        altered(|change| mark(change, LINEAGE, "another")),
    ] {
        assert_eq!(retold, same);
    }
    for other in [
        digested(&quiet(&["data.k", "data.more"])),
        altered(|change| change.cause = Some(Cause::Yours)),
        altered(|change| {
            change.cause = Some(Cause::Drift { by: vec![manager("helm", "2026-01-02T03:04:05Z")] });
        }),
        altered(|change| mark(change, PROTECT, "true")),
        altered(|change| change.send.as_mut().unwrap()["data"] = json!({})),
    ] {
        assert_ne!(other, same);
    }
}

/// What is forgotten is forgotten, for whatever reason.
#[test]
fn a_reason_is_in_no_digest() {
    for action in [Action::Forget, Action::Keep, Action::Delete, Action::Create, Action::Replace] {
        let with =
            |reason: Reason| altered(|change| (change.action, change.reasons) = (action, vec![reason]));
        let released = |place: &str| Reason::ReleasedByRemoved { place: place.to_owned() };
        assert_eq!(with(Reason::GoneAlready), with(released("regplan.toml:7")));
    }
}

/// A server writes values in its own form and fills in others; who may not ask it predicts them in another form.
#[test]
fn a_servers_answer_is_in_no_digest() {
    let answered = |fields: Vec<FieldChange>| altered(|change| change.fields = fields);
    let field = |path: &str, after: After| FieldChange::new(path.parse().unwrap(), Some(json!("v")), after);
    let same = answered(Vec::new());
    assert_eq!(answered(vec![field("data.k", After::Value(json!("1")))]), same);
    assert_eq!(answered(vec![field("spec.filledIn", After::Value(json!("x")))]), same);
    assert_eq!(answered(vec![field("spec.dropped", After::Absent)]), same, "nobody owns it");
    assert_ne!(answered(vec![field("data.k", After::Absent)]), same);
    let taken = |change: &mut Change| {
        change.fields = vec![field("spec.dropped", After::Absent)];
        change.takes = vec!["spec.dropped".parse().unwrap()];
    };
    assert_ne!(altered(taken), same);
    let held = |change: &mut Change| {
        Arc::make_mut(change.prior.as_mut().unwrap()).object["data"]["k"] = json!("another");
    };
    assert_ne!(altered(held), same, "what the object holds in a field that is sent");
    // Nothing is dropped from an object that is made anew: all that is not sent is lost.
    let replaced = |change: &mut Change| change.action = Action::Replace;
    let lost = |change: &mut Change| {
        change.action = Action::Replace;
        change.fields = vec![field("spec.dropped", After::Absent)];
    };
    assert_ne!(altered(lost), altered(replaced));
}

/// Only a server that refuses tells all that a write awaits. That harms nothing, but where a delete comes earlier.
#[test]
fn what_is_awaited_tells_plans_apart_where_it_is_deleted() {
    let other = Address::block("resource", "other");
    let change = Change { awaits: vec![other.clone()], ..quiet(&["data.k"]) };
    let manager = field_manager(PROJECT_NAME);
    assert_eq!(meaning(&change, &manager, &BTreeSet::new()), digested(&quiet(&["data.k"])));
    assert_ne!(meaning(&change, &manager, &BTreeSet::from([&other])), digested(&quiet(&["data.k"])));
}

#[test]
fn what_could_not_be_looked_at_tells_plans_apart() {
    let unseen = |change: &mut Change| {
        change.inside.unseen.insert(change.target.identity.group_kind());
    };
    assert_ne!(altered(unseen), digested(&quiet(&["data.k"])));
}

#[test]
fn that_a_secret_changes_is_in_the_digest() {
    let secret = FieldChange {
        sensitive: true,
        ..FieldChange::new("data.k".parse().unwrap(), None, After::Value(json!("hunter2")))
    };
    assert_ne!(altered(|change| change.fields = vec![secret]), digested(&quiet(&["data.k"])));
}

#[test]
fn the_value_of_a_secret_is_in_no_digest() {
    let holding = |value: &str| {
        let mut change = quiet(&["data.k"]);
        let mut desired = (**change.desired.as_ref().unwrap()).clone();
        desired.sensitive.insert("data.k".parse().unwrap(), ());
        change.desired = Some(Arc::new(desired));
        change.send.as_mut().unwrap()["data"]["k"] = json!(value);
        Arc::make_mut(change.prior.as_mut().unwrap()).object["data"]["k"] = json!(format!("old {value}"));
        digested(&change)
    };
    assert_eq!(holding("hunter2"), holding("hunter3"));
}
