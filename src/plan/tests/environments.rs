//! Two environments that use one state by accident.

use serde_json::{Value, json};

use super::world::*;
use crate::config::Removed;
use crate::diagnostic::{SourceId, Span};
use crate::plan::{Input, Mode};

fn map_in(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}})
}

/// A state of the namespace `a`, and a configuration that has its first objects in `b`.
fn moving(count: usize, all: &[&str]) -> Input {
    let place = |index: usize| if index < count { "b" } else { "a" };
    let objects = all.iter().enumerate().map(|(index, name)| desired(name, map_in(place(index), name)));
    with_known_maps(input(objects.collect()), all)
}

fn said(input: Input) -> String {
    settle(input).map_or_else(|mistakes| mistakes.to_string(), |input| input.notes.join("\n"))
}

#[test]
fn most_objects_do_not_move_to_another_namespace_without_a_word() {
    let mistakes = settle(moving(2, &["x", "y", "z"])).unwrap_err();
    let mistake = mistakes.iter().next().unwrap();
    assert_eq!(
        mistake.message,
        "2 of 3 objects would move to another namespace (from `a` to `b`), so nothing was planned"
    );
    let help = mistake.help.as_deref().unwrap();
    assert!(help.contains("`[project] name`") && help.ends_with("add `--move-to b`"), "{help}");
    let in_a_bucket = Input { state_key: "prefix", ..moving(2, &["x", "y", "z"]) };
    assert!(
        settle(in_a_bucket)
            .unwrap_err()
            .iter()
            .next()
            .unwrap()
            .help
            .as_ref()
            .unwrap()
            .contains("`[state] prefix`")
    );
    assert_eq!(said(moving(1, &["x", "y", "z"])), "", "a part of a project may move");
    assert_eq!(said(moving(0, &["x", "y", "z"])), "");
}

#[test]
fn objects_whose_addresses_name_their_namespace_move_as_well() {
    let before = with_known(input(vec![]), &address("manifest.all/ConfigMap/a/x"), &map_in("a", "x"));
    let mut moved = desired("x", map_in("b", "x"));
    moved.address = address("manifest.all/ConfigMap/b/x");
    let said = said(Input { desired: vec![moved.into()], ..before });
    assert!(said.contains("1 of 1 objects would move"), "{said}");
}

/// The state knows these in the namespace `a`, and the configuration has others, under other names.
fn swapping(known: &[&str], desired_in_b: &[&str]) -> Input {
    let objects = desired_in_b.iter().map(|name| desired(name, map_in("b", name)));
    with_known_maps(input(objects.collect()), known)
}

#[test]
fn blocks_of_other_names_in_another_namespace_are_another_environment_too() {
    let mistakes = settle(swapping(&["x_dev", "y_dev"], &["x_prod", "y_prod"])).unwrap_err();
    let mistake = mistakes.iter().next().unwrap();
    assert_eq!(
        mistake.message,
        "2 of 2 objects would go, and others of their kinds would come in another namespace (from `a` to `b`), so \
         nothing was planned"
    );
    assert!(mistake.help.as_deref().unwrap().ends_with("add `--move-to b`"), "{mistake}");
    let one_has_the_same_name = swapping(&["x", "y_dev"], &["x", "y_prod"]);
    assert!(said(one_has_the_same_name).contains("2 of 2 objects would go"));
    let mut agreed = swapping(&["x_dev"], &["x_prod"]);
    agreed.consent.move_to.insert("b".to_owned());
    assert_eq!(said(agreed), "");
    let destroy = Input { mode: Mode::Destroy, ..swapping(&["x_dev"], &["x_prod"]) };
    assert!(said(destroy).contains("1 of 1 objects are not in the configuration"));
}

#[test]
fn what_goes_and_comes_is_no_other_environment_where_the_kinds_the_number_or_the_place_differ() {
    assert_eq!(said(swapping(&["x", "y"], &["z"])), "", "fewer than half have a successor");
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "z", "namespace": "b"}});
    assert_eq!(said(with_known_maps(input(vec![desired("z", service)]), &["x"])), "", "another kind");
    let same = with_known_maps(input(vec![desired("y", map_in("a", "y"))]), &["x"]);
    assert_eq!(said(same), "", "the same namespace");
    let both = with_known(swapping(&["x"], &["y", "z"]), &address("resource.z"), &map_in("b", "z"));
    assert_eq!(said(both), "", "the state knows the other namespace as well");
    let mut released = swapping(&["x"], &["z"]);
    let span = Span { source: SourceId(0), start: 0, end: 0 };
    let removed =
        Removed { address: address("resource.x"), destroy: false, span, place: "regplan.toml:1".into() };
    released.moves.removed.push(removed);
    assert_eq!(said(released), "", "it stays, and only the state forgets it");
}

#[test]
fn a_copy_in_another_namespace_that_stays_is_no_move() {
    let both = with_known_maps(input(vec![desired("y", map_in("b", "x"))]), &["x"]);
    let both = with_known(both, &address("resource.y"), &map_in("b", "x"));
    assert_eq!(said(both), "");
}

#[test]
fn a_move_is_agreed_to_by_the_name_of_the_namespace() {
    let agreeing = |namespace: &str, mut input: Input| {
        input.consent.move_to.insert(namespace.to_owned());
        input
    };
    assert_eq!(said(agreeing("b", moving(3, &["x", "y", "z"]))), "");
    assert!(said(agreeing("c", moving(3, &["x", "y", "z"]))).contains("--move-to b"), "another namespace");
    assert!(said(agreeing("b", moving(0, &["x"]))).contains("`--move-to b` has no effect"));
}

#[test]
fn the_objects_of_another_environment_are_not_destroyed() {
    let input = Input { mode: Mode::Destroy, ..moving(3, &["x", "y", "z"]) };
    let said = said(input);
    assert!(said.contains("3 of 3 objects have another namespace in the configuration"), "{said}");
    let settled = Input { mode: Mode::Destroy, ..moving(1, &["x", "y", "z"]) };
    assert!(settle(settled).is_ok());
}

#[test]
fn a_target_does_not_hide_that_most_objects_would_move() {
    let said = said(targeting(moving(3, &["x", "y", "z"]), &["resource.x"]));
    assert!(said.contains("3 of 3 objects"), "{said}");
}
