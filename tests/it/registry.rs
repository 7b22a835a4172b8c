//! `[registry.NAME]` through its whole life: what is applied, what a change comes to, what stays.

pub(crate) mod secrets;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Command, Namespace, Project, changes, program, wait_until};

tests! {
    the_registry_of_the_readme_rolls_out_and_then_nothing_changes,
    replicas_may_be_left_to_others,
    several_pods_need_a_shared_volume_and_get_a_budget,
    a_volume_grows_and_never_shrinks,
    every_key_arrives_and_a_change_shows_it_alone,
    the_image_decides_where_the_configuration_is,
    destroy_keeps_the_images_until_consent,
    a_volume_of_many_nodes_becomes_one_of_one_node,
    a_registry_whose_namespace_was_deleted_is_made_again_with_consent,
    two_registries_share_a_namespace,
    a_namespace_of_others_outlives_the_registry,
}

const PASSWORD: &str = "a long enough password";
const ALICE: &str = "wonderland 1865";
const CHECKSUM: &str = "/spec/template/metadata/annotations/regplan.dev~1htpasswd-checksum";
const CONFIG_CHECKSUM: &str = "/spec/template/metadata/annotations/regplan.dev~1config-checksum";
const DEPLOYMENT: &str = "registry.main/Deployment/registry";
const HTPASSWD: &str = "registry.main/Secret/registry-htpasswd";

const REGISTRY: &str = r#"
[project]
name = "{project}"

[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
namespace      = "{ns}"
storage.volume = { size = "1Gi" }

[registry.main.auth.users]
ci = { env = "CI_PASSWORD" }
"#;

/// A project with this configuration, and the password of `ci`.
fn registry<'n>(ns: &'n Namespace, config: &str) -> Project<'n> {
    ns.project().write("regplan.toml", config).env("CI_PASSWORD", PASSWORD)
}

/// [`REGISTRY`] with more keys of its own.
fn with_keys(keys: &str) -> String {
    REGISTRY.replace("\n[registry.main.auth.users]", &format!("{keys}\n\n[registry.main.auth.users]"))
}

/// What the plan would change: `ADDRESS ACTION`, or `ADDRESS FIELD` for every field of an update.
fn planned(project: &Project<'_>) -> Vec<String> {
    let plan = project.run(["plan", "--format=json"]).success().json();
    let mut found = Vec::new();
    for change in changes(&plan) {
        let (address, action) = (change["address"].as_str().unwrap(), change["action"].as_str().unwrap());
        match action {
            "none" => {}
            "update" => {
                let fields = change["fields"].as_array().unwrap().iter();
                found.extend(fields.map(|field| format!("{address} {}", field["path"].as_str().unwrap())));
            }
            _ => found.push(format!("{address} {action}")),
        }
    }
    found
}

/// The text under a key of a Secret.
fn secret(ns: &Namespace, name: &str, key: &str) -> String {
    let value = ns.field(&format!("secret/{name}"), &format!("/data/{key}"));
    String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap()
}

/// The objects of the registries in a namespace, each with its resource version.
fn versions(ns: &Namespace) -> BTreeMap<String, String> {
    let kinds = "sa,cm,secret,pvc,deployment,service,ingress,pdb";
    let all = ns.kubectl(["get", kinds, "--selector=app.kubernetes.io/name=registry", "-o", "json"]);
    let all = all.run().success().json();
    let text = |item: &Value, pointer: &str| item.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let items = all["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            let name = format!("{}/{}", text(item, "/kind"), text(item, "/metadata/name"));
            (name, text(item, "/metadata/resourceVersion"))
        })
        .collect()
}

/// The object of this kind and name that the configuration asks for.
fn rendered(project: &Project<'_>, kind: &str, name: &str) -> Value {
    let list = project.run(["render", "--format=json"]).success().json();
    let items = list["items"].as_array().unwrap();
    let found = items.iter().find(|item| item["kind"] == kind && item["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name} in {list}")).clone()
}

fn the_registry_of_the_readme_rolls_out_and_then_nothing_changes() {
    let ns = Namespace::absent();
    let readme = include_str!("../../README.md");
    let config = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = config.replacen("name = \"registry\"", "name = \"{project}\"", 1);
    let config = config.replace("namespace      = \"registry\"", "namespace = \"{ns}\"");
    let project = registry(&ns, &config);
    project.run(["plan", "--detailed-exitcode"]).code(2).stdout_contains("Plan: 9 to add");
    project.apply();
    let status = ns.field("deployment/registry", "/status");
    assert_eq!((&status["readyReplicas"], &status["updatedReplicas"]), (&json!(1), &json!(1)), "{status}");
    assert_eq!(ns.field("pvc/registry", "/status/phase"), "Bound");
    project.expect_settled();
    let before = versions(&ns);
    assert_eq!(before.len(), 8, "{before:?}");
    project.apply();
    assert_eq!(versions(&ns), before);
}

fn replicas_may_be_left_to_others() {
    let ns = Namespace::absent();
    let config = with_keys("").replace("\"1Gi\"", "\"1Gi\", access_mode = \"ReadWriteMany\"");
    let lifecycle = "[registry.main.lifecycle]\nignore_changes = [\"Deployment/registry:spec.replicas\"]";
    let project = registry(&ns, &format!("{config}\n{lifecycle}\n"));
    project.apply();
    ns.kubectl(["scale", "deployment/registry", "--replicas=2"]).run().success();
    project.expect_settled();
    project.edit("regplan.toml", "registry:3.1.1", "registry:3.1.0");
    project.apply();
    assert_eq!(ns.field("deployment/registry", "/spec/replicas"), 2);
    project.expect_settled();
}

fn several_pods_need_a_shared_volume_and_get_a_budget() {
    let ns = Namespace::absent();
    let project = registry(&ns, &with_keys("replicas = 2"));
    project.run(["validate"]).code(1).stderr_contains("ReadWriteMany").stderr_contains("regplan.toml:9");
    project.edit("regplan.toml", "size = \"1Gi\"", "size = \"1Gi\", access_mode = \"ReadWriteMany\"");
    project.apply();
    assert_eq!(ns.field("deployment/registry", "/spec/strategy/type"), "RollingUpdate");
    assert_eq!(ns.field("deployment/registry", "/status/readyReplicas"), 2);
    assert_eq!(ns.field("pdb/registry", "/spec/maxUnavailable"), 1);
    project.expect_settled();
    project.edit("regplan.toml", "replicas = 2", "replicas = 3");
    assert_eq!(planned(&project), [format!("{DEPLOYMENT} spec.replicas")]);
    project.edit("regplan.toml", "replicas = 3", "replicas = 1");
    project.apply();
    assert!(ns.list("pdb").is_empty());
    assert_eq!(ns.field("deployment/registry", "/spec/replicas"), 1);
    project.expect_settled();
}

fn a_volume_grows_and_never_shrinks() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    project.apply();
    let claim = ns.field("pvc/registry", "/metadata/uid");
    project.edit("regplan.toml", "1Gi", "2Gi");
    let field = "registry.main/PersistentVolumeClaim/registry spec.resources.requests.storage";
    assert_eq!(planned(&project), [field]);
    project.run(["plan"]).success().stdout_contains("storage: \"1Gi\" -> \"2Gi\"");
    project.apply();
    assert_eq!(ns.field("pvc/registry", "/spec/resources/requests/storage"), "2Gi");
    project.expect_settled();
    for (from, to) in [("2Gi", "512Mi"), ("512Mi\"", "2Gi\", class = \"late\"")] {
        project.edit("regplan.toml", from, to);
        for args in [&["plan"][..], &["plan", "--consent=registry.main/PersistentVolumeClaim/registry"]] {
            let refused = project.regplan([]).args(args).run().code(1);
            refused
                .stdout_contains("a claim is never replaced")
                .stdout_contains("1 resource stands in the way");
        }
        project.run(["apply", "--auto-approve"]).code(1);
    }
    assert_eq!(ns.field("pvc/registry", "/metadata/uid"), claim);
    assert_eq!(ns.field("pvc/registry", "/spec/resources/requests/storage"), "2Gi");
}

const EVERYTHING: &str = r#"
[project]
name = "{project}"

[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
namespace      = "{ns}"
storage.volume = { size = "1Gi", class = "late" }
tls.secret     = "registry-tls"
labels         = { team = "platform" }
annotations    = { "example.com/owner" = "platform" }
node_selector  = { "kubernetes.io/os" = "linux" }
http.secret    = { env = "HTTP_SECRET" }

[registry.main.auth.users]
ci = { env = "CI_PASSWORD" }

[registry.main.ingress]
class     = "nginx"
body_size = "2g"
timeouts  = { read = 1200, send = 600 }
annotations = { "nginx.ingress.kubernetes.io/proxy-request-buffering" = "on", "example.com/zone" = "a" }

[registry.main.resources]
requests = { cpu = "100m", memory = "128Mi" }
limits   = { memory = "0.5Gi" }
"#;

fn every_key_arrives_and_a_change_shows_it_alone() {
    let ns = Namespace::absent();
    let project = registry(&ns, EVERYTHING).env("HTTP_SECRET", "shared by all pods");
    project.apply();
    project.expect_settled();
    let ingress = ns.get("ingress/registry");
    let annotations = ingress["metadata"]["annotations"].as_object().unwrap().clone();
    let nginx = |key: &str| annotations[&format!("nginx.ingress.kubernetes.io/{key}")].clone();
    assert_eq!(nginx("proxy-body-size"), "2g");
    assert_eq!((nginx("proxy-read-timeout"), nginx("proxy-send-timeout")), (json!("1200"), json!("600")));
    assert_eq!(nginx("proxy-request-buffering"), "on", "what is written wins");
    assert_eq!(annotations["example.com/zone"], "a");
    let tls = json!([{"hosts": ["registry.example.com"], "secretName": "registry-tls"}]);
    assert_eq!(ingress["spec"]["tls"], tls);
    assert_eq!(ingress["spec"]["ingressClassName"], "nginx");
    assert_eq!(secret(&ns, "registry-http", "secret"), "shared by all pods");
    let pod = ns.field("deployment/registry", "/spec/template");
    assert_eq!(pod["metadata"]["labels"]["team"], "platform");
    assert_eq!(pod["metadata"]["annotations"]["example.com/owner"], "platform");
    assert_eq!(pod["spec"]["nodeSelector"], json!({"kubernetes.io/os": "linux"}));
    let resources = &pod["spec"]["containers"][0]["resources"];
    assert_eq!(resources["requests"], json!({"cpu": "100m", "memory": "128Mi"}));
    for target in ["sa", "cm", "pvc", "service", "ingress", "secret"] {
        let all = ns.kubectl(["get", target, "--selector=team=platform", "-o", "name"]).run().success();
        assert!(!all.stdout().is_empty(), "no {target} has the label");
    }
    project.edit("regplan.toml", "body_size = \"2g\"", "body_size = \"0\"");
    let path = "metadata.annotations[\"nginx.ingress.kubernetes.io/proxy-body-size\"]";
    assert_eq!(planned(&project), [format!("registry.main/Ingress/registry {path}")]);
    project.apply();
    project.edit("regplan.toml", "class     = \"nginx\"", "class = \"other\"\ncontroller = \"other\"");
    project.edit("regplan.toml", "registry.example.com", "images.example.com");
    project.apply();
    let ingress = ns.get("ingress/registry");
    let left: Vec<_> = ingress["metadata"]["annotations"].as_object().unwrap().keys().cloned().collect();
    let nginx: Vec<_> = left.iter().filter(|key| key.starts_with("nginx.")).collect();
    assert_eq!(nginx, ["nginx.ingress.kubernetes.io/proxy-request-buffering"]);
    assert_eq!(ingress["spec"]["rules"][0]["host"], "images.example.com");
    project.expect_settled();
    // Another shared secret must reach the pods.
    let checksum = ns.field("deployment/registry", CONFIG_CHECKSUM);
    let project = project.env("HTTP_SECRET", "another secret of all pods");
    project.apply();
    assert_ne!(ns.field("deployment/registry", CONFIG_CHECKSUM), checksum);
    project.expect_settled();
    // Without its table there is no Ingress.
    let config = EVERYTHING.split("[registry.main.ingress]").next().unwrap();
    project.rewrite("regplan.toml", &config.replace("tls.secret     = \"registry-tls\"\n", ""));
    project.apply();
    assert!(ns.list("ingress").is_empty());
}

fn the_image_decides_where_the_configuration_is() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    let digest = format!("example.com/registry@sha256:{}", "0".repeat(64));
    let (v2, v3) = ("/etc/docker/registry", "/etc/distribution");
    for (image, version, folder) in [
        ("registry:3.1.1", None, v3),
        ("registry:2.8.3", None, v2),
        ("registry:2", None, v2),
        (digest.as_str(), None, v3),
        (digest.as_str(), Some(2), v2),
        ("example.com/mirror:2024.1", Some(2), v2),
        ("registry:2.8.3", Some(3), v3),
    ] {
        let version = version.map(|version| format!("version = {version}")).unwrap_or_default();
        project.rewrite("regplan.toml", &with_keys(&version).replace("registry:3.1.1", image));
        let deployment = rendered(&project, "Deployment", "registry");
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let mounts = container["volumeMounts"].as_array().unwrap();
        let config = mounts.iter().find(|mount| mount["name"] == "config").unwrap();
        assert_eq!(config["mountPath"], folder, "{image} {version}");
        assert_eq!(container["args"], json!(["serve", format!("{folder}/config.yml")]));
        let traces = container["env"].as_array().unwrap().iter();
        assert_eq!(
            traces.filter(|env| env["name"] == "OTEL_TRACES_EXPORTER").count(),
            usize::from(folder == v3)
        );
    }
}

fn destroy_keeps_the_images_until_consent() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    project.apply();
    let claim = ns.field("pvc/registry", "/metadata/uid");
    // The passwords are not needed for this.
    let destroy = project.regplan(["destroy", "--auto-approve"]).env_remove("CI_PASSWORD").run().success();
    destroy
        .stdout_contains("= registry.main/PersistentVolumeClaim/registry")
        .stdout_contains("--consent registry.main/PersistentVolumeClaim/registry")
        .stdout_contains("= namespace.{ns}".replace("{ns}", &ns.name()).as_str());
    assert_eq!(ns.field("pvc/registry", "/metadata/uid"), claim);
    assert_eq!(versions(&ns).keys().collect::<Vec<_>>(), ["PersistentVolumeClaim/registry"]);
    // A registry that comes back finds its images.
    project.apply();
    assert_eq!(ns.field("pvc/registry", "/metadata/uid"), claim);
    project.expect_settled();
    project
        .run([
            "destroy",
            "--auto-approve",
            "--consent=registry.main/PersistentVolumeClaim/registry",
            "--consent=namespace.{ns}",
        ])
        .success();
    assert!(ns.find("namespace/{ns}").is_none());
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("Nothing to destroy");
}

fn a_volume_of_many_nodes_becomes_one_of_one_node() {
    let ns = Namespace::absent();
    let project = registry(&ns, &REGISTRY.replace("\"1Gi\"", "\"1Gi\", access_mode = \"ReadWriteMany\""));
    project.apply();
    project.edit("regplan.toml", "ReadWriteMany", "ReadWriteOnce");
    project.run(["plan"]).code(1).stdout_contains("a claim is never replaced");
    // Somebody takes it into their own hands.
    ns.kubectl(["scale", "deployment/registry", "--replicas=0"]).run().success();
    ns.delete("pvc/registry");
    project.run(["plan"]).success().stdout_contains("it was applied before, and is gone");
    project.apply();
    assert_eq!(ns.field("deployment/registry", "/spec/strategy"), json!({"type": "Recreate"}));
    project.expect_settled();
}

fn a_registry_whose_namespace_was_deleted_is_made_again_with_consent() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    project.apply();
    ns.delete("namespace/{ns}");
    project.run(["plan"]).code(1).stderr_contains("is lost");
    let consent = "--consent=registry.main/Secret/registry-http";
    project.run(["plan", consent]).success().stdout_contains("Plan: 8 to add");
    project.run(["apply", "--auto-approve", consent]).success();
    project.expect_settled();
}

fn two_registries_share_a_namespace() {
    let ns = Namespace::absent();
    let second = r#"
[registry.mirror_2]
host           = "mirror.example.com"
image          = "registry:2.8.3"
namespace      = "{ns}"
storage.volume = { size = "1Gi" }
auth.anonymous = true
"#;
    let same = format!("{REGISTRY}{}", second.replace("host ", "name = \"registry\"\nhost "));
    let project = registry(&ns, &same);
    project
        .run(["validate"])
        .code(1)
        .stderr_contains("is declared twice")
        .stderr_contains("registry.mirror_2");
    project.rewrite("regplan.toml", &format!("{REGISTRY}{second}"));
    project.apply();
    project.expect_settled();
    for (name, pods) in [("registry", 1), ("registry-mirror-2", 1)] {
        let selector = ns.field(&format!("service/{name}"), "/spec/selector");
        assert_eq!(selector, ns.field(&format!("deployment/{name}"), "/spec/selector/matchLabels"));
        let selector = format!("--selector=app.kubernetes.io/instance={name}");
        let found = ns.kubectl(["get", "pods", &selector, "-o", "name"]).run().success();
        assert_eq!(found.stdout().lines().count(), pods);
    }
    assert_ne!(secret(&ns, "registry-http", "secret"), secret(&ns, "registry-mirror-2-http", "secret"));
    assert!(ns.find("secret/registry-mirror-2-htpasswd").is_none(), "everybody may use it");
    // The one goes, its images and the other stay.
    let before = versions(&ns);
    project.rewrite("regplan.toml", REGISTRY);
    project.apply();
    let after = versions(&ns);
    assert!(after.contains_key("PersistentVolumeClaim/registry-mirror-2"));
    assert!(!after.contains_key("Deployment/registry-mirror-2"));
    assert!(after.iter().all(|(name, version)| before[name] == *version), "{before:?} {after:?}");
}

fn a_namespace_of_others_outlives_the_registry() {
    let ns = Namespace::new();
    let version = || ns.field("namespace/{ns}", "/metadata/resourceVersion");
    let before = version();
    let project = registry(&ns, REGISTRY);
    project.apply();
    project.expect_settled();
    let consent = "--consent=registry.main/PersistentVolumeClaim/registry";
    project.run(["destroy", "--auto-approve", consent, "--consent=namespace.{ns}"]).success();
    assert!(versions(&ns).is_empty());
    assert_eq!(version(), before);
}
