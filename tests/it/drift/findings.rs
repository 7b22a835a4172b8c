//! What is found: changed fields, objects that are gone or were created again, and what is no drift.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{PASSWORD, VALUE, applied, counts, finding};
use crate::harness::{GREETING, HEAD, Namespace, WEB, config_maps, mirror_definition, wait_until};

tests! {
    a_schema_that_somebody_changed_is_one_line,
    what_is_as_applied_costs_its_lists_and_nothing_else,
    a_scaled_deployment_names_manager_way_and_time,
    a_removed_field_is_by_unknown,
    gone_recreated_and_ending_objects_are_told_apart,
    a_namespace_of_others_that_ends_or_is_gone_is_drift,
    fields_of_others_are_no_drift,
    a_secret_changed_by_hand_is_never_shown,
}

fn what_is_as_applied_costs_its_lists_and_nothing_else() {
    let ns = Namespace::new();
    let account = "\n[resource.b]\napiVersion = \"v1\"\nkind = \"ServiceAccount\"\n\
                   \n[resource.a]\napiVersion = \"v1\"\nkind = \"ServiceAccount\"\n";
    let project = applied(&ns, &format!("{}{account}", config_maps(40)));
    let proxy = ns.proxy();
    let project = project.kubeconfig(proxy.kubeconfig());
    let ended = project.run(["drift"]).success();
    ended.stdout_contains("In sync: 42 resources are as last applied.");
    let costs = [
        ("get /api", 1),
        ("get /apis", 1),
        // The identity of the cluster, and the namespace that the objects share.
        ("get namespaces", 2),
        ("get newest-state", 1),
        ("list configmaps", 1),
        ("list serviceaccounts", 1),
    ];
    let costs: BTreeMap<String, usize> =
        costs.into_iter().map(|(what, count)| (what.to_owned(), count)).collect();
    assert_eq!(counts(&proxy), costs, "{}", proxy.log());
    // A changed object takes no more requests.
    proxy.forget();
    ns.patch("configmap/c7", &json!({"data": {"k": "other"}}));
    project.run(["drift"]).code(2).stdout_contains("Drift: 1 of 42 resources is not as last applied.");
    assert_eq!(counts(&proxy), costs, "{}", proxy.log());
}

fn a_scaled_deployment_names_manager_way_and_time() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{HEAD}{WEB}"));
    project.run(["drift"]).success();
    ns.kubectl(["scale", "deployment/web", "--replicas=3"]).run().success();
    let text = project.run(["drift"]).code(2);
    text.stdout_contains("~ resource.web  changed").stdout_contains("spec.replicas: 1 -> 3");
    // The server records no time for this subresource.
    text.stdout_contains("by kubectl (update through scale)");
    let found = finding(&project.run(["drift", "--format", "json"]).code(2), "resource.web");
    assert_eq!(found["status"], "changed");
    let field = &found["fields"][0];
    assert_eq!((&field["path"], &field["event"]), (&json!("spec.replicas"), &json!("changed")));
    assert_eq!((&field["before"], &field["after"]), (&json!(1), &json!(3)));
    let by = &field["by"][0];
    assert_eq!((&by["manager"], &by["operation"]), (&json!("kubectl"), &json!("update")));
    assert_eq!((&by["subresource"], &by["time"]), (&json!("scale"), &Value::Null));
    ns.kubectl(["set", "image", "deployment/web", "main=web:2"]).run().success();
    let text = project.run(["drift"]).code(2);
    text.stdout_contains("containers[main].image: \"web:1\" -> \"web:2\"");
    text.stdout_contains("by kubectl-set (update, 20");
    let found = finding(&project.run(["drift", "--format", "json"]).code(2), "resource.web");
    let time = found["fields"][1]["by"][0]["time"].as_str().unwrap().to_owned();
    assert!(time.ends_with('Z'), "{time}");
    // An apply reverts it.
    project.apply();
    project.run(["drift"]).success();
}

fn a_removed_field_is_by_unknown() {
    let ns = Namespace::new();
    let project = applied(&ns, GREETING);
    ns.patch("configmap/greeting", &json!({"data": {"hello": null}}));
    let ended = project.run(["drift"]).code(2);
    ended.stdout_contains("- data.hello: \"world\" -> (removed)").stdout_contains("by an unknown manager");
    let found = finding(&project.run(["drift", "--format", "json"]).code(2), "resource.greeting");
    assert_eq!(found["fields"][0]["event"], "removed");
    assert_eq!(found["fields"][0]["by"], json!([]));
    assert_eq!(found["fields"][0].get("after"), None);
}

fn gone_recreated_and_ending_objects_are_told_apart() {
    let ns = Namespace::new();
    let held = "metadata.finalizers = [\"example.com/held\"]\n";
    let project =
        applied(&ns, &config_maps(3).replace("data.k = \"v2\"\n", &format!("data.k = \"v2\"\n{held}")));
    ns.delete("configmap/c0").delete("configmap/c1");
    ns.apply(r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c1"}, "data": {"k": "v1"}}"#);
    ns.kubectl(["delete", "configmap/c2", "--wait=false"]).run().success();
    let text = project.run(["drift"]).code(2);
    text.stdout_contains("- resource.c0  gone").stdout_contains("-/+ resource.c1  recreated");
    text.stdout_contains("the new one was written by kubectl-client-side-apply (update");
    text.stdout_contains("- resource.c2  being deleted")
        .stdout_contains("its deletion was requested since 20");
    text.stdout_contains("Drift: 3 of 3 resources are not as last applied.");
    let ended = project.run(["drift", "--format", "json"]).code(2);
    for (address, status) in [("c0", "gone"), ("c1", "recreated"), ("c2", "ending")] {
        assert_eq!(finding(&ended, &format!("resource.{address}"))["status"], status);
    }
    ns.patch("configmap/c2", &json!({"metadata": {"finalizers": null}}));
}

/// The controller of namespaces leaves the content alone, so that only the namespace tells.
fn a_namespace_of_others_that_ends_or_is_gone_is_drift() {
    let ns = Namespace::new();
    let project = applied(&ns, &config_maps(2));
    project.run(["drift"]).success().stdout_contains("In sync: 2 resources");
    let (target, address) = (format!("namespace/{}", ns.name()), ns.fill("namespace.{ns}"));
    ns.patch(&target, &json!({"metadata": {"finalizers": ["example.com/held"]}}));
    let mut namespace = ns.get(&target);
    namespace["spec"]["finalizers"] = json!([]);
    let path = format!("/api/v1/namespaces/{}/finalize", ns.name());
    ns.cluster().request("PUT", &path, Some(&namespace));
    ns.kubectl(["delete", "namespace/{ns}", "--wait=false"]).run().success();
    let text = project.run(["drift"]).code(2);
    text.stdout_contains(&format!("- {address}  being deleted"));
    text.stdout_contains("Drift: 1 of 3 resources is not as last applied.");
    let json = project.run(["drift", "--format", "json"]).code(2);
    assert_eq!(finding(&json, &address)["status"], "ending");
    // It goes, and its content stays behind.
    ns.patch(&target, &json!({"metadata": {"finalizers": null}}));
    wait_until("the namespace is gone", || ns.find(&target).is_none());
    project.run(["drift"]).code(2).stdout_contains(&format!("- {address}  gone"));
    let json = project.run(["drift", "--format", "json"]).code(2);
    assert_eq!(finding(&json, &address)["status"], "gone");
}

fn fields_of_others_are_no_drift() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{GREETING}{WEB}"));
    ns.patch("configmap/greeting", &json!({"data": {"theirs": "x"}, "metadata": {"labels": {"a": "b"}}}));
    ns.kubectl(["annotate", "deployment/web", "theirs=x"]).run().success();
    ns.kubectl(["rollout", "restart", "deployment/web"]).run().success();
    project.run(["drift"]).success();
    // The annotations are ours: without them, nothing shows whose the object is.
    ns.kubectl(["annotate", "configmap/greeting", "regplan.dev/project-"]).run().success();
    project.run(["drift"]).code(2).stdout_contains("metadata.annotations[\"regplan.dev/project\"]");
}

fn a_secret_changed_by_hand_is_never_shown() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{HEAD}{PASSWORD}"));
    let theirs = "swordfish-from-elsewhere";
    let data = json!({"stringData": {"password": theirs}});
    ns.patch("secret/password", &data);
    ns.patch("configmap/settings", &json!({"data": {"secret": theirs, "plain": "changed"}}));
    let encoded = ns.field("secret/password", "/data/password");
    for format in ["text", "json", "markdown", "prometheus"] {
        let ended = project.run(["drift", "--format", format]).code(2);
        for secret in [VALUE, theirs, encoded.as_str().unwrap()] {
            ended.stdout_lacks(secret).stderr_lacks(secret);
        }
    }
    let text = project.run(["drift"]).code(2);
    text.stdout_contains("data.password: (sensitive, changed)").stdout_contains("by kubectl-patch (update");
    text.stdout_contains("data.secret: (sensitive, changed)");
    // The other value is no secret.
    text.stdout_contains("data.plain: \"seen\" -> \"changed\"");
    let found = finding(&project.run(["drift", "--format", "json"]).code(2), "resource.password");
    let field = &found["fields"][0];
    assert_eq!((&field["sensitive"], field.get("before"), field.get("after")), (&json!(true), None, None));
}

fn a_schema_that_somebody_changed_is_one_line() {
    let ns = Namespace::new();
    let manifest = format!("{HEAD}\n[manifest.crd]\npath = \"crd.yaml\"\n");
    let project = ns.project().write("regplan.toml", &manifest);
    let project = project.write("crd.yaml", &mirror_definition("Namespaced"));
    project.apply();
    let definition = "crd/mirrors.{prefix}.example.com";
    let mut versions = ns.field(definition, "/spec/versions");
    let properties = |names: [&str; 3]| {
        let all: Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        json!({"type": "object", "properties": {"spec": {"type": "object", "properties": all}}})
    };
    versions[0]["schema"]["openAPIV3Schema"] = properties(["url", "secretly", "added"]);
    let other = json!({"name": "v2", "served": true, "storage": false,
                       "schema": {"openAPIV3Schema": properties(["url", "another", "one"])}});
    versions.as_array_mut().unwrap().push(other);
    ns.patch(definition, &json!({"spec": {"versions": versions}}));
    for (form, v1, v2) in [
        ("text", "spec.versions[v1].schema", "spec.versions[v2].schema"),
        ("markdown", "spec.versions&#91;v1&#93;.schema", "spec.versions&#91;v2&#93;.schema"),
    ] {
        let drift = project.run(["drift", "--format", form]).code(2);
        drift.stdout_contains(v1).stdout_contains(v2).stdout_contains("bytes, sha256:");
        drift.stdout_contains("kubectl-patch");
        drift.stdout_lacks("secretly").stdout_lacks("another").stdout_lacks("openAPIV3Schema");
    }
    // JSON has all of it, and the sum.
    let drift = project.run(["drift", "--format=json"]).code(2);
    drift.stdout_contains("secretly").stdout_contains("another");
    let found =
        finding(&drift, &ns.fill("manifest.crd/CustomResourceDefinition/mirrors.{prefix}.example.com"));
    assert_eq!(found["schemas"].as_array().unwrap().len(), 2, "{found:#}");
    ns.clean_up(definition);
}
