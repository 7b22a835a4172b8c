//! Whose change each changed line is, and how to keep what others did.

use serde_json::{Value, json};

use crate::harness::{GREETING, Namespace, Project, change, changes, deployment};
use crate::plan_forms;

tests! {
    a_scaled_deployment_is_drift_and_the_key_keeps_it,
    a_set_image_is_drift_and_the_line_keeps_it,
    a_patched_value_and_a_removed_one_are_drift,
    an_item_added_to_a_list_that_is_owned_whole_is_kept_whole,
    a_manager_that_forces_its_apply_is_named,
    what_both_changed_is_a_conflict,
    a_field_of_others_that_is_named_for_the_first_time_is_a_conflict,
    an_object_that_is_gone_or_made_again_is_drift,
    a_secret_that_somebody_changed_is_drift_and_never_shown,
    fields_of_others_are_counted_and_left_alone,
    ownership_comes_back,
    a_field_that_leaves_the_configuration_is_let_go,
    an_ownership_that_alone_changes_replaces_nothing,
    the_advice_for_a_registry_works,
    drift_and_changes_of_the_configuration_are_told_apart,
}

fn web() -> String {
    deployment(
        "web",
        r#"
replicas = 2
template.spec.tolerations = [{ key = "a", operator = "Exists" }]
template.spec.containers = [{ name = "main", image = "web:1", resources.requests.cpu = "1000m" }]
"#,
    )
}

/// A project with two objects, applied.
fn applied(ns: &Namespace) -> Project<'_> {
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{}", web()));
    project.apply();
    project.expect_settled();
    project
}

fn plan(project: &Project<'_>) -> Value {
    let plan = project.run(["plan", "--format=json"]).success().json();
    plan_forms::check(&plan);
    plan
}

/// Each line as `ADDRESS PATH: CAUSE by MANAGERS`.
fn told(plan: &Value) -> Vec<String> {
    let mut told = Vec::new();
    for change in changes(plan) {
        for line in change["fields"].as_array().unwrap() {
            let (address, path) = (change["address"].as_str().unwrap(), line["path"].as_str().unwrap());
            told.push(format!("{address} {path}: {}", cause(&line["cause"])));
        }
    }
    told
}

fn cause(cause: &Value) -> String {
    let managers = cause["by"].as_array().into_iter().flatten();
    let managers: Vec<&str> = managers.map(|manager| manager["manager"].as_str().unwrap()).collect();
    match cause["kind"].as_str().unwrap() {
        "yours" => "yours".to_owned(),
        kind => format!("{kind} by {}", managers.join("+")),
    }
}

/// The one line of the plan's advice.
fn advice(plan: &Value) -> Value {
    let changes = changes(plan).iter();
    let lines: Vec<&Value> = changes.flat_map(|change| change["fields"].as_array().unwrap()).collect();
    let [line] = lines.as_slice() else { panic!("more or less than one line: {plan:#}") };
    keep(line)
}

/// An advice without the place of its key.
fn keep(line: &Value) -> Value {
    let mut keep = line["keep"].clone();
    keep.as_object_mut().unwrap().remove("place");
    keep
}

/// Follows an advice to ignore a field.
fn ignore(project: &Project<'_>, block: &str, advice: &Value) {
    let line = advice["ignore_changes"].as_str().unwrap_or_else(|| panic!("no line: {advice}"));
    let config = project.read("regplan.toml");
    project.rewrite("regplan.toml", &format!("{config}\n[{block}.lifecycle]\nignore_changes = ['{line}']\n"));
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
    // The server notes no time for this subresource.
    let entries = ns.field("deployment/web", "/metadata/managedFields");
    let scale = entries.as_array().unwrap().iter().find(|entry| entry["subresource"] == "scale").unwrap();
    assert_eq!((&scale["time"], &manager["time"]), (&Value::Null, &Value::Null));
    assert_eq!(keep(line), json!({"key": "resource.web.spec.replicas"}));
    project
        .run(["plan"])
        .success()
        .stdout_contains("spec.replicas: 5 -> 2 drift: by kubectl (update through scale)");
    // With the key set no value changes any more; the field becomes ours again.
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
    let config = "[project]\nname = \"{project}\"\n\n[cluster]\nnamespace = \"{ns}\"\n\n[manifest.all]\npath = \"all.json\"\n";
    let project = ns.project().write("regplan.toml", config).write("all.json", manifest);
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
    project.run(["plan"]).success().stdout_contains("data.bye: \"moon\" drift: by unknown");
    let lines = change(&found, "resource.greeting")["fields"].clone();
    assert_eq!(keep(&lines[0]), json!({"key": "resource.greeting.data.bye"}));
    // The advice: the one key is taken out, the other one set.
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

fn what_both_changed_is_a_conflict() {
    let ns = Namespace::new();
    let project = applied(&ns);
    ns.kubectl(["scale", "deployment/web", "--replicas=5"]).run().success();
    // In the server's form the amount is what it was: `1`.
    ns.kubectl(["set", "resources", "deployment/web", "--requests=cpu=2"]).run().success();
    project.edit("regplan.toml", "replicas = 2", "replicas = 3");
    project.edit("regplan.toml", "web:1", "web:2");
    let container = "resource.web spec.template.spec.containers[main]";
    assert_eq!(
        told(&plan(&project)),
        [
            "resource.web spec.replicas: conflict by kubectl".to_owned(),
            format!("{container}.image: yours"),
            format!("{container}.resources.requests.cpu: drift by kubectl-set"),
        ]
    );
    project.run(["plan"]).success().stdout_contains("5 -> 3 conflict: by kubectl");
    project.apply();
    project.expect_settled();
}

fn a_field_of_others_that_is_named_for_the_first_time_is_a_conflict() {
    let ns = Namespace::new();
    let project = applied(&ns);
    ns.patch("configmap/greeting", &json!({"data": {"theirs": "x"}}));
    project.edit("regplan.toml", "hello = \"world\"", "hello = \"world\", theirs = \"y\", ours = \"z\"");
    let expected =
        ["resource.greeting data.ours: yours", "resource.greeting data.theirs: conflict by kubectl-patch"];
    assert_eq!(told(&plan(&project)), expected);
    // The same without any memory.
    project.remove(&project.state_path());
    assert_eq!(told(&plan(&project)), expected);
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
    // Together with a change of the configuration it is both.
    project.edit("regplan.toml", "world", "moon");
    assert_eq!(plan(&project)["occasion"], "both");
    project.edit("regplan.toml", "moon", "world");
    // Somebody brings it back from a backup, with our annotations, and with another value.
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
    text.stdout_contains("data.token: (sensitive, changed) drift: by kubectl-patch");
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
    // With another token from the configuration it is no drift.
    let project = project.env("TOKEN", "second-token");
    assert_eq!(told(&plan(&project)), ["resource.login data.token: yours"]);
}

fn fields_of_others_are_counted_and_left_alone() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let patch = json!({"data": {"theirs": "x"}, "metadata": {"labels": {"team": "a"}}});
    ns.patch("configmap/greeting", &patch);
    let found = plan(&project);
    assert_eq!(change(&found, "resource.greeting")["action"], "none");
    assert_eq!(change(&found, "resource.greeting")["foreign"], 2);
    assert_eq!(change(&found, "resource.web")["foreign"], 0);
    assert_eq!(found["occasion"], Value::Null);
    // What we change or take is not among them.
    ns.patch("configmap/greeting", &json!({"data": {"hello": "sun"}}));
    assert_eq!(change(&plan(&project), "resource.greeting")["foreign"], 2);
    project.apply();
    assert_eq!(ns.field("configmap/greeting", "/data"), json!({"hello": "world", "theirs": "x"}));
}

fn ownership_comes_back() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns).through(&proxy);
    ns.kubectl(["scale", "deployment/web", "--replicas=5"]).run().success();
    ns.kubectl(["scale", "deployment/web", "--replicas=2"]).run().success();
    let found = plan(&project);
    let web = change(&found, "resource.web");
    assert_eq!((web["action"].as_str(), told(&found).len()), (Some("update"), 0));
    assert_eq!(web["reason"], "only ownership changes: spec.replicas (last written by kubectl)");
    assert_eq!(cause(&web["cause"]), "drift by kubectl");
    assert_eq!(found["occasion"], "drift");
    project.apply();
    proxy.forget();
    project.expect_settled();
    assert!(!proxy.requests().iter().any(|seen| seen.dry_run), "{}", proxy.log());
    assert_eq!(change(&plan(&project), "resource.web")["fidelity"]["kind"], "proved");
}

fn a_field_that_leaves_the_configuration_is_let_go() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let theirs = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "greeting"}, "data": {"more": "x"}}"#;
    project.edit("regplan.toml", "hello = \"world\"", "hello = \"world\", more = \"x\"");
    project.apply();
    ns.kubectl(["apply", "--server-side", "--field-manager=gitops", "--filename=-"])
        .stdin(theirs)
        .run()
        .success();
    project.edit("regplan.toml", ", more = \"x\"", "");
    let found = plan(&project);
    let reason = "only ownership changes: data.more (left to gitops)";
    assert_eq!(change(&found, "resource.greeting")["reason"], reason);
    assert_eq!(found["occasion"], "configuration");
    project.apply();
    project.expect_settled();
    assert_eq!(ns.field("configmap/greeting", "/data/more"), "x");
}

fn an_ownership_that_alone_changes_replaces_nothing() {
    let ns = Namespace::new();
    let triggered = "\n[resource.user]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\n\
                     [resource.user.lifecycle]\nreplace_triggered_by = [\"resource.web\"]\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{}{triggered}", web()));
    project.apply();
    for replicas in ["--replicas=5", "--replicas=2"] {
        ns.kubectl(["scale", "deployment/web", replicas]).run().success();
    }
    let found = plan(&project);
    assert_eq!(change(&found, "resource.web")["action"], "update");
    assert_eq!(change(&found, "resource.user")["action"], "none");
    ns.kubectl(["scale", "deployment/web", "--replicas=5"]).run().success();
    assert_eq!(change(&plan(&project), "resource.user")["action"], "replace");
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
    // A key that is not written, and its default.
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
    // What no key gives.
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
