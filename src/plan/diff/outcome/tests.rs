use std::sync::Arc;

use super::*;
use crate::kubernetes::field_manager;
use crate::plan::proof::by_record::record;
use crate::plan::testing::{PROJECT_NAME, entry, owned};
use crate::resource::{Address, Desired, GroupKind, Operation};
use proptest::prelude::*;
use serde_json::json;

fn predicted(live: &Live, sent: &Value, applied: Option<&Applied>, schema: Option<&ObjectSchema>) -> Value {
    outcome(Basis { manager: &field_manager(PROJECT_NAME), live, sent, applied, schema }).object
}

#[test]
fn what_we_alone_owned_and_send_no_longer_goes() {
    let object = json!({"apiVersion": "v1", "kind": "X", "spec": {
        "kept": 1, "ours": 1, "shared": 1, "theirs": 1,
        "list": [{"name": "a", "v": 1}, {"name": "b", "v": 1}, {"name": "c", "v": 1}]}});
    let paths = [
        "spec.kept",
        "spec.ours",
        "spec.shared",
        "spec.list[a]",
        "spec.list[a].v",
        "spec.list[b]",
        "spec.list[b].v",
        "spec.list[c]",
        "spec.list[c].v",
    ];
    let mut live = owned(object, &paths);
    let theirs = ["spec.shared", "spec.theirs", "spec.list[c].v"];
    live.ownership.entries.push(entry("other", Operation::Update, &theirs));
    let sent = json!({"spec": {"kept": 2, "list": [{"name": "a", "v": 1}]}});
    assert_eq!(
        predicted(&live, &sent, None, None)["spec"],
        json!({"kept": 2, "shared": 1, "theirs": 1, "list": [{"name": "a", "v": 1}, {"name": "c", "v": 1}]})
    );
}

/// A kind with a list whose keys have defaults, amounts, and one value that is a list of structs.
fn schema() -> ObjectSchema {
    let port = json!({"type": "object", "properties": {
        "port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}, "name": {"type": "string"}}});
    let rule = json!({"type": "object", "properties": {
        "scope": {"type": "string"}, "resources": {"type": "array", "items": {"type": "string"}}}});
    let quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    let spec = json!({"type": "object", "properties": {
        "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
                  "items": {"allOf": [{"$ref": "#/components/schemas/Port"}]}},
        "rules": {"type": "array", "items": {"allOf": [{"$ref": "#/components/schemas/Rule"}]}},
        "limits": {"type": "object", "additionalProperties": {"$ref": format!("#/components/schemas/{quantity}")}},
        "selector": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
        "seconds": {"type": "integer"}, "paused": {"type": "boolean"}, "kind": {"type": "string"}}});
    let of = [json!({"group": "apps", "version": "v1", "kind": "Thing"})];
    let thing =
        json!({"type": "object", "x-kubernetes-group-version-kind": of, "properties": {"spec": spec}});
    let document = json!({"components": {"schemas": {
        "Thing": thing, "Port": port, "Rule": rule, quantity: {"oneOf": [{"type": "string"}, {"type": "number"}]}}}});
    ObjectSchema::of(Arc::new(document), &GroupKind { group: "apps".into(), kind: "Thing".into() }, "v1")
        .unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes its value here")]
fn thing(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Thing", "metadata": {"name": "t", "namespace": "a"}, "spec": spec})
}

fn sent_in_odd_forms() -> Value {
    thing(json!({
        "seconds": 0, "paused": false, "kind": "", "limits": {"cpu": "1000m", "memory": 1.0e3},
        "ports": [{"port": 80.0}, {"port": 53, "protocol": "UDP"}], "rules": [{"resources": ["a"]}],
        "selector": {"app": "x"}}))
}

/// The object that a server makes of it.
fn stored_forms() -> Live {
    let object = thing(json!({
        "kind": "Usual", "limits": {"cpu": "1", "memory": "1k"},
        "ports": [{"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
        "rules": [{"resources": ["a"], "scope": "*"}], "selector": {"app": "x"}, "filled": {"in": 1}}));
    owned(
        object,
        &[
            "spec.seconds",
            "spec.paused",
            "spec.kind",
            "spec.limits.cpu",
            "spec.limits.memory",
            "spec.ports[port=80,protocol=TCP]",
            "spec.ports[port=80,protocol=TCP].port",
            "spec.ports[port=53,protocol=UDP]",
            "spec.ports[port=53,protocol=UDP].port",
            "spec.ports[port=53,protocol=UDP].protocol",
            "spec.rules",
            "spec.selector",
        ],
    )
}

fn recorded() -> Applied {
    let sent = sent_in_odd_forms();
    let desired = Desired::new(Address::block("resource", "t"), sent.clone()).unwrap();
    record(PROJECT_NAME, &desired, &sent, &stored_forms())
}

#[test]
fn what_only_looks_different_stays_as_it_is() {
    let (live, sent, schema, applied) = (stored_forms(), sent_in_odd_forms(), schema(), recorded());
    for applied in [None, Some(&applied)] {
        assert_eq!(predicted(&live, &sent, applied, Some(&schema)), live.object, "{}", applied.is_some());
    }
}

#[test]
fn what_changes_in_the_file_changes_and_nothing_else() {
    let (live, schema, applied) = (stored_forms(), schema(), recorded());
    let change = |pointer: &str, value: Value| {
        let mut sent = sent_in_odd_forms();
        *sent.pointer_mut(pointer).unwrap() = value;
        sent
    };
    for (pointer, value, now) in [
        ("/spec/seconds", json!(5), json!(5)),
        ("/spec/limits/cpu", json!(2), json!("2")),
        ("/spec/rules/0/resources", json!(["a", "b"]), json!(["a", "b"])),
        ("/spec/ports/0/port", json!(81), json!(81)),
        ("/spec/selector", json!({"app": "y"}), json!({"app": "y"})),
        ("/spec/selector", json!({"tier": "y"}), json!({"tier": "y"})),
    ] {
        for applied in [None, Some(&applied)] {
            let after = predicted(&live, &change(pointer, value.clone()), applied, Some(&schema));
            let at = if pointer.contains("/ports/") { "/spec/ports/1/port" } else { pointer };
            assert_eq!(after.pointer(at), Some(&now), "{pointer}");
            assert_eq!(after["spec"]["rules"][0]["scope"], "*", "{pointer}");
            assert_eq!(after["spec"]["filled"], live.object["spec"]["filled"]);
        }
    }
    let mut sent = sent_in_odd_forms();
    sent["spec"]["ports"].as_array_mut().unwrap().remove(0);
    let after = predicted(&live, &sent, Some(&applied), Some(&schema));
    assert_eq!(after["spec"]["ports"], json!([{"port": 53, "protocol": "UDP"}]));
}

#[test]
fn what_others_changed_gets_the_value_that_the_server_made_of_ours() {
    let (mut live, schema, applied) = (stored_forms(), schema(), recorded());
    live.object["spec"]["limits"]["cpu"] = json!("5");
    live.object["spec"]["seconds"] = json!(7);
    live.object["spec"]["rules"] = json!([{"resources": ["a", "x"], "scope": "*"}]);
    live.object["spec"]["ports"].as_array_mut().unwrap().remove(0);
    let after = predicted(&live, &sent_in_odd_forms(), Some(&applied), Some(&schema));
    let spec = &stored_forms().object["spec"];
    for key in ["limits", "rules", "seconds"] {
        assert_eq!(after["spec"].get(key), spec.get(key), "{key}");
    }
    assert_eq!(after["spec"]["ports"][1], spec["ports"][0], "{after:#}");
    // Without a record it is the sent value, in the server's form where that is known.
    let after = predicted(&live, &sent_in_odd_forms(), None, Some(&schema));
    assert_eq!(after["spec"]["limits"]["cpu"], "1");
}

proptest! {
    /// Whatever is sent again in the form in which it is there is no change, with any mixture of fields and whether
    /// or not a schema is known.
    #[test]
    fn what_is_there_is_never_changed_by_itself(keys in proptest::sample::subsequence(
        vec!["seconds", "paused", "kind", "limits", "ports", "rules", "selector"], 0..7), known: bool) {
        let mut live = stored_forms();
        let spec = live.object["spec"].as_object_mut().unwrap();
        spec.retain(|key, _| keys.contains(&key.as_str()) || key == "filled");
        let mut sent = live.object.clone();
        sent["spec"].as_object_mut().unwrap().remove("filled");
        live.ownership = owned(live.object.clone(), &[]).ownership;
        let schema = schema();
        prop_assert_eq!(predicted(&live, &sent, None, known.then_some(&schema)), live.object);
    }
}
