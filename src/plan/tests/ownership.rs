//! Whose an object is, fields that are given up, and fields that are taken over.

use serde_json::json;

use super::world::*;
use crate::kubernetes::marks::PROJECT;
use crate::plan::testing::entry;
use crate::plan::{Action, Reason};
use crate::resource::{Address, FieldPath, IgnoreRule, ManagedEntry, Operation};

impl World {
    /// Everything is owned as these entries say.
    fn owned_by(mut self, entries: &[ManagedEntry]) -> Self {
        self.objects.values_mut().for_each(|live| live.ownership.entries = entries.to_vec());
        self
    }
}

#[test]
fn an_object_of_others_is_refused_unless_adopted() {
    let object = config_map("c", json!({}));
    let wanted = || input(vec![desired("c", object.clone())]);
    let plan = World::default().with(object.clone()).plan(wanted());
    assert_eq!(plan.refusals.len(), 1);
    assert!(!plan.has_changes());
    let mut agreed = wanted();
    agreed.consent.adopt.insert(Address::block("resource", "c"));
    let plan = World::default().with(object.clone()).plan(agreed);
    assert_eq!(actions(&plan), [("resource.c".into(), Action::Adopt)]);
    assert_eq!((plan.summary().add, plan.summary().adopt), (0, 1));
    // An object of another project is refused all the same.
    let mut theirs = marked(object.clone(), "resource.c");
    theirs["metadata"]["annotations"][PROJECT] = json!("q");
    let mut agreed = wanted();
    agreed.consent.adopt.insert(Address::block("resource", "c"));
    assert_eq!(World::default().with(theirs).plan(agreed).refusals.len(), 1);
}

#[test]
fn an_ignored_field_of_ours_is_handed_over_and_no_line_of_the_plan() {
    let mut wanted = desired("c", config_map("c", json!({"a": "2", "b": "2"})));
    let path: FieldPath = "data.a".parse().unwrap();
    wanted.lifecycle.ignore_changes = vec![IgnoreRule { object: None, path }];
    let live = marked(config_map("c", json!({"a": "5", "b": "2"})), "resource.c");
    let world = || World::default().with(live.clone());
    let mut ours = world().owned_by(&[entry("regplan:p", Operation::Apply, &["data.a", "data.b"])]);
    let plan = ours.plan(input(vec![wanted.clone()]));
    assert_eq!((actions(&plan), fields(&plan)), (vec![("resource.c".into(), Action::Update)], vec![]));
    let field: FieldPath = "data.a".parse().unwrap();
    assert_eq!(plan.changes[0].reasons, [Reason::IgnoredFieldReleased { field, value: Some(json!("5")) }]);
    assert_eq!(plan.changes[0].send.as_ref().unwrap()["data"], json!({"b": "2"}));
    assert_eq!(ours.previews[0].object["data"], json!({"a": "5", "b": "2"}), "tried as it stays");
    // What others own is theirs already.
    let plan =
        world().owned_by(&[entry("x", Operation::Apply, &["data.a"])]).plan(input(vec![wanted.clone()]));
    assert_eq!(actions(&plan), [("resource.c".into(), Action::None)]);
    // A new object gets it once.
    let plan = World::default().plan(input(vec![wanted]));
    assert_eq!(plan.changes[0].send.as_ref().unwrap()["data"]["a"], "2");
}

#[test]
fn an_adoption_names_the_managers_whose_fields_it_takes() {
    let object = config_map("c", json!({"k": "v"}));
    let mut world = World::default().with(object.clone()).owned_by(&[
        entry("kubectl-create", Operation::Apply, &["data.k"]),
        entry("other", Operation::Apply, &["data.theirs"]),
    ]);
    let mut agreed = input(vec![desired("c", object)]);
    agreed.consent.adopt.insert(Address::block("resource", "c"));
    let plan = world.plan(agreed);
    assert_eq!(plan.changes[0].taken_from, ["kubectl-create"]);
}
