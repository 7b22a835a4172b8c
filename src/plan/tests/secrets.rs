//! What nobody may see.

use serde_json::{Value, json};

use super::world::*;
use crate::plan::field_changes;

#[expect(clippy::needless_pass_by_value, reason = "every caller makes its value here")]
fn pod(env: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"},
           "spec": {"containers": [{"name": "main", "image": "x", "env": env}]}})
}

#[test]
fn a_secret_in_a_list_item_is_one_wherever_the_item_stands() {
    let item = |name: &str, value: &str| json!({"name": name, "value": value});
    let mut wanted = desired("p", pod(json!([item("A", "hunter2"), item("B", "plain")])));
    wanted.sensitive.insert("spec.containers[0].env[0].value".parse().unwrap(), ());
    let shown = |world: World| {
        let mut world = world;
        let plan = world.plan(input(vec![wanted.clone()]));
        let fields = plan.changes[0].fields.iter();
        fields.map(|field| (field.path.to_string(), field.sensitive)).collect::<Vec<_>>()
    };
    let live = pod(json!([item("GONE", "hunter0"), item("B", "other"), item("A", "hunter1")]));
    let fields = shown(World { replacing: true, ..World::default() }.with(marked(live, "resource.p")));
    let path = |rest: &str| format!("spec.containers[main].env{rest}");
    assert_eq!(fields, [(path("[GONE]"), true), (path("[B].value"), false), (path("[A].value"), true)]);
    let created = shown(World::default());
    assert!(created.contains(&(path("[A].value"), true)), "{created:?}");
    assert!(created.contains(&(path("[B].value"), false)), "{created:?}");
}

#[test]
fn the_last_secret_stays_hidden_when_it_is_taken_out() {
    let mut before = desired("p", pod(json!([{"name": "A", "value": "hunter2"}])));
    before.sensitive.insert("spec.containers[0].env[0].value".parse().unwrap(), ());
    let live = World::default().plan(input(vec![before])).changes[0].send.clone().unwrap();
    let after = desired("p", pod(json!([])));
    let fields = field_changes(&after, &live, &after.object);
    let shown: Vec<_> = fields.iter().filter(|field| !field.sensitive).map(|field| &field.before).collect();
    assert!(!format!("{shown:?}").contains("hunter2"), "{shown:?}");
    assert!(fields.iter().any(|field| field.sensitive));
}

#[test]
fn a_misspelt_key_of_a_secret_is_hidden() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "a"},
                        "stringdata": {"password": "hunter2"}, "type": "Opaque"});
    let plan = World::default().plan(input(vec![desired("s", secret)]));
    let fields = plan.changes[0].fields.iter();
    let fields: Vec<_> = fields.map(|field| (field.path.to_string(), field.sensitive)).collect();
    assert_eq!(fields, [("stringdata.password".to_owned(), true), ("type".to_owned(), false)]);
}
