//! Fields that are handed over, and fields that are taken over.

use super::*;

fn custodian(manager: &str, keys: &[&str]) -> crate::resource::ManagedEntry {
    use crate::resource::{FieldSet, Operation, Segment};
    let mut fields = FieldSet::default();
    let data = fields.children.entry(Segment::Key("data".into())).or_default();
    for key in keys {
        data.children.insert(Segment::Key((*key).into()), FieldSet { owned: true, ..FieldSet::default() });
    }
    let (manager, operation) = (manager.to_owned(), Operation::Apply);
    crate::resource::ManagedEntry {
        api_version: "v1".into(),
        manager,
        operation,
        time: None,
        subresource: None,
        fields,
    }
}

impl World {
    fn owned_by(mut self, entries: &[crate::resource::ManagedEntry]) -> Self {
        self.objects.values_mut().for_each(|live| live.ownership.entries = entries.to_vec());
        self
    }
}

#[test]
fn an_ignored_field_of_ours_is_handed_over_and_no_line_of_the_plan() {
    let mut wanted = desired("c", config_map("c", json!({"a": "2", "b": "2"})));
    let path: FieldPath = "data.a".parse().unwrap();
    wanted.lifecycle.ignore_changes = vec![crate::resource::IgnoreRule { object: None, path }];
    let live = marked(config_map("c", json!({"a": "5", "b": "2"})), "resource.c");
    let world = || World::default().with(live.clone());
    let mut ours = world().owned_by(&[custodian("regplan:p", &["a", "b"])]);
    let plan = ours.plan(input(vec![wanted.clone()]));
    assert_eq!((actions(&plan), fields(&plan)), (vec![("resource.c".into(), Action::Update)], vec![]));
    let field: FieldPath = "data.a".parse().unwrap();
    assert_eq!(plan.changes[0].reasons, [Reason::IgnoredFieldReleased { field, value: Some(json!("5")) }]);
    assert_eq!(plan.changes[0].send.as_ref().unwrap()["data"], json!({"b": "2"}));
    assert_eq!(ours.previews[0].object["data"], json!({"a": "5", "b": "2"}), "tried as it stays");
    // What others own is theirs already.
    let plan = world().owned_by(&[custodian("x", &["a"])]).plan(input(vec![wanted.clone()]));
    assert_eq!(actions(&plan), [("resource.c".into(), Action::None)]);
    // A new object gets it once.
    let plan = World::default().plan(input(vec![wanted]));
    assert_eq!(plan.changes[0].send.as_ref().unwrap()["data"]["a"], "2");
}

#[test]
fn an_adoption_names_the_managers_whose_fields_it_takes() {
    let object = config_map("c", json!({"k": "v"}));
    let mut world = World::default()
        .with(object.clone())
        .owned_by(&[custodian("kubectl-create", &["k"]), custodian("other", &["theirs"])]);
    let mut agreed = input(vec![desired("c", object)]);
    agreed.consent.adopt.insert(Address::block("resource", "c"));
    let plan = world.plan(agreed);
    assert_eq!(plan.changes[0].taken_from, ["kubectl-create"]);
}
