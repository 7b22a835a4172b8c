//! The second way of the tutorial, on a node: a registry without a volume, whose images are in a bucket.

use http::StatusCode;
use serde_json::json;

use super::registry::{PASSWORD, Registry};
use crate::bed::Size;
use crate::bed::image::Image;
use crate::harness::{Bed, Namespace, ObjectServer, program, wait_until};

tests! { on Size::Node;
    images_outlive_the_pods_of_a_registry_without_a_volume,
}

/// The login of nodes, in the lists of accounts: the pods name no Secret.
const PULL: &str = r#"
[pull_secret.pull]
registry         = "registry.main"
user             = "ci"
namespaces       = ["{ns}"]
service_accounts = ["default"]
"#;

const PODS: &str = "--selector=app.kubernetes.io/name=registry";

fn images_outlive_the_pods_of_a_registry_without_a_volume() {
    let ns = Namespace::absent();
    let server = ObjectServer::start_at(&Bed::shared().facts().address);
    let registry = Registry::apply_stored(&ns, &format!("storage.s3 = {}", server.storage()), PULL);
    assert_eq!(ns.list("pvc"), Vec::<String>::new());
    registry.verify(&["--in-cluster"]).success();
    let [first, second] = ["first", "second"].map(|tag| {
        let image = Image::of_program(&program("busybox"), &["sleep", "3600", tag]).unwrap();
        registry.push_as(&image, tag)
    });
    run(&ns, "first", &first);
    ns.kubectl(["delete", "pods", PODS, "--force", "--grace-period=0"]).run().success();
    ns.kubectl(["rollout", "status", "deployment/registry", "--timeout=120s"]).run().success();
    // No node has pulled this one yet, and the pod that had it is gone.
    run(&ns, "second", &second);
    registry.verify(&["--only=push", "--only=pull"]).success();
    a_wrong_key_replaces_no_pod(&ns, &registry);
    ns.kubectl(["delete", "pods", "first", "second", "--force"]).run().success();
    registry.destroy();
    assert!(server.names().iter().any(|name| name.starts_with("images/docker/registry/v2/blobs/")));
}

/// Starts a pod with an image, and waits until it runs.
fn run(ns: &Namespace, name: &str, image: &str) {
    let container = json!({ "name": "main", "image": image, "imagePullPolicy": "Always" });
    let spec = json!({ "containers": [container], "terminationGracePeriodSeconds": 0 });
    let metadata = json!({ "name": name });
    ns.apply(&json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec }).to_string());
    let pod = format!("pod/{name}");
    ns.kubectl(["wait", &pod, "--for=condition=Ready", "--timeout=60s"]).run().success();
}

/// A pod that the store refuses is never ready, so that the one before it stays.
fn a_wrong_key_replaces_no_pod(ns: &Namespace, registry: &Registry<'_>) {
    let project = registry.project();
    let apply =
        project.regplan(["apply", "--auto-approve"]).env("AWS_SECRET_ACCESS_KEY", "another key").spawn();
    wait_until("the kubelet is told that the store fails", || {
        let events = ns.kubectl(["get", "events", "-o", "json"]).run().success();
        events.stdout().contains("Readiness probe failed: HTTP probe failed with statuscode: 503")
    });
    assert_eq!(registry.status(PASSWORD), Some(StatusCode::OK), "the pod with the right key is still there");
    apply.kill();
    project.apply();
    project.expect_settled();
    assert_eq!(registry.status(PASSWORD), Some(StatusCode::OK));
}
