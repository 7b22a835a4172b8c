//! Lines of drift: who changed the field, how and when, and the advice to keep the value.

use serde_json::{Value, json};

use super::{advice, applied, cause, ignore, keep, plan, told};
use crate::harness::{GREETING, HEAD, Namespace, change};

tests! {
    a_scaled_deployment_is_drift_and_the_key_keeps_it,
    a_set_image_is_drift_and_the_line_keeps_it,
    a_patched_value_and_a_removed_one_are_drift,
    an_item_added_to_a_list_that_is_owned_whole_is_kept_whole,
    a_manager_that_forces_its_apply_is_named,
    an_object_that_is_gone_or_made_again_is_drift,
    a_secret_that_somebody_changed_is_drift_and_never_shown,
    the_advice_for_a_registry_works,
    drift_and_changes_of_the_configuration_are_told_apart,
}

fn a_scaled_deployment_is_drift_and_the_key_keeps_it() {
    let ns = Namespace::new();
    let project = applied(&ns);
    ns.kubectl(["scale", "deployment/web", "--replicas=5"]).run().success();
    let found = plan(&project);
    assert_eq!(told(&found), ["resource.web spec.replicas: drift by kubectl"]);
    let line = &change(&found, "resource.web")["fields"][0];
    let manager = &line["cause"]["by"][0];
    assert_eq!((&manager["operation"], &manager["subresource"]), (&json!("update"), &json!("scale")));
    // The server records no time for this subresource.
    let entries = ns.field("deployment/web", "/metadata/managedFields");
    let scale = entries.as_array().unwrap().iter().find(|entry| entry["subresource"] == "scale").unwrap();
    assert_eq!((&scale["time"], &manager["time"]), (&Value::Null, &Value::Null));
    assert_eq!(keep(line), json!({"key": "resource.web.spec.replicas"}));
    project
        .run(["plan"])
        .success()
        .stdout_contains("spec.replicas: 5 -> 2 drift: changed by kubectl (update through scale)");
    // With that value in the file no value changes. The field becomes ours again.
    project.edit("regplan.toml", "replicas = 2", "replicas = 5");
    let kept = plan(&project);
    assert_eq!(told(&kept), Vec::<String>::new());
    let reason = "only ownership changes: spec.replicas (last written by kubectl)";
    assert_eq!(change(&kept, "resource.web")["reason"], reason);
    project.apply();
    project.expect_settled();
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 5);
}

fn a_set_image_is_drift_and_the_line_keeps_it() {
    let ns = Namespace::new();
    // A manifest has no keys.
    let manifest = r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "web:1", "ports": [
                {"name": "http", "containerPort": 80}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}]}]}}}}"#;
    let config = format!("{HEAD}\n[manifest.all]\npath = \"all.json\"\n");
    let project = ns.project().write("regplan.toml", &config).write("all.json", manifest);
    project.apply();
    ns.kubectl(["set", "image", "deployment/web", "main=web:2"]).run().success();
    let found = plan(&project);
    let path = "spec.template.spec.containers[main].image";
    assert_eq!(told(&found), [format!("manifest.all/Deployment/web {path}: drift by kubectl-set")]);
    let advice = advice(&found);
    assert_eq!(advice, json!({"ignore_changes": format!("Deployment/web:{path}")}));
    ignore(&project, "manifest.all", &advice);
    project.expect_settled();
    project.apply();
    assert_eq!(ns.field("deployment/web", "/spec/template/spec/containers/0/image"), "web:2");
}

fn a_patched_value_and_a_removed_one_are_drift() {
    let ns = Namespace::new();
    let two = GREETING.replace("hello = \"world\"", "hello = \"world\", bye = \"moon\"");
    let project = ns.project().write("regplan.toml", &two);
    project.apply();
    ns.patch("configmap/greeting", &json!({"data": {"hello": "sun", "bye": null, "theirs": "x"}}));
    let found = plan(&project);
    assert_eq!(
        told(&found),
        ["resource.greeting data.bye: drift by ", "resource.greeting data.hello: drift by kubectl-patch"]
    );
    project
        .run(["plan"])
        .success()
        .stdout_contains("data.bye: \"moon\" drift: changed by an unknown manager");
    let lines = change(&found, "resource.greeting")["fields"].clone();
    assert_eq!(keep(&lines[0]), json!({"key": "resource.greeting.data.bye"}));
    // The advice is to remove one key and to set the other.
    project.edit("regplan.toml", "hello = \"world\", bye = \"moon\"", "hello = \"sun\"");
    assert_eq!(told(&plan(&project)), Vec::<String>::new());
    project.apply();
    project.expect_settled();
    assert_eq!(ns.field("configmap/greeting", "/data"), json!({"hello": "sun", "theirs": "x"}));
}

fn an_item_added_to_a_list_that_is_owned_whole_is_kept_whole() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let added = json!([{"op": "add", "path": "/spec/template/spec/tolerations/-", "value": {"key": "b", "operator": "Exists"}}]);
    let patch = added.to_string();
    ns.kubectl(["patch", "deployment/web", "--type=json", "--patch", &patch]).run().success();
    let found = plan(&project);
    assert_eq!(told(&found), ["resource.web spec.template.spec.tolerations[b]: drift by kubectl-patch"]);
    assert_eq!(advice(&found), json!({"key": "resource.web.spec.template.spec.tolerations"}));
    let one = "[{ key = \"a\", operator = \"Exists\" }]";
    let two = "[{ key = \"a\", operator = \"Exists\" }, { key = \"b\", operator = \"Exists\" }]";
    project.edit("regplan.toml", one, two);
    assert_eq!(told(&plan(&project)), Vec::<String>::new());
}

fn a_manager_that_forces_its_apply_is_named() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let theirs = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "greeting"}, "data": {"hello": "gitops"}}"#;
    let force = ["apply", "--server-side", "--force-conflicts", "--field-manager=gitops", "--filename=-"];
    ns.kubectl(force).stdin(theirs).run().success();
    let found = plan(&project);
    assert_eq!(told(&found), ["resource.greeting data.hello: drift by gitops"]);
    let manager = &change(&found, "resource.greeting")["fields"][0]["cause"]["by"][0];
    assert_eq!(manager["operation"], "apply");
}

fn an_object_that_is_gone_or_made_again_is_drift() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let before = ns.get("configmap/greeting");
    ns.delete("configmap/greeting");
    let found = plan(&project);
    let gone = change(&found, "resource.greeting");
    assert_eq!((gone["action"].as_str(), cause(&gone["cause"])), (Some("create"), "drift by ".to_owned()));
    assert_eq!(found["occasion"], "drift");
    assert_eq!(found["drift"], json!([{"manager": null, "fields": 0, "addresses": ["resource.greeting"]}]));
    // Together with a change of the configuration, both are the cause.
    project.edit("regplan.toml", "world", "moon");
    assert_eq!(plan(&project)["occasion"], "both");
    project.edit("regplan.toml", "moon", "world");
    // Somebody restores the object from a backup, with our annotations and another value.
    let annotations = &before["metadata"]["annotations"];
    let backup = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"hello": "backup"},
                        "metadata": {"name": "greeting", "annotations": annotations}});
    ns.kubectl(["create", "--filename=-"]).stdin(backup.to_string()).run().success();
    let found = plan(&project);
    assert_eq!(told(&found), ["resource.greeting data.hello: drift by kubectl-create"]);
    let again = change(&found, "resource.greeting");
    assert_eq!(again["reason"], "it was deleted and made again by others");
    assert_eq!(cause(&again["cause"]), "drift by ");
    project.apply();
    project.expect_settled();
}

fn a_secret_that_somebody_changed_is_drift_and_never_shown() {
    let ns = Namespace::new();
    let config = r#"
[secret.token]
env = "TOKEN"

[resource.login]
apiVersion = "v1"
kind = "Secret"
stringData = { token = "${secret.token}", user = "alice" }
"#;
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{config}"));
    let project = project.env("TOKEN", "first-token");
    project.apply();
    ns.patch("secret/login", &json!({"stringData": {"token": "by-hand-token"}}));
    let found = plan(&project);
    assert_eq!(told(&found), ["resource.login data.token: drift by kubectl-patch"]);
    let advice = advice(&found);
    assert_eq!(advice, json!({"ignore_changes": "data.token"}));
    let text = project.run(["plan"]).success();
    text.stdout_contains("data.token: (sensitive, changed) drift: changed by kubectl-patch");
    for shown in [text.stdout().to_owned(), found.to_string()] {
        for secret in ["by-hand-token", "first-token", "YnktaGFuZC10b2tlbg", "Zmlyc3QtdG9rZW4"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    let config = project.read("regplan.toml");
    ignore(&project, "resource.login", &advice);
    project.expect_settled();
    project.rewrite("regplan.toml", &config);
    project.apply();
    project.expect_settled();
    // Another token in the configuration is no drift.
    let project = project.env("TOKEN", "second-token");
    assert_eq!(told(&plan(&project)), ["resource.login data.token: yours"]);
}

fn the_advice_for_a_registry_works() {
    let ns = Namespace::new();
    let config = r#"
[project]
name = "{project}"

[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
namespace      = "{ns}"
auth.anonymous = true
storage.volume = { size = "1Gi", access_mode = "ReadWriteMany" }
resources.requests = { cpu = "100m" }
"#;
    let project = ns.project().write("regplan.toml", config);
    project.apply();
    // A key that is not in the file, and its default.
    ns.kubectl(["scale", "deployment/registry", "--replicas=0"]).run().success();
    assert_eq!(advice(&plan(&project)), json!({"key": "registry.main.replicas"}));
    project.edit("regplan.toml", "auth.anonymous", "replicas = 0\nauth.anonymous");
    assert_eq!(told(&plan(&project)), Vec::<String>::new());
    project.apply();
    project.expect_settled();
    let by_hand = |args: [&str; 4], advised: &str, from: &str, to: &str| {
        ns.kubectl(args).run().success();
        assert_eq!(advice(&plan(&project)), json!({"key": advised}));
        project.edit("regplan.toml", from, to);
        assert_eq!(told(&plan(&project)), Vec::<String>::new());
        project.apply();
    };
    by_hand(
        ["set", "image", "deployment/registry", "registry=registry:3.1.0"],
        "registry.main.image",
        "registry:3.1.1",
        "registry:3.1.0",
    );
    by_hand(
        ["set", "resources", "deployment/registry", "--requests=cpu=200m"],
        "registry.main.resources.requests.cpu",
        "100m",
        "200m",
    );
    // A field that no key sets.
    ns.patch("configmap/registry", &json!({"data": {"config.yml": "version: 0.1\n"}}));
    let advice = advice(&plan(&project));
    assert_eq!(advice, json!({"ignore_changes": "ConfigMap/registry:data[\"config.yml\"]"}));
    ignore(&project, "registry.main", &advice);
    project.expect_settled();
    project.apply();
    assert_eq!(ns.field("configmap/registry", "/data/config.yml"), "version: 0.1\n");
}

fn drift_and_changes_of_the_configuration_are_told_apart() {
    let ns = Namespace::new();
    let project = applied(&ns);
    assert_eq!(plan(&project)["occasion"], Value::Null);
    project.edit("regplan.toml", "world", "moon");
    let found = plan(&project);
    assert_eq!((found["occasion"].as_str(), &found["drift"]), (Some("configuration"), &json!([])));
    ns.kubectl(["scale", "deployment/web", "--replicas=5"]).run().success();
    ns.kubectl(["set", "image", "deployment/web", "main=web:2"]).run().success();
    assert_eq!(plan(&project)["occasion"], "both");
    project.edit("regplan.toml", "moon", "world");
    let found = plan(&project);
    assert_eq!(found["occasion"], "drift");
    let drift = found["drift"].as_array().unwrap();
    let told: Vec<_> = drift.iter().map(|one| (one["manager"].as_str().unwrap(), &one["fields"])).collect();
    assert_eq!(told, [("kubectl", &json!(1)), ("kubectl-set", &json!(1))]);
    assert!(drift[1]["latest"].as_str().unwrap().ends_with('Z'), "{drift:?}");
    assert!(drift.iter().all(|one| one["addresses"] == json!(["resource.web"])), "{drift:?}");
}
