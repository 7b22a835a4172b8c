//! Between a folder and the cluster, with the secret values of earlier revisions.

use serde_json::json;

use crate::harness::{IN_CLUSTER, Namespace, ObjectServer, Project};
use crate::kept_secrets::{FIRST, Keys, changed};
use crate::rollback::with_secret;

tests! {
    a_state_moves_into_the_cluster_and_back_with_its_secrets,
    what_is_not_read_back_as_it_was_written_moves_nothing,
    a_state_moves_from_the_cluster_into_a_store_and_back,
}

const OUT: [&str; 5] = ["state", "migrate", "--to", "cluster.toml", "--auto-approve"];
const BACK: [&str; 5] = ["state", "migrate", "--from", "cluster.toml", "--auto-approve"];

/// A project with two revisions in its folder, whose first one has another secret value; and `cluster.toml`, whose state is
/// in the cluster.
fn lived_in<'n>(ns: &'n Namespace, keys: &Keys) -> Project<'n> {
    let project = changed(ns, keys).env("STATE_IDENTITY", &keys.identity);
    let project = project.write("cluster.toml", &format!("{}{IN_CLUSTER}", with_secret("bad")));
    in_cluster(&project, &["state", "init"]);
    project
}

/// Runs a command with the state in the cluster.
#[track_caller]
fn in_cluster(project: &Project<'_>, args: &[&'static str]) {
    project.run(["-f", "cluster.toml"].iter().chain(args).copied()).success();
}

fn a_state_moves_into_the_cluster_and_back_with_its_secrets() {
    let (ns, keys) = (Namespace::new(), Keys::new());
    let project = lived_in(&ns, &keys);
    let folder = project.read("regplan.toml");
    let moved = project.run(OUT).success();
    moved.stderr_contains("and 2 revisions to ConfigMap ").stderr_lacks("could not be recorded");
    project.run(["plan"]).code(1).stderr_contains("has moved to");
    project.rewrite("regplan.toml", &project.read("cluster.toml"));
    project.expect_settled();
    // The cluster needs no identity: it has the values in Secrets.
    let values = ns.cluster().find(&ns.fill("{prefix}-states"), &ns.fill("secret/{project}.values-1"));
    assert!(values.is_some());
    let project = project.env("STATE_IDENTITY", "");
    project.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
    project.apply();
    assert_ne!(ns.field("secret/login", "/data/token"), FIRST);
    // And back into the folder, with what was done there.
    project.run(["plan", "--destroy", "--out", "destroy.plan"]).success();
    project.rewrite("regplan.toml", &folder);
    project.run(BACK).success().stderr_lacks("could not be recorded");
    project.run(["-f", "cluster.toml", "plan"]).code(1).stderr_contains("has moved to");
    project.expect_settled();
    project.run(["drift"]).success();
    project.run(["history"]).success().stdout_contains("rollback 1");
    // No value is in the folder as it is.
    for number in 1..=4 {
        let file = project.state_path().replace("state.json", &format!("revisions/{number:06}.values.json"));
        let text = project.read(&file);
        assert!(!text.contains("canary") && !text.contains(FIRST), "{text}");
    }
    let project = project.env("STATE_IDENTITY", &keys.identity);
    project.run(["rollback", "3", "--auto-approve"]).success();
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
    ns.clean_up("namespace/{prefix}-states");
}

/// In the cluster the values are in Secrets, in the store they are encrypted.
fn a_state_moves_from_the_cluster_into_a_store_and_back() {
    let (ns, keys, server) = (Namespace::new(), Keys::new(), ObjectServer::start());
    let in_cluster = |value: &str| format!("{}{IN_CLUSTER}", with_secret(value));
    let project = ObjectServer::let_in(ns.project().write("token", "first-canary"));
    let project = project.write("regplan.toml", &in_cluster("good"));
    project.run(["state", "init"]).success();
    project.apply();
    project.rewrite("token", "second-canary");
    project.rewrite("regplan.toml", &in_cluster("bad"));
    project.apply();
    project.run(["plan", "--destroy", "--out", "destroy.plan"]).success();
    let states = ns.fill("{prefix}-states");
    let key = || ns.cluster().find(&states, &ns.fill("secret/{project}.key")).unwrap()["data"].clone();
    let kept_key = key();
    // To encrypt takes no identity.
    let in_store = format!("{}{}", with_secret("bad"), server.state(&keys.line()));
    let project = project.write("cluster.toml", &in_cluster("bad")).write("store.toml", &in_store);
    let moved = project.run(["state", "migrate", "--to", "store.toml", "--auto-approve"]).success();
    moved.stderr_contains("and 2 revisions to s3://states/").stderr_contains("is retired");
    project.run(["plan"]).code(1).stderr_contains("has moved to `s3://states/");
    for name in server.names() {
        let text = server.read(&name);
        assert!(!text.contains("canary") && !text.contains(FIRST), "{name}");
    }
    project.rewrite("regplan.toml", &in_store);
    project.expect_settled();
    let project = project.env("STATE_IDENTITY", &keys.identity);
    project.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
    // And back, with what was done there, and with the key by which plan files are known.
    project.run(["state", "migrate", "--to", "cluster.toml", "--auto-approve"]).success();
    project.run(["plan"]).code(1).stderr_contains("has moved to");
    assert_eq!(key(), kept_key);
    project.rewrite("regplan.toml", &in_cluster("bad"));
    project.run(["history"]).success().stdout_contains("rollback 1");
    project.apply();
    assert_ne!(ns.field("secret/login", "/data/token"), FIRST);
    let project = project.env("STATE_IDENTITY", "");
    project.run(["rollback", "3", "--auto-approve"]).success();
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
    ns.clean_up("namespace/{prefix}-states");
}

fn what_is_not_read_back_as_it_was_written_moves_nothing() {
    let (ns, keys) = (Namespace::new(), Keys::new());
    let project = lived_in(&ns, &keys);
    project.run(["plan", "--destroy", "--out", "destroy.plan"]).success();
    let proxy = ns.proxy();
    let project = project.through(&proxy);
    for (resource, object, what) in [
        ("configmaps", "{project}.state", "the state"),
        ("configmaps", "{project}.revision-2", "revision 2"),
        ("secrets", "{project}.values-1", "the secret values of revision 1"),
        ("secrets", "{project}.key", "the key of plan files"),
    ] {
        let damaged = |answer: &mut serde_json::Value| {
            for content in ["/binaryData/content", "/data/content"] {
                if let Some(content) = answer.pointer_mut(content) {
                    *content = json!("AAAA");
                }
            }
        };
        // Of an earlier try.
        let states = ns.fill("{prefix}-states");
        let kind = resource.trim_end_matches('s');
        if what != "the state" && ns.cluster().find(&states, &ns.fill(&format!("{kind}/{object}"))).is_some()
        {
            ns.cluster().delete(&states, &ns.fill(&format!("{kind}/{object}")));
        }
        proxy.on("get", resource).named(&ns.fill(object)).edit_answer(damaged);
        let refused = project.run(OUT).code(1);
        refused.stderr_contains(&format!("{what} did not arrive at `ConfigMap "));
        refused.stderr_contains("its checksum is wrong").stderr_contains("the state stays where it was");
        proxy.clear_faults();
        // The old place counts.
        project.expect_settled();
    }
    project.run(OUT).success();
    ns.clean_up("namespace/{prefix}-states");
}
