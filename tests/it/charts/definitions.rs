//! Definitions that a chart brings in its folder `crds`: left out, and upgraded.

use serde_json::{Value, json};

use super::with_chart;
use crate::harness::{HEAD, Namespace, Project};

tests! {
    definitions_are_left_out_where_the_block_says_so,
    a_definition_is_upgraded_with_its_chart,
    a_field_of_a_new_version_alone_is_explained,
    a_chart_that_was_deleted_is_installed_though_its_definition_stayed,
}

/// A definition, up to its versions.
pub(super) const DEFINITION: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: "probes.{prefix}.example.com"}
spec:
  group: "{prefix}.example.com"
  scope: Namespaced
  names: {kind: Probe, plural: probes, singular: probe, listKind: ProbeList}
  versions:
"#;

/// One with the field `a`.
const OLD: &str = r"
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {a: {type: string}}}}}}
";

/// The same with the field `b` as well, and a second version, in which objects are stored.
const NEW: &str = r"
  - name: v1
    served: true
    storage: false
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {a: {type: string}, b: {type: string}}}}}}
  - name: v2
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {a: {type: string}, b: {type: string}}}}}}
";

const OBJECT: &str = r#"
apiVersion: "{prefix}.example.com/v1"
kind: Probe
metadata: {name: probe}
spec: {a: one}
"#;

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\n";

fn project<'n>(ns: &'n Namespace, template: &str) -> Project<'n> {
    with_chart(ns.project(), "probe", template)
        .write("probe/crds/probe.yaml", &format!("{DEFINITION}{OLD}"))
        .write("regplan.toml", &format!("{HEAD}[chart.probe]\nchart = \"probe\"\n"))
}

fn definition(ns: &Namespace) -> String {
    ns.fill("customresourcedefinition.apiextensions.k8s.io/probes.{prefix}.example.com")
}

fn definitions_are_left_out_where_the_block_says_so() {
    let ns = Namespace::new();
    let project = project(&ns, CONFIG);
    project.edit("regplan.toml", "chart = \"probe\"", "chart = \"probe\"\ncrds = false");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("1 to add").stdout_lacks("CustomResourceDefinition");
    project.apply();
    assert_eq!(ns.find(&definition(&ns)), None);
    project.expect_settled();
    project.edit("regplan.toml", "crds = false", "crds = true");
    project.apply().stderr_contains("CustomResourceDefinition");
    // What has come once stays, whatever the file says later.
    project.edit("regplan.toml", "crds = true", "crds = false");
    project.run(["plan"]).success().stdout_contains("protected: `--consent chart.probe/CustomResource");
    project.apply();
    assert!(ns.find(&definition(&ns)).is_some());
    ns.clean_up(&definition(&ns));
}

fn a_definition_is_upgraded_with_its_chart() {
    let ns = Namespace::new();
    let project = project(&ns, OBJECT);
    project.apply();
    let address = ns.fill("chart.probe/CustomResourceDefinition/probes.{prefix}.example.com");
    let versions = || {
        let versions = ns.field(&definition(&ns), "/spec/versions");
        versions.as_array().unwrap().iter().map(|version| version["name"].clone()).collect::<Vec<_>>()
    };
    upgrade(&project, NEW);
    let plan = project.run(["plan"]).success();
    plan.stdout_contains(&format!("~ {address}")).stdout_contains("2 to change");
    project.apply();
    assert_eq!(versions(), ["v1", "v2"]);
    assert_eq!(spec(&ns), json!({"a": "one", "b": "two"}));
    project.expect_settled();
    // Objects were stored in the first version.
    project.rewrite("probe/crds/probe.yaml", &format!("{DEFINITION}{}", without_first_version()));
    project.run(["plan"]).code(1).stdout_contains("status.storedVersions");
    project.rewrite("probe/crds/probe.yaml", &format!("{DEFINITION}{NEW}"));
    // The way back is one of the objects alone.
    project.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(spec(&ns), json!({"a": "one"}));
    assert_eq!(versions(), ["v1", "v2"]);
    // It stays when its chart goes.
    project.rewrite("regplan.toml", HEAD);
    project.run(["plan"]).success().stdout_contains(&format!("`--consent {address}`"));
    project.apply();
    assert_eq!(versions(), ["v1", "v2"]);
    ns.clean_up(&definition(&ns));
}

/// The next version of the chart: a definition with these versions, and an object in the second one, with the field `b`.
fn upgrade(project: &Project<'_>, versions: &str) {
    project.rewrite("probe/crds/probe.yaml", &format!("{DEFINITION}{versions}"));
    project.edit("probe/templates/all.yaml", "example.com/v1", "example.com/v2");
    project.edit("probe/templates/all.yaml", "{a: one}", "{a: one, b: two}");
}

/// The `spec` of the object, in the second version.
fn spec(ns: &Namespace) -> Value {
    let path = ns.fill("/apis/{prefix}.example.com/v2/namespaces/{ns}/probes/probe");
    ns.cluster().request("GET", &path, None).1["spec"].clone()
}

/// The server converts what is sent to the version in which it was sent before, where the field would be lost.
fn a_field_of_a_new_version_alone_is_explained() {
    let ns = Namespace::new();
    let project = project(&ns, OBJECT);
    project.apply();
    upgrade(&project, &NEW.replacen(", b: {type: string}", "", 1));
    let refused = project.run(["apply", "--auto-approve"]).code(1);
    refused.stderr_contains(".spec.b: field not declared in schema");
    refused.stderr_contains("apply it once in the new version without the new field");
    project.run(["plan"]).code(1).stdout_contains("apply it once in the new version without the new field");
    let patch = "\n[[chart.probe.patch]]\nkind = \"Probe\"\nremove = [\"spec.b\"]\n";
    project.edit("regplan.toml", "chart = \"probe\"\n", &format!("chart = \"probe\"\n{patch}"));
    project.apply();
    project.edit("regplan.toml", patch, "");
    project.apply();
    assert_eq!(spec(&ns), json!({"a": "one", "b": "two"}));
    project.expect_settled();
    ns.clean_up(&definition(&ns));
}

fn without_first_version() -> String {
    let (_, second) = NEW.split_once("  - name: v2").unwrap();
    format!("  - name: v2{second}")
}

/// An object, and what runs around an installation, an upgrade and a deletion.
const HOOKED: &str = r#"
{{- range list "post-install" "post-upgrade" "post-delete" }}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ . }}, annotations: {helm.sh/hook: {{ . }}}}
---
{{- end }}
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {installed: "{{ .Release.IsInstall }}"}
"#;

fn a_chart_that_was_deleted_is_installed_though_its_definition_stayed() {
    let ns = Namespace::new();
    let project = project(&ns, HOOKED);
    let with_chart = project.read("regplan.toml");
    project.apply();
    let comes_back = || {
        assert!(ns.find(&definition(&ns)).is_some());
        let plan = project.run(["plan"]).success();
        plan.stdout_contains("post-install  run").stdout_lacks("post-upgrade  run");
        project.apply().stderr_contains("ran chart.probe/ConfigMap/post-install");
        assert_eq!(ns.field("configmap/config", "/data/installed"), "true");
    };
    project.run(["destroy", "--auto-approve"]).success().stderr_contains("post-delete");
    comes_back();
    project.rewrite("regplan.toml", HEAD);
    project.apply().stderr_contains("post-delete");
    project.rewrite("regplan.toml", &with_chart);
    comes_back();
    // A chart of which nothing else was ever there is not new.
    project.rewrite("probe/templates/all.yaml", "");
    project.apply();
    project.rewrite("probe/templates/all.yaml", HOOKED);
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("post-upgrade  run").stdout_lacks("post-install  run");
    ns.clean_up(&definition(&ns));
}
