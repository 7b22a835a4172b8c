//! All blocks of a configuration together.

use std::fmt::Write as _;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::testing::config;
use super::*;
use crate::config::{Config, Inputs, load};
use crate::diagnostic::{Diagnostics, Severity};
use crate::resource::{Desired, Encoding, FieldPath, GroupKind};

mod manifests;
mod registries;
mod resources;

/// Facts of a cluster that knows everything: `TEXT` for every secret, `FILE` for every file.
fn facts_with(config: &Config, file: &str, text: &Text) -> Facts {
    let mut facts = Facts::default();
    loop {
        let needs = needs(config, &facts);
        if needs.is_empty() {
            return facts;
        }
        for need in needs {
            let fact = match &need {
                Need::Files(path) => Fact::Files(vec![(path.clone(), file.into())]),
                Need::Manifests(path) => Fact::Manifests([ManifestFile::parse(path.clone(), file)].into()),
                Need::Scope { .. } => Fact::Scope(None),
                Need::Secret { .. } | Need::Htpasswd { .. } => Fact::Text(text.clone()),
            };
            facts.insert(need, fact);
        }
    }
}

fn compiled(text: &str) -> Result<Compiled, Diagnostics> {
    compiled_with(text, "", &Text::Known("TEXT".into()))
}

fn compiled_with(text: &str, file: &str, secret: &Text) -> Result<Compiled, Diagnostics> {
    let config = config(text);
    flawless(compile(&config, &facts_with(&config, file, secret)))
}

/// What came of it, where nothing is wrong.
fn flawless(compiled: Compiled) -> Result<Compiled, Diagnostics> {
    if compiled.mistakes.has_errors() { Err(compiled.mistakes) } else { Ok(compiled) }
}

fn fine(text: &str) -> Vec<Desired> {
    compiled(text).unwrap_or_else(|mistakes| panic!("{mistakes}")).resources
}

fn object<'r>(resources: &'r [Desired], address: &str) -> &'r Desired {
    resources.iter().find(|desired| desired.address.to_string() == address).unwrap_or_else(|| {
        let all: Vec<_> = resources.iter().map(|desired| desired.address.to_string()).collect();
        panic!("no {address} among {all:?}")
    })
}

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

/// What is wrong (or doubtful): code, the text of each place, message and help.
fn found(text: &str) -> String {
    found_with(text, "", &Text::Known("TEXT".into()))
}

fn found_with(text: &str, file: &str, secret: &Text) -> String {
    let diagnostics = match compiled_with(text, file, secret) {
        Ok(compiled) => compiled.mistakes,
        Err(mistakes) => mistakes,
    };
    let mut shown = String::new();
    for diagnostic in diagnostics {
        let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
        writeln!(shown, "{severity} {}: {}", diagnostic.code, diagnostic.message).unwrap();
        for label in &diagnostic.labels {
            let place = &text[label.span.start..label.span.end];
            writeln!(shown, "  at `{}` {}", place.lines().next().unwrap_or_default(), label.text).unwrap();
        }
        if let Some(help) = &diagnostic.help {
            writeln!(shown, "  help: {help}").unwrap();
        }
    }
    shown
}

#[test]
fn every_key_of_every_block_is_documented() {
    fn keys(at: &str, schema: &Value, naked: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (key, below) in properties {
                if below.get("description").is_none() {
                    naked.push(format!("{at}.{key}"));
                }
            }
        }
        match schema {
            Value::Object(map) => {
                map.iter().for_each(|(key, below)| keys(&format!("{at}/{key}"), below, naked));
            }
            Value::Array(list) => list.iter().for_each(|below| keys(at, below, naked)),
            _ => {}
        }
    }
    for block in schemas() {
        let mut naked = Vec::new();
        keys(block.kind, &block.schema, &mut naked);
        // The choices of `SecretSource` are described beside their key.
        naked.retain(|key| !key.contains("/oneOf."));
        assert_eq!(naked, Vec::<String>::new());
        assert!(block.schema.get("description").is_some());
    }
}

#[test]
fn the_schemas_are_as_documented() {
    let mut all: serde_json::Map<String, Value> =
        schemas().into_iter().map(|block| (block.kind.to_owned(), block.schema)).collect();
    // Types of the configuration's own are shown where it shows them.
    for schema in all.values_mut() {
        if let Some(defs) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
            defs.retain(|name, _| name != "SecretSource" && name != "Generate");
        }
    }
    insta::assert_snapshot!("schemas", serde_json::to_string_pretty(&all).unwrap());
}

#[test]
fn namespaces_are_shared_unless_a_block_declares_them() {
    let text = "
[cluster]
namespace = 'home'
[resource.a]
apiVersion = 'v1'
kind = 'ConfigMap'
[resource.b]
apiVersion = 'v1'
kind = 'ConfigMap'
metadata.namespace = 'away'
[resource.c]
apiVersion = 'v1'
kind = 'ConfigMap'
metadata.namespace = 'kube-system'
[resource.d]
apiVersion = 'v1'
kind = 'ConfigMap'
metadata.namespace = 'kube-registry'
[resource.away]
apiVersion = 'v1'
kind = 'Namespace'
";
    let resources = fine(text);
    let shared: Vec<_> = resources.iter().filter(|desired| desired.shared).collect();
    let addresses: Vec<String> = shared.iter().map(|desired| desired.address.to_string()).collect();
    assert_eq!(addresses, ["namespace.home", "namespace.kube-registry"]);
    assert_eq!(shared[0].object["metadata"]["name"], "home");
    assert_eq!(object(&resources, "resource.away").identity.namespace, None);
}

#[test]
fn the_same_object_twice_is_shown_at_both_places() {
    let text = "
[resource.a]
apiVersion = 'v1'
kind = 'ConfigMap'
metadata.name = 'x'
[resource.b]
apiVersion = 'v1'
kind = 'ConfigMap'
metadata = { name = 'x', namespace = 'default' }
";
    insta::assert_snapshot!(found(text), @r"
    error duplicate-object: ConfigMap default/x is declared twice: by `resource.a` and by `resource.b`
      at `[resource.b]` again here
      at `[resource.a]` first here
      help: remove one of them, or give it another name or namespace
    ");
}

#[test]
fn references_to_nothing_are_all_found() {
    let text = "
[resource.lb]
apiVersion = 'v1'
kind = 'Service'
[resource.a]
apiVersion = 'v1'
kind = 'ConfigMap'
data.fine = '${resource.lb.status.loadBalancer.ingress[0].ip}'
data.whole = '${resource.lb}'
data.typo = '${resource.lv.spec.clusterIP}'
data.object = '${registry.main/Service/registri.spec.clusterIP}'
depends_on = ['registry.main/Deployment/registrie', 'resource.lb']
[registry.main]
host = 'registry.example.com'
image = 'registry:3.1.1'
storage.volume.size = '1Gi'
auth.anonymous = true
";
    insta::assert_snapshot!(found(text), @r"
    error unknown-reference: `resource.lb` is an object, and no field of one
      at `'${resource.lb}'` 
      help: name a field: `${resource.lb.metadata.uid}`
    error unknown-reference: `resource.lv.spec.clusterIP` leads to no object
      at `'${resource.lv.spec.clusterIP}'` 
      help: did you mean `resource.lb`?
    error unknown-reference: `registry.main/Service/registri.spec.clusterIP` leads to no object
      at `'${registry.main/Service/registri.spec.clusterIP}'` 
      help: did you mean `registry.main/Service/registry`?
    error unknown-reference: there is no `registry.main/Deployment/registrie`
      at `'registry.main/Deployment/registrie'` 
      help: did you mean `registry.main/Deployment/registry`?
    ");
}

#[test]
fn rules_reach_their_object_and_a_lost_rule_is_a_mistake() {
    let registry = "
[registry.main]
host = 'registry.example.com'
image = 'registry:3.1.1'
storage.volume.size = '1Gi'
auth.anonymous = true
";
    let rules =
        |rules: &str| format!("{registry}lifecycle = {{ ignore_changes = [{rules}], ready = true }}\n");
    let resources = fine(&rules("'Deployment/registry:spec.replicas'"));
    let deployment = object(&resources, "registry.main/Deployment/registry");
    assert_eq!(deployment.lifecycle.ignore_changes.len(), 1);
    assert!(deployment.lifecycle.ready.is_some());
    let claim = object(&resources, "registry.main/PersistentVolumeClaim/registry");
    assert!(claim.lifecycle.ignore_changes.is_empty() && claim.lifecycle.ready.is_none());
    insta::assert_snapshot!(found(&rules("'Deployment/registri:spec.replicas', 'spec.x'")), @r"
    error rule-without-object: `registry.main` has no object `Deployment/registri`, whose `spec.replicas` is to be ignored
      at `[registry.main]` 
      help: did you mean `Deployment/registry`?
    error rule-without-object: `registry.main` has several objects, and `spec.x` does not say whose it is
      at `[registry.main]` 
      help: write `Deployment/registry:spec.x`
    ");
}

/// A file of the examples, through the configuration's own reader.
fn example(name: &str) -> Config {
    let base = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let inputs = Inputs {
        files: &[],
        vars: &[],
        var_files: &[],
        env: &|_| None,
        base: &base,
        sensitive_may_be_unset: true,
    };
    load(&inputs, &schemas()).outcome.unwrap_or_else(|mistakes| panic!("{mistakes}")).0
}

#[test]
fn the_examples_compile() {
    let known = Text::Known("TEXT".into());
    let compiled = |name: &str, file: &str| {
        let config = example(name);
        flawless(compile(&config, &facts_with(&config, file, &known)))
            .unwrap_or_else(|mistakes| panic!("{mistakes}"))
    };
    let definitions = include_str!("../../examples/crd/definitions.yaml");
    let resources = compiled("crd", definitions).resources;
    let addresses: Vec<_> = resources.iter().map(|desired| desired.address.to_string()).collect();
    assert_eq!(
        addresses,
        [
            "manifest.definitions/Namespace/mirrors",
            "manifest.definitions/CustomResourceDefinition/mirrors.example.com",
            "resource.docker-hub",
            "resource.mirror-settings",
        ]
    );
    let resources = compiled("live-reference", "").resources;
    assert!(object(&resources, "namespace.front").shared);
    let map = object(&resources, "resource.address");
    assert!(map.unresolved.get(&path("data.ip")).unwrap().sole().is_some());
    assert!(map.unresolved.get(&path("data.url")).unwrap().sole().is_none());
    let registry = compiled("registry", "");
    assert!(registry.mistakes.is_empty(), "{}", registry.mistakes);
}

#[test]
fn many_blocks_compile_quickly() {
    let mut text = String::new();
    for number in 0..2000 {
        writeln!(text, "[resource.r{number}]\napiVersion = 'v1'\nkind = 'ConfigMap'\ndata.x = 'y'").unwrap();
    }
    let start = std::time::Instant::now();
    assert_eq!(fine(&text).len(), 2000);
    assert!(start.elapsed() < std::time::Duration::from_secs(20));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn odd_objects_never_panic(value in json_value(), secret in "[a-z]{0,3}") {
        let yaml = serde_json::to_string(&json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": value, "stringData": value, "spec": value,
        })).unwrap();
        let _ = found_with("[manifest.m]\npath = '/x'\n", &yaml, &Text::Known(secret));
        let toml = toml::to_string(&json!({"resource": {"x": {
            "apiVersion": "v1", "kind": "Secret", "metadata": value, "data": value, "spec": value,
        }}}));
        if let Ok(toml) = toml {
            let _ = found(&toml);
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::from(true)),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}"
            .prop_filter("marks are made by the tests' reader", |text| !text.contains('$'))
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key = prop_oneof![
            Just("name".to_owned()),
            Just("labels".to_owned()),
            Just("resources".to_owned()),
            Just("requests".to_owned()),
            "[a-zA-Z./-]{0,4}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
