use serde_json::{Value, json};

use super::*;
use crate::plan::testing::{PROJECT_NAME, deployment, owned};

/// Whether a Deployment with this `spec` is proved where that one is there, of which we own these fields.
fn proved(sent: Value, live: Value, paths: &[&str]) -> bool {
    let paths: Vec<&str> = paths.iter().copied().chain(["metadata.labels.app"]).collect();
    proves_unchanged(PROJECT_NAME, &deployment(sent), &owned(deployment(live), &paths))
}

/// The same of a custom resource.
fn custom_proved(sent: Value, live: Value, paths: &[&str]) -> bool {
    let object =
        |spec| json!({"apiVersion": "example.com/v1", "kind": "X", "metadata": {"name": "x"}, "spec": spec});
    proves_unchanged(PROJECT_NAME, &object(sent), &owned(object(live), paths))
}

#[test]
fn what_is_there_and_ours_is_proved_whatever_others_have_beside_it() {
    let live = json!({"replicas": 2, "paused": true, "status": {}});
    assert!(proved(json!({"replicas": 2}), live, &["spec.replicas"]));
}

#[test]
fn labels_that_have_an_owner_and_are_not_there_may_be_stored_as_an_empty_map() {
    let object = |version: &str, labels: Value| json!({"apiVersion": version, "kind": "X", "metadata": {"name": "x", "labels": labels}});
    let hides = |version: &str, labels: Value, paths: &[&str]| {
        let mut live = owned(object(version, labels), paths);
        if live.object["metadata"]["labels"].is_null() {
            live.object["metadata"].as_object_mut().unwrap().remove("labels");
        }
        may_hide_a_map(&live)
    };
    assert!(hides("example.com/v1", Value::Null, &["metadata.labels"]));
    assert!(!hides("example.com/v1", Value::Null, &["spec.x"]));
    assert!(!hides("example.com/v1", json!({"a": "b"}), &["metadata.labels.a"]));
    assert!(!hides("apps/v1", Value::Null, &["metadata.labels"]));
}

#[test]
fn another_value_is_not_proved() {
    assert!(!proved(json!({"replicas": 2}), json!({"replicas": 3}), &["spec.replicas"]));
    assert!(!proved(json!({"replicas": 2}), json!({"replicas": "2"}), &["spec.replicas"]));
    assert!(!proved(json!({"replicas": 2}), json!({}), &["spec.replicas"]));
}

#[test]
fn a_field_that_is_not_ours_any_more_or_ours_beside_what_is_sent_is_not_proved() {
    let live = json!({"replicas": 2, "paused": true});
    assert!(!proved(json!({"replicas": 2}), live.clone(), &[]));
    assert!(!proved(json!({"replicas": 2}), live.clone(), &["spec.replicas", "spec.paused"]));
    assert!(!proved(json!({"replicas": 2}), live, &["spec.replicas", "spec"]));
}

#[test]
fn a_value_that_the_server_stores_in_another_form_is_not_proved() {
    let quantity = |cpu: &str| json!({"resources": {"limits": {"cpu": cpu}}});
    let path = &["spec.resources.limits.cpu"];
    assert!(proved(quantity("1"), quantity("1"), path));
    assert!(!proved(quantity("1000m"), quantity("1"), path));
    for empty in [json!(""), json!(null), json!([])] {
        assert!(!proved(json!({"a": empty}), json!({}), &["spec.a"]), "{empty}");
        assert!(!proved(json!({"a": empty}), json!({}), &[]), "{empty}");
    }
    assert!(!proved(json!({"a": null}), json!({"a": null}), &["spec.a"]));
    // A number and its text are two values of an int-or-string.
    assert!(!proved(json!({"targetPort": "80"}), json!({"targetPort": 80}), &["spec.targetPort"]));
}

#[test]
fn an_empty_map_is_owned_as_it_is() {
    let path = &["spec.emptyDir"];
    assert!(proved(json!({"emptyDir": {}}), json!({"emptyDir": {}}), path));
    assert!(!proved(json!({"emptyDir": {}}), json!({"emptyDir": {"medium": "Memory"}}), path));
}

#[test]
fn a_map_is_proved_as_a_leaf_only_where_it_is_known_to_be_one() {
    let map = |name: &str| json!({name: {"a": "b"}});
    assert!(proved(map("selector"), map("selector"), &["spec.selector"]));
    // It may have been `{}` that was sent last, and the server filled it in.
    assert!(!proved(map("strategy"), map("strategy"), &["spec.strategy"]));
    assert!(!custom_proved(map("selector"), map("selector"), &["spec.selector"]));
    assert!(proved(map("strategy"), map("strategy"), &["spec.strategy.a"]));
}

#[test]
fn a_list_is_proved_as_a_leaf_only_where_it_is_known_to_be_one() {
    let list = |name: &str| json!({name: ["a", "b"]});
    assert!(proved(list("args"), list("args"), &["spec.args"]));
    assert!(!proved(json!({"args": ["b", "a"]}), list("args"), &["spec.args"]));
    assert!(!proved(list("unheardOf"), list("unheardOf"), &["spec.unheardOf"]));
    assert!(!custom_proved(list("args"), list("args"), &["spec.args"]));
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes its value here")]
fn ports(list: Value) -> Value {
    json!({ "ports": list })
}

#[test]
fn items_are_found_by_their_keys_and_by_the_keys_that_the_server_fills_in() {
    let live = ports(json!([
        {"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]));
    let sent = ports(json!([{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}]));
    let [tcp, udp] =
        ["spec.ports[containerPort=53,protocol=TCP]", "spec.ports[containerPort=53,protocol=UDP]"];
    let number = |item: &str| format!("{item}.containerPort");
    let protocol = format!("{udp}.protocol");
    let all = [tcp, &number(tcp), udp, &number(udp), &protocol];
    assert!(proved(sent.clone(), live.clone(), &all));
    // A protocol that is ours and not sent would be given up.
    let more = format!("{tcp}.protocol");
    assert!(!proved(sent.clone(), live.clone(), &[&all[..], &[&more]].concat()));
    assert!(!proved(sent, live, &all[..2]));
}

#[test]
fn the_order_of_our_items_counts_and_those_of_others_between_them_do_not() {
    let env = |names: &[&str]| {
        let items: Vec<Value> = names.iter().map(|name| json!({"name": name, "value": "v"})).collect();
        json!({ "env": items })
    };
    let of = |name: &str| ["", ".name", ".value"].map(|end| format!("spec.env[{name}]{end}"));
    let all = [of("A"), of("B")].concat();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert!(proved(env(&["A", "B"]), env(&["A", "B"]), &all));
    assert!(proved(env(&["A", "B"]), env(&["X", "A", "Y", "B"]), &all));
    assert!(!proved(env(&["A", "B"]), env(&["B", "A"]), &all));
    assert!(!proved(env(&["A", "B", "B"]), env(&["A", "B"]), &all));
    assert!(!proved(env(&["A"]), env(&["A", "B"]), &all));
    assert!(!proved(env(&["A", "C"]), env(&["A", "B", "C"]), &all));
    // By which key an item is named must be plain.
    let twisted = json!({"env": [{"name": "A", "key": "A"}]});
    let paths = ["spec.env[A]", "spec.env[A].name", "spec.env[A].key"];
    assert!(!proved(twisted.clone(), twisted, &paths));
}

#[test]
fn an_item_is_ours_by_itself() {
    let env = json!({"env": [{"name": "A"}]});
    assert!(proved(env.clone(), env.clone(), &["spec.env[A]", "spec.env[A].name"]));
    assert!(!proved(env.clone(), env, &["spec.env[A].name"]));
}

#[test]
fn sets_are_proved_item_by_item() {
    let object = |list: Value| {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
               "metadata": {"name": "c", "namespace": "a", "finalizers": list}})
    };
    let paths = ["metadata.finalizers[x/a]", "metadata.finalizers[x/b]"];
    let proved = |sent, live| proves_unchanged(PROJECT_NAME, &object(sent), &owned(object(live), &paths));
    assert!(proved(json!(["x/a", "x/b"]), json!(["x/a", "y/c", "x/b"])));
    assert!(!proved(json!(["x/a", "x/b"]), json!(["x/b", "x/a"])));
    assert!(!proved(json!(["x/a"]), json!(["x/a", "x/b"])));
}

#[test]
fn a_secrets_data_is_compared_as_it_is_stored() {
    let secret = |text: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "a"},
               "data": {"k": text}})
    };
    assert!(proves_unchanged(PROJECT_NAME, &secret("djE="), &owned(secret("djE="), &["data.k"])));
    assert!(!proves_unchanged(PROJECT_NAME, &secret("djI="), &owned(secret("djE="), &["data.k"])));
    let mut plain = secret("djE=");
    plain["stringData"] = json!({"k": "v1"});
    assert!(!proves_unchanged(PROJECT_NAME, &plain, &owned(secret("djE="), &["data.k"])));
}

#[test]
fn another_version_another_manager_and_an_ending_object_prove_nothing() {
    let sent = deployment(json!({"replicas": 2}));
    let paths = ["metadata.labels.app", "spec.replicas"];
    let live = || owned(sent.clone(), &paths);
    assert!(proves_unchanged(PROJECT_NAME, &sent, &live()));
    assert!(!proves_unchanged("q", &sent, &live()));
    let mut other = live();
    other.ownership.entries[0].api_version = "apps/v1beta1".into();
    assert!(!proves_unchanged(PROJECT_NAME, &sent, &other));
    let mut other = live();
    other.object["apiVersion"] = json!("apps/v1beta1");
    assert!(!proves_unchanged(PROJECT_NAME, &sent, &other));
    let mut ending = live();
    ending.object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert!(!proves_unchanged(PROJECT_NAME, &sent, &ending));
    let mut lost = live();
    lost.ownership.entries.clear();
    assert!(!proves_unchanged(PROJECT_NAME, &sent, &lost));
}
