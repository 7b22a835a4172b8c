//! `regplan verify --in-cluster`: pods that pull the probe, and clusters that do not tell whether they are gone.

use serde_json::json;

use super::{HOST, Registry, checks, project_within};
use crate::harness::{Ended, Namespace, Project, Proxy, wait_until};

tests! {
    a_pod_that_cannot_be_read_is_not_gone,
    pods_that_cannot_be_read_are_not_made,
    a_pod_of_another_run_is_left_alone,
    a_pod_of_a_killed_run_is_taken_away_by_the_next,
}

/// A login for pods. The registry's own pods are not those that answer here.
const LOGIN: &str = r#"
replicas = 0

[pull_secret.pull]
registry   = "registry.main"
user       = "ci"
namespaces = ["{ns}"]
"#;

/// A project that is applied, and that goes through a proxy.
fn applied<'n>(ns: &'n Namespace, proxy: &Proxy) -> Project<'n> {
    let project = project_within(ns, LOGIN).through(proxy);
    project.apply();
    project
}

/// Has nodes pull the probe from this registry.
fn verify(project: &Project<'_>, registry: &Registry, code: i32) -> Ended {
    let there = format!("--resolve={HOST}=127.0.0.1:{}", registry.port());
    project.run(["verify", "--format=json", "--in-cluster", "--only=in-cluster", &there]).code(code)
}

fn a_pod_that_cannot_be_read_is_not_gone() {
    let ns = Namespace::absent();
    let (proxy, registry) = (ns.proxy(), Registry::start());
    let project = applied(&ns, &proxy);
    // It is asked for twice before it is made; then it says that the image is there; and then nobody may look any more.
    proxy.on("get", "pods").after(2).times(1).edit_answer(|pod| {
        pod["status"] = json!({"containerStatuses": [{"name": "probe", "imageID": "sha256:00"}]});
    });
    proxy.on("get", "pods").after(3).answer(403);
    let found = checks(&verify(&project, &registry, 2));
    for check in ["in-cluster", "clean-up"] {
        assert_eq!(found[check]["code"], "left-behind", "{found:#}");
        assert!(found[check]["reason"].to_string().contains("is gone is not known"), "{found:#}");
    }
    // The next run takes away what is there, as soon as it can be seen.
    assert!(ns.find("pod/regplan-verify-pull").is_some());
    proxy.clear_faults();
    let there = format!("--resolve={HOST}=127.0.0.1:{}", registry.port());
    project.run(["verify", "--only=clean-up", &there]).success();
    assert_eq!(ns.find("pod/regplan-verify-pull"), None);
}

fn pods_that_cannot_be_read_are_not_made() {
    let ns = Namespace::absent();
    let (proxy, registry) = (ns.proxy(), Registry::start());
    let project = applied(&ns, &proxy);
    proxy.on("get", "pods").answer(403);
    let found = checks(&verify(&project, &registry, 2));
    assert_eq!(found["in-cluster"]["code"], "pod-refused", "{found:#}");
    assert_eq!(ns.find("pod/regplan-verify-pull"), None);
    // Who looks from outside alone takes no such right.
    let there = format!("--resolve={HOST}=127.0.0.1:{}", registry.port());
    project.run(["verify", "--only=clean-up", &there]).success().stdout_lacks("not known");
}

/// One of another machine, which may go on for a long time.
fn a_pod_of_another_run_is_left_alone() {
    let ns = Namespace::absent();
    let (proxy, registry) = (ns.proxy(), Registry::start());
    let project = applied(&ns, &proxy);
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "regplan-verify-pull",
            "annotations": {"regplan.dev/verify": "run-32503680000-00000000-1-1"},
        },
        "spec": {"containers": [{"name": "probe", "image": "probe:1"}]},
    });
    ns.apply(&pod.to_string());
    let made = ns.field("pod/regplan-verify-pull", "/metadata/uid");
    let found = checks(&verify(&project, &registry, 2));
    assert_eq!(found["in-cluster"]["code"], "other-run", "{found:#}");
    assert!(found["in-cluster"]["reason"].to_string().contains("which may still go on"), "{found:#}");
    assert!(found["in-cluster"]["fix"].to_string().contains("wait until it has ended"), "{found:#}");
    assert_eq!(ns.field("pod/regplan-verify-pull", "/metadata/uid"), made);
}

/// Nobody starts its container here. On a node it would end by itself after two minutes.
fn a_pod_of_a_killed_run_is_taken_away_by_the_next() {
    let ns = Namespace::absent();
    let (proxy, registry) = (ns.proxy(), Registry::start());
    let project = applied(&ns, &proxy);
    let there = format!("--resolve={HOST}=127.0.0.1:{}", registry.port());
    let run = project.regplan(["verify", "--in-cluster", "--only=in-cluster", &there]).spawn();
    wait_until("the pod", || ns.find("pod/regplan-verify-pull").is_some());
    run.kill();
    let pod = ns.find("pod/regplan-verify-pull").unwrap();
    assert_eq!(pod["spec"]["activeDeadlineSeconds"], 120);
    project.run(["verify", "--only=clean-up", &there]).success();
    assert_eq!(ns.find("pod/regplan-verify-pull"), None);
}
