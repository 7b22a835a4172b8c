//! Data and generated values: they neither go nor come back empty without consent by name.

use serde_json::{Value, json};

use super::world::*;
use crate::kubernetes::marks::PROTECT;
use crate::plan::{Action, Input, Mode};
use crate::resource::Desired;

/// A Secret with these keys.
fn secret(data: Value) -> Value {
    let mut secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "a"}});
    secret["data"] = data;
    secret
}

/// A Secret of generated values, as a block makes it.
fn generated(data: Value) -> Desired {
    let mut desired = desired("s", secret(data));
    for key in desired.object["data"].as_object().unwrap().keys() {
        desired.generated.insert(format!("data.{key}").parse().unwrap(), ());
    }
    desired.lifecycle.protect = true;
    desired
}

fn consenting(mut input: Input, named: &str) -> Input {
    input.consent.destroy.insert(address(named));
    input
}

#[test]
fn a_claim_that_is_gone_is_not_made_again_without_consent() {
    let input = with_known(input(vec![desired("d", claim("d"))]), &address("resource.d"), &claim("d"));
    let plan = World::default().plan(input.clone());
    let problem = problem(&plan.refusals[0]);
    assert!(problem.message.contains("its data with it"), "{problem}");
    assert!(problem.help.as_deref().unwrap().contains("`--consent resource.d`"));
    let plan = World::default().plan(consenting(input.clone(), "resource.d"));
    assert_eq!(actions(&plan), [("resource.d".into(), Action::Create)]);
    assert!(!plan.notes.iter().any(|note| note.contains("no effect")), "{:?}", plan.notes);
    // One that was never made has no data.
    let mut unmade = input;
    unmade.known.get_mut(&address("resource.d")).unwrap().uid = String::new();
    assert!(World::default().plan(unmade).refusals.is_empty());
}

#[test]
fn the_volumes_of_a_stateful_set_die_with_its_namespace_alone() {
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "w", "namespace": "a"},
        "spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}});
    let input = input(vec![desired("a", namespace("a")), desired("w", set.clone())]);
    let input = with_known(input, &address("resource.w"), &set);
    let gone = World::default().plan(input.clone());
    assert!(problem(&gone.refusals[0]).message.contains("its data with it"));
    let there = World::default().with(marked(namespace("a"), "resource.a")).plan(input);
    assert!(there.refusals.is_empty());
}

#[test]
fn a_generated_value_does_not_leave_its_secret_without_consent() {
    let live = marked(secret(json!({"robot": "eA==", "ci": "eQ=="})), "resource.s");
    let world = || World { replacing: true, ..World::default().with(live.clone()) };
    let left = || with_known(input(vec![generated(json!({"ci": "eQ=="}))]), &address("resource.s"), &live);
    let plan = world().plan(left());
    let problem = problem(&plan.refusals[0]);
    assert!(problem.message.contains("data.robot") && !problem.message.contains("data.ci"), "{problem}");
    let agreed = world().plan(consenting(left(), "resource.s"));
    assert!(agreed.refusals.is_empty() && agreed.notes.is_empty(), "{:?}", agreed.notes);
}

#[test]
fn a_generated_value_is_not_replaced_by_another_source_without_consent() {
    let live = marked(secret(json!({"key": "eA=="})), "resource.s");
    let other = desired("s", secret(json!({"key": "eQ=="})));
    let mut input = with_known(input(vec![other]), &address("resource.s"), &live);
    let mut world = World::default().with(live);
    assert!(world.plan(input.clone()).refusals.is_empty(), "a value that was not generated changes freely");
    input.known.get_mut(&address("resource.s")).unwrap().protect = true;
    assert!(problem(&world.plan(input.clone()).refusals[0]).message.contains("data.key"));
    assert!(world.plan(consenting(input, "resource.s")).refusals.is_empty());
}

#[test]
fn a_mark_on_the_object_keeps_its_values_however_it_is_written() {
    let other = desired("s", secret(json!({"key": "eQ=="})));
    for (mark, is_kept) in [("true", true), ("False", true), ("", true), ("no", true), ("false", false)] {
        let mut live = marked(secret(json!({"key": "eA=="})), "resource.s");
        live["metadata"]["annotations"][PROTECT] = json!(mark);
        let input = with_known(input(vec![other.clone()]), &address("resource.s"), &live);
        let plan = World::default().with(live).plan(input);
        assert_eq!(!plan.refusals.is_empty(), is_kept, "{mark:?}");
    }
}

#[test]
fn a_destroy_keeps_generated_values() {
    let live = marked(secret(json!({"key": "eA=="})), "resource.s");
    let desired = generated(json!({"key": "eA=="}));
    let input = with_known(input(vec![desired]), &address("resource.s"), &live);
    let destroy = Input { mode: Mode::Destroy, ..input };
    let plan = World::default().with(live.clone()).plan(destroy.clone());
    assert_eq!(actions(&plan), [("resource.s".into(), Action::Keep)]);
    let plan = World::default().with(live).plan(consenting(destroy, "resource.s"));
    assert_eq!(actions(&plan), [("resource.s".into(), Action::Delete)]);
}
