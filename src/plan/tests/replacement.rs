//! Objects that are deleted and made anew: fields that cannot change, another name, triggers.

use std::sync::Arc;

use serde_json::json;

use super::world::*;
use crate::kubernetes::marks::PROTECT;
use crate::plan::Action;
use crate::resource::{Address, Identity};

#[test]
fn a_field_that_cannot_change_replaces_the_object_but_never_a_claim() {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "a"},
                     "spec": {"template": {"x": 2}}});
    let mut live = marked(job.clone(), "resource.j");
    live["spec"]["template"]["x"] = json!(1);
    let mut world = World::default().with(live).refusing(&job, immutable("spec.template"));
    let plan = world.plan(input(vec![desired("j", job)]));
    assert_eq!(actions(&plan), [("resource.j".into(), Action::Replace)]);
    assert!(plan.changes[0].fields[0].forces_replacement);

    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                       "metadata": {"name": "d", "namespace": "a"}, "spec": {"size": 1}});
    let mut world =
        World::default().with(marked(claim.clone(), "resource.d")).refusing(&claim, immutable("spec"));
    let plan = world.plan(input(vec![desired("d", claim)]));
    assert_eq!((plan.refusals.len(), plan.has_changes()), (1, false));
}

#[test]
fn dropping_the_protection_does_not_lift_it_for_a_replacement() {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "a"},
                     "spec": {"template": {"x": 2}}});
    let address = Address::block("resource", "j");
    let mut live = marked(job.clone(), "resource.j");
    live["metadata"]["annotations"][PROTECT] = json!("true");
    let mut world = World::default().with(live).refusing(&job, immutable("spec.template"));
    let plan = world.plan(input(vec![desired("j", job.clone())]));
    assert_eq!((plan.refusals.len(), plan.has_changes()), (1, false));
    let mut world = World::default().with(job.clone()).refusing(&job, immutable("spec.template"));
    let mut remembered = with_known(input(vec![desired("j", job.clone())]), &address, &job);
    remembered.known.get_mut(&address).unwrap().protect = true;
    let plan = world.plan(remembered);
    assert_eq!((plan.refusals.len(), plan.has_changes()), (1, false));
}

#[test]
fn an_object_that_gets_another_name_replaces_the_old_one() {
    let (old, new) = (config_map("old", json!({})), config_map("new", json!({})));
    let address = Address::block("resource", "c");
    let wanted = || with_known(input(vec![desired("c", new.clone())]), &address, &old);
    let plan = World::default().with(old.clone()).plan(wanted());
    assert_eq!(actions(&plan), [("resource.c".into(), Action::Replace)]);
    let (target, live) = &**plan.changes[0].replaced.as_ref().unwrap();
    assert_eq!((target.identity.name.as_str(), live.stamp.uid.as_str()), ("old", "uid-old"));
    // A run that was cut off when the new one was there already, and the old one still is.
    let both = World::default().with(old.clone()).with(marked(new.clone(), "resource.c"));
    let plan = { both }.plan(wanted());
    assert_eq!(actions(&plan), [("resource.c".into(), Action::Update)]);
    assert!(plan.changes[0].replaced.is_some());
    // What is gone already, or is wanted under another address, is not deleted.
    let plan = World::default().plan(wanted());
    assert_eq!(actions(&plan), [("resource.c".into(), Action::Create)]);
    let mut moved = wanted();
    moved.desired.push(Arc::new(desired("d", old.clone())));
    let plan = World::default().with(marked(old.clone(), "resource.c")).plan(moved);
    assert!(plan.changes.iter().all(|change| change.replaced.is_none()), "{:?}", actions(&plan));
    // What cannot be read, or is protected, stands in the way.
    let mut hidden = World { unreadable: vec![Identity::of(&old).unwrap()], ..World::default() };
    assert_eq!(hidden.plan(wanted()).refusals.len(), 1);
    let mut protected = old.clone();
    protected["metadata"]["annotations"] = json!({PROTECT: "true"});
    let plan = World::default().with(protected).plan(wanted());
    assert_eq!((plan.refusals.len(), plan.has_changes()), (1, false));
}

#[test]
fn a_change_of_what_triggers_it_replaces_a_resource() {
    let (trigger, job) = (config_map("t", json!({"k": "new"})), config_map("j", json!({})));
    let mut triggered = desired("j", job.clone());
    triggered.lifecycle.replace_triggered_by = vec![Address::block("resource", "t")];
    let world = |value: &str| {
        let before = marked(config_map("t", json!({"k": value})), "resource.t");
        World::default().with(before).with(marked(job.clone(), "resource.j"))
    };
    // The trigger is decided first, wherever it stands.
    let wanted = || input(vec![triggered.clone(), desired("t", trigger.clone())]);
    assert_eq!(world("old").plan(wanted()).changes[0].action, Action::Replace);
    assert_eq!(world("new").plan(wanted()).changes[0].action, Action::None);
    let mut protected = wanted();
    Arc::make_mut(&mut protected.desired[0]).lifecycle.protect = true;
    assert_eq!(world("old").plan(protected).refusals.len(), 1);
}
