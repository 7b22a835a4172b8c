//! The Roles that `state init` makes are enough for their commands, and no more is needed.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{HEAD, clean_up, first_machine, greeting, machine, states};
use crate::harness::Namespace;

tests! {
    each_role_is_enough_for_its_commands,
    too_few_rights_are_said_with_the_role_that_gives_them,
    secret_values_are_kept_by_a_writer_and_read_by_nobody_else,
}

/// The rules for the project's own objects, and for a look at its namespace.
fn rules(verbs: &[&str]) -> Value {
    json!([
        { "apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": verbs },
        { "apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"] },
    ])
}

/// A service account that may do this in the project's own namespace, bound to this Role in that of the states.
#[track_caller]
fn account(ns: &Namespace, role: &str, verbs: &[&str]) -> PathBuf {
    let kubeconfig = ns.account(role, &rules(verbs));
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": { "name": role, "namespace": states(ns) },
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": ns.fill(&format!("{{project}}.{role}")),
        },
        "subjects": [{ "kind": "ServiceAccount", "name": role, "namespace": ns.name() }],
    });
    ns.cluster().kubectl(["apply", "--filename=-"]).stdin(binding.to_string()).run().success();
    kubeconfig
}

const READS: &[&str] = &["get", "list", "watch"];
const WRITES: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];

fn each_role_is_enough_for_its_commands() {
    let ns = Namespace::new();
    let admin = first_machine(&ns, &greeting("a"));
    let writer = machine(&ns, &greeting("a")).kubeconfig(account(&ns, "writer", WRITES));
    // The first apply, and one over a state that is there.
    writer.apply();
    writer.rewrite("regplan.toml", &format!("{HEAD}{}", greeting("b")));
    writer.apply();
    let reader = machine(&ns, &greeting("b")).kubeconfig(account(&ns, "reader", READS));
    reader.expect_settled();
    reader.run(["drift"]).success();
    reader.run(["history"]).success();
    reader.run(["history", "1"]).success();
    reader.run(["state", "list"]).success();
    let planner = machine(&ns, &greeting("c")).kubeconfig(account(&ns, "planner", WRITES));
    planner.run(["plan", "--out", "p.plan"]).success();
    std::fs::copy(planner.path("p.plan"), writer.path("p.plan")).unwrap();
    writer.rewrite("regplan.toml", &format!("{HEAD}{}", greeting("c")));
    writer.run(["apply", "p.plan"]).success();
    // A way back can be planned without the rights to write, and applied by whoever has them.
    planner.run(["rollback", "2", "--out", "back.plan"]).success().stdout_contains("back to revision 2");
    planner.run(["rollback", "2", "--auto-approve"]).code(1).stderr_contains(&ns.fill("`{project}.writer`"));
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "c");
    std::fs::copy(planner.path("back.plan"), writer.path("back.plan")).unwrap();
    writer.run(["apply", "back.plan"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "b");
    writer.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "a");
    writer.run(["state", "rm", "resource.greeting", "--auto-approve"]).success();
    writer.apply();
    writer.run(["destroy", "--auto-approve"]).success();
    drop(admin);
    clean_up(&ns);
}

fn too_few_rights_are_said_with_the_role_that_gives_them() {
    let ns = Namespace::new();
    let admin = first_machine(&ns, &greeting("a"));
    admin.apply();
    let stranger = machine(&ns, &greeting("b")).kubeconfig(ns.account("stranger", &rules(WRITES)));
    let says = |role: &str| ns.fill(&format!("`{{project}}.{role}`"));
    stranger.run(["plan"]).code(1).stderr_contains(&says("reader"));
    let reader = machine(&ns, &greeting("b")).kubeconfig(account(&ns, "reader", WRITES));
    reader.run(["plan"]).success();
    let refused = reader.run(["plan", "--out", "p.plan"]).code(1);
    refused.stderr_contains(&says("planner")).stderr_contains("regplan state init");
    assert!(!reader.path("p.plan").exists());
    let planner = machine(&ns, &greeting("b")).kubeconfig(account(&ns, "planner", WRITES));
    planner.run(["apply", "--auto-approve"]).code(1).stderr_contains(&says("writer"));
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "a");
    // Who may not make Roles is told of the other way.
    planner.run(["state", "init"]).code(1).stderr_contains("regplan state init --print");
    clean_up(&ns);
}

/// The values of a revision are in Secrets of the state.
fn secret_values_are_kept_by_a_writer_and_read_by_nobody_else() {
    let ns = Namespace::new();
    let blocks = "\n[secret.word]\nenv = \"WORD\"\n[resource.login]\napiVersion = \"v1\"\nkind = \"Secret\"\nstringData.word = \"${secret.word}\"\n";
    let admin = first_machine(&ns, blocks);
    let writer = machine(&ns, blocks).kubeconfig(account(&ns, "writer", WRITES)).env("WORD", "first");
    writer.apply();
    let writer = writer.env("WORD", "second");
    writer.apply();
    let planner = machine(&ns, blocks).kubeconfig(account(&ns, "planner", WRITES));
    let refused = planner.run(["rollback", "1", "--out", "back.plan"]).code(1);
    refused.stdout_contains("that can be read here").stdout_contains(&ns.fill("`{project}.writer`"));
    assert!(!planner.path("back.plan").exists());
    writer.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(ns.field("secret/login", "/data/word"), "Zmlyc3Q=");
    drop(admin);
    clean_up(&ns);
}
