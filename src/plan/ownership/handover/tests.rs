use super::*;
use crate::plan::testing;
use crate::plan::testing::{deployment, entry};
use crate::resource::{Address, IgnoreRule, Operation};
use serde_json::json;

fn web(replicas: u32) -> Value {
    deployment(json!({"replicas": replicas, "containers": [{"name": "web", "image": "x"}]}))
}

fn ignoring(path: &str) -> Desired {
    let mut desired = Desired::new(Address::block("resource", "web"), web(2)).unwrap();
    desired.lifecycle.ignore_changes = vec![IgnoreRule { object: None, path: path.parse().unwrap() }];
    desired
}

fn live(entries: &[(&str, &[&str])]) -> Live {
    let entries = entries.iter().map(|(manager, paths)| entry(manager, Operation::Apply, paths));
    testing::live(web(5), entries.collect())
}

fn released(desired: &Desired, live: &Live) -> Vec<String> {
    let field_release = field_release("regplan:p", desired, Some(live)).unwrap();
    field_release.released.iter().map(ToString::to_string).collect()
}

#[test]
fn a_field_that_is_ours_alone_is_released_and_tried_with_its_live_value() {
    let (desired, live) = (ignoring("spec.replicas"), live(&[("regplan:p", &["spec.replicas"])]));
    assert_eq!(released(&desired, &live), ["spec.replicas"]);
    let mut sent = desired.object.clone();
    leave_out(&mut sent, &desired, Some(&live));
    assert_eq!(sent["spec"].get("replicas"), None);
    assert_eq!(dry_run_object("regplan:p", &desired, &live, &sent)["spec"]["replicas"], 5);
    let told = field_release("regplan:p", &desired, Some(&live)).unwrap();
    let field = "spec.replicas".parse().unwrap();
    assert_eq!(
        reasons(&told, &desired, Some(&live)),
        [Reason::IgnoredFieldReleased { field, value: Some(json!(5)) }]
    );
}

#[test]
fn a_field_that_others_own_too_is_left_out_and_one_of_others_is_not_ours_to_release() {
    let desired = ignoring("spec.replicas");
    let both = live(&[("regplan:p", &["spec.replicas"]), ("scaler", &["spec.replicas"])]);
    let found = field_release("regplan:p", &desired, Some(&both)).unwrap();
    assert_eq!(found.shared, [("spec.replicas".parse().unwrap(), vec!["scaler".to_owned()])]);
    let theirs = live(&[("scaler", &["spec.replicas"])]);
    assert_eq!(field_release("regplan:p", &desired, Some(&theirs)).unwrap(), FieldRelease::default());
}

#[test]
fn of_a_map_that_others_own_in_part_nothing_is_reset() {
    let desired = ignoring("spec");
    let shared = live(&[("regplan:p", &["spec.replicas", "spec.paused"]), ("x", &["spec.replicas"])]);
    assert_eq!(released(&desired, &shared), ["spec"]);
}

#[test]
fn what_is_made_is_made_whole_and_then_released() {
    let desired = ignoring("spec.containers[0].image");
    let path: FieldPath = "spec.containers[web].image".parse().unwrap();
    let made = field_release("regplan:p", &desired, None).unwrap();
    assert_eq!(made.once_made.iter().collect::<Vec<_>>(), [&path]);
    let mut there = live(&[]);
    assert_eq!(field_release("regplan:p", &desired, Some(&there)).unwrap(), FieldRelease::default());
    there.object["spec"]["containers"] = json!([{"name": "other"}]);
    let found = field_release("regplan:p", &desired, Some(&there)).unwrap();
    assert_eq!(found.once_made, [path]);
    let settled = sent_after_release(desired.object.clone(), &found);
    assert_eq!(settled["spec"]["containers"], json!([{"name": "web"}]));
}

#[test]
fn a_part_of_what_is_one_value_is_refused() {
    let desired = ignoring("spec.containers[0].image");
    let atomic = live(&[("regplan:p", &["spec.containers"])]);
    let problem = field_release("regplan:p", &desired, Some(&atomic)).unwrap_err();
    assert!(problem.message.contains("keeps `spec.containers` as one value"), "{problem}");
    assert!(refuse_parts("regplan:p", &desired, &atomic).is_err());
}

#[test]
fn our_marks_are_never_left_to_others() {
    let mut desired = ignoring("metadata.annotations");
    desired.object["metadata"]["annotations"] = json!({"a": "1"});
    let mark = "metadata.annotations[\"regplan.dev/project\"]";
    let mut live = live(&[("regplan:p", &["metadata.annotations.a", mark])]);
    live.object["metadata"]["annotations"] = json!({"a": "1", "regplan.dev/project": "p"});
    assert_eq!(released(&desired, &live), ["metadata.annotations.a"]);
    live.ownership.entries[0].fields = [mark.parse().unwrap()].into_iter().collect();
    assert_eq!(field_release("regplan:p", &desired, Some(&live)).unwrap(), FieldRelease::default());
}

#[test]
fn what_is_made_anew_keeps_what_others_have_left_in_it() {
    let desired = ignoring("spec.replicas");
    let mut object = desired.object.clone();
    carry_over(&mut object, &desired, &live(&[]));
    assert_eq!(object["spec"]["replicas"], 5);
}
