use std::sync::Arc;

use super::*;
use crate::kubernetes::marks::LINEAGE;
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
    meaning(change, &field_manager(PROJECT_NAME))
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

#[test]
fn the_value_of_a_secret_is_in_no_digest() {
    let holding = |value: &str| altered(|change| change.send.as_mut().unwrap()["data"]["k"] = json!(value));
    assert_eq!(
        holding("hunter2"),
        holding("hunter3"),
        "a quiet update tells the names of what it sends alone"
    );
}
