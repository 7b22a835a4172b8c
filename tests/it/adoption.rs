//! Adoption: afterwards the fields are ours alone, so that a field that leaves the file is removed.

use crate::harness::{HEAD, Namespace, changes, deployment, wait_until};

tests! {
    a_field_of_what_kubectl_applied_is_removed_once_adopted,
    a_container_of_what_kubectl_created_is_removed_once_adopted,
    an_adoption_that_is_killed_in_between_loses_nothing,
    an_adoption_shows_no_secret_of_the_note_of_kubectl,
    an_edit_between_plan_and_adoption_stops_it,
}

const NOTE: &str = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

const THEIRS: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "labels": {"by": "hand"}},
    "data": {"a": "1", "b": "2", "theirs": "3"}}"#;

fn data(keys: &str) -> String {
    format!("{HEAD}\n[resource.c]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata = {{ {keys} }}\n")
}

fn a_field_of_what_kubectl_applied_is_removed_once_adopted() {
    for verb in ["apply", "create"] {
        let ns = Namespace::new();
        ns.kubectl([verb, "--filename=-"]).stdin(THEIRS).run().success();
        let project = ns.project().write("regplan.toml", &data("a = \"1\", b = \"2\""));
        let manager = if verb == "apply" { "kubectl-client-side-apply" } else { "kubectl-create" };
        let plan = project.run(["plan", "--adopt", "resource.c"]).success();
        plan.stdout_contains(&format!("taken over from {manager}"));
        plan.stdout_lacks("takes the fields of");
        plan.stdout_contains("Reason: existing objects are adopted.");
        plan.stdout_contains("Plan: 0 to add, 1 to adopt, 0 to change");
        let json = project.run(["plan", "--adopt", "resource.c", "--format", "json"]).success().json();
        let adopted = changes(&json).iter().find(|change| change["action"] == "adopt");
        assert_eq!(adopted.unwrap()["taken_from"], serde_json::json!([manager]));
        let applied = project.run(["apply", "--auto-approve", "--adopt", "resource.c"]).success();
        applied.stderr_contains("0 added, 1 adopted, 0 changed");
        assert!(ns.field("configmap/c", NOTE).is_null(), "a later kubectl apply would take by it");
        project.run(["plan", "--detailed-exitcode"]).success();
        project.rewrite("regplan.toml", &data("a = \"1\""));
        project.apply();
        let live = ns.get("configmap/c");
        assert_eq!(live["data"], serde_json::json!({"a": "1", "theirs": "3"}), "made by kubectl {verb}");
        assert_eq!(live["metadata"]["labels"]["by"], "hand");
        let entries = live["metadata"]["managedFields"].as_array().unwrap();
        assert!(entries.iter().any(|entry| entry["manager"] == manager), "what we do not send stays theirs");
    }
}

fn web(containers: &str) -> String {
    format!("{HEAD}{}", deployment("web", &format!("template.spec.containers = [{containers}]")))
}

fn a_container_of_what_kubectl_created_is_removed_once_adopted() {
    let ns = Namespace::new();
    let theirs = r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
        "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
            {"name": "main", "image": "web:1", "ports": [{"containerPort": 80}]},
            {"name": "side", "image": "side:1"}]}}}}"#;
    ns.kubectl(["create", "--filename=-"]).stdin(theirs).run().success();
    let main = r#"{ name = "main", image = "web:1", ports = [{ containerPort = 80 }] }"#;
    let project = ns
        .project()
        .write("regplan.toml", &web(&format!(r#"{main}, {{ name = "side", image = "side:1" }}"#)));
    project.run(["apply", "--auto-approve", "--adopt", "resource.web"]).success();
    project.run(["plan", "--detailed-exitcode"]).success();
    let main = r#"{ name = "main", image = "web:1" }"#;
    project.rewrite("regplan.toml", &web(main));
    project.apply();
    let spec = ns.field("deployment/web", "/spec");
    let containers = spec["template"]["spec"]["containers"].as_array().unwrap();
    assert_eq!(containers.len(), 1, "{containers:?}");
    assert!(containers[0].get("ports").is_none(), "{containers:?}");
    assert_eq!(spec["replicas"], 2, "we never said how many");
}

fn an_adoption_that_is_killed_in_between_loses_nothing() {
    let ns = Namespace::new();
    ns.apply(THEIRS);
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &data("a = \"9\", b = \"2\"")).through(&proxy);
    proxy.on("apply", "configmaps").not_dry_run().hang();
    let apply = project.regplan(["apply", "--auto-approve", "--adopt", "resource.c"]).spawn();
    wait_until("the note has gone", || ns.field("configmap/c", NOTE).is_null());
    apply.kill();
    assert_eq!(ns.field("configmap/c", "/data/a"), "1");
    proxy.clear_faults();
    // It is still not ours, so the consent is needed again.
    project.run(["plan"]).code(1).stdout_contains("--adopt resource.c");
    project.run(["apply", "--auto-approve", "--adopt", "resource.c"]).success();
    project.rewrite("regplan.toml", &data("a = \"1\""));
    project.apply();
    assert_eq!(ns.field("configmap/c", "/data"), serde_json::json!({"a": "1", "theirs": "3"}));
}

fn an_adoption_shows_no_secret_of_the_note_of_kubectl() {
    let ns = Namespace::new();
    ns.apply(
        r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hunter22222"}}"#,
    );
    let config = format!(
        "{HEAD}\n[resource.s]\napiVersion = \"v1\"\nkind = \"Secret\"\nmetadata.labels = {{ a = \"b\" }}\n"
    );
    let project = ns.project().write("regplan.toml", &config);
    for format in ["text", "json"] {
        let plan = project.run(["plan", "--adopt", "resource.s", "--format", format]).success();
        plan.stdout_contains("last-applied-configuration").stdout_lacks("hunter2").stdout_lacks("aHVudGVyMj");
    }
    project.run(["apply", "--auto-approve", "--adopt", "resource.s"]).success();
    assert!(ns.field("secret/s", NOTE).is_null());
    assert_eq!(ns.field("secret/s", "/data/k"), "aHVudGVyMjIyMjI=");
}

fn an_edit_between_plan_and_adoption_stops_it() {
    let ns = Namespace::new();
    ns.apply(THEIRS);
    let project = ns.project().write("regplan.toml", &data("a = \"9\""));
    let mut apply = project.regplan(["apply", "--adopt", "resource.c"]).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    ns.patch("configmap/c", &serde_json::json!({"data": {"a": "5"}}));
    apply.say("yes");
    apply.wait().code(1).stderr_contains("in a way that was not approved: data.a");
    assert_eq!(ns.field("configmap/c", "/data/a"), "5");
    assert!(!ns.field("configmap/c", NOTE).is_null(), "nothing was touched");
    // A change of a field that is not in the plan does not stop it.
    let mut apply = project.regplan(["apply", "--adopt", "resource.c"]).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    ns.patch("configmap/c", &serde_json::json!({"data": {"more": "x"}}));
    apply.say("yes");
    apply.wait().success();
    assert_eq!(ns.field("configmap/c", "/data/a"), "9");
}
