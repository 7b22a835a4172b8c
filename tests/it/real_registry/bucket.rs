//! Real registries with their images in a bucket of a real object store.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{PASSWORD, mounted, pull, push, status};
use crate::bed::image::Image;
use crate::harness::{Command, Namespace, ObjectServer, Port, Project, Running, program, wait_until};

tests! {
    a_registry_of_version_2_keeps_images_in_a_bucket,
    a_registry_of_version_3_keeps_images_in_a_bucket,
    a_registry_of_version_2_that_the_store_refuses_says_so,
    a_registry_of_version_3_that_the_store_refuses_says_so,
}

fn version_2(_: &Namespace) -> Command {
    Command::new(program("docker-registry"))
}

fn version_3(ns: &Namespace) -> Command {
    ns.cluster().program("registry")
}

fn a_registry_of_version_2_keeps_images_in_a_bucket() {
    keeps_images("registry:2.8.3", version_2);
}

fn a_registry_of_version_3_keeps_images_in_a_bucket() {
    keeps_images("registry:3.1.1", version_3);
}

fn a_registry_of_version_2_that_the_store_refuses_says_so() {
    is_refused("registry:2.8.3", version_2);
}

fn a_registry_of_version_3_that_the_store_refuses_says_so() {
    is_refused("registry:3.1.1", version_3);
}

fn project<'n>(ns: &'n Namespace, server: &ObjectServer, image: &str) -> Project<'n> {
    let storage = server.storage();
    let config = format!(
        r#"
[project]
name = "{{project}}"

[registry.main]
host       = "registry.example.com"
image      = "{image}"
namespace  = "{{ns}}"
storage.s3 = {storage}
auth.users = {{ ci = {{ env = "CI_PASSWORD" }} }}
"#
    );
    ObjectServer::let_in(ns.project().write("regplan.toml", &config).env("CI_PASSWORD", PASSWORD))
}

/// The program of a registry, as a pod would start it.
struct Pod {
    folder: tempfile::TempDir,
    port: Port,
    running: Running,
}

impl Pod {
    fn start(ns: &Namespace, registry: Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::take();
        let (config, _) = mounted(ns, folder.path(), &port);
        let registry = registry.args(["serve", config.to_str().unwrap()]);
        let running = environment(ns, folder.path(), registry).spawn();
        wait_until("the registry answers", || status(&port, "/", None).is_some());
        Self { folder, port, running }
    }

    fn status(&self, path: &str) -> Option<u16> {
        status(&self.port, path, Some(&format!("ci:{PASSWORD}")))
    }
}

/// Gives it the variables of the pod.
fn environment(ns: &Namespace, folder: &Path, mut registry: Command) -> Command {
    let variables = ns.field("deployment/registry", "/spec/template/spec/containers/0/env");
    for variable in variables.as_array().unwrap() {
        let value = match variable["value"].as_str() {
            Some(value) => value.replace("/auth/", &format!("{}/", folder.display())),
            None => secret_value(ns, &variable["valueFrom"]["secretKeyRef"]),
        };
        registry = registry.env(variable["name"].as_str().unwrap(), value);
    }
    registry
}

fn secret_value(ns: &Namespace, reference: &Value) -> String {
    let (name, key) = (reference["name"].as_str().unwrap(), reference["key"].as_str().unwrap());
    let value = ns.field(&format!("secret/{name}"), &format!("/data/{key}"));
    String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap()
}

fn keeps_images(image: &str, registry: fn(&Namespace) -> Command) {
    let (ns, server) = (Namespace::absent(), ObjectServer::start());
    let project = project(&ns, &server, image);
    project.apply();
    project.expect_settled();
    assert!(ns.list("pvc").is_empty());
    let pod = Pod::start(&ns, registry(&ns));
    // The layer is larger than one part of an upload to the store.
    push(&Image::of_program(&program("docker-registry"), &[]).unwrap(), pod.folder.path(), &pod.port);
    let names = server.names();
    assert!(!names.is_empty() && names.iter().all(|name| name.starts_with("images/docker/")), "{names:?}");
    let blob = blob(&pod.folder.path().join("image"));
    assert_eq!(
        pod.status(&blob),
        Some(200),
        "nobody is sent on to the store: {}",
        pod.running.stderr_so_far()
    );
    // Another pod has nothing but the bucket.
    let Pod { folder, running, .. } = pod;
    running.kill();
    let pod = Pod::start(&ns, registry(&ns));
    pull(folder.path(), &pod.port);
    pod.running.kill();
    project.edit("regplan.toml", "prefix = \"images\"", "prefix = \"images\", redirect = true");
    project.apply();
    let pod = Pod::start(&ns, registry(&ns));
    assert_eq!(pod.status(&blob), Some(307), "whoever pulls is sent on: {}", pod.running.stderr_so_far());
    pull(folder.path(), &pod.port);
}

/// The path of a blob of the image in a folder.
fn blob(folder: &Path) -> String {
    let manifest: Value = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    format!("/v2/team/app/blobs/{}", manifest["config"]["digest"].as_str().unwrap())
}

fn is_refused(image: &str, registry: fn(&Namespace) -> Command) {
    let (ns, server) = (Namespace::absent(), ObjectServer::start());
    let project = project(&ns, &server, image).env("AWS_SECRET_ACCESS_KEY", "another key");
    project.apply();
    let pod = Pod::start(&ns, registry(&ns));
    // The request of the readiness probe.
    wait_until("the registry says that its store fails", || pod.status("/") == Some(503));
}
