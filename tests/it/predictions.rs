//! What a plan says where the server cannot be asked: whoever may only read sees the plan that an administrator
//! sees, and the administrator can apply it.

pub(crate) mod digests;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::examples::{PASSWORD, crd_example, live_reference_example, registry_example};
use crate::harness::{Namespace, Project, change, changes};
use crate::idempotence::copied;

tests! {
    the_adversarial_set_is_quiet_for_a_reader,
    the_registry_is_quiet_for_a_reader,
    the_definition_and_its_resource_are_quiet_for_a_reader,
    the_live_reference_is_quiet_for_a_reader,
    many_forms_of_the_same_are_quiet_for_a_reader,
    a_reader_sees_the_changes_that_an_administrator_sees,
    what_a_reader_planned_is_applied_by_an_administrator,
    a_misspelt_field_is_found_before_the_namespace_is_there,
}

/// The kubeconfig of somebody who may read everything and write nothing.
pub(crate) fn reader(ns: &Namespace) -> PathBuf {
    let name = ns.fill("{prefix}-reader");
    let rbac = "rbac.authorization.k8s.io";
    let subject = json!({"kind": "ServiceAccount", "name": name, "namespace": "default"});
    let items = json!([
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default"}},
        {"apiVersion": format!("{rbac}/v1"), "kind": "ClusterRole", "metadata": {"name": name},
         "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]},
        {"apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": name},
         "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": name}, "subjects": [subject]},
    ]);
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    ns.cluster().kubectl(["apply", "--filename=-"]).stdin(list.to_string()).run().success();
    let token = ["create", "token", "--namespace=default"];
    let token = ns.cluster().kubectl(token).args([name.as_str()]).run().success();
    ns.write_kubeconfig("reader", &ns.trusted().token(token.stdout().trim()))
}

/// The plan of this reader.
pub(crate) fn plan_of(project: &Project<'_>, reader: &Path) -> Value {
    let plan = project.regplan(["plan", "--format=json"]).args(["--kubeconfig", reader.to_str().unwrap()]);
    let plan = plan.run().success().json();
    assert_eq!(plan["errors"], json!([]), "{plan:#}");
    plan
}

/// Each line of the plan, and each action that is not shown by one.
fn lines(plan: &Value) -> Vec<String> {
    let of_change = |change: &Value| {
        let head = format!("{}: {}", change["address"], change["action"]);
        let fields = change["fields"].as_array().unwrap().clone();
        let shown = fields.into_iter().map(|mut field| {
            let field_map = field.as_object_mut().unwrap();
            field_map.remove("keep");
            // What is new gets the server's defaults, which nobody can predict.
            if field_map.get("after").is_some_and(Value::is_object) {
                field_map.insert("after".into(), "an object".into());
            }
            field.to_string()
        });
        [head].into_iter().chain(shown).collect::<Vec<_>>()
    };
    let changing = changes(plan).iter().filter(|change| change["action"] != "none");
    changing.flat_map(of_change).collect()
}

/// There is nothing to change, whether the state is there or not.
pub(crate) fn expect_quiet(project: &Project<'_>, reader: &Path) {
    assert_eq!(lines(&plan_of(project, reader)), Vec::<String>::new(), "with the state");
    std::fs::rename(project.path(".regplan"), project.path(".kept")).unwrap();
    assert_eq!(lines(&plan_of(project, reader)), Vec::<String>::new(), "without a state");
    std::fs::rename(project.path(".kept"), project.path(".regplan")).unwrap();
}

fn the_adversarial_set_is_quiet_for_a_reader() {
    let ns = Namespace::new();
    let project = copied(&ns, "testdata/adversarial", "adversarial");
    project.apply();
    expect_quiet(&project, &reader(&ns));
    for target in ["validatingwebhookconfiguration/{ns}", "crd/widgets.{ns}.example.com"] {
        ns.delete(target);
    }
    ns.delete("clusterrole/{ns}").delete("clusterrole/{ns}-part").delete("clusterrolebinding/{ns}");
    ns.delete("priorityclass/{ns}");
}

fn the_registry_is_quiet_for_a_reader() {
    let ns = Namespace::absent();
    let project = registry_example(&ns).env("CI_PASSWORD", PASSWORD);
    project.apply();
    expect_quiet(&project, &reader(&ns));
}

fn the_definition_and_its_resource_are_quiet_for_a_reader() {
    let ns = Namespace::absent();
    let project = crd_example(&ns);
    project.apply();
    expect_quiet(&project, &reader(&ns));
    ns.clean_up("crd/mirrors.{prefix}.example.com");
}

fn the_live_reference_is_quiet_for_a_reader() {
    let ns = Namespace::absent();
    let project = live_reference_example(&ns);
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.front");
    ns.patch_status("service/front", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}));
    apply.wait().success();
    expect_quiet(&project, &reader(&ns));
}

const HEAD: &str = "[project]\nname = \"{project}\"\n[cluster]\nnamespace = \"{ns}\"\n\
                    [manifest.all]\npath = \"all.yaml\"\n";

/// Each of these is stored in another form than it is written in.
const FORMS: &str = include_str!("predictions/forms.yaml");

fn forms(ns: &Namespace) -> Project<'_> {
    let project = ns.project().write("regplan.toml", HEAD).write("all.yaml", FORMS);
    project.apply();
    project
}

fn clean_up(ns: &Namespace) {
    ns.delete("validatingwebhookconfiguration/{prefix}-hooks").delete("clusterrolebinding/{prefix}-all");
    ns.delete("storageclass/{prefix}-fast");
}

fn many_forms_of_the_same_are_quiet_for_a_reader() {
    let ns = Namespace::new();
    let project = forms(&ns);
    expect_quiet(&project, &reader(&ns));
    clean_up(&ns);
}

/// An edit of the file, by what it replaces and by what.
const EDITS: &[(&str, &str)] = &[
    ("image: main:1", "image: main:2"),
    ("minReadySeconds: 0", "minReadySeconds: 5"),
    ("fsGroup: 1.00065e+09", "fsGroup: 1000"),
    ("readOnly: false", "readOnly: true"),
    ("env: []", "env: [{ name: A, value: b }]"),
    ("cpu: 1000m", "cpu: 1500m"),
    ("resources: [pods]", "resources: [pods, services]"),
    ("port: 5000", "port: 5001"),
    ("    - port: 53\n      name: dns-tcp\n", ""),
    ("      tolerations: [{ key: a, operator: Exists }]\n", ""),
    ("minAvailable: 1", "minAvailable: 2"),
];

/// A change by hand: the object, the patch.
fn drift() -> Vec<(&'static str, Value)> {
    vec![
        ("deployment/web", json!({"spec": {"revisionHistoryLimit": 3, "paused": true}})),
        ("service/front", json!({"spec": {"selector": {"app": "other"}}})),
        ("networkpolicy/closed", json!({"spec": {"policyTypes": ["Ingress", "Egress"]}})),
    ]
}

fn a_reader_sees_the_changes_that_an_administrator_sees() {
    let ns = Namespace::new();
    let project = forms(&ns);
    let reader = reader(&ns);
    let mut wrong = Vec::new();
    let mut compare = |what: &str| {
        let admin = project.run(["plan", "--format=json"]).success().json();
        let (seen, predicted) = (lines(&admin), lines(&plan_of(&project, &reader)));
        if seen != predicted || seen.is_empty() {
            wrong.push(format!("{what}\n  administrator: {seen:#?}\n  reader: {predicted:#?}"));
        }
    };
    for (from, to) in EDITS {
        project.edit("all.yaml", from, to);
        compare(from);
        project.rewrite("all.yaml", FORMS);
    }
    for (target, patch) in drift() {
        ns.patch(target, &patch);
        compare(&patch.to_string());
        project.apply();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    clean_up(&ns);
}

fn what_a_reader_planned_is_applied_by_an_administrator() {
    let ns = Namespace::new();
    let project = forms(&ns);
    let reader = reader(&ns);
    for (from, to) in EDITS {
        project.edit("all.yaml", from, to);
    }
    let plan = project.regplan(["plan", "--out=plan.regplan"]);
    plan.args(["--kubeconfig", reader.to_str().unwrap()]).run().success().stdout_contains("predicted");
    project.run(["apply", "plan.regplan"]).success();
    project.expect_settled();
    clean_up(&ns);
}

/// The server refuses such a field; nobody can ask it about an object in a namespace that is not there yet.
fn a_misspelt_field_is_found_before_the_namespace_is_there() {
    let ns = Namespace::absent();
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  replcas: 2\n  \
                      selector: { matchLabels: { app: web } }\n  template:\n    metadata: { labels: { app: web } }\n    \
                      spec:\n      containers: [{ name: web, image: web, ports: [{ containerPrt: 80 }] }]\n";
    let project = ns.project().write("regplan.toml", HEAD).write("all.yaml", deployment);
    let plan = project.run(["plan", "--format=json"]).code(1).json();
    let message = plan["errors"][0]["message"].as_str().unwrap();
    for said in ["spec.replcas", "did you mean `replicas`?", "containerPrt", "did you mean `containerPort`?"]
    {
        assert!(message.contains(said), "{message}");
    }
    // What the schema has is taken, and a wrong type is not.
    project.edit("all.yaml", "replcas: 2", "replicas: \"2\"");
    project.edit("all.yaml", "containerPrt", "containerPort");
    let plan = project.run(["plan", "--format=json"]).code(1).json();
    let message = plan["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("spec.replicas") && message.contains("integer"), "{message}");
    project.edit("all.yaml", "\"2\"", "2");
    let plan = project.run(["plan", "--format=json"]).success().json();
    let address = ns.fill("manifest.all/Deployment/web");
    assert_eq!(change(&plan, &address)["fidelity"]["kind"], "predicted");
}
