//! Two environments that use one state by accident.

use serde_json::{Value, json};

use super::world::*;
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
    assert_eq!(said(moving(1, &["x", "y", "z"])), "", "a part of a project may move");
    assert_eq!(said(moving(0, &["x", "y", "z"])), "");
}

#[test]
fn objects_whose_addresses_name_their_namespace_move_as_well() {
    let before = with_known(input(vec![]), &address("manifest.all/ConfigMap/a/x"), &map_in("a", "x"));
    let moved = |name: &str| {
        let mut moved = desired("x", map_in("b", name));
        moved.address = address(&format!("manifest.all/ConfigMap/b/{name}"));
        Input { desired: vec![moved.into()], ..before.clone() }
    };
    assert!(said(moved("x")).contains("1 of 1 objects"), "{}", said(moved("x")));
    assert_eq!(said(moved("other")), "", "one is removed, and another one is new");
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
