//! `regplan verify` fills no volume: which bodies it sends where it knows how much room there is, and where it does not.

use serde_json::{Value, json};

use super::{HOST, Registry, checks, project_within};
use crate::harness::{Namespace, Project, wait_until};

tests! {
    no_body_is_sent_that_fills_the_volume,
    where_nobody_tells_the_room_only_small_bodies_are_sent,
}

/// A project that is applied.
pub(super) fn applied(ns: &Namespace) -> Project<'_> {
    let project = project_within(ns, "");
    project.apply();
    let running = || ns.list("pods").iter().any(|pod| ns.field(pod, "/status/phase") == "Running");
    wait_until("the registry's pod", running);
    project
}

/// What came of the check of bodies.
fn body(project: &Project<'_>, registry: &Registry, more: &[&str], code: i32) -> Value {
    let there = format!("--resolve={HOST}=127.0.0.1:{}", registry.port());
    let args = [&["verify", "--format=json", "--only=body", there.as_str()], more].concat();
    let found = checks(&project.run(args).code(code))["body"].clone();
    registry.has_nothing_left();
    found
}

fn no_body_is_sent_that_fills_the_volume() {
    let ns = Namespace::absent();
    let (proxy, registry) = (ns.proxy(), Registry::start());
    let project = applied(&ns).through(&proxy);
    let claims = ns.list("persistentvolumeclaims");
    let name = claims[0].split_once('/').unwrap().1.to_owned();
    let with = |free: u64| {
        let claim = json!({"name": name, "namespace": ns.name()});
        let volume = json!({"name": "storage", "availableBytes": free, "pvcRef": claim});
        let summary = json!({"pods": [{"volume": [volume]}]});
        proxy.on("get", "nodes/proxy").answer_text(200, summary.to_string());
    };
    with(30 << 20);
    let found = body(&project, &registry, &[], 0);
    let said = "10 MiB in one piece; none larger was sent, since the volume has room for 30 MiB more";
    assert_eq!(found["found"], said, "{found:#}");
    with(2 << 20);
    let found = body(&project, &registry, &["--largest-body=101Mi"], 3);
    assert_eq!(found["outcome"], "skipped", "{found:#}");
    assert!(found["reason"].to_string().contains("could not be taken away again"), "{found:#}");
    with(1 << 30);
    assert_eq!(body(&project, &registry, &[], 0)["found"], "100 MiB in one piece");
}

fn where_nobody_tells_the_room_only_small_bodies_are_sent() {
    let ns = Namespace::absent();
    let (proxy, registry) = (ns.proxy(), Registry::start());
    let project = applied(&ns).through(&proxy);
    proxy.on("get", "nodes/proxy").answer(403);
    let small = |found: &Value| {
        let said = found["found"].as_str().unwrap_or_default();
        let is_small = said.starts_with("1 MiB in one piece; none larger was sent, since nobody says");
        assert!(is_small && said.contains("--largest-body 101Mi"), "{found:#}");
    };
    small(&body(&project, &registry, &[], 0));
    assert_eq!(body(&project, &registry, &["--largest-body=11Mi"], 0)["found"], "10 MiB in one piece");
    // A node that does not know this sort of volume.
    proxy.on("get", "nodes/proxy").answer_text(200, r#"{"pods": []}"#);
    small(&body(&project, &registry, &[], 0));
    // No cluster.
    let absent = project.path("absent.yaml");
    let there = format!("--resolve={HOST}=127.0.0.1:{}", registry.port());
    let alone = project.regplan(["verify", "--format=json", "--only=body", &there]).env("KUBECONFIG", absent);
    small(&checks(&alone.run().success())["body"]);
}
