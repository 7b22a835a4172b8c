//! Fields under `ignore_changes` are handed over to others and keep their values, whoever owned them before.

use serde_json::{Value, json};

use crate::harness::{HEAD, Namespace, Project, deployment, wait_until};

tests! {
    an_ignored_field_of_ours_is_handed_over_and_keeps_its_value,
    a_field_that_an_autoscaler_owns_too_needs_no_hand_over,
    a_hand_over_that_is_killed_in_between_loses_nothing,
    a_foreign_edit_before_a_hand_over_is_met_by_the_approval,
    a_required_field_is_set_once_and_then_left_to_others,
    an_item_that_holds_an_ignored_field_can_still_be_removed,
    a_field_that_is_ignored_no_longer_is_taken_back,
    a_part_of_what_is_one_value_is_refused,
}

fn web(replicas: &str, rest: &str) -> String {
    let containers = r#"[{ name = "main", image = "web:1" }, { name = "side", image = "side:1" }]"#;
    let spec = format!("{replicas}\ntemplate.spec.containers = {containers}");
    format!("{HEAD}{}\n[resource.web.lifecycle]\n{rest}\n", deployment("web", &spec))
}

const IGNORED: &str = "ignore_changes = [\"spec.replicas\"]";

/// Whether our manager owns the field, given as a pointer into its `fieldsV1`.
fn is_ours(ns: &Namespace, pointer: &str) -> bool {
    let owners = ns.field("deployment/web", "/metadata/managedFields");
    let manager = Value::from(ns.fill("regplan:{project}"));
    let entries = owners.as_array().into_iter().flatten();
    { entries }.any(|entry| entry["manager"] == manager && entry["fieldsV1"].pointer(pointer).is_some())
}

const REPLICAS: &str = "/f:spec/f:replicas";

/// A Deployment with 5 replicas, which we own. Then the file says 2 replicas, and that they are ignored.
fn five_that_are_to_be_ignored(ns: &Namespace) -> Project<'_> {
    let project = ns.project().write("regplan.toml", &web("replicas = 5", ""));
    project.apply();
    assert!(is_ours(ns, REPLICAS));
    project.rewrite("regplan.toml", &web("replicas = 2", IGNORED));
    project
}

fn an_ignored_field_of_ours_is_handed_over_and_keeps_its_value() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = five_that_are_to_be_ignored(&ns).through(&proxy);
    let plan = project.run(["plan", "--detailed-exitcode"]).code(2);
    plan.stdout_contains("~ resource.web")
        .stdout_contains("spec.replicas is handed over: it stays 5, and regplan does not manage it any more")
        .stdout_lacks("spec.replicas:");
    proxy.forget();
    let before = ns.get("deployment/web")["metadata"].clone();
    project.apply();
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 5);
    assert!(!is_ours(&ns, REPLICAS));
    // It takes a read of the owners, and one guarded write before the usual one.
    let writes = proxy.writes();
    let said: Vec<String> = writes.iter().map(ToString::to_string).collect();
    let name = ns.name();
    assert_eq!(
        said,
        [format!("patch deployments.apps -n {name} web"), format!("apply deployments.apps -n {name} web")]
    );
    // One for the plan, and one for the owners; the answer to the write says that it is ready.
    assert_eq!(proxy.count("get", "deployments.apps"), 2, "{}", proxy.log());
    let steps = writes[0].json();
    assert_eq!(steps[0], json!({"op": "test", "path": "/metadata/uid", "value": before["uid"]}));
    assert_eq!(steps[1]["path"], "/metadata/resourceVersion");
    assert_eq!(writes[1].json()["metadata"]["uid"], before["uid"]);
    project.run(["plan", "--detailed-exitcode"]).success();
    // Another change of ours does not touch it, nor does a change by others.
    project.edit("regplan.toml", "web:1", "web:2");
    ns.kubectl(["scale", "deployment/web", "--replicas=4"]).run().success();
    project.apply();
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 4);
    project.run(["plan", "--detailed-exitcode"]).success();
}

fn a_field_that_an_autoscaler_owns_too_needs_no_hand_over() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &web("replicas = 3", "")).through(&proxy);
    project.apply();
    ns.kubectl(["scale", "deployment/web", "--replicas=7"]).run().success();
    // With a write of ours in addition, both of us own the field.
    project.edit("regplan.toml", "replicas = 3", "replicas = 7");
    project.edit("regplan.toml", "web:1", "web:2");
    project.apply();
    assert!(is_ours(&ns, REPLICAS));
    project.rewrite("regplan.toml", &web("replicas = 2", IGNORED).replace("web:1", "web:2"));
    project.run(["plan"]).success().stdout_contains("spec.replicas is left to kubectl, who owns it too");
    proxy.forget();
    project.apply();
    assert_eq!(proxy.writes().len(), 1, "{}", proxy.log());
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 7);
    assert!(!is_ours(&ns, REPLICAS));
    project.run(["plan", "--detailed-exitcode"]).success();
}

fn a_hand_over_that_is_killed_in_between_loses_nothing() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = five_that_are_to_be_ignored(&ns).through(&proxy);
    project.edit("regplan.toml", "web:1", "web:2");
    proxy.on("apply", "deployments.apps").not_dry_run().hang();
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the field is released", || !is_ours(&ns, REPLICAS));
    apply.kill();
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 5);
    proxy.clear_faults();
    project.apply();
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 5);
    assert_eq!(ns.field("deployment/web", "/spec/template/spec/containers/0/image"), "web:2");
    project.run(["plan", "--detailed-exitcode"]).success();
}

fn a_foreign_edit_before_a_hand_over_is_met_by_the_approval() {
    let ns = Namespace::new();
    let project = five_that_are_to_be_ignored(&ns);
    project.edit("regplan.toml", "web:1", "web:2");
    let approve_after = |image: &str, code: i32| {
        let mut apply = project.regplan(["apply"]).open_stdin().spawn();
        apply.until("Only `yes` is accepted");
        ns.kubectl(["scale", "deployment/web", "--replicas=6"]).run().success();
        ns.kubectl(["set", "image", "deployment/web", &format!("main={image}")]).run().success();
        apply.say("yes");
        apply.wait().code(code)
    };
    let ended = approve_after("foreign:1", 1);
    ended.stderr_contains("in a way that was not approved");
    assert_eq!(ns.field("deployment/web", "/spec/template/spec/containers/0/image"), "foreign:1");
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 6);
}

fn a_required_field_is_set_once_and_then_left_to_others() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let path = "spec.template.spec.containers[main].image";
    let config = web("replicas = 1", &format!("ignore_changes = [\"{path}\"]"));
    let project = ns.project().write("regplan.toml", &config).through(&proxy);
    let plan = project.run(["plan"]).success();
    plan.stdout_contains(&format!("{path} is set once, and then left to others"));
    proxy.forget();
    project.apply();
    let writes: Vec<String> = proxy.writes().iter().map(|seen| seen.verb.clone()).collect();
    // The controller may change the object meanwhile. Then its owners are read once more.
    assert!(writes[0] == "apply" && writes[1..].iter().all(|verb| verb == "patch"), "{}", proxy.log());
    assert!(!is_ours(&ns, "/f:spec/f:template/f:spec/f:containers/k:{\"name\":\"main\"}/f:image"));
    project.run(["plan", "--detailed-exitcode"]).success();
    ns.kubectl(["set", "image", "deployment/web", "main=web:9"]).run().success();
    project.run(["plan", "--detailed-exitcode"]).success();
    project.edit("regplan.toml", "replicas = 1", "replicas = 2");
    project.apply();
    assert_eq!(ns.field("deployment/web", "/spec/template/spec/containers/0/image"), "web:9");
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 2);
}

fn an_item_that_holds_an_ignored_field_can_still_be_removed() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &web("replicas = 1", ""));
    project.apply();
    let ignored = "ignore_changes = [\"spec.template.spec.containers[side].image\"]";
    project.rewrite("regplan.toml", &web("replicas = 1", ignored));
    project.apply();
    assert_eq!(ns.field("deployment/web", "/spec/template/spec/containers/1/image"), "side:1");
    project.edit("regplan.toml", ", { name = \"side\", image = \"side:1\" }", "");
    project.apply();
    let containers = ns.field("deployment/web", "/spec/template/spec/containers");
    assert_eq!(containers.as_array().map(Vec::len), Some(1), "{containers}");
    // A container that comes back is created with its image.
    project.rewrite("regplan.toml", &web("replicas = 1", ignored));
    project.apply();
    assert_eq!(ns.field("deployment/web", "/spec/template/spec/containers/1/image"), "side:1");
    project.run(["plan", "--detailed-exitcode"]).success();
}

fn a_field_that_is_ignored_no_longer_is_taken_back() {
    let ns = Namespace::new();
    let project = five_that_are_to_be_ignored(&ns);
    project.apply();
    project.rewrite("regplan.toml", &web("replicas = 2", ""));
    project.run(["plan"]).success().stdout_contains("spec.replicas").stdout_lacks("conflict");
    project.apply();
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 2);
    // No other manager is left that would keep the field.
    project.rewrite("regplan.toml", &web("", ""));
    project.apply();
    assert_eq!(ns.field("deployment/web", "/spec/replicas"), 1);
}

fn a_part_of_what_is_one_value_is_refused() {
    let ns = Namespace::new();
    let config = |rest: &str| {
        format!(
            r#"{HEAD}
[resource.web]
apiVersion = "networking.k8s.io/v1"
kind = "Ingress"
spec.rules = [{{ host = "a.example.com", http.paths = [
    {{ path = "/", pathType = "Prefix", backend.service = {{ name = "web", port.number = 80 }} }}] }}]

[resource.web.lifecycle]
ready = "written"
{rest}
"#
        )
    };
    let part = "ignore_changes = [\"spec.rules[0].host\"]";
    let project = ns.project().write("regplan.toml", &config(part));
    let refusal = "the server keeps `spec.rules` as one value";
    project.run(["plan"]).code(1).stdout_contains(refusal);
    project.rewrite("regplan.toml", &config(""));
    project.apply();
    project.rewrite("regplan.toml", &config(part));
    project.run(["plan"]).code(1).stdout_contains(refusal).stdout_contains("ignore `spec.rules` as a whole");
    project.rewrite("regplan.toml", &config("ignore_changes = [\"spec.rules\"]"));
    project.apply();
    assert_eq!(ns.field("ingress/web", "/spec/rules/0/host"), "a.example.com");
}
