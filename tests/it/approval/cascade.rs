//! What is deleted with a namespace or a definition is a part of what is approved.

use serde_json::Value;

use crate::harness::{HEAD, Namespace, Output, Project, Proxy, SPACE};

tests! {
    what_is_made_in_a_namespace_after_the_plan_refuses_the_plan_file,
    what_is_made_in_a_namespace_after_the_plan_is_another_plan,
    what_is_made_in_a_namespace_while_the_plan_is_read_keeps_it,
    a_custom_resource_that_is_made_after_the_plan_refuses_the_plan_file,
    a_kind_that_is_not_served_for_a_moment_makes_no_other_plan,
    what_cannot_be_seen_any_more_refuses_the_plan_file,
    what_could_not_be_seen_was_approved_like_that,
}

const DEFINITION: &str = r#"
[resource.space]
apiVersion = "apiextensions.k8s.io/v1"
kind = "CustomResourceDefinition"
metadata.name = "foos.{prefix}.example.com"
[resource.space.spec]
group = "{prefix}.example.com"
scope = "Namespaced"
names = { plural = "foos", kind = "Foo" }
versions = [{ name = "v1", served = true, storage = true, schema.openAPIV3Schema = { type = "object" } }]
"#;

const CONSENT: [&str; 2] = ["--consent", "resource.space"];

/// Makes an object of somebody else in the namespace.
fn make(ns: &Namespace, kind: &str, name: &str) {
    let object = format!(r#"{{"apiVersion": "v1", "kind": "{kind}", "metadata": {{"name": "{name}"}}}}"#);
    let apply = ns.cluster().kubectl([&ns.fill("--namespace={prefix}-s")]).args(["apply", "--filename=-"]);
    apply.stdin(object).run().success();
}

/// A proxy behind which no other test defines any kinds. These break now and then, and cannot be seen then.
fn apart(ns: &Namespace) -> Proxy {
    let proxy = ns.proxy();
    leave_out_others(ns, &proxy);
    proxy
}

fn leave_out_others(ns: &Namespace, proxy: &Proxy) {
    let own = ns.fill("{prefix}.example.com");
    proxy.on("get", "/apis").edit_answer(move |list| {
        for (items, name) in [("items", "/metadata/name"), ("groups", "/name")] {
            let Some(items) = list.get_mut(items).and_then(Value::as_array_mut) else { continue };
            items.retain(|item| {
                let group = item.pointer(name).and_then(Value::as_str).unwrap_or_default();
                group == own || !group.ends_with(".example.com")
            });
        }
    });
}

/// The faults of a proxy end, and it still leaves out what others define.
fn clear_faults(ns: &Namespace, proxy: &Proxy) {
    proxy.clear_faults();
    leave_out_others(ns, proxy);
}

/// A project whose file no longer has its namespace, in which somebody else has a Secret.
fn leaving<'n>(ns: &'n Namespace, proxy: &Proxy) -> Project<'n> {
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{SPACE}")).through(proxy);
    project.apply();
    make(ns, "Secret", "theirs");
    project.rewrite("regplan.toml", HEAD);
    project
}

fn plan_into_file(project: &Project<'_>) {
    project.regplan(["plan", "--out", "p.plan"]).args(CONSENT).run().success();
}

fn apply_file(project: &Project<'_>) -> Output {
    project.run(["apply", "p.plan"])
}

fn is_there(ns: &Namespace) -> bool {
    let space = ns.find("namespace/{prefix}-s");
    space.is_some_and(|space| space["metadata"].get("deletionTimestamp").is_none())
}

fn what_is_made_in_a_namespace_after_the_plan_refuses_the_plan_file() {
    let ns = Namespace::new();
    let proxy = apart(&ns);
    let project = leaving(&ns, &proxy);
    plan_into_file(&project);
    make(&ns, "Secret", "new");
    let refused = apply_file(&project).code(1);
    refused.stderr_contains(&ns.fill("Secret {prefix}-s/new")).stderr_lacks("theirs");
    refused.stderr_contains("nothing was done");
    assert!(is_there(&ns));
    // What goes away by itself is no reason to refuse, and what was made anew is another object.
    let delete = |name: &str| {
        ns.cluster().kubectl([&ns.fill("--namespace={prefix}-s"), "delete", "secret", name]).run().success()
    };
    delete("new");
    delete("theirs");
    make(&ns, "Secret", "theirs");
    apply_file(&project).code(1).stderr_contains(&ns.fill("Secret {prefix}-s/theirs"));
    delete("theirs");
    apply_file(&project).success();
    assert!(!is_there(&ns));
}

fn what_is_made_in_a_namespace_after_the_plan_is_another_plan() {
    let ns = Namespace::new();
    let proxy = apart(&ns);
    let project = leaving(&ns, &proxy);
    let digest = || {
        let plan = project.regplan(["plan", "--format", "json"]).args(CONSENT).run().success().json();
        plan["digest"].as_str().unwrap().to_owned()
    };
    let expect = |digest: &str| project.regplan(["apply", "--expect", digest]).args(CONSENT).run();
    let first = digest();
    assert_eq!(first, digest());
    make(&ns, "ConfigMap", "new");
    expect(&first).code(1).stderr_contains("this is not the plan that was approved");
    assert!(is_there(&ns));
    expect(&digest()).success();
    assert!(!is_there(&ns));
}

fn what_is_made_in_a_namespace_while_the_plan_is_read_keeps_it() {
    let ns = Namespace::new();
    let proxy = apart(&ns);
    let project = leaving(&ns, &proxy);
    let mut apply = project.regplan(["apply"]).args(CONSENT).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    make(&ns, "Secret", "new");
    apply.say("yes");
    let ended = apply.wait().code(1);
    ended.stderr_contains("failed resource.space").stderr_contains(&ns.fill("Secret {prefix}-s/new"));
    assert!(is_there(&ns));
    project.regplan(["apply", "--auto-approve"]).args(CONSENT).run().success();
    assert!(!is_there(&ns));
}

fn a_custom_resource_that_is_made_after_the_plan_refuses_the_plan_file() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{DEFINITION}"));
    project.apply();
    project.rewrite("regplan.toml", HEAD);
    plan_into_file(&project);
    ns.apply(r#"{"apiVersion": "{prefix}.example.com/v1", "kind": "Foo", "metadata": {"name": "new"}}"#);
    apply_file(&project).code(1).stderr_contains(&ns.fill("Foo.{prefix}.example.com {ns}/new"));
    ns.get("crd/foos.{prefix}.example.com");
    plan_into_file(&project);
    apply_file(&project).success();
}

/// As while a definition comes or goes: it is listed, and nobody serves its objects.
fn a_kind_that_is_not_served_for_a_moment_makes_no_other_plan() {
    let ns = Namespace::new();
    let proxy = apart(&ns);
    let project = leaving(&ns, &proxy);
    plan_into_file(&project);
    proxy.on("list", "leases.coordination.k8s.io").times(2).answer(404);
    apply_file(&project).success();
    assert!(!is_there(&ns));
}

fn what_cannot_be_seen_any_more_refuses_the_plan_file() {
    let ns = Namespace::new();
    let proxy = apart(&ns);
    let project = leaving(&ns, &proxy);
    plan_into_file(&project);
    proxy.on("list", "secrets").answer(403);
    let refused = apply_file(&project).code(1);
    refused.stderr_contains("could be seen").stderr_contains("Secret").stderr_contains("nothing was done");
    assert!(is_there(&ns));
    clear_faults(&ns, &proxy);
    apply_file(&project).success();
}

fn what_could_not_be_seen_was_approved_like_that() {
    let ns = Namespace::new();
    let proxy = apart(&ns);
    let project = leaving(&ns, &proxy);
    proxy.on("list", "secrets").answer(403);
    plan_into_file(&project);
    clear_faults(&ns, &proxy);
    apply_file(&project).success();
    assert!(!is_there(&ns));
}
