//! What could not be read, is being deleted, or is a namespace of others.

use serde_json::json;

use super::world::*;
use crate::kubernetes::marks::LINEAGE;
use crate::plan::{Action, Fidelity, Tracking};
use crate::resource::{Address, Identity};

#[test]
fn what_cannot_be_read_is_never_taken_for_gone() {
    let object = config_map("c", json!({}));
    let address = Address::block("resource", "c");
    for desired in [vec![desired("c", object.clone())], vec![]] {
        let mut world = World { unreadable: vec![Identity::of(&object).unwrap()], ..World::default() };
        let plan = world.plan(with_known(input(desired), &address, &object));
        assert_eq!(plan.refusals.len(), 1);
        assert!(plan.changes.is_empty(), "{:?}", actions(&plan));
    }
}

#[test]
fn an_object_that_is_being_deleted_is_not_written_to() {
    let object = config_map("c", json!({}));
    let mut live = marked(object.clone(), "resource.c");
    live["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let plan = World::default().with(live).plan(input(vec![desired("c", object)]));
    assert_eq!(plan.refusals.len(), 1);
}

#[test]
fn a_namespace_of_others_is_used_and_never_owned() {
    let space = namespace("a");
    let mut shared = desired("a", space.clone());
    shared.shared = true;
    let plan = World::default().with(space).plan(input(vec![shared]));
    assert_eq!(plan.changes[0].action, Action::None);
    assert_eq!(plan.changes[0].tracking, Tracking::Untracked);
    assert!(!plan.changes_state());
}

#[test]
fn a_namespace_that_may_not_be_looked_at_is_used() {
    let space = namespace("a");
    let mut shared = desired("a", space.clone());
    shared.shared = true;
    let mut world = World { forbidden: vec![Identity::of(&space).unwrap()], ..World::default() };
    let plan = world.plan(input(vec![shared, desired("c", config_map("c", json!({})))]));
    assert_eq!(actions(&plan), [("resource.a".into(), Action::None), ("resource.c".into(), Action::Create)]);
    assert_eq!(plan.changes[0].tracking, Tracking::Untracked);
}

#[test]
fn a_shared_namespace_is_only_looked_at() {
    let object = namespace("team");
    let mut namespace = desired("team", object.clone());
    namespace.shared = true;
    let mut world = World::default().with(object);
    let plan = world.plan(input(vec![namespace]));
    assert_eq!((actions(&plan)[0].1, &plan.changes[0].fidelity), (Action::None, &Fidelity::Observed));
    assert!(world.previews.is_empty() && plan.changes[0].applied.is_none());
}

#[test]
fn without_a_state_the_annotations_tell_the_lineage() {
    let object = config_map("c", json!({}));
    let mut live = marked(object.clone(), "resource.c");
    live["metadata"]["annotations"][LINEAGE] = json!("old-lineage");
    let mut lost = input(vec![desired("c", object)]);
    lost.serial = 0;
    let plan = World::default().with(live).plan(lost);
    assert_eq!(plan.lineage, "old-lineage");
    assert_eq!(actions(&plan), [("resource.c".into(), Action::None)]);
    assert_eq!(plan.notes.len(), 1);
}

#[test]
fn without_a_state_the_lineage_is_found_on_what_is_left_out() {
    let mut input =
        targeting(input(vec![depending_on("web", &[]), depending_on("aside", &[])]), &["resource.web"]);
    (input.serial, input.lineage) = (0, "fresh".into());
    let plan = world_of(&["aside"]).plan(settle(input).unwrap());
    assert_eq!(plan.lineage, "l");
    assert_eq!(actions(&plan), [("resource.web".into(), Action::Create)]);
}
