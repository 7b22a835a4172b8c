//! Random objects. Each field has few possible values, so that two objects often have the same ones.

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, RngExt as _};
use regplan::resource::{Address, Desired};
use serde_json::{Map, Value, json};

use crate::harness::Namespace;

/// The kinds of the objects.
pub(super) const KINDS: &[&str] = &["Deployment", "Service", "Ingress", "Secret", "Keyed", "Plain"];

/// Defines the custom resources, and waits until they are served.
pub(super) fn define(ns: &Namespace) {
    let text = json!({"type": "string"});
    let keyed = json!({"type": "object", "properties": {
        "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "required": ["name"], "properties": {
                "name": text, "value": text, "more": {"type": "object", "additionalProperties": text}}}},
        "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
            "items": {"type": "object", "required": ["port"], "properties": {
                "port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}, "title": text}}},
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": text},
        "atomic": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": text},
        "filled": {"type": "object", "properties": {"a": {"type": "string", "default": "1"}, "b": text}},
        "nothing": {"type": "string", "nullable": true},
        "either": {"x-kubernetes-int-or-string": true},
    }});
    let plain = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let crd = |kind: &str, spec: &Value| {
        let (lower, group) = (kind.to_lowercase(), format!("{}.example.com", ns.prefix()));
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{lower}s.{group}")},
            "spec": {"group": group, "scope": "Namespaced",
                "names": {"kind": kind, "plural": format!("{lower}s"), "singular": lower},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                    {"type": "object", "properties": {"spec": spec}}}}]}})
    };
    let list =
        json!({"apiVersion": "v1", "kind": "List", "items": [crd("Keyed", &keyed), crd("Plain", &plain)]});
    ns.apply(&list.to_string());
    for kind in ["keyeds", "plains"] {
        let name = format!("crd/{kind}.{}.example.com", ns.prefix());
        ns.kubectl(["wait", "--for=condition=Established", &name]).run().success();
    }
}

/// A random desired object.
pub(super) fn desired(rng: &mut StdRng, ns: &Namespace, name: &str) -> Desired {
    let kind = KINDS.choose(rng).unwrap();
    let (group, object) = variant(rng, kind);
    let group = group.replace("GROUP", &format!("{}.example.com", ns.prefix()));
    let mut object = object;
    object["apiVersion"] = json!(group);
    object["kind"] = json!(kind);
    object["metadata"]["name"] = json!(name);
    object["metadata"]["namespace"] = json!(ns.name());
    Desired::new(Address::block("resource", name), object).unwrap()
}

/// Another object of the same kind and name.
pub(super) fn other(rng: &mut StdRng, desired: &Value) -> Value {
    let (_, mut object) = variant(rng, desired["kind"].as_str().unwrap());
    for key in ["apiVersion", "kind"] {
        object[key] = desired[key].clone();
    }
    for key in ["name", "namespace"] {
        object["metadata"][key] = desired["metadata"][key].clone();
    }
    object
}

fn variant(rng: &mut StdRng, kind: &str) -> (&'static str, Value) {
    let (version, mut object) = match kind {
        "Deployment" => ("apps/v1", json!({"spec": deployment(rng)})),
        "Service" => ("v1", json!({"spec": service(rng)})),
        "Ingress" => ("networking.k8s.io/v1", json!({"spec": ingress(rng)})),
        "Secret" => ("v1", secret(rng)),
        "Keyed" => ("GROUP/v1", json!({"spec": keyed(rng)})),
        _ => ("GROUP/v1", json!({"spec": plain(rng)})),
    };
    object["metadata"] = some_of(
        rng,
        &[
            ("labels", &[json!({"a": "1"}), json!({"a": "2", "b": "1"}), json!({})]),
            ("annotations", &[json!({"n/a": "1"}), json!({"n/a": ""})]),
        ],
    );
    (version, object)
}

/// Each key with one of its values or without; the first values are more probable.
fn some_of(rng: &mut StdRng, choices: &[(&str, &[Value])]) -> Value {
    let mut map = Map::new();
    for (key, values) in choices {
        if rng.random_ratio(1, 2) {
            let plain = values.iter().find(|_| rng.random_ratio(1, 2));
            let value = plain.unwrap_or_else(|| values.choose(rng).unwrap());
            map.insert((*key).to_owned(), value.clone());
        }
    }
    Value::Object(map)
}

/// A random selection of these, in a random order.
fn some(rng: &mut StdRng, all: Vec<Value>) -> Value {
    let mut all: Vec<Value> = all.into_iter().filter(|_| rng.random_ratio(2, 3)).collect();
    if rng.random_ratio(1, 3) {
        all.shuffle(rng);
    }
    Value::Array(all)
}

fn with(mut value: Value, more: Value) -> Value {
    let (Value::Object(map), Value::Object(more)) = (&mut value, more) else { return value };
    map.extend(more);
    value
}

fn deployment(rng: &mut StdRng) -> Value {
    let mut containers = vec![container(rng, "x")];
    if rng.random_ratio(1, 3) {
        containers.push(container(rng, "y"));
        containers.shuffle(rng);
    }
    let pod = some_of(
        rng,
        &[
            (
                "volumes",
                &[
                    json!([{"name": "v", "emptyDir": {}}]),
                    json!([{"name": "v", "emptyDir": {"sizeLimit": "1024Mi"}}]),
                ],
            ),
            ("nodeSelector", &[json!({"disk": "ssd"}), json!({})]),
            ("tolerations", &[json!([{"key": "k", "operator": "Exists"}]), json!([])]),
            ("imagePullSecrets", &[json!([{"name": "a"}, {"name": "b"}]), json!([{"name": "b"}])]),
            ("securityContext", &[json!({"runAsUser": 1000}), json!({})]),
        ],
    );
    let fields = some_of(
        rng,
        &[
            ("replicas", &[json!(0)]),
            (
                "strategy",
                &[
                    json!({}),
                    json!({"type": "Recreate"}),
                    json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}),
                    json!({"rollingUpdate": {"maxSurge": 1}}),
                ],
            ),
            ("paused", &[json!(true), json!(false)]),
            ("minReadySeconds", &[json!(5), json!(0)]),
        ],
    );
    with(
        fields,
        json!({
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": with(pod, json!({ "containers": containers }))},
        }),
    )
}

fn container(rng: &mut StdRng, name: &str) -> Value {
    let value = [json!("1"), json!("1"), json!("2"), json!("")].choose(rng).unwrap().clone();
    let env = vec![
        json!({"name": "A", "value": value}),
        json!({"name": "B", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}),
        json!({"name": "C"}),
    ];
    let env = if rng.random_ratio(1, 8) { Value::Null } else { some(rng, env) };
    let ports = vec![
        json!({"containerPort": 80}),
        json!({"containerPort": 53, "protocol": "UDP"}),
        json!({"containerPort": 53, "protocol": "TCP", "name": "dns"}),
    ];
    let ports = some(rng, ports);
    let fields = some_of(
        rng,
        &[
            ("env", &[env]),
            ("ports", &[ports]),
            ("args", &[json!(["a", "b"]), json!([]), json!(["b", "a"])]),
            (
                "resources",
                &[
                    json!({}),
                    json!({"limits": {"cpu": "1000m"}}),
                    json!({"limits": {"cpu": "1"}}),
                    json!({"limits": {"cpu": 1, "memory": "1Gi"}}),
                ],
            ),
            ("tty", &[json!(true), json!(false)]),
            ("workingDir", &[json!("/a"), json!("")]),
            ("imagePullPolicy", &[json!("IfNotPresent"), json!("Always")]),
        ],
    );
    with(fields, json!({"name": name, "image": "web:1"}))
}

fn service(rng: &mut StdRng) -> Value {
    let ports = vec![
        json!({"name": "a", "port": 53, "protocol": "UDP"}),
        json!({"name": "b", "port": 53}),
        json!({"name": "c", "port": 80, "targetPort": "http"}),
        json!({"name": "d", "port": 81, "targetPort": 81}),
    ];
    let Value::Array(mut ports) = some(rng, ports) else { return Value::Null };
    ports.push(json!({"name": "e", "port": 82, "protocol": "TCP"}));
    let fields = some_of(
        rng,
        &[
            ("selector", &[json!({"app": "web"}), json!({"app": "web", "b": "1"}), json!({})]),
            ("type", &[json!("ClusterIP")]),
            ("sessionAffinity", &[json!("None"), json!("ClientIP")]),
            ("publishNotReadyAddresses", &[json!(true), json!(false)]),
            ("externalIPs", &[json!(["192.0.2.1"]), json!([])]),
            ("ipFamilyPolicy", &[json!("SingleStack")]),
        ],
    );
    with(fields, json!({ "ports": ports }))
}

fn ingress(rng: &mut StdRng) -> Value {
    let backend = |name: &str| json!({"service": {"name": name, "port": {"number": 80}}});
    let rule = |host: &str| json!({"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend("a")}]}});
    let fields = some_of(
        rng,
        &[
            (
                "rules",
                &[
                    json!([rule("a.example.com")]),
                    json!([rule("b.example.com"), rule("a.example.com")]),
                    json!([]),
                ],
            ),
            ("tls", &[json!([{"hosts": ["a.example.com"], "secretName": "t"}]), json!([])]),
            ("ingressClassName", &[json!("nginx"), json!("other")]),
        ],
    );
    with(fields, json!({"defaultBackend": backend(["a", "b"].choose(rng).unwrap())}))
}

fn secret(rng: &mut StdRng) -> Value {
    some_of(
        rng,
        &[
            ("data", &[json!({"a": "MQ=="}), json!({"a": "Mg==", "b": "MQ=="}), json!({"b": ""}), json!({})]),
            ("type", &[json!("Opaque")]),
        ],
    )
}

fn keyed(rng: &mut StdRng) -> Value {
    let items = vec![
        json!({"name": "a", "value": "1"}),
        json!({"name": "b", "value": "", "more": {}}),
        json!({"name": "c", "more": {"x": "1"}}),
    ];
    let ports = vec![
        json!({"port": 80}),
        json!({"port": 53, "protocol": "UDP", "title": "u"}),
        json!({"port": 53, "protocol": "TCP"}),
    ];
    let (items, ports) = (some(rng, items), some(rng, ports));
    let set = some(rng, vec![json!("a"), json!("b"), json!("c")]);
    some_of(
        rng,
        &[
            ("items", &[items]),
            ("ports", &[ports]),
            ("set", &[set, json!([])]),
            ("atomic", &[json!({}), json!({"a": "1"}), json!({"a": "1", "b": "2"})]),
            ("filled", &[json!({}), json!({"a": "1"}), json!({"b": "1"})]),
            ("nothing", &[json!(null), json!(""), json!("x")]),
            ("either", &[json!(1), json!("1")]),
        ],
    )
}

fn plain(rng: &mut StdRng) -> Value {
    some_of(
        rng,
        &[
            ("text", &[json!("1"), json!(""), json!(null)]),
            ("map", &[json!({}), json!({"a": 1}), json!({"a": 1, "b": {"c": []}})]),
            (
                "list",
                &[json!([]), json!([{"name": "a"}, {"name": "b"}]), json!([{"name": "b"}, {"name": "a"}])],
            ),
            ("number", &[json!(1), json!(1.5), json!(0)]),
        ],
    )
}

/// A random one of these. One that is listed twice is twice as probable.
pub(super) fn pick<'a, T>(rng: &mut StdRng, all: &'a [T]) -> &'a T {
    let _ = rng.next_u32();
    all.choose(rng).unwrap()
}
