//! The whole path of a resource: plan, apply, nothing to change, drift, deletion, destroy.

use serde_json::json;

use crate::harness::{
    BALANCER, GREETING, HEAD, MANIFESTS, Namespace, changes, deployment, give_address, mirror_definition,
};

tests! {
    a_config_map_from_the_file_to_the_server_and_back_to_nothing,
    drift_is_shown_by_its_fields_and_reverted,
    what_left_the_file_is_deleted_and_nothing_else,
    destroy_leaves_only_what_is_protected,
    a_crd_its_resource_and_its_namespace_go_in_one_run,
    a_live_value_is_waited_for,
    a_renamed_block_keeps_its_object,
    an_ignored_field_is_left_to_others,
}

fn web() -> String {
    deployment(
        "web",
        r#"
replicas = 2
template.spec.containers = [{ name = "main", image = "web:1", env = [{ name = "A", value = "" }] }]
"#,
    )
}

fn a_config_map_from_the_file_to_the_server_and_back_to_nothing() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    let plan = project.run(["plan", "--detailed-exitcode"]).code(2);
    plan.stdout_contains("resource.greeting")
        .stdout_contains("Plan: 1 to add, 0 to change, 0 to replace, 0 to destroy");
    assert!(ns.find("configmap/greeting").is_none(), "a plan writes nothing");
    project.apply();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
    let managers = ns
        .kubectl(["get", "configmap/greeting", "--show-managed-fields", "-o", "json"])
        .run()
        .success()
        .json();
    let entry = &managers["metadata"]["managedFields"][0];
    assert_eq!(entry["manager"], json!(ns.fill("regplan:{project}")));
    assert_eq!(entry["operation"], "Apply");
    project.expect_settled();
    let version = ns.field("configmap/greeting", "/metadata/resourceVersion");
    project.apply();
    assert_eq!(ns.field("configmap/greeting", "/metadata/resourceVersion"), version);
}

fn drift_is_shown_by_its_fields_and_reverted() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{}", web()));
    project.apply();
    project.expect_settled();
    ns.kubectl(["scale", "deployment/web", "--replicas=5"]).run().success();
    ns.kubectl(["set", "image", "deployment/web", "main=web:2"]).run().success();
    ns.patch("configmap/greeting", &json!({"data": {"hello": "moon", "theirs": "stays"}}));
    let plan = project.run(["plan", "--detailed-exitcode", "--format", "json"]).code(2).json();
    let mut changed: Vec<String> = Vec::new();
    for change in changes(&plan) {
        for field in change["fields"].as_array().unwrap() {
            changed.push(format!(
                "{} {} {} {}",
                change["address"], field["path"], field["before"], field["after"]
            ));
        }
    }
    assert_eq!(
        changed,
        [
            r#""resource.greeting" "data.hello" "moon" "world""#,
            r#""resource.web" "spec.replicas" 5 2"#,
            r#""resource.web" "spec.template.spec.containers[main].image" "web:2" "web:1""#,
        ]
    );
    project.apply();
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 2);
    assert_eq!(ns.field("configmap/greeting", "/data"), json!({"hello": "world", "theirs": "stays"}));
    project.expect_settled();
}

fn what_left_the_file_is_deleted_and_nothing_else() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{}", web()));
    project.apply();
    ns.apply(r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}}"#);
    project.rewrite("regplan.toml", GREETING);
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("- resource.web")
        .stdout_contains("Plan: 0 to add, 0 to change, 0 to replace, 1 to destroy");
    project.apply();
    assert!(ns.find("deployment/web").is_none());
    assert!(ns.find("configmap/greeting").is_some() && ns.find("configmap/theirs").is_some());
    project.expect_settled();
}

fn destroy_leaves_only_what_is_protected() {
    let ns = Namespace::absent();
    let claim = r#"
[resource.data]
apiVersion = "v1"
kind = "PersistentVolumeClaim"
spec = { accessModes = ["ReadWriteOnce"], resources.requests.storage = "1Gi" }
"#;
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{}{claim}", web()));
    project.apply();
    let destroyed = project.run(["destroy", "--auto-approve"]).success();
    destroyed.stdout_contains("= resource.data").stdout_contains("--consent resource.data");
    assert!(ns.find("deployment/web").is_none() && ns.find("configmap/greeting").is_none());
    assert!(ns.find("persistentvolumeclaim/data").is_some());
    let consent = ["destroy", "--auto-approve", "--consent", "resource.data", "--consent", "namespace.{ns}"];
    project.run(consent).success();
    assert!(ns.find("namespace/{ns}").is_none());
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("Nothing to destroy");
}

fn a_crd_its_resource_and_its_namespace_go_in_one_run() {
    let ns = Namespace::absent();
    let crd = mirror_definition("Namespaced")
        + r#"
---
apiVersion: "{prefix}.example.com/v1"
kind: Mirror
metadata: { name: hub, namespace: "{ns}" }
spec: { url: "https://example.com" }
---
apiVersion: v1
kind: Namespace
metadata: { name: "{ns}" }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: inside, namespace: "{ns}" }
data: { a: b }
"#;
    let project = ns.project().write("regplan.toml", MANIFESTS).write("all.yaml", &crd);
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("Plan: 4 to add").stdout_contains("is made by this plan");
    project.apply();
    project.expect_settled();
    let kept = ["destroy", "--auto-approve"];
    project.run(kept).success();
    assert!(ns.find("mirror.{prefix}.example.com/hub").is_none());
    ns.clean_up("crd/mirrors.{prefix}.example.com");
}

fn a_live_value_is_waited_for() {
    let ns = Namespace::new();
    let config = format!("{HEAD}{BALANCER}")
        + r#"
[resource.user]
apiVersion = "v1"
kind = "ConfigMap"
data = { address = "http://${resource.lb.status.loadBalancer.ingress[0].ip}/" }
"#;
    let project = ns.project().write("regplan.toml", &config);
    project.run(["plan", "--full"]).success().stdout_contains("known after apply");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    assert!(ns.find("configmap/user").is_none());
    give_address(&ns);
    apply.wait().success();
    assert_eq!(ns.field("configmap/user", "/data/address"), "http://192.0.2.7/");
    project.expect_settled();
}

fn a_renamed_block_keeps_its_object() {
    let ns = Namespace::new();
    let named = GREETING.replace("kind = \"ConfigMap\"", "kind = \"ConfigMap\"\nmetadata.name = \"kept\"");
    let project = ns.project().write("regplan.toml", &named);
    project.apply();
    let uid = ns.field("configmap/kept", "/metadata/uid");
    project.edit("regplan.toml", "[resource.greeting]", "[resource.welcome]");
    project
        .run(["plan"])
        .success()
        .stdout_contains("moved from resource.greeting")
        .stdout_contains("0 to destroy");
    project.apply();
    assert_eq!(ns.field("configmap/kept", "/metadata/uid"), uid);
    project.expect_settled();
}

fn an_ignored_field_is_left_to_others() {
    let ns = Namespace::new();
    let lifecycle = "\n[resource.web.lifecycle]\nignore_changes = [\"spec.replicas\"]\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{}{lifecycle}", web()));
    project.apply();
    ns.kubectl(["scale", "deployment/web", "--replicas=3"]).run().success();
    project.expect_settled();
    project.edit("regplan.toml", "web:1", "web:2");
    project.apply();
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 3);
}
