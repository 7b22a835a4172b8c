//! A server that does not tell every kind that it serves: what it leaves out is not taken for absent.

use serde_json::{Value, json};

use crate::harness::{HEAD, Namespace, Project, Proxy, wait_until};

tests! {
    a_group_that_discovery_leaves_out_is_asked_itself,
    a_server_that_is_not_ready_is_not_believed_about_what_is_not_there,
    a_served_kind_whose_list_is_not_found_is_unreadable,
    a_kind_that_is_gone_is_believed_to_be_gone,
    a_definition_that_serves_no_version_keeps_its_objects,
    a_definition_that_cannot_be_looked_for_keeps_its_objects,
}

const THINGS: &str = r#"
[resource.a]
apiVersion = "{prefix}.example.com/v1"
kind = "Thing"
spec = { size = 1 }

[resource.b]
apiVersion = "{prefix}.example.com/v1"
kind = "Thing"
spec = { size = 2 }
"#;

/// Two custom resources that were applied and have left the configuration since. The kind has a group of its own.
fn with_removed_things(ns: &Namespace) -> Project<'_> {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.{prefix}.example.com"},
        "spec": {
            "group": "{prefix}.example.com", "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}}}],
        },
    });
    ns.apply(&definition.to_string());
    ns.kubectl(["wait", "--for=condition=Established", "crd/things.{prefix}.example.com"]).run().success();
    wait_until("the kind is served", || {
        ns.kubectl(["get", "things.{prefix}.example.com"]).run().any().succeeded()
    });
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{THINGS}"));
    project.apply();
    project.rewrite("regplan.toml", HEAD);
    project
}

fn things(ns: &Namespace) -> usize {
    ns.list(&ns.fill("things.{prefix}.example.com")).len()
}

/// The list of all groups lacks the group.
fn leave_out_the_group(ns: &Namespace, proxy: &Proxy) {
    let group = ns.fill("{prefix}.example.com");
    proxy.on("get", "/apis").edit_answer(move |list| {
        let lists = list.as_object_mut().unwrap();
        for (items, name) in [("items", "/metadata/name"), ("groups", "/name")] {
            if let Some(items) = lists.get_mut(items).and_then(Value::as_array_mut) {
                items.retain(|item| item.pointer(name) != Some(&json!(group)));
            }
        }
    });
}

/// An apply that does not see them says so, and the next plan, which does, deletes them.
fn are_not_forgotten(ns: &Namespace, project: &Project<'_>, proxy: &Proxy) {
    project.run(["apply", "--auto-approve"]).code(1);
    assert_eq!(things(ns), 2);
    proxy.clear_faults();
    project.run(["plan"]).success().stdout_contains("2 to destroy");
    ns.clean_up("crd/things.{prefix}.example.com");
}

fn a_group_that_discovery_leaves_out_is_asked_itself() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = with_removed_things(&ns).through(&proxy);
    leave_out_the_group(&ns, &proxy);
    project.run(["plan"]).success().stdout_contains("2 to destroy");
    ns.clean_up("crd/things.{prefix}.example.com");
}

fn a_server_that_is_not_ready_is_not_believed_about_what_is_not_there() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = with_removed_things(&ns).through(&proxy);
    leave_out_the_group(&ns, &proxy);
    proxy.on("get", &ns.fill("/apis/{prefix}.example.com")).answer(404);
    proxy.on("get", "/readyz").answer(500);
    project.run(["plan"]).code(1).stdout_contains("is not ready").stdout_lacks("gone already");
    are_not_forgotten(&ns, &project, &proxy);
}

fn a_served_kind_whose_list_is_not_found_is_unreadable() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = with_removed_things(&ns).through(&proxy);
    proxy.on("list", &ns.fill("things.{prefix}.example.com")).answer(404);
    are_not_forgotten(&ns, &project, &proxy);
}

fn a_kind_that_is_gone_is_believed_to_be_gone() {
    let ns = Namespace::new();
    let project = with_removed_things(&ns);
    ns.delete("crd/things.{prefix}.example.com");
    project.apply();
    assert_eq!(project.state()["resources"], json!({}));
}

/// Turns the only version of the definition on or off, and waits until the server has done so.
fn serve(ns: &Namespace, is_served: bool) {
    let patch = json!([{"op": "replace", "path": "/spec/versions/0/served", "value": is_served}]).to_string();
    ns.kubectl(["patch", "crd/things.{prefix}.example.com", "--type=json", "-p", &patch]).run().success();
    let group = ns.fill("/apis/{prefix}.example.com/v1");
    wait_until("the server has taken it in", || {
        ns.kubectl(["get", "--raw", &group]).run().any().succeeded() == is_served
    });
}

fn a_definition_that_serves_no_version_keeps_its_objects() {
    let ns = Namespace::new();
    let project = with_removed_things(&ns);
    serve(&ns, false);
    let why = ns.fill("`things.{prefix}.example.com` serves no version");
    project.run(["plan"]).code(1).stdout_contains(&why).stdout_lacks("gone already");
    project.run(["drift"]).code(3);
    project.run(["apply", "--auto-approve"]).code(1);
    project.run(["destroy", "--auto-approve"]).code(1);
    assert_eq!(project.state()["resources"].as_object().unwrap().len(), 2);
    serve(&ns, true);
    project.apply();
    assert_eq!(things(&ns), 0);
    ns.clean_up("crd/things.{prefix}.example.com");
}

fn a_definition_that_cannot_be_looked_for_keeps_its_objects() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = with_removed_things(&ns).through(&proxy);
    serve(&ns, false);
    proxy.on("list", "customresourcedefinitions.apiextensions.k8s.io").answer(403);
    project.run(["plan"]).code(1).stdout_contains("customresourcedefinitions").stdout_lacks("gone already");
    project.run(["apply", "--auto-approve"]).code(1);
    assert_eq!(project.state()["resources"].as_object().unwrap().len(), 2);
    ns.clean_up("crd/things.{prefix}.example.com");
}
