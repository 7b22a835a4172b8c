//! Custom resources: their definition, their conditions, and rules of the user.

use serde_json::json;

use crate::harness::{HEAD, Namespace, Project};

tests! {
    a_definition_is_served_before_its_kind_is_used,
    a_custom_resource_is_ready_by_its_conditions,
    a_rule_of_the_user_comes_first,
}

/// The definition of a kind with a status.
const DEFINITION: &str = r#"
[resource.definition]
apiVersion = "apiextensions.k8s.io/v1"
kind = "CustomResourceDefinition"
metadata.name = "{prefix}things.test.example.com"

[resource.definition.spec]
group = "test.example.com"
scope = "Namespaced"
names = { plural = "{prefix}things", kind = "Thing{prefix}" }

[[resource.definition.spec.versions]]
name = "v1"
served = true
storage = true
subresources.status = {}
schema.openAPIV3Schema = { type = "object", x-kubernetes-preserve-unknown-fields = true }
"#;

fn thing(name: &str, lifecycle: &str) -> String {
    format!(
        "\n[resource.{name}]\napiVersion = \"test.example.com/v1\"\nkind = \"Thing{{prefix}}\"\nspec.a = 1\n\
         \n[resource.{name}.lifecycle]\n{lifecycle}\n\
         \n[resource.after-{name}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndepends_on = [\"resource.{name}\"]\n"
    )
}

fn destroyed(project: &Project<'_>) {
    project.run(["destroy", "--auto-approve", "--consent", "resource.definition"]).success();
}

fn a_definition_is_served_before_its_kind_is_used() {
    let ns = Namespace::new();
    let config = format!("{HEAD}{DEFINITION}{}", thing("thing", ""));
    let project = ns.project().write("regplan.toml", &config);
    project.apply();
    project.expect_settled();
    destroyed(&project);
    assert!(ns.find("crd/{prefix}things.test.example.com").is_none());
}

fn a_custom_resource_is_ready_by_its_conditions() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{DEFINITION}{}", thing("thing", "")));
    project.apply();
    let target = ns.fill("{prefix}things/thing");
    let condition = |kind: &str, status: &str| {
        json!({"conditions": [{"type": kind, "status": status, "reason": "Because", "message": "of the test",
                               "lastTransitionTime": "2026-01-01T00:00:00Z"}]})
    };
    // Its controller says that it is not ready, so what depends on it waits.
    ns.patch_status(&target, &condition("Ready", "False")).delete("configmap/after-thing");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("Ready is False, Because: of the test");
    assert!(ns.find("configmap/after-thing").is_none());
    ns.patch_status(&target, &condition("Ready", "True"));
    apply.wait().success();
    // A stalled resource fails at once.
    ns.patch_status(&target, &condition("Stalled", "True")).delete("configmap/after-thing");
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("it is stalled: Stalled is True, Because: of the test");
    ended.stderr_contains("skipped resource.after-thing");
    destroyed(&project);
}

fn a_rule_of_the_user_comes_first() {
    let ns = Namespace::new();
    let config = format!(
        "{HEAD}{DEFINITION}{}{}{}",
        thing("condition", "ready = { condition = \"Synced\" }"),
        thing("field", "ready = { field = \"status.address\" }"),
        thing("written", "ready = \"written\""),
    );
    let project = ns.project().write("regplan.toml", &config);
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("there is no condition Synced yet");
    apply.until("`status.address` has no value yet");
    apply.until("created resource.after-written");
    assert!(ns.find("configmap/after-condition").is_none() && ns.find("configmap/after-field").is_none());
    let synced = json!({"conditions": [{"type": "Synced", "status": "True"}]});
    ns.patch_status("{prefix}things/condition", &synced);
    apply.until("created resource.after-condition");
    assert!(ns.find("configmap/after-field").is_none());
    ns.patch_status("{prefix}things/field", &json!({"address": "192.0.2.9"}));
    apply.wait().success();
    project.expect_settled();
    destroyed(&project);
}
