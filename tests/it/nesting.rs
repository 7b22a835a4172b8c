//! Objects that are nested very deeply: they are read, or they alone are not.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{HEAD, Namespace, wait_until};

tests! {
    deep_objects_of_others_are_in_nobodys_way,
    an_object_of_ours_that_is_too_deep_is_unreadable_alone,
    a_deep_manifest_goes_all_the_way,
    a_manifest_that_is_too_deep_is_a_mistake,
}

const DEFINITION: &str = r#"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "boxes.{prefix}.example.com"}, "spec": {"group": "{prefix}.example.com",
    "scope": "Namespaced", "names": {"kind": "Box", "plural": "boxes"}, "versions": [{"name": "v1", "served": true,
    "storage": true, "subresources": {"status": {}}, "schema": {"openAPIV3Schema":
    {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}"#;

/// A namespace in which the kind `Box` is served.
fn with_boxes() -> Namespace {
    let ns = Namespace::new();
    ns.apply(DEFINITION).clean_up("crd/boxes.{prefix}.example.com");
    wait_until("the kind is served", || ns.cluster().request("GET", &boxes(&ns), None).0 == 200);
    ns
}

fn boxes(ns: &Namespace) -> String {
    ns.fill("/apis/{prefix}.example.com/v1/namespaces/{ns}/boxes")
}

fn of_box(name: &str) -> String {
    format!(
        "\n[resource.{name}]\napiVersion = \"{{prefix}}.example.com/v1\"\nkind = \"Box\"\nspec.size = 1\n\
         lifecycle.ready = {{ condition = \"Ready\" }}\n"
    )
}

/// So many maps, one in the other.
fn maps(depth: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))
}

fn lists(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// A box as text: it is deeper than the tests' own reader goes.
fn deep_box(ns: &Namespace, name: &str, inside: &str) -> String {
    let head =
        r#"{"apiVersion": "{prefix}.example.com/v1", "kind": "Box", "metadata": {"name": "NAME"}, "spec": "#;
    format!("{}{inside}}}", ns.fill(head).replace("NAME", name))
}

fn make(ns: &Namespace, name: &str, inside: &str) {
    let (status, answer) = ns.cluster().send("POST", &boxes(ns), deep_box(ns, name, inside).into_bytes());
    assert_eq!(status, 201, "{answer}");
}

fn is_ready(ns: &Namespace, name: &str) {
    let condition = json!({"conditions": [{"type": "Ready", "status": "True"}]});
    ns.patch_status(&ns.fill(&format!("boxes.{{prefix}}.example.com/{name}")), &condition);
}

fn deep_objects_of_others_are_in_nobodys_way() {
    let ns = with_boxes();
    for depth in [200, 1000, 9000] {
        make(&ns, &format!("maps-{depth}"), &maps(depth));
        make(&ns, &format!("lists-{depth}"), &lists(depth));
    }
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{}{}", of_box("a"), of_box("b")));
    let began = Instant::now();
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.a");
    // The watch sees the others as well.
    make(&ns, "later", &lists(9000));
    is_ready(&ns, "a");
    is_ready(&ns, "b");
    apply.wait().success();
    project.expect_settled();
    project.run(["drift"]).success();
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

fn an_object_of_ours_that_is_too_deep_is_unreadable_alone() {
    let ns = with_boxes();
    let config =
        format!("{HEAD}{}{}", of_box("a"), of_box("b")).replace("{ condition = \"Ready\" }", "\"written\"");
    let project = ns.project().write("regplan.toml", &config);
    project.apply();
    let fill = |inside: &str| {
        let path = format!("{}/b", boxes(&ns));
        let (status, answer) =
            ns.cluster().send("PATCH", &path, format!(r#"{{"theirs": {inside}}}"#).into_bytes());
        assert_eq!(status, 200, "{answer}");
    };
    // What is deep and can be read is another one's field.
    for inside in [maps(200), lists(400)] {
        fill(&inside);
        project.expect_settled();
        project.run(["drift"]).success();
        fill("null");
    }
    project.edit("regplan.toml", "spec.size = 1\n", "spec.size = 2\n");
    for inside in [lists(1000), lists(9000)] {
        fill(&inside);
        let began = Instant::now();
        let plan = project.run(["plan"]).code(1);
        plan.stdout_contains("! resource.b  error").stdout_contains("it is nested deeper than 512 levels");
        plan.stdout_contains("~ resource.a  update").stdout_lacks("! resource.a");
        project.run(["drift"]).code(3).stdout_contains("Not known: 1 of 2 resources");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        fill("null");
    }
    project.apply();
    project.expect_settled();
}

fn a_deep_manifest_goes_all_the_way() {
    let ns = with_boxes();
    for inside in [maps(200), lists(240)] {
        let project =
            ns.project().write("regplan.toml", &format!("{HEAD}\n[manifest.m]\npath = \"m.json\"\n"));
        project.rewrite("m.json", &deep_box(&ns, "deep", &format!(r#"{{"in": {inside}, "size": 1}}"#)));
        project.run(["render"]).success();
        project.apply();
        project.expect_settled();
        project.run(["drift"]).success();
        project.edit("m.json", r#""size": 1"#, r#""size": 2"#);
        project
            .run(["plan", "--full", "--out", "changed.plan"])
            .success()
            .stdout_contains("spec.size: 1 -> 2");
        project.run(["apply", "changed.plan", "--auto-approve"]).success();
        project.run(["plan", "--format", "json", "--detailed-exitcode"]).success();
        project.run(["destroy", "--auto-approve"]).success();
    }
}

fn a_manifest_that_is_too_deep_is_a_mistake() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}\n[manifest.m]\npath = \"m.json\"\n"));
    for depth in [300, 1000, 9000, 1_000_000] {
        for file in ["m.json", "m.yaml"] {
            let path = format!("\n[manifest.m]\npath = \"{file}\"\n");
            project.rewrite("regplan.toml", &format!("{HEAD}{path}"));
            project.rewrite(file, &deep_box(&ns, "deep", &lists(depth)));
            let ended = project.run(["validate"]).code(1);
            ended.stderr_contains("it is nested deeper than 256 levels");
        }
    }
}
