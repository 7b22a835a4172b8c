//! What is deleted together with a namespace or a definition.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::ROWS;
use crate::harness::{HEAD, Namespace, SPACE, changes, wait_until};

tests! {
    what_dies_with_a_namespace_is_listed,
    a_certificate_that_goes_is_told,
    what_cannot_be_seen_of_a_namespace_is_said,
    a_kind_that_stays_unavailable_is_not_waited_for_long,
    what_dies_with_a_definition_is_listed,
}

/// A project whose file no longer has its namespace, in which there are objects of ours and of others.
fn inhabited_space(ns: &Namespace) -> crate::harness::Project<'_> {
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{SPACE}"));
    project.apply();
    let theirs = r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
            "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "web:1"}]}}}}]}"#;
    let apply = ns.cluster().kubectl([&ns.fill("--namespace={prefix}-s")]).args(["apply", "--filename=-"]);
    apply.stdin(theirs).run().success();
    project.rewrite("regplan.toml", HEAD);
    project
}

fn what_dies_with_a_namespace_is_listed() {
    let ns = Namespace::new();
    let project = inhabited_space(&ns);
    let pods = || {
        let get = ns.cluster().kubectl([&ns.fill("--namespace={prefix}-s"), "get", "pods", "--output=name"]);
        get.run().success().stdout().to_owned()
    };
    wait_until("the Deployment has a pod", || !pods().is_empty());
    let plan = project.run(["plan", "--consent", "resource.space"]).success();
    plan.stdout_contains(&ns.fill("also deleted: 1 ConfigMap ({prefix}-s/theirs)"))
        .stdout_contains(&ns.fill("also deleted: 1 Secret ({prefix}-s/key)"))
        .stdout_contains(&ns.fill("also deleted: 1 Deployment.apps ({prefix}-s/web)"))
        .stdout_lacks("Pod (")
        .stdout_lacks("ReplicaSet")
        .stdout_lacks("kube-root-ca.crt")
        .stdout_lacks("could not");
    let json = project.run(["plan", "--consent", "resource.space", "--format=json"]).success().json();
    let dying: Vec<&Value> = changes(&json)
        .iter()
        .flat_map(|change| change["dies_with"].as_array().unwrap())
        .map(|identity| &identity["name"])
        .collect();
    assert_eq!(dying, ["theirs", "key", "web"]);
    // Without consent the namespace stays, and all objects in it.
    project.run(["plan"]).success().stdout_lacks("also dies");
    project.run(["apply", "--auto-approve", "--consent", "resource.space"]).success();
}

/// A Secret as cert-manager leaves it.
const KEPT_CERTIFICATE: &str = r#"
[resource.kept]
apiVersion = "v1"
kind = "Secret"
metadata.annotations."cert-manager.io/certificate-name" = "web"
metadata.annotations."cert-manager.io/issuer-name" = "letsencrypt"
"#;

fn a_certificate_that_goes_is_told() {
    let ns = Namespace::new();
    let project = inhabited_space(&ns);
    let space = ns.fill("--namespace={prefix}-s");
    let annotate = ["annotate", "secret", "key", "cert-manager.io/certificate-name=web"];
    let annotate = ns.cluster().kubectl([space.as_str()]).args(annotate);
    annotate.args(["cert-manager.io/issuer-name=letsencrypt"]).run().success();
    project.run(["plan", "--consent", "resource.space"]).success().stdout_contains(
        "the certificates in the Secrets `key`, from `letsencrypt`, go too; a new one counts against the limits",
    );
    project.rewrite("regplan.toml", &format!("{HEAD}{SPACE}{KEPT_CERTIFICATE}"));
    project.apply();
    project.rewrite("regplan.toml", &format!("{HEAD}{SPACE}"));
    let told = "the certificate in it, which the issuer `letsencrypt` gave, goes too; a new one counts";
    project.run(["plan"]).success().stdout_contains(told);
}

fn what_cannot_be_seen_of_a_namespace_is_said() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = inhabited_space(&ns).through(&proxy);
    proxy.on("list", "secrets").answer(403);
    proxy.on("list", "jobs.batch").answer(500);
    let plan = project.run(["plan", "--consent", "resource.space"]).success();
    plan.stdout_contains("not all that is deleted with it could be seen: ")
        .stdout_contains("Secret (no permission to read them)")
        .stdout_contains("Job.batch (")
        .stdout_contains(&ns.fill("1 ConfigMap ({prefix}-s/theirs)"));
    proxy.clear_faults();
    project.run(["apply", "--auto-approve", "--consent", "resource.space"]).success();
}

fn a_kind_that_stays_unavailable_is_not_waited_for_long() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = inhabited_space(&ns).through(&proxy);
    // So does a server whose APIService is down, or one that cannot convert the objects of a definition.
    proxy.on("list", "jobs.batch").answer(503);
    proxy.on("list", "leases.coordination.k8s.io").answer(429);
    let started = Instant::now();
    let plan = project.run(["plan", "--consent", "resource.space"]).success();
    assert!(started.elapsed() < Duration::from_secs(30), "after {:?}", started.elapsed());
    plan.stdout_contains("Job.batch (").stdout_contains("Lease.coordination.k8s.io (");
}

fn what_dies_with_a_definition_is_listed() {
    let ns = Namespace::new();
    let definition = ROWS.iter().find(|row| row.name == "definition").unwrap();
    let config = format!("{HEAD}\n[resource.foos]\n{}", definition.text.replace("FROM", definition.from));
    let project = ns.project().write("regplan.toml", &config);
    project.apply();
    ns.apply(r#"{"apiVersion": "{prefix}.example.com/v1", "kind": "Foo", "metadata": {"name": "f"}}"#);
    project.rewrite("regplan.toml", HEAD);
    let plan = project.run(["plan", "--consent", "resource.foos"]).success();
    plan.stdout_contains(&ns.fill("also deleted: 1 Foo.{prefix}.example.com ({ns}/f)"));
    // The same when the definition is replaced.
    project.rewrite("regplan.toml", &config.replace(definition.from, definition.to));
    let plan = project.run(["plan", "--consent", "resource.foos"]).success();
    plan.stdout_contains("-/+ resource.foos").stdout_contains("all of its custom resources are deleted");
    plan.stdout_contains("1 Foo.");
    project.rewrite("regplan.toml", HEAD);
    project.run(["apply", "--auto-approve", "--consent", "resource.foos"]).success();
}
