//! `--target`: what a plan is limited to.

use serde_json::json;

use super::world::*;
use crate::plan::{Action, Input, Mode};
use crate::resource::{Address, Identity};

/// base ← web ← edge, and aside; `old` and `older` (which depends on it) have left the configuration.
fn six_resources() -> Input {
    let wanted = vec![
        depending_on("base", &[]),
        depending_on("web", &["resource.base"]),
        depending_on("edge", &["resource.web"]),
        depending_on("aside", &[]),
    ];
    let mut input = with_known_maps(input(wanted), &["base", "web", "edge", "aside", "old", "older"]);
    let stands_on = [("web", "base"), ("edge", "web"), ("older", "old")];
    for (name, dependency) in stands_on {
        let known = input.known.get_mut(&Address::block("resource", name)).unwrap();
        known.dependencies = vec![Address::block("resource", dependency)];
    }
    input
}

fn names(addresses: &[Address]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

#[test]
fn a_target_takes_what_it_stands_on_and_leaves_out_the_rest() {
    let input = settle(targeting(six_resources(), &["resource.web"])).unwrap();
    let mut world = world_of(&["base", "web", "edge", "aside", "old", "older"]);
    world.unreadable = vec![Identity::of(&map("aside")).unwrap(), Identity::of(&map("old")).unwrap()];
    let plan = world.plan(input);
    assert_eq!(plan.refusals.len(), 0, "what is left out is not read");
    let touched: Vec<String> = plan.changes.iter().map(|change| change.address.to_string()).collect();
    assert_eq!(touched, ["resource.base", "resource.web"]);
    assert_eq!(names(&plan.left_out), ["resource.aside", "resource.edge", "resource.old", "resource.older"]);
    assert!(plan.notes[0].contains("4 resources are left out"), "{:?}", plan.notes);
}

#[test]
fn what_left_the_configuration_is_deleted_when_it_is_targeted_with_what_stands_on_it() {
    let all = ["base", "web", "edge", "aside", "old", "older"];
    let plan = world_of(&all).plan(settle(targeting(six_resources(), &["resource.old"])).unwrap());
    assert_eq!(
        actions(&plan),
        [("resource.old".into(), Action::Delete), ("resource.older".into(), Action::Delete)]
    );
    let plan = world_of(&all).plan(settle(targeting(six_resources(), &["resource.older"])).unwrap());
    assert_eq!(actions(&plan), [("resource.older".into(), Action::Delete)]);
}

#[test]
fn a_targeted_destroy_takes_what_stands_on_the_target() {
    let mut input = targeting(six_resources(), &["resource.web"]);
    input.mode = Mode::Destroy;
    let all = ["base", "web", "edge", "aside", "old", "older"];
    let plan = world_of(&all).plan(settle(input).unwrap());
    assert_eq!(
        actions(&plan),
        [("resource.edge".into(), Action::Delete), ("resource.web".into(), Action::Delete)]
    );
    assert!(plan.left_out.contains(&address("resource.base")));
}

#[test]
fn a_namespace_is_destroyed_with_everything_known_in_it() {
    let space = namespace("a");
    let mut input =
        with_known(with_known_maps(input(vec![]), &["inside"]), &Address::block("namespace", "a"), &space);
    input.mode = Mode::Destroy;
    let settled = settle(targeting(input, &["namespace.a"])).unwrap();
    assert_eq!(settled.known.len(), 2);
}

#[test]
fn a_targeted_old_address_never_deletes_what_is_desired_under_a_new_one() {
    let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "x", "namespace": "a"}});
    let before = json!({"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": "x", "namespace": "a"}});
    let input = with_known(input(vec![desired("new", object)]), &address("resource.old"), &before);
    let settled = settle(targeting(input, &["resource.old"])).unwrap();
    assert_eq!(settled.desired.len(), 1);
    assert_eq!(settled.desired[0].address, address("resource.new"));
}

#[test]
fn a_namespace_is_kept_for_what_is_left_out() {
    let space = namespace("a");
    let mut input = with_known(input(vec![depending_on("web", &[])]), &address("namespace.a"), &space);
    input.consent.destroy.insert(address("namespace.a"));
    let plan = World::default().with(space).plan(settle(targeting(input, &["namespace.a"])).unwrap());
    assert_eq!(actions(&plan), [("namespace.a".into(), Action::Keep)]);
}

#[test]
fn an_unknown_target_names_the_nearest() {
    let mistakes = settle(targeting(six_resources(), &["resource.wbe"])).unwrap_err().to_string();
    assert!(
        mistakes.contains("there is no `resource.wbe`") && mistakes.contains("`resource.web`"),
        "{mistakes}"
    );
}
