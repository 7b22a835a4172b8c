//! The journey on a node: a pod runs an image out of the new registry.

use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::bed::{serving_pod, settings};
use super::registry::{PASSWORD, Registry};
use crate::bed::Size;
use crate::bed::image::Image;
use crate::harness::{Namespace, program, wait_until};

tests! { on Size::Node;
    a_pod_runs_an_image_out_of_the_registry,
    verify_has_nodes_pull_with_each_pull_secret,
    a_job_completes,
    a_service_leads_to_its_pod,
}

fn a_service_leads_to_its_pod() {
    let ns = Namespace::new();
    ns.apply(&settings("warn"));
    let labels = json!({ "app": "one" });
    let metadata = json!({ "name": "one", "labels": labels });
    ns.apply(
        &json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": serving_pod() })
            .to_string(),
    );
    let spec = json!({ "selector": labels, "ports": [{ "port": 80, "targetPort": 5000 }] });
    ns.apply(
        &json!({ "apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec }).to_string(),
    );
    let address = ns.field("service/one", "/spec/clusterIP");
    let address = format!("{}:80", address.as_str().unwrap()).parse().unwrap();
    wait_until("the pod, at the Service's address", || {
        TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
    });
}

fn a_job_completes() {
    let ns = Namespace::new();
    ns.apply(&job());
    ns.kubectl(["wait", "job/one", "--for=condition=Complete", "--timeout=60s"]).run().success();
    let log = ns.kubectl(["logs", "job/one"]).run().success();
    log.stdout_contains("3.1.2");
}

/// The registry says its version, and ends.
fn job() -> String {
    let container =
        json!({ "name": "main", "image": "registry:3.1.2", "command": ["/bin/registry", "--version"] });
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": "one" },
        "spec": { "template": { "spec": { "restartPolicy": "Never", "containers": [container] } } },
    })
    .to_string()
}

fn a_pod_runs_an_image_out_of_the_registry() {
    let ns = Namespace::absent();
    let registry = Registry::apply(&ns);
    assert_eq!(registry.status(PASSWORD), Some(StatusCode::OK));
    let image = registry.push(&Image::of_program(&program("busybox"), &["sleep", "3600"]).unwrap());
    ns.apply(&pull_secret(registry.host()));
    ns.apply(&pod("welcome", &image, &json!([{ "name": "pull" }])));
    ns.apply(&pod("stranger", &image, &json!([])));
    ns.kubectl(["wait", "pod/welcome", "--for=condition=Ready", "--timeout=60s"]).run().success();
    let waiting = "/status/containerStatuses/0/state/waiting";
    wait_until("the refusal of a pod without a password", || {
        let message = ns.field("pod/stranger", waiting)["message"].to_string();
        message.contains("no basic auth credentials")
    });
    ns.kubectl(["delete", "pod", "welcome", "stranger", "--force"]).run().success();
    registry.destroy();
}

fn pull_secret(host: &str) -> String {
    let auth = BASE64_STANDARD.encode(format!("ci:{PASSWORD}"));
    let config = json!({ "auths": { host: { "auth": auth } } }).to_string();
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "pull" },
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": { ".dockerconfigjson": config },
    })
    .to_string()
}

fn pod(name: &str, image: &str, secrets: &Value) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name },
        "spec": {
            "imagePullSecrets": secrets,
            "containers": [{ "name": "main", "image": image, "imagePullPolicy": "Always" }],
        },
    })
    .to_string()
}

fn verify_has_nodes_pull_with_each_pull_secret() {
    let (ns, other) = (Namespace::absent(), Namespace::new());
    let secret = format!(
        "\n[pull_secret.pull]\nregistry = \"registry.main\"\nuser = \"ci\"\nnamespaces = [\"{{ns}}\", \"{}\"]\n",
        other.name()
    );
    let registry = Registry::apply_with(&ns, &secret);
    let pods_are_gone = || {
        wait_until("the end of the pods", || {
            [&ns, &other].iter().all(|ns| ns.find("pod/regplan-verify-pull").is_none())
        });
    };
    let found = registry.verify(&["--in-cluster", "--only=in-cluster"]).success();
    found.stdout_contains("pulled in ").stdout_contains(&ns.name()).stdout_contains(&other.name());
    pods_are_gone();
    // Another password than that of the registry, in the second namespace alone.
    other.patch("secret/pull", &json!({"stringData": {".dockerconfigjson": wrong_login(registry.host())}}));
    let found = registry.verify(&["--only=in-cluster"]).code(2);
    found.stdout_contains("not-pulled").stdout_contains("no password that the registry takes");
    found.stdout_contains(&other.name());
    pods_are_gone();
    registry.destroy();
}

fn wrong_login(host: &str) -> String {
    let auth = BASE64_STANDARD.encode("ci:a wrong password");
    json!({ "auths": { host: { "auth": auth } } }).to_string()
}
