//! All blocks of a configuration together.

use std::path::Path;

use super::*;
use crate::config::{Inputs, load};
use crate::graph::Graph;
use crate::resource::Address;
use crate::resource::ReadyRule;

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
    error unknown-reference: `resource.lb` names an object, and not a field of it
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

#[test]
fn objects_are_ready_by_the_rules_that_are_for_them() {
    let manifest = |ready: &str| format!("[manifest.all]\npath = '/x.yaml'\nlifecycle.ready = {ready}\n");
    let file = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n---\n\
                apiVersion: v1\nkind: Service\nmetadata: {name: s}\n";
    let ready = |rule: &str| {
        let compiled = compiled_with(&manifest(rule), file, &SecretText::Placeholder).unwrap();
        let own = compiled.resources.into_iter().filter(|desired| !desired.shared);
        let written = own.filter(|desired| desired.lifecycle.ready == Some(ReadyRule::Written));
        written.map(|desired| desired.address.to_string()).collect::<Vec<_>>()
    };
    let (map, service) = ("manifest.all/ConfigMap/c", "manifest.all/Service/s");
    assert_eq!(ready("'written'"), [map, service]);
    assert_eq!(ready("{ 'Service/s' = 'written' }"), [service]);
    let found = |rule: &str| found_with(&manifest(rule), file, &SecretText::Placeholder);
    insta::assert_snapshot!(found("{ 'Service/x' = 'written' }"), @r"
    error rule-without-object: `manifest.all` has no object `Service/x`, which is to be ready
      at `'Service/x'` 
      help: did you mean `Service/s`?
    ");
    insta::assert_snapshot!(found("true"), @r#"
    error rule-without-object: the `ready` rule of `manifest.all` fits none of its objects
      at `[manifest.all]` 
      help: kinds of Kubernetes itself have rules of their own; to name one object, write `ready = { "ConfigMap/c" = … }`
    "#);
}

/// The configuration in a folder, through the configuration's own reader.
fn loaded(base: &Path) -> Config {
    let inputs =
        Inputs { files: &[], vars: &[], var_files: &[], env: &|_| None, base, sensitive_may_be_unset: true };
    load(&inputs, &schemas()).outcome.unwrap_or_else(|mistakes| panic!("{mistakes}")).0
}

#[test]
fn the_examples_compile() {
    let known = SecretText::Known("TEXT".into());
    let compiled = |name: &str, file: &str| {
        let config = loaded(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name));
        flawless(Blocks::read(&config).compile(&facts_with(&config, file, &known)))
            .unwrap_or_else(|mistakes| panic!("{mistakes}"))
    };
    let definitions = include_str!("../../../examples/crd/definitions.yaml");
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

/// The Secret of a generated value is an object like any other.
#[test]
fn a_generated_secret_can_be_waited_for() {
    let text = "[project]\nname = 'test'\n[secret.made]\ngenerate = { length = 20 }\n\
                [resource.a]\napiVersion = 'v1'\nkind = 'ConfigMap'\ndepends_on = ['secret.made']\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("regplan.toml"), text).unwrap();
    let config = loaded(folder.path());
    let resources = flawless(Blocks::read(&config).compile(&Facts::default())).unwrap().resources;
    let graph = Graph::build(resources).unwrap();
    let waits_for = graph.dependencies_of(&"resource.a".parse().unwrap());
    assert_eq!(waits_for, [&"secret.made".parse::<Address>().unwrap()]);
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
