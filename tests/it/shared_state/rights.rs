//! The Roles that `state init` makes are enough for their commands, and no more is needed.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::lock::{holder, named_holder};
use super::{HEAD, clean_up, first_machine, greeting, machine, states};
use crate::charts::with_chart;
use crate::examples::PASSWORD;
use crate::harness::{BALANCER, Namespace, wait_until};
use crate::state_files::pulled;

tests! {
    the_reader_may_run_whatever_only_looks,
    the_reader_may_verify,
    the_planner_keeps_plans_and_the_writer_applies_them,
    the_writer_may_change_what_the_state_knows,
    the_writer_may_unlock,
    the_roles_of_one_project_lead_to_nothing_of_another,
    the_writer_moves_a_state_but_for_its_key,
    the_writer_may_rotate,
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

/// The map, and what an output says of it.
fn told(value: &str) -> String {
    format!("{}\n[output.hello]\nvalue = \"${{resource.greeting.data.hello}}\"\n", greeting(value))
}

fn the_reader_may_run_whatever_only_looks() {
    let ns = Namespace::new();
    let admin = first_machine(&ns, &told("a"));
    admin.apply();
    let reader = machine(&ns, &told("a")).kubeconfig(account(&ns, "reader", READS));
    reader.expect_settled();
    for command in [
        &["drift"][..],
        &["history"],
        &["history", "1"],
        &["show", "1"],
        &["show", "state"],
        &["output"],
        &["state", "list"],
        &["state", "show", "resource.greeting"],
    ] {
        reader.run(command.iter().copied()).success();
    }
    assert_eq!(pulled(&reader), pulled(&admin));
    // Only the lock would tell whether a run without an end was killed.
    let proxy = ns.proxy();
    proxy.on("apply", "configmaps").named("greeting").not_dry_run().hang();
    let admin = admin.through(&proxy);
    admin.rewrite("regplan.toml", &format!("{HEAD}{}", told("b")));
    let run = admin.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the write", || proxy.writes().iter().any(|seen| seen.name.as_deref() == Some("greeting")));
    // The address of the proxy is another one, so nothing is planned here.
    let plan = reader.run(["plan"]).code(1);
    plan.stderr_contains("has not ended: it is under way, or was killed. This plan counts");
    run.kill();
    clean_up(&ns);
}

/// The verification finds no way to the registry, and misses no right to the state.
fn the_reader_may_verify() {
    let ns = Namespace::new();
    let registry = r#"
[registry.main]
host           = "registry.invalid"
image          = "registry:3.1.1"
storage.volume = { size = "1Gi" }
auth.users.ci  = { env = "CI_PASSWORD" }
"#;
    let _admin = first_machine(&ns, registry);
    let verify = ["verify", "--timeout", "1s"];
    let stranger = machine(&ns, registry).env("CI_PASSWORD", PASSWORD);
    let stranger = stranger.kubeconfig(ns.account("stranger", &rules(READS)));
    stranger.run(verify).code(1).stderr_contains(&ns.fill("`{project}.reader`"));
    let reader = machine(&ns, registry).env("CI_PASSWORD", PASSWORD);
    let reader = reader.kubeconfig(account(&ns, "reader", READS));
    reader.run(verify).code(3).stdout_contains("port-forward");
    clean_up(&ns);
}

fn the_planner_keeps_plans_and_the_writer_applies_them() {
    let ns = Namespace::new();
    let _admin = first_machine(&ns, &greeting("a"));
    let writer = machine(&ns, &greeting("a")).kubeconfig(account(&ns, "writer", WRITES));
    // The first apply, and one over a state that is there.
    writer.apply();
    writer.rewrite("regplan.toml", &format!("{HEAD}{}", greeting("b")));
    writer.apply();
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
    writer.run(["destroy", "--auto-approve"]).success();
    clean_up(&ns);
}

fn the_writer_may_change_what_the_state_knows() {
    let ns = Namespace::new();
    let admin = first_machine(&ns, &greeting("a"));
    let writer = machine(&ns, &greeting("a")).kubeconfig(account(&ns, "writer", WRITES));
    writer.apply();
    let kept = pulled(&writer);
    // A rebuild looks for objects in all namespaces.
    let looks = [
        "create",
        "clusterrolebinding",
        "{prefix}-looks",
        "--clusterrole=view",
        "--serviceaccount={ns}:writer",
    ];
    ns.kubectl(looks).run().success();
    writer.run(["state", "mv", "resource.greeting", "resource.other"]).success();
    writer.run(["state", "mv", "resource.other", "resource.greeting"]).success();
    writer.expect_settled();
    writer.run(["state", "rm", "resource.greeting", "--auto-approve"]).success();
    // The role does not show Secrets, of which the project has none.
    let rebuild = writer.run(["state", "rebuild", "--auto-approve"]).code(1);
    rebuild.stderr_contains("Secret could not be looked at").stderr_contains("agree with `--partial`");
    let rebuild = ["state", "rebuild", "--auto-approve", "--partial"];
    writer.run(rebuild).success().stderr_contains("Took in 1 resource");
    writer.run(["state", "rm", "resource.greeting", "--auto-approve"]).success();
    let import = ["import", "resource.greeting", "ConfigMap/{ns}/greeting", "--auto-approve"];
    writer.run(import).success();
    writer.expect_settled();
    // What is pushed has to be newer than what is here, so that goes first.
    ns.cluster().delete(&states(&ns), &ns.fill("configmap/{project}.state"));
    admin.run(["state", "init"]).success();
    let writer = writer.write("kept.json", &kept);
    writer.run(["state", "push", "kept.json"]).success();
    writer.expect_settled();
    writer.run(["unlock", &"0".repeat(32)]).code(1).stderr_contains("nothing has to be unlocked");
    clean_up(&ns);
}

/// A run that was killed leaves its lock.
fn the_writer_may_unlock() {
    let ns = Namespace::new();
    let admin = first_machine(&ns, BALANCER);
    let running = holder(&admin, &ns);
    let id = named_holder(&ns).split(' ').next_back().unwrap().to_owned();
    running.kill();
    let writer = machine(&ns, "").kubeconfig(account(&ns, "writer", WRITES));
    writer.run(["unlock", &id]).success().stderr_contains("Removed the lock of");
    clean_up(&ns);
}

/// Two projects keep their states in one namespace. Who may write the one can do nothing to what the other one keeps.
fn the_roles_of_one_project_lead_to_nothing_of_another() {
    let ns = Namespace::new();
    let _first = first_machine(&ns, &greeting("a"));
    let head = HEAD.replace("name = \"{project}\"", "name = \"{project}-other\"");
    ns.project().write("regplan.toml", &head).run(["state", "init"]).success();
    account(&ns, "writer", READS);
    let may_as = |account: &str, verb: &str, what: &str| {
        let account = ns.fill(&format!("system:serviceaccount:{{ns}}:{account}"));
        let asked = ["auth", "can-i", verb, what, "--namespace", &states(&ns), "--as", &account];
        ns.cluster().kubectl(asked).run().any().stdout().trim() == "yes"
    };
    let may = |verb: &str, what: &str| may_as("writer", verb, what);
    let (own, other) = (ns.project_name(), ns.fill("{project}-other"));
    for (kind, suffix) in
        [("configmaps", ".state"), ("configmaps", ".journal-0"), ("secrets", ".key"), ("leases", "")]
    {
        assert!(may("get", &format!("{kind}/{own}{suffix}")), "get {kind}/{own}{suffix}");
        for verb in ["get", "update", "delete"] {
            assert!(!may(verb, &format!("{kind}/{other}{suffix}")), "{verb} {kind}/{other}{suffix}");
        }
    }
    // Whoever only looks gets neither the key nor the values of secrets.
    account(&ns, "reader", READS);
    let may_read = |what: &str| may_as("reader", "get", what);
    assert!(may_read(&format!("configmaps/{own}.state")));
    for secret in [".key", ".values-0", ".values-49"] {
        assert!(!may_read(&format!("secrets/{own}{secret}")), "{secret}");
    }
    clean_up(&ns);
}

/// Whoever moves a state into the cluster changes the key too, if plans were kept in files.
fn the_writer_moves_a_state_but_for_its_key() {
    let ns = Namespace::new();
    let admin = first_machine(&ns, &greeting("a"));
    let folder = machine(&ns, &greeting("a")).read("regplan.toml");
    let folder = folder.split_once("[state]").unwrap().0.to_owned() + &greeting("a");
    let writer = machine(&ns, &greeting("a")).write("folder.toml", &folder);
    let writer = writer.kubeconfig(account(&ns, "writer", WRITES));
    writer.apply();
    writer.run(["state", "migrate", "--to", "folder.toml", "--auto-approve"]).success();
    writer.run(["-f", "folder.toml", "plan", "--detailed-exitcode"]).success();
    let into = ["state", "migrate", "--from", "folder.toml", "--auto-approve"];
    let refused = writer.run(into).code(1);
    refused.stderr_contains("no Role gives it").stderr_contains("regplan state init");
    writer.run(["-f", "folder.toml", "plan", "--detailed-exitcode"]).success();
    writer.kubeconfig(ns.cluster().kubeconfig()).run(into).success();
    admin.expect_settled();
    clean_up(&ns);
}

fn the_writer_may_rotate() {
    let ns = Namespace::new();
    let block = "\n[chart.web]\nchart = \"web\"\n";
    let template =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: token}\nstringData: {token: {{ randAlphaNum 20 }}}\n";
    let _admin = first_machine(&ns, "");
    let writer = with_chart(machine(&ns, block), "web", template);
    let writer = writer.kubeconfig(account(&ns, "writer", WRITES));
    writer.apply();
    let token = ns.field("secret/token", "/data/token");
    writer.run(["rotate", "chart.web", "--auto-approve"]).success();
    assert_ne!(ns.field("secret/token", "/data/token"), token);
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
