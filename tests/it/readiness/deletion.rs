//! Deletes that hang, and their time limit.

use serde_json::json;

use crate::harness::{HEAD, Namespace};

tests! {
    a_namespace_that_hangs_is_explained,
    a_changed_time_limit_is_remembered,
}

/// A namespace with a time limit for its deletion.
const ROOM: &str = r#"
[resource.room]
apiVersion = "v1"
kind = "Namespace"
metadata.name = "{prefix}-room"

[resource.room.lifecycle]
timeouts.delete = "15s"
"#;

fn a_namespace_that_hangs_is_explained() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{ROOM}"));
    project.apply();
    let held = r#"{"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "namespace": "{prefix}-room", "finalizers": ["test.regplan.dev/held"]}}"#;
    ns.cluster().kubectl(["apply", "--filename=-"]).stdin(ns.fill(held)).run().success();
    // The state has its time limit, although the block has left the configuration.
    project.rewrite("regplan.toml", HEAD);
    let ended = project.run(["apply", "--auto-approve", "--consent", "resource.room"]).code(1);
    ended
        .stderr_contains("failed resource.room")
        .stderr_contains("is not gone after 15 s")
        .stderr_contains("test.regplan.dev/held");
    // The next run waits again, and ends when the finalizer is removed.
    let mut apply = project.regplan(["apply", "--auto-approve", "--consent", "resource.room"]).spawn();
    apply.until("test.regplan.dev/held");
    let patch = r#"--patch={"metadata":{"finalizers":null}}"#;
    ns.cluster()
        .kubectl([
            "patch",
            "configmap/held",
            &format!("--namespace={}", ns.fill("{prefix}-room")),
            "--type=merge",
            patch,
        ])
        .run()
        .success();
    apply.wait().success();
    project.expect_settled();
}

fn a_changed_time_limit_is_remembered() {
    let ns = Namespace::new();
    let greeting = |limit: &str| {
        format!(
            "{HEAD}\n[resource.held]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
             metadata.finalizers = [\"test.regplan.dev/held\"]\n\
             \n[resource.held.lifecycle]\ntimeouts.delete = \"{limit}\"\n"
        )
    };
    let project = ns.project().write("regplan.toml", &greeting("10m"));
    project.apply();
    // Nothing changes in the cluster, but the state has the new limit.
    project.rewrite("regplan.toml", &greeting("2s"));
    project.expect_settled();
    project.apply();
    project.rewrite("regplan.toml", HEAD);
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("is not gone after 2 s: the finalizer `test.regplan.dev/held` must be removed");
    ns.patch("configmap/held", &json!({"metadata": {"finalizers": null}}));
    project.apply();
    project.expect_settled();
}
