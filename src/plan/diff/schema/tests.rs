use super::*;
use serde_json::json;

fn definition(schema: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "mirrors.example.com"},
        "spec": {"group": "example.com", "names": {"kind": "Mirror"}, "versions": [
            {"name": "v1", "served": true, "schema": {"openAPIV3Schema": schema}},
            {"name": "v0", "served": false, "schema": {"openAPIV3Schema": schema}},
        ]},
    })
}

fn mirror(version: &str, spec: &Value) -> Value {
    json!({"apiVersion": format!("example.com/{version}"), "kind": "Mirror",
           "metadata": {"name": "hub", "namespace": "a", "labels": {"a": "b"}}, "spec": spec})
}

fn desired(object: Value) -> Desired {
    Desired::new(Address::block("resource", "hub"), object).unwrap()
}

/// What is said of a `spec` under its schema.
fn said(spec_schema: &Value, spec: &Value) -> Vec<String> {
    let definition = definition(&json!({"type": "object", "properties": {"spec": spec_schema}}));
    let desired = desired(mirror("v1", spec));
    told(&definition, &desired, None)
}

fn told(definition: &Value, desired: &Desired, live: Option<&Value>) -> Vec<String> {
    let address = Address::block("manifest", "crd");
    let definition = Definition { address: &address, object: definition };
    let causes = check(definition, desired, live, &desired.object).map(|problem| problem.causes);
    let causes = causes.into_iter().flatten();
    causes.map(|(path, reason, _)| format!("{} {reason}", path.unwrap())).collect()
}

fn object(properties: &Value) -> Value {
    json!({"type": "object", "properties": properties})
}

#[test]
fn what_fits_is_taken() {
    let schema = object(&json!({
        "url": {"type": "string", "pattern": "^https://"},
        "size": {"x-kubernetes-int-or-string": true},
        "count": {"type": "integer", "minimum": 0, "exclusiveMinimum": true},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "maybe": {"type": "string", "nullable": true},
        "inner": {"type": "object", "x-kubernetes-embedded-resource": true},
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    }));
    let spec = json!({
        "url": "https://x", "size": "1Gi", "count": 1, "free": {"any": [1]}, "labels": {"a": "b"},
        "maybe": null, "inner": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}, "set": ["a", "b"],
    });
    assert_eq!(said(&schema, &spec), [""; 0]);
    assert_eq!(said(&schema, &json!({"size": 5})), [""; 0]);
}

#[test]
fn what_does_not_fit_is_told_by_its_path() {
    let schema = json!({
        "type": "object",
        "required": ["url"],
        "properties": {
            "count": {"type": "integer", "minimum": 0, "exclusiveMinimum": true},
            "mode": {"type": "string", "enum": ["a", "b"]},
            "list": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
            "size": {"x-kubernetes-int-or-string": true},
            "inner": {"type": "object", "x-kubernetes-embedded-resource": true},
            "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        },
    });
    let spec = json!({
        "count": 0, "mode": "c", "list": [{"name": 1}, {"nam": "x"}], "size": true,
        "inner": {"spec": {}}, "set": ["a", "a"],
    });
    let mut found = said(&schema, &spec);
    found.sort();
    assert_eq!(
        found,
        [
            "spec.count FieldValueInvalid",
            "spec.inner.apiVersion FieldValueRequired",
            "spec.inner.kind FieldValueRequired",
            "spec.inner.spec FieldNotDeclared",
            "spec.list[0].name FieldValueTypeInvalid",
            "spec.list[1].nam FieldNotDeclared",
            "spec.mode FieldValueNotSupported",
            "spec.set FieldValueInvalid",
            "spec.size FieldValueTypeInvalid",
            "spec.url FieldValueRequired",
        ]
    );
}

#[test]
fn an_unknown_field_is_told_with_the_nearest_known_one_and_without_its_value() {
    let definition = definition(&object(&json!({"spec": object(&json!({"interval": {"type": "string"}}))})));
    let desired = desired(mirror("v1", &json!({"intervall": "hunter2"})));
    let address = Address::block("manifest", "crd");
    let definition = Definition { address: &address, object: &definition };
    let problem = check(definition, &desired, None, &desired.object).unwrap();
    assert_eq!(
        problem.message,
        "it does not fit the schema of its definition in this plan (manifest.crd):\n  \
         spec.intervall: the schema does not have this field; did you mean `interval`?"
    );
}

#[test]
fn defaults_stand_for_what_is_not_there_and_for_nulls() {
    let schema = json!({
        "type": "object",
        "required": ["url"],
        "properties": {"url": {"type": "string", "default": "x"}, "other": {"type": "string"}},
    });
    assert_eq!(said(&schema, &json!({})), [""; 0]);
    assert_eq!(said(&schema, &json!({"url": null})), [""; 0]);
    assert_eq!(said(&schema, &json!({"other": null})), ["spec.other FieldValueTypeInvalid"]);
}

#[test]
fn items_that_are_told_apart_by_keys_have_different_ones() {
    let item = json!({"type": "object", "properties": {
        "name": {"type": "string"}, "protocol": {"type": "string", "default": "TCP"},
    }});
    let list = json!({"type": "array", "items": item, "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["name", "protocol"]});
    let schema = object(&json!({"ports": list}));
    assert_eq!(said(&schema, &json!({"ports": [{"name": "a"}, {"name": "a", "protocol": "UDP"}]})), [""; 0]);
    assert_eq!(
        said(&schema, &json!({"ports": [{"name": "a"}, {"name": "a", "protocol": "TCP"}]})),
        ["spec.ports[1] FieldValueDuplicate"]
    );
}

#[test]
fn restrictions_on_values_close_nothing() {
    let schema = json!({
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        "anyOf": [{"properties": {"a": {"minLength": 1}}}],
    });
    assert_eq!(said(&schema, &json!({"a": "x"})), [""; 0]);
    assert_eq!(said(&schema, &json!({"a": "x", "b": "y"})), ["spec FieldValueInvalid"]);
}

#[test]
fn a_version_that_is_not_served_is_refused() {
    let definition = definition(&object(&json!({})));
    let address = Address::block("manifest", "crd");
    let definition = Definition { address: &address, object: &definition };
    for version in ["v0", "v2"] {
        let desired = desired(mirror(version, &json!({})));
        let problem = check(definition, &desired, None, &desired.object).unwrap();
        assert!(problem.message.contains(&format!("`example.com/{version}`; it serves v1")), "{problem}");
    }
}

#[test]
fn what_is_not_known_yet_is_not_held_against_the_schema() {
    let definition = definition(&object(&json!({"spec": object(&json!({"port": {"type": "integer"}}))})));
    let mut desired = desired(mirror("v1", &json!({"port": "${resource.lb.status.port}"})));
    assert_eq!(told(&definition, &desired, None), ["spec.port FieldValueTypeInvalid"]);
    let reason = crate::resource::Unchecked { reason: "not set".into() };
    desired.unchecked.insert("spec.port".parse().unwrap(), reason);
    assert_eq!(told(&definition, &desired, None), [""; 0]);
}

#[test]
fn what_was_there_before_stays_whatever_the_new_schema_says() {
    let schema = object(&json!({"spec": object(&json!({
        "mode": {"type": "string", "enum": ["new"]}, "more": {"type": "string"},
    }))}));
    let desired = desired(mirror("v1", &json!({"more": "x"})));
    let live = mirror("v1", &json!({"mode": "old", "gone": 1}));
    assert_eq!(told(&definition(&schema), &desired, Some(&live)), [""; 0]);
}

#[test]
fn a_status_with_its_own_way_is_not_looked_at() {
    let mut definition = definition(&object(&json!({"status": object(&json!({"a": {"type": "string"}}))})));
    let mut object = mirror("v1", &json!({}));
    object.as_object_mut().unwrap().remove("spec");
    object["status"] = json!({"a": 1});
    let desired = desired(object);
    assert_eq!(told(&definition, &desired, None), ["status.a FieldValueTypeInvalid"]);
    definition["spec"]["versions"][0]["subresources"] = json!({"status": {}});
    assert_eq!(told(&definition, &desired, None), [""; 0]);
}

#[test]
fn an_empty_key_is_named_as_what_it_is() {
    let definition = definition(&json!({"type": "object", "properties": {"spec":
        object(&json!({"url": {"type": "object"}, "none": {"type": "string", "nullable": true}}))}}));
    let address = Address::block("manifest", "crd");
    let desired = desired(mirror("v1", &json!({"url": null, "none": null})));
    let of = Definition { address: &address, object: &definition };
    let problem = check(of, &desired, None, &desired.object).unwrap();
    assert_eq!(problem.causes.len(), 1);
    assert_eq!(problem.causes[0].2, "it is empty (null): give it a value, or remove the key");
}
