//! Plans of a part of the configuration (`--target`), and replacements on request (`--replace`).

use serde_json::{Value, json};

use crate::harness::{GREETING, HEAD, Namespace, Project, Proxy, RECORD, config_maps};

tests! {
    only_what_a_target_needs_is_read_and_written,
    secrets_of_what_is_left_out_are_not_looked_up,
    an_apply_after_a_targeted_one_does_the_rest,
    a_revision_keeps_what_was_left_out,
    what_left_the_file_is_deleted_only_when_it_is_targeted,
    a_targeted_destroy_takes_what_stands_on_the_target,
    a_targeted_apply_without_a_state_keeps_the_lineage,
    a_target_that_nothing_has_names_the_nearest,
    an_agreement_that_finds_nothing_is_told,
    a_replacement_is_asked_for,
    a_replacement_is_refused_where_it_would_lose_data,
    a_replacement_names_one_object,
}

/// A chain (`c` depends on `b`, and `b` on `a`), and a Service that none of them depends on.
const CHAIN: &str = r#"
[project]
name = "{project}"

[cluster]
namespace = "{ns}"

[resource.a]
apiVersion = "v1"
kind = "ConfigMap"
data.k = "a"

[resource.b]
apiVersion = "v1"
kind = "ConfigMap"
data.k = "b"
depends_on = ["resource.a"]

[resource.c]
apiVersion = "v1"
kind = "ConfigMap"
data.k = "c"
depends_on = ["resource.b"]

[resource.aside]
apiVersion = "v1"
kind = "Service"
spec = { ports = [{ port = 80 }], selector = { app = "web" } }
"#;

/// The requests for objects and lists, without discovery and access reviews.
fn asked(proxy: &Proxy) -> Vec<String> {
    let discovery = |resource: &str| resource.starts_with('/') || [RECORD, "namespaces"].contains(&resource);
    let requests = proxy.requests().into_iter().filter(|seen| !discovery(&seen.resource));
    requests.filter(|seen| !seen.resource.contains("reviews.")).map(|seen| seen.to_string()).collect()
}

fn only_what_a_target_needs_is_read_and_written() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", CHAIN).through(&proxy);
    let plan = project.run(["plan", "--target", "resource.a", "--format", "json"]).success().json();
    assert_eq!(plan["targets"], json!(["resource.a"]));
    assert_eq!(plan["left_out"], json!(["resource.aside", "resource.b", "resource.c"]));
    // Without a state, the lineage is looked for on all objects; with one, only on those in the plan.
    project.run(["apply", "--auto-approve", "--target", "resource.b"]).success();
    assert_eq!(proxy.writes().len(), 2, "{}", proxy.log());
    project.edit("regplan.toml", "data.k = \"a\"", "data.k = \"other\"");
    proxy.forget();
    let apply = project.run(["apply", "--auto-approve", "--target", "resource.a"]).success();
    apply.stdout_contains("limited to its targets (resource.a)").stdout_contains("3 resources are left out");
    let a = format!("configmaps -n {} a", ns.name());
    let asked = asked(&proxy);
    assert!(asked.iter().all(|seen| seen.contains(&a) || seen.starts_with("watch configmaps")), "{asked:?}");
    assert_eq!(proxy.writes().len(), 1, "{}", proxy.log());
}

fn secrets_of_what_is_left_out_are_not_looked_up() {
    let ns = Namespace::new();
    let secret = r#"
[secret.token]
generate = { length = 20 }

[secret.password]
env = "PASSWORD"

[resource.login]
apiVersion = "v1"
kind = "Secret"
stringData = { token = "${secret.token}", password = "${secret.password}" }
"#;
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{secret}")).through(&proxy);
    project.run(["apply", "--auto-approve", "--target", "resource.greeting"]).success();
    proxy.forget();
    project.run(["apply", "--auto-approve", "--target", "resource.greeting"]).success();
    assert_eq!(proxy.count("*", "secrets"), 0, "{}", proxy.log());
    // A target includes the Secret with the generated value.
    let project = project.env("PASSWORD", "hunter22");
    project.run(["apply", "--auto-approve", "--target", "resource.login"]).success();
    let token = ns.field("secret/login", "/data/token");
    assert_eq!(ns.field("secret/{project}-token", "/data/value"), token);
    project.run(["plan", "--detailed-exitcode"]).success();
}

fn an_apply_after_a_targeted_one_does_the_rest() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", CHAIN);
    let part = project.run(["apply", "--auto-approve", "--target", "resource.b"]).success();
    part.stdout_contains("Plan: 2 to add");
    assert!(ns.find("configmap/c").is_none() && ns.find("service/aside").is_none());
    project.run(["plan", "--detailed-exitcode", "--target", "resource.b"]).success();
    project.apply().stdout_contains("Plan: 2 to add");
    project.run(["plan", "--detailed-exitcode"]).success();
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("4 to destroy");
}

fn a_revision_keeps_what_was_left_out() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", CHAIN);
    project.apply();
    project.edit("regplan.toml", "data.k = \"a\"", "data.k = \"other\"");
    project.run(["apply", "--auto-approve", "--target", "resource.a"]).success();
    let path = ns.fill(".regplan/{project}/revisions/000002.json");
    let revision = project.content(&path);
    let desired = revision["desired"].as_object().unwrap();
    let resources = desired.keys().filter(|address| address.starts_with("resource."));
    assert_eq!(resources.collect::<Vec<_>>(), ["resource.a", "resource.aside", "resource.b", "resource.c"]);
    assert_eq!(desired["resource.a"]["object"]["data"]["k"], "other");
    assert_eq!(desired["resource.b"]["object"]["data"]["k"], "b");
}

fn what_left_the_file_is_deleted_only_when_it_is_targeted() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &config_maps(3));
    project.apply();
    project.rewrite("regplan.toml", &config_maps(1));
    let plan = project.run(["plan", "--target", "resource.c0", "--detailed-exitcode"]).success();
    plan.stdout_contains("2 resources are left out");
    project.run(["apply", "--auto-approve", "--target", "resource.c2"]).success();
    assert!(ns.find("configmap/c2").is_none() && ns.find("configmap/c1").is_some());
    project.apply().stdout_contains("1 to destroy");
}

fn a_targeted_destroy_takes_what_stands_on_the_target() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", CHAIN);
    project.apply();
    let plan = project.run(["plan", "--destroy", "--target", "resource.b"]).success();
    plan.stdout_contains("- resource.b").stdout_contains("- resource.c").stdout_lacks("- resource.a");
    project.run(["destroy", "--auto-approve", "--target", "resource.b"]).success();
    assert!(ns.find("configmap/b").is_none() && ns.find("configmap/c").is_none());
    assert!(ns.find("configmap/a").is_some() && ns.find("service/aside").is_some());
    project.apply().stdout_contains("Plan: 2 to add");
}

fn a_targeted_apply_without_a_state_keeps_the_lineage() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", CHAIN);
    project.apply();
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    ns.delete("configmap/a");
    std::fs::remove_dir_all(project.path(".regplan")).unwrap();
    let refused = project.run(["apply", "--auto-approve", "--target", "resource.a"]).code(1);
    refused.stderr_contains(&lineage);
    assert!(ns.find("configmap/a").is_none());
    let adopt = ["apply", "--auto-approve", "--target", "resource.a", "--adopt-lineage", &lineage];
    project.run(adopt).success();
    project.apply().stdout_contains("Nothing to change");
}

fn a_target_that_nothing_has_names_the_nearest() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", CHAIN);
    for command in ["plan", "apply", "destroy"] {
        let refused = project.run([command, "--target", "resource.asied"]).code(1);
        refused
            .stderr_contains("there is no `resource.asied`")
            .stderr_contains("did you mean `resource.aside`?");
    }
    project.run(["plan", "--target", "nothing"]).code(1).stderr_contains("is not an address");
}

fn an_agreement_that_finds_nothing_is_told() {
    let ns = Namespace::new();
    let objects = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n---\n\
                   apiVersion: v1\nkind: ConfigMap\nmetadata: { name: z }\n";
    let manifest = format!("{GREETING}\n[manifest.both]\npath = \"both.yaml\"\n");
    let project = ns.project().write("regplan.toml", &manifest).write("both.yaml", objects);
    for flag in ["--adopt", "--consent"] {
        let refused = project.run(["plan", flag, "resource.greting"]).code(1);
        refused.stderr_contains("there is no `resource.greting`").stderr_contains("`resource.greeting`");
        let several = project.run(["plan", flag, "manifest.both"]).code(1);
        several.stderr_contains("manifest.both/ConfigMap/x").stderr_contains("manifest.both/ConfigMap/z");
        let plan = project.run(["plan", flag, "resource.greeting"]).success();
        plan.stdout_contains(&format!("`{flag} resource.greeting` has no effect"));
    }
    let destroy = project.run(["destroy", "--auto-approve", "--adopt", "resource.greeting"]).code(1);
    destroy.stderr_contains("a destroy adopts nothing");
}

fn uid(ns: &Namespace, target: &str) -> Value {
    ns.field(target, "/metadata/uid")
}

fn a_replacement_is_asked_for() {
    let ns = Namespace::new();
    let triggered = "[resource.c.lifecycle]\nreplace_triggered_by = [\"resource.b\"]\n";
    let project = ns.project().write("regplan.toml", &format!("{CHAIN}{triggered}"));
    let first = project.run(["apply", "--auto-approve", "--replace", "resource.b"]).success();
    first.stdout_contains("+ resource.b").stdout_contains("--replace finds nothing to delete");
    let before = ["configmap/a", "configmap/b", "configmap/c"].map(|target| uid(&ns, target));
    let plan = project.run(["plan", "--replace", "resource.b", "--detailed-exitcode"]).code(2);
    plan.stdout_contains("-/+ resource.b")
        .stdout_contains("requested by --replace")
        .stdout_contains("resource.b changes, and triggers a replacement")
        .stdout_contains("Plan: 0 to add, 0 to change, 2 to replace, 0 to destroy;");
    project.run(["apply", "--auto-approve", "--replace", "resource.b"]).success();
    let after = ["configmap/a", "configmap/b", "configmap/c"].map(|target| uid(&ns, target));
    assert_eq!(before[0], after[0]);
    assert!(before[1] != after[1] && before[2] != after[2]);
    project.run(["plan", "--detailed-exitcode"]).success();
}

fn a_replacement_is_refused_where_it_would_lose_data() {
    let ns = Namespace::new();
    let claim = r#"
[resource.guarded]
apiVersion = "v1"
kind = "ConfigMap"

[resource.guarded.lifecycle]
protect = true

[resource.data]
apiVersion = "v1"
kind = "PersistentVolumeClaim"
spec = { accessModes = ["ReadWriteOnce"], resources.requests.storage = "1Gi" }
"#;
    let project: Project<'_> = ns.project().write("regplan.toml", &format!("{GREETING}{claim}"));
    project.apply();
    let before = ["persistentvolumeclaim/data", "configmap/guarded"].map(|target| uid(&ns, target));
    let refused = project.run(["apply", "--auto-approve", "--replace", "resource.guarded"]).code(1);
    refused.stdout_contains("--consent resource.guarded");
    let consent = ["apply", "--auto-approve", "--replace", "resource.data", "--consent", "resource.data"];
    project.run(consent).code(1).stdout_contains("a claim is never replaced");
    assert_eq!(before, ["persistentvolumeclaim/data", "configmap/guarded"].map(|target| uid(&ns, target)));
    project
        .run(["apply", "--auto-approve", "--replace", "resource.guarded", "--consent", "resource.guarded"])
        .success();
    assert_ne!(before[1], uid(&ns, "configmap/guarded"));
}

fn a_replacement_names_one_object() {
    let ns = Namespace::new();
    let objects = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n---\n\
                   apiVersion: v1\nkind: ConfigMap\nmetadata: { name: z }\n";
    let manifest = format!("{HEAD}\n[manifest.both]\npath = \"both.yaml\"\n");
    let project = ns.project().write("regplan.toml", &manifest).write("both.yaml", objects);
    let several = project.run(["plan", "--replace", "manifest.both"]).code(1);
    several.stderr_contains("manifest.both/ConfigMap/x").stderr_contains("manifest.both/ConfigMap/z");
    project.run(["plan", "--replace", "manifest.bth/ConfigMap/x"]).code(1).stderr_contains("did you mean");
    project
        .run(["destroy", "--replace", "manifest.both/ConfigMap/x"])
        .code(1)
        .stderr_contains("leave `--replace` out");
}
