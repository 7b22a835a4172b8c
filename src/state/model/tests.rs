use proptest::prelude::*;

use super::super::local::read_json;
use super::super::test_support::*;
use super::*;
use crate::state::IntentKind;

fn full() -> State {
    let mut state = State::new("registry");
    state.serial = 7;
    state.pin_cluster(&cluster("c1"));
    for name in ["b", "a", "c"] {
        state.record(&address(name), &written(name));
    }
    let long: Address = "manifest.tls/Certificate.cert-manager.io/team-b/registry".parse().unwrap();
    state.resources.insert(long, Resource { applied: None, ..resource("x") });
    state.in_doubt.push(intent(IntentKind::Create, "z"));
    state
}

#[test]
fn it_reads_back_as_it_was_written_and_always_in_the_same_order() {
    let state = full();
    let text = serde_json::to_string_pretty(&state).unwrap();
    let back: State = read_json(&place(), text.as_bytes()).unwrap();
    assert_eq!(back, state);
    assert_eq!(serde_json::to_string_pretty(&back).unwrap(), text);
    let (a, b) = (text.find("resource.a").unwrap(), text.find("resource.b\": {").unwrap());
    assert!(a < b, "sorted by address");
}

#[test]
fn a_newer_format_is_refused_before_its_fields_are_looked_at() {
    let text = br#"{"format_version": 2, "shape": "of things to come"}"#;
    let error = read_json::<State>(&place(), text).unwrap_err();
    assert!(matches!(error, StateError::NewerFormat { found: 2, known: 1, .. }), "{error}");
    assert!(error.help().contains("newer"));
}

#[test]
fn a_field_that_this_version_does_not_know_is_not_forgotten_but_refused() {
    let mut value = serde_json::to_value(full()).unwrap();
    value["colour"] = "blue".into();
    let error = read_json::<State>(&place(), value.to_string().as_bytes()).unwrap_err();
    assert!(error.to_string().contains("colour"), "{error}");
}

#[test]
fn what_the_first_version_wrote_is_read_for_ever() {
    let text = r#"{
        "format_version": 1, "lineage": "0123456789abcdef0123456789abcdef", "serial": 3, "project": "registry",
        "resources": {"resource.a": {
            "identity": {"kind": "ConfigMap", "namespace": "team-a", "name": "a"}, "uid": "u",
            "provenance": "adopted"}}}"#;
    let state: State = read_json(&place(), text.as_bytes()).unwrap();
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

proptest! {
    #[test]
    fn arbitrary_bytes_are_an_error_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read_json::<State>(&place(), &bytes).is_err());
    }

    #[test]
    fn a_damaged_state_is_read_or_refused(at in 0_usize..2000, byte in any::<u8>()) {
        let mut text = serde_json::to_vec_pretty(&full()).unwrap();
        let at = at % text.len();
        text[at] = byte;
        let _ = read_json::<State>(&place(), &text);
        text.truncate(at);
        prop_assert!(read_json::<State>(&place(), &text).is_err());
    }
}
