//! What could not be read, is being deleted, or is a namespace of others.

use serde_json::json;

use super::world::*;
use crate::kubernetes::marks::LINEAGE;
use crate::plan::{Action, Answer, Fidelity, LineageObstacle, Mode, Planner, Step, Tracking};
use crate::resource::{Address, Identity, Problem, ProblemKind, Reading};

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
fn an_answer_to_another_question_decides_nothing_and_is_told_without_secrets() {
    let mut wanted = desired("c", config_map("c", json!({"k": "hunter2"})));
    wanted.sensitive.insert("data.k".parse().unwrap(), ());
    let mut planner = Planner::new(input(vec![wanted]));
    assert!(matches!(planner.advance(), Step::Ask(_)));
    planner.take(Answer::Read(vec![Reading::Absent]));
    assert!(matches!(planner.advance(), Step::Ask(_)), "for a dry-run");
    planner.take(Answer::Read(Vec::new()));
    assert!(matches!(planner.advance(), Step::Ask(_)), "for the same again");
    planner.take(Answer::Preview(Err(Problem::new(ProblemKind::Rejected, "no"))));
    assert!(matches!(planner.advance(), Step::Ask(_)), "for what carries our marks");
    planner.take(Answer::Marked(Vec::new()));
    let Step::Done(plan) = planner.advance() else { panic!("there is nothing left to ask") };
    assert_eq!((plan.refusals.len(), plan.notes.len()), (1, 1));
    assert!(!plan.notes[0].contains("hunter2"), "{:?}", plan.notes);
}

#[test]
fn an_object_that_changes_before_its_dry_run_is_read_again_and_not_for_ever() {
    let object = config_map("c", json!({"k": "v"}));
    let moving = Problem::new(ProblemKind::Conflict, "it has changed since");
    let mut world = World::default().with(marked(object.clone(), "resource.c")).refusing(&object, moving);
    let plan = world.plan(input(vec![desired("c", object)]));
    assert_eq!((plan.changes.len(), plan.refusals.len()), (0, 1));
    assert_eq!(world.previews.len(), 21, "the first dry-run, and twenty after another reading");
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
fn a_namespace_that_is_being_deleted_is_not_used() {
    for ours in [true, false] {
        let space = namespace("a");
        let mut shared = desired("a", space.clone());
        shared.shared = true;
        let mut live = if ours { marked(space, "resource.a") } else { space };
        live["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        let plan = World::default().with(live).plan(input(vec![shared]));
        assert_eq!((plan.changes.len(), plan.refusals.len()), (0, 1), "ours: {ours}");
    }
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
    let found = vec!["old-lineage".to_owned()];
    assert_eq!(plan.lineage_obstacle, Some(LineageObstacle::NotAdopted { found }));
}

#[test]
fn without_a_state_a_lineage_is_taken_over_only_where_it_is_named_and_found() {
    let object = config_map("c", json!({}));
    let plan_for = |lineage: &str, mode: Mode| {
        let mut lost = input(vec![desired("c", object.clone())]);
        (lost.serial, lost.mode, lost.lineage, lost.lineage_adopted) = (0, mode, lineage.to_owned(), true);
        World::default().with(marked(object.clone(), "resource.c")).plan(lost)
    };
    for (mode, action) in [(Mode::Apply, Action::None), (Mode::Destroy, Action::Delete)] {
        let named = plan_for("l", mode);
        assert_eq!((actions(&named)[0].1, named.lineage_obstacle), (action, None));
        let other = plan_for("m", mode);
        assert!(actions(&other).is_empty(), "{other:?}");
        let (named, found) = ("m".to_owned(), vec!["l".to_owned()]);
        assert_eq!(other.lineage_obstacle, Some(LineageObstacle::NotFound { named, found }));
    }
}

/// A namespace that we made is planned like any other object: its marks come back, and its record is kept.
#[test]
fn a_shared_namespace_of_ours_is_recorded_again() {
    let object = namespace("team");
    let mut shared = desired("team", object.clone());
    shared.shared = true;
    let plan =
        World::default().with(marked(object.clone(), "resource.team")).plan(input(vec![shared.clone()]));
    assert_eq!((actions(&plan)[0].1, plan.changes[0].tracking), (Action::None, Tracking::New));
    assert!(plan.changes[0].applied.is_some());
    let known = with_known(input(vec![shared]), &address("resource.team"), &object);
    let plan = World::default().with(object).plan(known);
    assert_eq!(actions(&plan), [("resource.team".into(), Action::Update)]);
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
