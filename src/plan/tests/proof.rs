//! What is proved unchanged, and so is not tried.

use std::sync::Arc;

use serde_json::{Value, json};

use super::world::*;
use crate::plan::ownership::belonging::ObjectOwner;
use crate::plan::sent::object::object as sent_object;
use crate::plan::{Action, Fidelity, Input, Plan, Proof, Tracking, record, testing};
use crate::resource::{Address, Ownership, Target};

/// The marks of every object of ours.
const MARKS: [&str; 3] = [
    "metadata.annotations[\"regplan.dev/project\"]",
    "metadata.annotations[\"regplan.dev/lineage\"]",
    "metadata.annotations[\"regplan.dev/address\"]",
];

/// A world in which this map is as it was applied, and a plan that knows it and has its record.
fn applied(object: &Value) -> (World, Input) {
    let desired = desired(object["metadata"]["name"].as_str().unwrap(), object.clone());
    let sent = sent_object(&desired, None, ObjectOwner { project: "p", lineage: "l" });
    let mut live = testing::owned(sent.clone(), &[&MARKS[..], &["data.k"]].concat());
    live.stamp.uid = format!("uid-{}", desired.identity.name);
    let record = record("p", &desired, &sent, &live);
    let mut wanted = with_known(input(vec![desired.clone()]), &desired.address, object);
    wanted.known.get_mut(&desired.address).unwrap().applied = Some(Arc::new(record));
    let mut world = World::default();
    world.objects.insert(desired.identity, live);
    (world, wanted)
}

fn fidelity(plan: &Plan) -> &Fidelity {
    &plan.changes[0].fidelity
}

#[test]
fn what_is_proved_is_not_tried() {
    let object = config_map("c", json!({"k": "v"}));
    let (mut world, wanted) = applied(&object);
    let plan = world.plan(wanted.clone());
    assert_eq!((actions(&plan)[0].1, fidelity(&plan)), (Action::None, &Fidelity::Proved(Proof::Record)));
    assert_eq!(plan.changes[0].tracking, Tracking::Known);
    // Without a record the object itself is proof, and a record is made of it.
    let mut forgotten = wanted;
    forgotten.known.clear();
    let plan = world.plan(forgotten);
    assert_eq!((actions(&plan)[0].1, fidelity(&plan)), (Action::None, &Fidelity::Proved(Proof::Ownership)));
    assert!(plan.changes[0].applied.is_some());
    assert!(world.previews.is_empty());
}

#[test]
fn what_was_in_doubt_is_recorded_as_soon_as_it_was_seen() {
    let object = config_map("c", json!({"k": "v"}));
    let (mut world, mut wanted) = applied(&object);
    wanted.known.values_mut().for_each(|known| known.doubted = true);
    let plan = world.plan(wanted);
    assert_eq!((actions(&plan)[0].1, plan.changes[0].tracking), (Action::None, Tracking::Outdated));
    assert!(plan.changes_state() && plan.changes[0].applied.is_some());
}

#[test]
fn a_record_of_another_object_proves_nothing() {
    let object = config_map("c", json!({"k": "v"}));
    let (mut world, wanted) = applied(&object);
    let live = world.objects.values_mut().next().unwrap();
    live.stamp.uid = "recreated".into();
    // What the record alone could prove: a value that is stored in another form.
    live.object["data"]["k"] = json!("stored");
    let plan = world.plan(wanted);
    assert_eq!(fidelity(&plan), &Fidelity::DryRun);
}

#[test]
fn an_object_that_is_being_deleted_is_never_unchanged() {
    let object = config_map("c", json!({"k": "v"}));
    let (mut world, wanted) = applied(&object);
    let live = world.objects.values_mut().next().unwrap();
    live.object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let plan = world.plan(wanted);
    assert_eq!((plan.changes.len(), plan.refusals.len()), (0, 1));
}

#[test]
fn a_record_of_what_was_only_tried_is_the_servers_answer() {
    let object = config_map("c", json!({"k": "v"}));
    let (mut world, mut wanted) = applied(&object);
    wanted.known.clear();
    // All is as it should be, but nothing is ours: the record must not say that this is how it should be.
    world.objects.values_mut().next().unwrap().ownership = Ownership::default();
    let plan = world.plan(wanted.clone());
    assert_eq!(fidelity(&plan), &Fidelity::DryRun);
    let address = Address::block("resource", "c");
    let mut later = with_known(wanted, &address, &object);
    later.known.get_mut(&address).unwrap().applied = plan.changes[0].applied.clone();
    assert_eq!(fidelity(&world.plan(later)), &Fidelity::DryRun);
}

#[test]
fn a_proved_object_with_a_predecessor_still_loses_it() {
    let object = config_map("new", json!({"k": "v"}));
    let (mut world, mut wanted) = applied(&object);
    let old = marked(config_map("old", json!({})), "resource.new");
    world = world.with(old.clone());
    wanted.known.get_mut(&Address::block("resource", "new")).unwrap().target = Target::of(&old).unwrap();
    wanted.known.get_mut(&Address::block("resource", "new")).unwrap().uid = "uid-old".into();
    let plan = world.plan(wanted);
    assert_eq!(actions(&plan)[0].1, Action::Update);
    assert!(plan.changes[0].replaced.is_some());
}
