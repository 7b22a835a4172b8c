//! Objects of a house beside the cluster, in which no field has an owner.

use std::sync::Arc;

use serde_json::{Value, json};

use super::world::*;
use crate::plan::ownership::belonging::ObjectOwner;
use crate::plan::record;
use crate::plan::sent::object::object;
use crate::plan::{Action, Cause, Fidelity, Input, Mode};
use crate::resource::{Desired, IgnoreRule, Live, Ownership, Problem, ProblemKind, Stamp};

#[expect(clippy::needless_pass_by_value, reason = "every caller makes its value here")]
fn record_set(spec: Value) -> Value {
    json!({"apiVersion": "dns.regplan.dev/v1", "kind": "RecordSet", "metadata": {"name": "www.example.com"},
           "spec": spec})
}

/// What was applied under `then`, is there as `now`, and is wanted as `wanted`.
fn applied(then: Value, now: Value, wanted: Desired) -> (World, Input) {
    let earlier = Desired { sensitive: wanted.sensitive.clone(), ..desired("www", record_set(then)) };
    let sent = object(&earlier, None, ObjectOwner { project: "p", lineage: "l" });
    let stamp = Stamp { uid: "uid-www.example.com".into(), version: "1".into() };
    let answer = Live { object: sent.clone(), stamp, ownership: Ownership::default() };
    let applied = record("p", &earlier, &sent, &answer);
    let (address, identity) = (wanted.address.clone(), wanted.identity.clone());
    let mut input = with_known(input(vec![wanted]), &address, &earlier.object);
    input.known.get_mut(&address).unwrap().applied = Some(Arc::new(applied));
    let mut live = answer;
    live.object["spec"] = now;
    let mut world = World { replacing: true, ..World::default() };
    world.objects.insert(identity, live);
    (world, input)
}

#[test]
fn nothing_is_proved_by_ownership_so_the_house_is_asked_every_time() {
    let spec = json!({"ttl": 60});
    let (mut world, input) = applied(spec.clone(), spec.clone(), desired("www", record_set(spec)));
    let plan = world.plan(input);
    assert_eq!((plan.changes[0].action, &plan.changes[0].fidelity), (Action::None, &Fidelity::DryRun));
    assert_eq!(world.previews.len(), 1);
}

#[test]
fn an_edit_is_told_from_a_new_wish_by_what_was_applied() {
    let cause = |then: Value, now: Value, wanted: Value| {
        let (mut world, input) = applied(then, now, desired("www", record_set(wanted)));
        let plan = world.plan(input);
        assert_eq!(plan.changes[0].action, Action::Update);
        plan.changes[0].fields[0].cause.clone()
    };
    let ttl = |seconds: u32| json!({ "ttl": seconds });
    assert_eq!(cause(ttl(60), ttl(90), ttl(60)), Cause::Drift { by: Vec::new() });
    assert_eq!(cause(ttl(60), ttl(60), ttl(90)), Cause::Yours);
    assert_eq!(cause(ttl(60), ttl(90), ttl(120)), Cause::Conflict { by: Vec::new() });
}

#[test]
fn a_secret_that_changes_is_the_configurations_where_nobody_can_be_said_to_have_taken_it() {
    let key = |key: &str| json!({ "key": key });
    let mut wanted = desired("www", record_set(key("hunter2")));
    wanted.sensitive.insert("spec.key".parse().unwrap(), ());
    let (mut world, input) = applied(key("hunter1"), key("hunter1"), wanted);
    let plan = world.plan(input);
    assert_eq!(plan.changes[0].fields[0].cause, Cause::Yours);
    assert!(plan.changes[0].fields[0].sensitive);
}

#[test]
fn a_write_that_cannot_be_tried_is_predicted_to_bring_the_whole_object() {
    let both = json!({"ttl": 60, "comment": "old"});
    let wanted = record_set(json!({"ttl": 60}));
    let (world, input) = applied(both.clone(), both, desired("www", wanted.clone()));
    let mut world = world.refusing(&wanted, Problem::new(ProblemKind::DryRunRefused, "no"));
    let plan = world.plan(input);
    assert!(matches!(plan.changes[0].fidelity, Fidelity::Predicted(_)));
    assert_eq!(fields(&plan), ["spec.comment"], "what is sent no longer goes");
}

#[test]
fn what_cannot_be_deleted_from_here_stands_against_the_plan_and_what_a_person_does_is_told() {
    let wanted = record_set(json!({"ttl": 60}));
    let destroy = |refused: bool| {
        let spec = json!({"ttl": 60});
        let (world, input) = applied(spec.clone(), spec, desired("www", wanted.clone()));
        let no_key = Problem::new(ProblemKind::Settings, "TSIG_KEY is not set");
        let mut world = if refused { world.refusing(&wanted, no_key) } else { world };
        world.plan(Input { mode: Mode::Destroy, ..input })
    };
    let told = destroy(false);
    assert_eq!(told.changes[0].warnings, ["take it away by hand"]);
    assert!(told.refusals.is_empty());
    let refused = destroy(true);
    assert_eq!((refused.changes.len(), refused.refusals.len()), (0, 1));
    assert_eq!(refused.refusals[0].obstacle.kind(), ProblemKind::Settings);
}

#[test]
fn nothing_is_handed_over_and_nothing_dies_with_it() {
    let spec = |ttl: u32| json!({"ttl": ttl, "values": ["192.0.2.1"]});
    let mut wanted = desired("www", record_set(spec(60)));
    wanted.lifecycle.ignore_changes = vec![IgnoreRule { object: None, path: "spec.ttl".parse().unwrap() }];
    let (mut world, input) = applied(spec(60), spec(90), wanted);
    let plan = world.plan(input.clone());
    assert_eq!((plan.changes[0].action, plan.changes[0].reasons.as_slice()), (Action::None, &[][..]));
    assert_eq!(world.previews[0].object["spec"], spec(90), "what is left to others is sent as it is");
    let gone = Input { mode: Mode::Destroy, ..input };
    let plan = world.plan(gone);
    assert_eq!(actions(&plan), [("resource.www".to_owned(), Action::Delete)]);
    assert!(world.scopes.is_empty(), "no cascade is asked for");
}
