use proptest::prelude::*;

use super::super::test_support::*;
use super::*;
use crate::state::{IntentKind, Provenance, format};

fn full() -> State {
    let mut state = State::new("registry");
    state.serial = 7;
    state.pin_cluster(&cluster("c1"));
    for name in ["b", "a", "c"] {
        state.record(&address(name), &written(name));
    }
    let long: Address = "manifest.tls/Certificate.cert-manager.io/team-b/registry".parse().unwrap();
    state.resources.insert(long, StoredResource { applied: None, ..resource("x") });
    state.in_doubt.push(intent(IntentKind::Create, "z"));
    state
}

#[test]
fn it_reads_back_as_it_was_written_and_always_in_the_same_order() {
    let state = full();
    let text = String::from_utf8(file(&state)).unwrap();
    let back: State = format::read(&place(), text.as_bytes()).unwrap();
    assert_eq!(back, state);
    assert_eq!(file(&back), text.as_bytes());
    let (a, b) = (text.find("resource.a").unwrap(), text.find("resource.b\": {").unwrap());
    assert!(a < b, "sorted by address");
}

#[test]
fn a_field_that_this_version_does_not_know_is_not_forgotten_but_refused() {
    let mut value = serde_json::to_value(full()).unwrap();
    value["colour"] = "blue".into();
    let error = format::read::<State>(&place(), &file(&value)).unwrap_err();
    assert!(error.to_string().contains("colour"), "{error}");
}

#[test]
fn what_the_first_version_wrote_is_read_for_ever() {
    let text = r#"{
        "format_version": 1, "lineage": "0123456789abcdef0123456789abcdef", "serial": 3, "project": "registry",
        "resources": {"resource.a": {
            "identity": {"kind": "ConfigMap", "namespace": "team-a", "name": "a"}, "uid": "u",
            "provenance": "adopted"}}}"#;
    let state: State = format::read(&place(), text.as_bytes()).unwrap();
    assert_eq!(state.resources[&address("a")].provenance, Provenance::Adopted);
}

#[test]
fn another_project_lineage_or_cluster_is_refused() {
    let state = full();
    let check = |expected| state.check(&place(), expected);
    let none = Expected::default();
    check(none).unwrap();
    check(Expected { project: Some("registry"), ..none }).unwrap();
    let error = check(Expected { project: Some("other"), ..none }).unwrap_err();
    assert!(matches!(error, StateError::OtherProject { .. }), "{error}");
    let lineage = Lineage::random();
    let error = check(Expected { lineage: Some(&lineage), ..none }).unwrap_err();
    assert!(matches!(error, StateError::OtherLineage { .. }), "{error}");
    let (same, other) = (cluster("c1"), cluster("c2"));
    check(Expected { cluster: Some(&same), ..none }).unwrap();
    let error = check(Expected { cluster: Some(&other), ..none }).unwrap_err();
    assert!(error.to_string().contains("uid c1") && error.to_string().contains("uid c2"), "{error}");
}

#[test]
fn a_uid_that_was_seen_once_is_not_forgotten() {
    let mut state = State::new("registry");
    assert!(state.pin_cluster(&cluster("c1")));
    assert!(!state.pin_cluster(&cluster("c1")));
    assert!(!state.pin_cluster(&ClusterIdentity { uid: None, ..cluster("c1") }));
    assert_eq!(state.cluster, Some(cluster("c1")));
}

#[test]
fn a_deletion_takes_only_the_object_that_it_names() {
    let mut state = State::new("registry");
    state.record(&address("a"), &written("new-name"));
    state.record(&address("a"), &deleted("old-name"));
    assert!(state.resources.contains_key(&address("a")));
    state.record(&address("a"), &deleted("new-name"));
    assert!(state.resources.is_empty());
}

/// The plan calls it by its new address (`[[moved]]`), which no run has recorded yet.
#[test]
fn a_deletion_under_a_new_address_takes_what_is_known_under_the_old_one() {
    for outcome in [deleted("a"), Outcome::Forgotten { identity: identity("a") }] {
        let mut state = full();
        let before = state.resources.len();
        state.record(&address("moved"), &outcome);
        assert!(!state.resources.contains_key(&address("a")));
        assert_eq!(state.resources.len(), before - 1);
    }
}

#[test]
fn a_move_leaves_nothing_under_the_old_address() {
    let mut state = State::new("registry");
    state.record(&address("old"), &written("a"));
    let moved = Outcome::Moved { from: address("old"), resource: Box::new(resource("a")) };
    state.record(&address("new"), &moved);
    assert_eq!(state.resources.keys().collect::<Vec<_>>(), [&address("new")]);
}

#[test]
fn a_doubt_ends_when_its_object_was_seen() {
    for outcome in [written("z"), deleted("z"), Outcome::Forgotten { identity: identity("z") }] {
        let mut state = full();
        state.record(&address("z"), &failed(false));
        assert_eq!(state.in_doubt.len(), 1, "a failure says nothing of what was before");
        state.record(&address("z"), &outcome);
        assert!(state.in_doubt.is_empty());
    }
}

#[test]
fn what_was_written_is_not_ready_until_that_is_said() {
    let mut state = State::new("registry");
    state.record(&address("a"), &Outcome::Ready);
    assert!(state.resources.is_empty(), "nothing is known of it");
    state.record(&address("a"), &written("a"));
    state.record(&address("a"), &failed(false));
    assert!(matches!(state.resources[&address("a")].readiness, Readiness::NotReady { .. }));
    state.record(&address("a"), &Outcome::Ready);
    assert_eq!(state.resources[&address("a")].readiness, Readiness::Ready);
}

#[test]
fn the_last_completed_plans_are_remembered_and_no_more() {
    let mut state = State::new("registry");
    let plan = |revision: usize| CompletedPlan {
        plan: format!("sha256:{revision}"),
        revision: revision as u64,
        at: Timestamp::UNIX_EPOCH,
    };
    (1..=COMPLETED_PLANS + 2).for_each(|revision| state.complete(plan(revision)));
    assert_eq!(state.completed.len(), COMPLETED_PLANS);
    assert_eq!(state.completed.first(), Some(&plan(3)));
    assert_eq!(state.completed.last(), Some(&plan(COMPLETED_PLANS + 2)), "the newest last");
    assert_eq!(state.revision, state.completed.last().unwrap().revision);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_an_error_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(format::read::<State>(&place(), &bytes).is_err());
    }

    #[test]
    fn a_changed_byte_is_refused_or_means_nothing(at in 0_usize..10_000, byte in any::<u8>()) {
        let state = full();
        let mut text = file(&state);
        let at = at % text.len();
        text[at] = byte;
        match format::read::<State>(&place(), &text) {
            Ok(read) => prop_assert_eq!(read, state, "byte {}", at),
            Err(StateError::Damaged { .. } | StateError::NewerFormat { .. }) => {}
            Err(error) => prop_assert!(false, "byte {}: {}", at, error),
        }
        // The last byte is the newline after the file: a file without it has lost nothing.
        let cut = at.min(text.len() - 2);
        text.truncate(cut);
        prop_assert!(format::read::<State>(&place(), &text).is_err(), "cut at {}", cut);
    }
}
