//! Charts whose templates look up objects of the cluster.

use serde_json::json;

use super::{BLOCK, make_executable, with_chart};
use crate::harness::{HEAD, Namespace, helm_program, helm_version};

tests! {
    templates_look_up_objects_where_the_block_says_so,
    a_chart_that_looks_up_objects_needs_its_kinds_served,
}

fn templates_look_up_objects_where_the_block_says_so() {
    let ns = Namespace::new();
    ns.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: given}\ndata: {a: found}\n");
    let template = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data:
  given: {{ dig "data" "a" "nothing" (lookup "v1" "ConfigMap" .Release.Namespace "given") }}
  own: {{ dig "data" "own" (randAlpha 9) (lookup "v1" "ConfigMap" .Release.Namespace "c") }}
"#;
    let proxy = ns.proxy();
    let block = BLOCK.replace("values.", "lookup = true\nvalues.");
    let project = with_chart(ns.project(), "web", template)
        .write("regplan.toml", &format!("{HEAD}{block}"))
        .through(&proxy);
    let (noted, real) = (project.path("environment"), helm_program());
    let script = format!("#!/bin/sh\nenv >> {}\nexec {} \"$@\"\n", noted.display(), real.display());
    let project = project.write("helm", &script);
    make_executable(&project.path("helm"));
    let helm = project.path("helm");
    let project =
        project.env("REGPLAN_HELM", helm).env("HELM_NAMESPACE", "elsewhere").env("PLUGIN_NEEDS", "this");
    project.run(["validate"]).success();
    project.run(["plan", "--full"]).success().stdout_contains("given: found");
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
    let environment = project.read("environment");
    assert!(environment.contains("PLUGIN_NEEDS=this"), "{environment}");
    assert!(!environment.contains("canary") && !environment.contains("HELM_NAMESPACE"), "{environment}");
    project.apply();
    assert_eq!(ns.field("configmap/c", "/data/given"), "found");
    project.expect_settled();
    // What was made at random is found again, and is still a secret.
    let own = ns.field("configmap/c", "/data/own").to_string();
    ns.patch("configmap/given", &json!({"data": {"a": "more"}}));
    project
        .run(["plan", "--full"])
        .success()
        .stdout_contains("1 to change")
        .stdout_lacks(own.trim_matches('"'));
    project.apply();
    assert_eq!(ns.field("configmap/c", "/data/given"), "more");
    let state = project.run(["show", "state", "--format", "json"]).success();
    state.stdout_contains("data.own").stdout_lacks(own.trim_matches('"'));
}

/// Helm 4 asks the cluster for each kind as soon as templates look up objects. Helm 3 renders kinds that it does not know.
fn a_chart_that_looks_up_objects_needs_its_kinds_served() {
    let ns = Namespace::new();
    let definition = r"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.{prefix}.example.com }
spec:
  group: {prefix}.example.com
  scope: Namespaced
  names: { kind: Widget, plural: widgets, singular: widget, listKind: WidgetList }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
";
    let widget = r#"
apiVersion: {prefix}.example.com/v1
kind: Widget
metadata: { name: w }
spec: { found: {{ (lookup "v1" "Namespace" "" "default").metadata.name | default "nothing" }} }
"#;
    let project = with_chart(ns.project(), "defs", &ns.fill(definition));
    let project = with_chart(project, "web", &ns.fill(widget));
    let blocks = "[chart.defs]\nchart = \"defs\"\n\n[chart.web]\nchart = \"web\"\nlookup = true\n";
    let project = project.write("regplan.toml", &format!("{HEAD}{blocks}"));
    if helm_version().starts_with("v3.") {
        project.run(["plan"]).success().stdout_contains("is made by this plan");
    } else {
        let refused = project.run(["plan"]).code(1);
        refused.stderr_contains("no matches for kind").stderr_contains("regplan apply --target BLOCK");
        project.run(["apply", "--auto-approve", "--target", "chart.defs"]).success();
    }
    project.apply();
    assert_eq!(ns.field(&ns.fill("widgets.{prefix}.example.com/w"), "/spec/found"), "default");
    project.expect_settled();
    ns.clean_up("crd/widgets.{prefix}.example.com");
}
