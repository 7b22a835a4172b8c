//! `[registry.NAME]` through its whole life: what is applied, what a change comes to, what stays.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Command, Namespace, Project, program, wait_until};

tests! {
    the_registry_of_the_readme_rolls_out_and_then_nothing_changes,
    a_changed_password_changes_its_line_and_rolls_the_pods,
    users_come_and_go,
    users_of_others_are_thrown_out,
    users_make_way_for_nobody_and_come_back,
    replicas_may_be_left_to_others,
    a_password_that_bcrypt_would_cut_is_refused,
    a_password_that_is_not_set_is_not_checked_and_not_applied,
    the_http_secret_is_made_once,
    a_lost_http_secret_needs_consent,
    a_lost_password_needs_consent_and_a_new_user_none,
    an_htpasswd_file_is_taken_and_rolls_the_pods,
    an_htpasswd_file_of_other_hashes_is_refused_by_its_lines,
    several_pods_need_a_shared_volume_and_get_a_budget,
    a_volume_grows_and_never_shrinks,
    every_key_arrives_and_a_change_shows_it_alone,
    the_image_decides_where_the_configuration_is,
    destroy_keeps_the_images_until_consent,
    a_volume_of_many_nodes_becomes_one_of_one_node,
    a_registry_whose_namespace_was_deleted_is_made_again_with_consent,
    two_registries_share_a_namespace,
    a_namespace_of_others_outlives_the_registry,
    secrets_are_nowhere,
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

/// [`REGISTRY`] with more users.
fn with_users(users: &str) -> String {
    format!("{REGISTRY}{users}\n")
}

/// [`REGISTRY`] with more keys of its own.
fn with_keys(keys: &str) -> String {
    REGISTRY.replace("\n[registry.main.auth.users]", &format!("{keys}\n\n[registry.main.auth.users]"))
}

fn apply(project: &Project<'_>) {
    project.run(["apply", "--auto-approve"]).success();
}

fn unchanged(project: &Project<'_>) {
    project.run(["plan", "--detailed-exitcode"]).success().stdout_contains("Nothing to change");
}

/// What the plan would change: `ADDRESS ACTION`, or `ADDRESS FIELD` for every field of an update.
fn planned(project: &Project<'_>) -> Vec<String> {
    let plan = project.run(["plan", "--format=json"]).success().json();
    let mut found = Vec::new();
    for change in plan["changes"].as_array().unwrap() {
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

/// The hashes of the htpasswd file in the cluster, by user.
fn hashes(ns: &Namespace) -> BTreeMap<String, String> {
    let text = secret(ns, "registry-htpasswd", "htpasswd");
    let lines = text.lines().map(|line| line.split_once(':').unwrap());
    lines.map(|(user, hash)| (user.to_owned(), hash.to_owned())).collect()
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

/// A line of an htpasswd file, as Apache's program makes it.
fn line(flags: &str, user: &str) -> String {
    let made = Command::new(program("htpasswd")).args([flags, user, PASSWORD]).run().success();
    format!("{}\n", made.stdout().trim())
}

fn the_registry_of_the_readme_rolls_out_and_then_nothing_changes() {
    let ns = Namespace::absent();
    let readme = include_str!("../../README.md");
    let config = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = config.replacen("name = \"registry\"", "name = \"{project}\"", 1);
    let config = config.replace("namespace      = \"registry\"", "namespace = \"{ns}\"");
    let project = registry(&ns, &config);
    project.run(["plan", "--detailed-exitcode"]).code(2).stdout_contains("Plan: 9 to add");
    apply(&project);
    let status = ns.field("deployment/registry", "/status");
    assert_eq!((&status["readyReplicas"], &status["updatedReplicas"]), (&json!(1), &json!(1)), "{status}");
    assert_eq!(ns.field("pvc/registry", "/status/phase"), "Bound");
    unchanged(&project);
    let before = versions(&ns);
    assert_eq!(before.len(), 8, "{before:?}");
    apply(&project);
    assert_eq!(versions(&ns), before);
}

fn a_changed_password_changes_its_line_and_rolls_the_pods() {
    let ns = Namespace::absent();
    let project = registry(&ns, &with_users("alice = { env = \"ALICE_PASSWORD\" }"));
    let project = project.env("ALICE_PASSWORD", ALICE);
    apply(&project);
    let (old, deployment) = (hashes(&ns), ns.get("deployment/registry"));
    let pods = ns.list("pods");
    let project = project.env("CI_PASSWORD", "another password");
    let checksum = "spec.template.metadata.annotations[\"regplan.dev/htpasswd-checksum\"]";
    let mut expected = [format!("{DEPLOYMENT} {checksum}"), format!("{HTPASSWD} data.htpasswd")];
    let mut found = planned(&project);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    let plan = project.run(["plan", "--detailed-exitcode"]).code(2);
    plan.stdout_contains("~ data.htpasswd: (sensitive, changed)")
        .stdout_contains("Plan: 0 to add, 2 to change");
    apply(&project);
    let (new, rolled) = (hashes(&ns), ns.get("deployment/registry"));
    assert_eq!(new["alice"], old["alice"]);
    assert_ne!(new["ci"], old["ci"]);
    assert_ne!(rolled.pointer(CHECKSUM), deployment.pointer(CHECKSUM));
    assert_eq!(rolled.pointer(CONFIG_CHECKSUM), deployment.pointer(CONFIG_CHECKSUM));
    wait_until("the old pods are gone", || ns.list("pods").iter().all(|pod| !pods.contains(pod)));
    unchanged(&project);
}

fn users_of_others_are_thrown_out() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    apply(&project);
    let file = secret(&ns, "registry-htpasswd", "htpasswd");
    let guest = format!("{file}{}", line("-nbB", "guest"));
    ns.patch("secret/registry-htpasswd", &json!({"data": {"htpasswd": STANDARD.encode(guest)}}));
    assert_eq!(planned(&project), [format!("{HTPASSWD} data.htpasswd")]);
    apply(&project);
    assert_eq!(secret(&ns, "registry-htpasswd", "htpasswd"), file);
    // A hash of another password under the right name is none of ours either.
    let other = format!("ci:$2y$10${}\n", "a".repeat(53));
    ns.patch("secret/registry-htpasswd", &json!({"data": {"htpasswd": STANDARD.encode(&other)}}));
    apply(&project);
    assert_ne!(secret(&ns, "registry-htpasswd", "htpasswd"), other);
    unchanged(&project);
}

fn users_make_way_for_nobody_and_come_back() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    apply(&project);
    let anonymous = REGISTRY.split("\n[registry.main.auth.users]").next().unwrap();
    project.rewrite("regplan.toml", anonymous);
    project.run(["validate"]).code(1).stderr_contains("no users").stderr_contains("auth.anonymous = true");
    project.rewrite("regplan.toml", &format!("{anonymous}auth.anonymous = true\n"));
    let applied = project.run(["apply", "--auto-approve"]).success();
    // Pods that still want the file must not be started without it.
    let at = |text: &str| {
        applied.stderr().find(text).unwrap_or_else(|| panic!("no {text}:\n{}", applied.stderr()))
    };
    assert!(at(DEPLOYMENT) < at(HTPASSWD), "{}", applied.stderr());
    assert!(ns.find("secret/registry-htpasswd").is_none());
    unchanged(&project);
    project.rewrite("regplan.toml", REGISTRY);
    apply(&project);
    unchanged(&project);
}

fn replicas_may_be_left_to_others() {
    let ns = Namespace::absent();
    let config = with_keys("").replace("\"1Gi\"", "\"1Gi\", access_mode = \"ReadWriteMany\"");
    let lifecycle = "[registry.main.lifecycle]\nignore_changes = [\"Deployment/registry:spec.replicas\"]";
    let project = registry(&ns, &format!("{config}\n{lifecycle}\n"));
    apply(&project);
    ns.kubectl(["scale", "deployment/registry", "--replicas=2"]).run().success();
    unchanged(&project);
    project.edit("regplan.toml", "registry:3.1.1", "registry:3.1.0");
    apply(&project);
    assert_eq!(ns.field("deployment/registry", "/spec/replicas"), 2);
    unchanged(&project);
}

fn a_password_that_bcrypt_would_cut_is_refused() {
    let ns = Namespace::absent();
    let long = "x".repeat(73);
    let project = registry(&ns, REGISTRY).env("CI_PASSWORD", &long);
    let refused = project.run(["plan"]).code(1);
    refused.stderr_contains("72 bytes").stderr_contains("regplan.toml:").stderr_lacks(&long);
    let project = project.env("CI_PASSWORD", "x".repeat(72));
    apply(&project);
    unchanged(&project);
}

fn users_come_and_go() {
    let ns = Namespace::absent();
    let project = registry(&ns, &with_users("alice = { env = \"ALICE_PASSWORD\" }"));
    let project = project.env("ALICE_PASSWORD", ALICE);
    apply(&project);
    let old = hashes(&ns);
    project.edit("regplan.toml", "alice = ", "bob = ");
    apply(&project);
    let new = hashes(&ns);
    assert_eq!(new.keys().collect::<Vec<_>>(), ["bob", "ci"]);
    assert_eq!(new["ci"], old["ci"]);
    assert_ne!(new["bob"], old["alice"], "a hash has a salt of its own");
    unchanged(&project);
}

fn a_password_that_is_not_set_is_not_checked_and_not_applied() {
    let ns = Namespace::absent();
    let project = ns.project().write("regplan.toml", REGISTRY);
    project.run(["validate"]).success();
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("not checked, the environment variable CI_PASSWORD is not set");
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("CI_PASSWORD");
    ns.kubectl(["get", "namespace/{ns}"]).run().code(1);
    let project = project.env("CI_PASSWORD", PASSWORD);
    apply(&project);
    let before = versions(&ns);
    // A pull request from a fork: the same configuration without the secrets.
    let fork = project.regplan(["plan", "--detailed-exitcode"]).env_remove("CI_PASSWORD");
    fork.run().success().stdout_contains("not checked");
    let fork = project.regplan(["apply", "--auto-approve"]).env("CI_PASSWORD", "");
    fork.run().code(1).stderr_contains("CI_PASSWORD is empty");
    assert_eq!(versions(&ns), before);
}

fn the_http_secret_is_made_once() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    apply(&project);
    let (http, users, before) = (secret(&ns, "registry-http", "secret"), hashes(&ns), versions(&ns));
    assert_eq!(http.len(), 48);
    project.edit("regplan.toml", "registry:3.1.1", "registry:3.1.0");
    apply(&project);
    assert_eq!(secret(&ns, "registry-http", "secret"), http);
    fs::remove_dir_all(project.path(".regplan")).unwrap();
    unchanged(&project);
    apply(&project);
    assert_eq!((secret(&ns, "registry-http", "secret"), hashes(&ns)), (http, users));
    let mut after = versions(&ns);
    after.insert("Deployment/registry".into(), before["Deployment/registry"].clone());
    assert_eq!(after, before);
    // The new state knows what it found.
    ns.delete("secret/registry-http");
    project.run(["plan"]).code(1).stderr_contains("is lost");
}

fn a_lost_http_secret_needs_consent() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    apply(&project);
    let http = secret(&ns, "registry-http", "secret");
    ns.delete("secret/registry-http");
    let consent = "--consent registry.main/Secret/registry-http";
    project.run(["plan"]).code(1).stderr_contains("is lost").stderr_contains(consent);
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("is lost");
    assert!(ns.find("secret/registry-http").is_none());
    project.run(["apply", "--auto-approve", "--consent=registry.main/Secret/registry-http"]).success();
    assert_ne!(secret(&ns, "registry-http", "secret"), http);
    unchanged(&project);
    // Nobody needs it to end the registry.
    ns.delete("secret/registry-http");
    project.run(["destroy", "--auto-approve"]).success();
    assert!(ns.find("deployment/registry").is_none());
}

fn a_lost_password_needs_consent_and_a_new_user_none() {
    let ns = Namespace::absent();
    let project = registry(&ns, &with_users("robot = { generate = { length = 32 } }"));
    apply(&project);
    let robot = secret(&ns, "registry-users", "robot");
    assert_eq!(robot.len(), 32);
    let old = hashes(&ns);
    unchanged(&project);
    // Another generated password in the same Secret is new, and no loss.
    project.edit("regplan.toml", "robot = ", "deploy = { generate = { length = 20 } }\nrobot = ");
    apply(&project);
    assert_eq!(secret(&ns, "registry-users", "deploy").len(), 20);
    assert_eq!(secret(&ns, "registry-users", "robot"), robot);
    assert_eq!(hashes(&ns)["robot"], old["robot"]);
    unchanged(&project);
    ns.patch("secret/registry-users", &json!({"data": {"robot": null}}));
    let consent = "--consent registry.main/Secret/registry-users";
    project.run(["plan"]).code(1).stderr_contains("`robot`").stderr_contains(consent);
    project.run(["apply", "--auto-approve", "--consent=registry.main/Secret/registry-users"]).success();
    assert_ne!(secret(&ns, "registry-users", "robot"), robot);
    unchanged(&project);
    // Without generated passwords there is nothing to keep.
    project.rewrite("regplan.toml", REGISTRY);
    apply(&project);
    assert!(ns.find("secret/registry-users").is_none());
    assert_eq!(hashes(&ns).keys().collect::<Vec<_>>(), ["ci"]);
}

fn an_htpasswd_file_is_taken_and_rolls_the_pods() {
    let ns = Namespace::absent();
    let config = REGISTRY.split("\n[registry.main.auth.users]").next().unwrap();
    let config = format!("{config}auth.htpasswd = \"users/htpasswd\"\n");
    let project = ns.project().write("regplan.toml", &config);
    project.run(["validate"]).code(1).stderr_contains("htpasswd");
    let file = format!("# users\n{}", line("-nbB", "ci"));
    let project = project.write("users/htpasswd", &file);
    apply(&project);
    assert_eq!(secret(&ns, "registry-htpasswd", "htpasswd"), file);
    unchanged(&project);
    let checksum = ns.field("deployment/registry", CHECKSUM);
    project.rewrite("users/htpasswd", &format!("{file}{}", line("-nbB", "alice")));
    project.run(["plan"]).success().stdout_contains("~ data.htpasswd: (sensitive, changed)");
    apply(&project);
    assert_ne!(ns.field("deployment/registry", CHECKSUM), checksum);
    unchanged(&project);
}

fn an_htpasswd_file_of_other_hashes_is_refused_by_its_lines() {
    let ns = Namespace::absent();
    let config = REGISTRY.split("\n[registry.main.auth.users]").next().unwrap();
    let config = format!("{config}auth.htpasswd = \"htpasswd\"\n");
    let apr1 = line("-nbm", "alice");
    let project = ns.project().write("regplan.toml", &config);
    let project = project.write("htpasswd", &format!("{}{apr1}", line("-nbB", "ci")));
    for command in ["validate", "plan"] {
        let refused = project.run([command]).code(1);
        refused.stderr_contains("htpasswd:2:").stderr_contains("$apr1$").stderr_contains("htpasswd -B");
        let hash = apr1.trim().rsplit('$').next().unwrap();
        refused.stderr_lacks(hash).stdout_lacks(hash);
    }
}

fn several_pods_need_a_shared_volume_and_get_a_budget() {
    let ns = Namespace::absent();
    let project = registry(&ns, &with_keys("replicas = 2"));
    project.run(["validate"]).code(1).stderr_contains("ReadWriteMany").stderr_contains("regplan.toml:9");
    project.edit("regplan.toml", "size = \"1Gi\"", "size = \"1Gi\", access_mode = \"ReadWriteMany\"");
    apply(&project);
    assert_eq!(ns.field("deployment/registry", "/spec/strategy/type"), "RollingUpdate");
    assert_eq!(ns.field("deployment/registry", "/status/readyReplicas"), 2);
    assert_eq!(ns.field("pdb/registry", "/spec/maxUnavailable"), 1);
    unchanged(&project);
    project.edit("regplan.toml", "replicas = 2", "replicas = 3");
    assert_eq!(planned(&project), [format!("{DEPLOYMENT} spec.replicas")]);
    project.edit("regplan.toml", "replicas = 3", "replicas = 1");
    apply(&project);
    assert!(ns.list("pdb").is_empty());
    assert_eq!(ns.field("deployment/registry", "/spec/replicas"), 1);
    unchanged(&project);
}

fn a_volume_grows_and_never_shrinks() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    apply(&project);
    let claim = ns.field("pvc/registry", "/metadata/uid");
    project.edit("regplan.toml", "1Gi", "2Gi");
    let field = "registry.main/PersistentVolumeClaim/registry spec.resources.requests.storage";
    assert_eq!(planned(&project), [field]);
    project.run(["plan"]).success().stdout_contains("storage: \"1Gi\" -> \"2Gi\"");
    apply(&project);
    assert_eq!(ns.field("pvc/registry", "/spec/resources/requests/storage"), "2Gi");
    unchanged(&project);
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
    apply(&project);
    unchanged(&project);
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
    apply(&project);
    project.edit("regplan.toml", "class     = \"nginx\"", "class = \"other\"\ncontroller = \"other\"");
    project.edit("regplan.toml", "registry.example.com", "images.example.com");
    apply(&project);
    let ingress = ns.get("ingress/registry");
    let left: Vec<_> = ingress["metadata"]["annotations"].as_object().unwrap().keys().cloned().collect();
    let nginx: Vec<_> = left.iter().filter(|key| key.starts_with("nginx.")).collect();
    assert_eq!(nginx, ["nginx.ingress.kubernetes.io/proxy-request-buffering"]);
    assert_eq!(ingress["spec"]["rules"][0]["host"], "images.example.com");
    unchanged(&project);
    // Another shared secret must reach the pods.
    let checksum = ns.field("deployment/registry", CONFIG_CHECKSUM);
    let project = project.env("HTTP_SECRET", "another secret of all pods");
    apply(&project);
    assert_ne!(ns.field("deployment/registry", CONFIG_CHECKSUM), checksum);
    unchanged(&project);
    // Without its table there is no Ingress.
    let config = EVERYTHING.split("[registry.main.ingress]").next().unwrap();
    project.rewrite("regplan.toml", &config.replace("tls.secret     = \"registry-tls\"\n", ""));
    apply(&project);
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
    apply(&project);
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
    apply(&project);
    assert_eq!(ns.field("pvc/registry", "/metadata/uid"), claim);
    unchanged(&project);
    project
        .run([
            "destroy",
            "--auto-approve",
            "--consent=registry.main/PersistentVolumeClaim/registry",
            "--consent=namespace.{ns}",
        ])
        .success();
    ns.kubectl(["get", "namespace/{ns}"]).run().code(1);
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("Nothing to destroy");
}

fn a_volume_of_many_nodes_becomes_one_of_one_node() {
    let ns = Namespace::absent();
    let project = registry(&ns, &REGISTRY.replace("\"1Gi\"", "\"1Gi\", access_mode = \"ReadWriteMany\""));
    apply(&project);
    project.edit("regplan.toml", "ReadWriteMany", "ReadWriteOnce");
    project.run(["plan"]).code(1).stdout_contains("a claim is never replaced");
    // Somebody takes it into their own hands.
    ns.kubectl(["scale", "deployment/registry", "--replicas=0"]).run().success();
    ns.delete("pvc/registry");
    project.run(["plan"]).success().stdout_contains("it was applied before, and is gone");
    apply(&project);
    assert_eq!(ns.field("deployment/registry", "/spec/strategy"), json!({"type": "Recreate"}));
    unchanged(&project);
}

fn a_registry_whose_namespace_was_deleted_is_made_again_with_consent() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    apply(&project);
    ns.delete(&ns.fill("namespace/{ns}"));
    project.run(["plan"]).code(1).stderr_contains("is lost");
    let consent = "--consent=registry.main/Secret/registry-http";
    project.run(["plan", consent]).success().stdout_contains("Plan: 8 to add");
    project.run(["apply", "--auto-approve", consent]).success();
    unchanged(&project);
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
    apply(&project);
    unchanged(&project);
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
    apply(&project);
    let after = versions(&ns);
    assert!(after.contains_key("PersistentVolumeClaim/registry-mirror-2"));
    assert!(!after.contains_key("Deployment/registry-mirror-2"));
    assert!(after.iter().all(|(name, version)| before[name] == *version), "{before:?} {after:?}");
}

fn a_namespace_of_others_outlives_the_registry() {
    let ns = Namespace::new();
    let version = || ns.field(&ns.fill("namespace/{ns}"), "/metadata/resourceVersion");
    let before = version();
    let project = registry(&ns, REGISTRY);
    apply(&project);
    unchanged(&project);
    let consent = "--consent=registry.main/PersistentVolumeClaim/registry";
    project.run(["destroy", "--auto-approve", consent, "--consent=namespace.{ns}"]).success();
    assert!(versions(&ns).is_empty());
    assert_eq!(version(), before);
}

/// Every file below a folder, as text.
fn files(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push_str(&String::from_utf8_lossy(&fs::read(entry.path()).unwrap()));
        }
    }
}

fn secrets_are_nowhere() {
    let ns = Namespace::absent();
    let users = "alice = { file = \"alice\" }\nrobot = { generate = { length = 32 } }";
    let project = registry(&ns, &with_users(users)).write("alice", ALICE);
    let mut said = String::new();
    let mut apply = project.regplan(["apply"]).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    said.push_str(&String::from_utf8_lossy(&fs::read(format!("/proc/{}/cmdline", apply.id())).unwrap()));
    // What a killed run would leave behind counts as well.
    files(&project.path(".regplan"), &mut said);
    apply.say("yes");
    apply.until(DEPLOYMENT);
    files(&project.path(".regplan"), &mut said);
    let ended = apply.wait().success();
    said.extend([ended.stdout(), ended.stderr()]);
    let robot = secret(&ns, "registry-users", "robot");
    let changed = "another password";
    let project = project.env("CI_PASSWORD", changed);
    for args in [["plan", "--format=text"], ["plan", "--format=json"], ["apply", "--auto-approve"]] {
        let ended = project.run(args).success();
        said.extend([ended.stdout(), ended.stderr()]);
    }
    project.edit("regplan.toml", "robot = { generate = { length = 32 } }", "");
    for args in [["plan", "--format=json"], ["apply", "--format=json"]] {
        let ended = project.regplan(args).stdin("yes\n").run().success();
        said.extend([ended.stdout(), ended.stderr()]);
    }
    files(&project.path(".regplan"), &mut said);
    let mut secrets = vec![PASSWORD.to_owned(), ALICE.to_owned(), changed.to_owned(), robot];
    secrets.push(secret(&ns, "registry-http", "secret"));
    secrets.push(secret(&ns, "registry-htpasswd", "htpasswd"));
    secrets.extend(hashes(&ns).into_values());
    for secret in secrets {
        assert!(!said.contains(&secret), "`{secret}` is in\n{said}");
        // The last characters of the base64 depend on what follows.
        let encoded = STANDARD.encode(&secret);
        let encoded = &encoded[..encoded.len() - 4];
        assert!(!said.contains(encoded), "`{secret}` is, as base64, in\n{said}");
    }
}
