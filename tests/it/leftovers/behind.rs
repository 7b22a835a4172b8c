//! What the server says only when the first thing that is in its way is gone: the plan shows it too.

use serde_json::{Value, json};

use super::{FRONT, HEAD, apply_as_planned, change, field, plan, replace, template};
use crate::harness::{Namespace, Project, deployment, wait_until};

tests! {
    an_item_that_only_the_server_names_is_found_behind_another,
    a_field_that_cannot_change_is_found_behind_an_item,
    a_refusal_behind_an_item_is_an_error_of_the_plan,
    a_refusal_behind_an_item_that_the_plan_cures_waits_for_the_cure,
    an_item_and_a_value_that_is_not_known_yet_go_through_together,
    a_mistake_beside_an_item_is_told_alone,
    a_plan_without_rights_shows_the_item_all_the_same,
}

/// The policy denies changes of this Service as long as the condition does not hold.
fn policy(condition: &str) -> String {
    format!(
        r#"
[resource.policy]
apiVersion = "admissionregistration.k8s.io/v1"
kind = "ValidatingAdmissionPolicy"
metadata.name = "{{prefix}}"
[resource.policy.spec]
failurePolicy = "Fail"
matchConstraints.resourceRules = [{{ apiGroups = [""], apiVersions = ["v1"], operations = ["UPDATE"], resources = ["services"] }}]
validations = [{{ expression = "{condition}", message = "not today" }}]

[resource.binding]
apiVersion = "admissionregistration.k8s.io/v1"
kind = "ValidatingAdmissionPolicyBinding"
metadata.name = "{{prefix}}"
[resource.binding.spec]
policyName = "{{prefix}}"
validationActions = ["Deny"]
matchResources.namespaceSelector.matchLabels = {{ "kubernetes.io/metadata.name" = "{{ns}}" }}
"#
    )
}

const DENIES_PORT_80: &str = "!object.spec.ports.exists(port, port.port == 80)";

fn move_port(ns: &Namespace) {
    replace(ns, "service/front", &[("/spec/ports/0/port", json!(81))]);
}

/// What the plan says against this resource.
fn error(project: &Project<'_>, address: &str) -> String {
    let plan = project.run(["plan", "--format=json"]).code(1).json();
    let errors = plan["errors"].as_array().unwrap();
    let error = errors.iter().find(|error| error["address"] == address);
    error.unwrap_or_else(|| panic!("nothing against {address} in {plan:#}")).to_string()
}

fn numbers(ports: &Value, key: &str) -> Vec<u64> {
    let mut numbers: Vec<u64> =
        ports.as_array().unwrap().iter().filter_map(|port| port[key].as_u64()).collect();
    numbers.sort_unstable();
    numbers
}

fn an_item_that_only_the_server_names_is_found_behind_another() {
    let ns = Namespace::new();
    let side = "{ name = \"side\", image = \"side:1\", ports = [{ containerPort = 90, name = \"side\", hostPort = 9990 }] }";
    let spec = format!(
        "template.spec = {{ containers = [{{ name = \"main\", image = \"web:1\", \
         ports = [{{ containerPort = 80, name = \"http\" }}] }}, {side}] }}"
    );
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{}", deployment("web", &spec)));
    project.apply();
    // The record tells of the first container; of the second one there are too many, and none says the same.
    let containers = "/spec/template/spec/containers";
    let theirs = json!([{"containerPort": 91, "name": "side"}, {"containerPort": 92, "name": "more"}]);
    replace(
        &ns,
        "deployment/web",
        &[
            (&format!("{containers}/0/ports/0/containerPort"), json!(81)),
            (&format!("{containers}/1/ports"), theirs),
        ],
    );
    let shown = plan(&project);
    let side = "spec.template.spec.containers[side].ports[side].containerPort";
    let line = field(&shown, "resource.web", side);
    assert_eq!((&line["before"], &line["after"]), (&json!(91), &json!(90)), "{line:#}");
    assert_eq!(line["cause"]["by"][0]["manager"], "kubectl-patch", "{line:#}");
    apply_as_planned(&project);
    let found = ns.field("deployment/web", containers);
    assert_eq!(numbers(&found[0]["ports"], "containerPort"), [80]);
    assert_eq!(numbers(&found[1]["ports"], "containerPort"), [90, 92], "what others added stays");
}

/// Of a custom resource, nobody but the server knows which fields cannot change.
fn a_field_that_cannot_change_is_found_behind_an_item() {
    let ns = Namespace::new();
    let rule = json!([{"rule": "self == oldSelf", "message": "size is immutable"}]);
    let port = json!({"type": "object", "required": ["port"],
        "properties": {"port": {"type": "integer"}, "name": {"type": "string"}}});
    let spec = json!({"type": "object", "properties": {
        "size": {"type": "integer", "x-kubernetes-validations": rule},
        "ports": {"type": "array", "items": port, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port"]}}});
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}});
    let group = ns.fill("{prefix}.example.com");
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("bases.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"kind": "Base", "plural": "bases"},
                 "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}});
    ns.apply(&definition.to_string());
    ns.kubectl(["wait", "--for=condition=Established", "crd", &format!("bases.{group}")]).run().success();
    let base = |size: u8| {
        format!(
            "{HEAD}\n[resource.base]\napiVersion = \"{group}/v1\"\nkind = \"Base\"\n\
             spec = {{ size = {size}, ports = [{{ port = 80, name = \"http\" }}] }}\n\
             [resource.base.lifecycle]\nready = \"written\"\n"
        )
    };
    let project = ns.project().write("regplan.toml", &base(1));
    project.apply();
    replace(&ns, &format!("base.{group}/base"), &[("/spec/ports/0/port", json!(81))]);
    project.rewrite("regplan.toml", &base(2));
    let shown = plan(&project);
    assert_eq!(change(&shown, "resource.base")["action"], "replace", "{shown:#}");
    apply_as_planned(&project);
    assert_eq!(ns.field(&format!("base.{group}/base"), "/spec/ports"), json!([{"port": 80, "name": "http"}]));
    ns.clean_up(&format!("crd/bases.{group}"));
}

fn a_refusal_behind_an_item_is_an_error_of_the_plan() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{FRONT}"));
    project.apply();
    move_port(&ns);
    let other = ns.project().write("regplan.toml", &format!("{HEAD}{}", policy(DENIES_PORT_80)));
    other.edit("regplan.toml", "{project}", "{project}-b");
    other.apply();
    wait_until("the policy to hold", || project.run(["plan"]).any().stdout().contains("not today"));
    let said = error(&project, "resource.front");
    assert!(said.contains("not today") && !said.contains("Duplicate"), "{said}");
    other.run(["destroy", "--auto-approve"]).success();
    wait_until("the policy to go", || project.run(["plan"]).any().exit_code() == Some(0));
    apply_as_planned(&project);
}

fn a_refusal_behind_an_item_that_the_plan_cures_waits_for_the_cure() {
    let ns = Namespace::new();
    let service = |name: &str, number: u16| {
        format!(
            "\n[resource.{name}]\napiVersion = \"v1\"\nkind = \"Service\"\n\
             spec = {{ type = \"NodePort\", selector = {{ app = \"web\" }}, \
             ports = [{{ name = \"http\", port = 80, nodePort = {number} }}] }}\n"
        )
    };
    let file = |front: u16, last: u16| format!("{HEAD}{}{}", service("front", front), service("last", last));
    let project = ns.project().write("regplan.toml", &file(30081, 30082));
    project.apply();
    move_port(&ns);
    project.rewrite("regplan.toml", &file(30082, 30083));
    let shown = plan(&project);
    let reason = change(&shown, "resource.front")["fidelity"]["reason"].as_str().unwrap();
    assert!(reason.contains("already allocated") && reason.contains("resource.last"), "{reason}");
    apply_as_planned(&project);
    let ports = ns.field("service/front", "/spec/ports");
    assert_eq!((numbers(&ports, "port"), numbers(&ports, "nodePort")), (vec![80], vec![30082]), "{ports}");
}

fn an_item_and_a_value_that_is_not_known_yet_go_through_together() {
    let ns = Namespace::new();
    let front = |annotation: &str| {
        FRONT.replace("[resource.front.spec]", &format!("{annotation}\n[resource.front.spec]"))
    };
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{}", front("")));
    project.apply();
    move_port(&ns);
    let made = "\n[resource.made]\napiVersion = \"v1\"\nkind = \"Service\"\nspec.ports = [{ port = 80 }]\n";
    let refers = "metadata.annotations.ip = \"${resource.made.spec.clusterIP}\"";
    project.rewrite("regplan.toml", &format!("{HEAD}{made}{}", front(refers)));
    let shown = plan(&project);
    let line = field(&shown, "resource.front", "spec.ports[http].port");
    assert_eq!((&line["before"], &line["after"]), (&json!(81), &json!(80)), "{line:#}");
    apply_as_planned(&project);
    assert_eq!(numbers(&ns.field("service/front", "/spec/ports"), "port"), [80]);
}

fn a_mistake_beside_an_item_is_told_alone() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{FRONT}"));
    project.apply();
    move_port(&ns);
    // Without the record, only the server's words tell of the item.
    let lineage = ns.field("service/front", "/metadata/annotations/regplan.dev~1lineage");
    std::fs::remove_dir_all(project.path(".regplan")).unwrap();
    project.edit("regplan.toml", "targetPort = \"http\" }", "targetPort = 70000 }");
    let said = error(&project, "resource.front");
    assert!(said.contains("70000") && !said.contains("Duplicate"), "{said}");
    project.edit("regplan.toml", "targetPort = 70000", "targetPort = 8080");
    let argument = format!("--adopt-lineage={}", lineage.as_str().unwrap());
    project.run(["apply", "--auto-approve", &argument]).success();
    assert_eq!(numbers(&ns.field("service/front", "/spec/ports"), "port"), [80]);
    project.expect_settled();
}

fn a_plan_without_rights_shows_the_item_all_the_same() {
    let ns = Namespace::new();
    let container = ", ports = [{ containerPort = 80, name = \"http\" }]";
    let file = format!("{HEAD}{FRONT}{}", deployment("web", &template("", container)));
    let project = ns.project().write("regplan.toml", &file);
    project.apply();
    move_port(&ns);
    let shown = crate::predictions::plan_of(&project, &crate::predictions::reader(&ns));
    let line = field(&shown, "resource.front", "spec.ports[http].port");
    assert_eq!((&line["before"], &line["after"]), (&json!(81), &json!(80)), "{line:#}");
    apply_as_planned(&project);
}
