//! `[[moved]]`, and blocks that have another name.

use serde_json::json;

use super::world::*;
use crate::config::{Moved, Removed};
use crate::diagnostic::{SourceId, Span};
use crate::graph::Graph;
use crate::plan::{Action, Input, check_moves};
use crate::resource::{Address, Desired};

const NOWHERE: Span = Span { source: SourceId(0), start: 0, end: 0 };

/// The same input, in which something has moved.
fn moving(mut input: Input, from: &str, to: &str) -> Input {
    let moved = Moved { from: address(from), to: address(to), from_span: NOWHERE, to_span: NOWHERE };
    input.moves.moved.push(moved);
    input
}

#[test]
fn a_renamed_block_deletes_nothing() {
    let object = config_map("c", json!({}));
    let old = Address::block("resource", "old");
    let mut world = World::default().with(marked(object.clone(), "resource.old"));
    let plan = world.plan(with_known(input(vec![desired("new", object.clone())]), &old, &object));
    assert_eq!(actions(&plan), [("resource.new".into(), Action::Update)]);
    assert_eq!(plan.changes[0].moved_from, Some(old));
    assert!(plan.changes[0].fields.is_empty(), "marks of ours are no change to show");
}

/// Otherwise an apply would forget it under its new address as well.
#[test]
fn a_renamed_block_whose_object_is_gone_is_not_forgotten() {
    let object = config_map("c", json!({}));
    let old = Address::block("resource", "old");
    let input = with_known(input(vec![desired("new", object.clone())]), &old, &object);
    let plan = World::default().plan(input);
    assert_eq!(actions(&plan), [("resource.new".into(), Action::Create)]);
    assert_eq!(plan.changes[0].moved_from, Some(old));
}

#[test]
fn a_moved_address_whose_object_has_another_name_is_a_replacement() {
    let input = moving(
        with_known_maps(input(vec![depending_on("new", &[])]), &["old"]),
        "resource.old",
        "resource.new",
    );
    let plan = world_of(&["old"]).plan(settle(input).unwrap());
    assert_eq!(actions(&plan), [("resource.new".into(), Action::Replace)]);
    let change = &plan.changes[0];
    assert_eq!(change.moved_from, Some(address("resource.old")));
    assert_eq!(change.replaced.as_ref().unwrap().0.identity.name, "old");
}

#[test]
fn of_several_possible_objects_the_moved_one_is_kept() {
    let object = |block: &str| Desired::new(address(&format!("{block}/ConfigMap/c")), map("c")).unwrap();
    let before =
        with_known(input(vec![object("manifest.prod")]), &address("manifest.main/ConfigMap/c"), &map("c"));
    let there = World::default().with(marked(map("c"), "manifest.main/ConfigMap/c"));
    let mut there = there;
    let plan = there.plan(settle(moving(before, "manifest.main", "manifest.prod")).unwrap());
    assert_eq!(actions(&plan), [("manifest.prod/ConfigMap/c".into(), Action::Update)]);
    assert_eq!(plan.changes[0].moved_from, Some(address("manifest.main/ConfigMap/c")));
}

#[test]
fn a_move_to_an_address_that_is_taken_is_told_and_not_made() {
    let input = with_known_maps(input(vec![depending_on("new", &[])]), &["old", "new"]);
    let plan = world_of(&["old", "new"]).plan(settle(moving(input, "resource.old", "resource.new")).unwrap());
    assert_eq!(
        actions(&plan),
        [("resource.new".into(), Action::None), ("resource.old".into(), Action::Delete)]
    );
    assert!(plan.notes[0].contains("which the state knows already"), "{:?}", plan.notes);
}

#[test]
fn a_stale_move_is_nothing() {
    let input = moving(
        with_known_maps(input(vec![depending_on("new", &[])]), &["new"]),
        "resource.old",
        "resource.new",
    );
    let plan = world_of(&["new"]).plan(settle(input).unwrap());
    assert_eq!(actions(&plan), [("resource.new".into(), Action::None)]);
    assert_eq!(plan.notes, Vec::<String>::new());
}

#[test]
fn a_move_that_finds_nothing_is_told() {
    // Misspelt: neither address is known, and what was applied leaves.
    let misspelt = moving(
        with_known_maps(input(vec![depending_on("new", &[])]), &["old"]),
        "resource.odl",
        "resource.new",
    );
    let plan = world_of(&["old"]).plan(settle(misspelt).unwrap());
    assert_eq!(
        plan.notes,
        ["`[[moved]]` from resource.odl to resource.new finds nothing: the state knows neither of them."]
    );
    // The new block has no such object.
    let object = |block: &str, name: &str| {
        Desired::new(address(&format!("{block}/ConfigMap/{name}")), map(name)).unwrap()
    };
    let before = with_known(
        input(vec![object("manifest.prod", "d")]),
        &address("manifest.main/ConfigMap/c"),
        &map("c"),
    );
    let mut there = World::default().with(marked(map("c"), "manifest.main/ConfigMap/c"));
    let plan = there.plan(settle(moving(before, "manifest.main", "manifest.prod")).unwrap());
    assert!(
        plan.notes[0].contains("manifest.prod/ConfigMap/c, which nothing in the configuration has"),
        "{:?}",
        plan.notes
    );
}

/// As after a new checkout without its state: somebody may wait for the move.
#[test]
fn a_move_in_an_empty_state_is_told() {
    let moved = moving(input(vec![depending_on("new", &[])]), "resource.old", "resource.new");
    let plan = World::default().plan(settle(moved).unwrap());
    assert_eq!(actions(&plan), [("resource.new".into(), Action::Create)]);
    assert_eq!(
        plan.notes,
        ["`[[moved]]` from resource.old to resource.new finds nothing: the state knows nothing yet."]
    );
}

#[test]
fn a_removal_that_finds_nothing_is_told() {
    let notes = |known: &[&str], address: &str| {
        let mut input = with_known_maps(input(vec![depending_on("there", &[])]), known);
        input.moves.removed = vec![removed(address)];
        world_of(known).plan(settle(input).unwrap()).notes
    };
    assert_eq!(notes(&["there", "old"], "resource.old"), [""; 0]);
    assert_eq!(
        notes(&["there", "old"], "resource.odl"),
        ["`[[removed]]` resource.odl finds nothing: the state does not know it. Did you mean resource.old?"]
    );
    // What stays is not meant.
    for known in [&["there"][..], &[]] {
        assert_eq!(
            notes(known, "resource.theer"),
            [
                "`[[removed]]` resource.theer finds nothing: the state does not know it. If it was removed already, \
              the table can go."
            ]
        );
    }
}

fn removed(name: &str) -> Removed {
    Removed { address: address(name), destroy: false, span: NOWHERE, place: "regplan.toml:1".into() }
}

/// A destroy counts an object once, whatever the configuration calls it by now.
#[test]
fn a_renamed_block_is_destroyed_once_and_with_its_protection() {
    let object = map("c");
    let mut renamed = desired("new", object.clone());
    renamed.lifecycle.protect = true;
    let mut known = with_known(input(vec![renamed]), &address("resource.old"), &object);
    known.mode = crate::plan::Mode::Destroy;
    let plan = World::default().with(marked(object, "resource.old")).plan(settle(known).unwrap());
    assert_eq!(actions(&plan), [("resource.old".into(), Action::Keep)]);
}

#[test]
fn moves_are_held_against_the_objects_of_blocks() {
    let graph =
        Graph::build(vec![Desired::new(address("manifest.m/ConfigMap/a"), map("a")).unwrap()]).unwrap();
    let check = |from: &str, to: &str| check_moves(&moving(input(vec![]), from, to).moves, &graph).is_ok();
    assert!(check("resource.a", "manifest.m/ConfigMap/a"));
    assert!(!check("resource.a", "manifest.m/ConfigMap/b"), "no such object");
    assert!(!check("manifest.m/ConfigMap/a", "manifest.m/ConfigMap/b"), "still there");
}
