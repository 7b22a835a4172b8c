//! How much of a plan is shown: what is created in short, or with all of its fields.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::{GREETING, Namespace, Project, changes};

tests! {
    what_is_created_is_a_line_and_its_fields_are_there_on_demand,
    details_of_what_the_plan_has_not_are_refused,
    sixty_objects_fit_three_screens,
    a_schema_is_one_line_in_every_form_that_people_read,
    a_field_of_a_manifest_points_at_its_own_line,
    the_question_names_what_it_is_about,
}

const SCREEN: usize = 24;

const WEB: &str = r#"
[resource.web]
apiVersion = "apps/v1"
kind = "Deployment"
[resource.web.metadata.labels]
"app.kubernetes.io/name" = "web"
[resource.web.spec]
replicas = 2
selector.matchLabels.app = "web"
template.metadata.labels.app = "web"
template.spec.containers = [{ name = "web", image = "nginx:1.29", ports = [{ containerPort = 80 }] }]
template.spec.volumes = [{ name = "v", configMap = { name = "x", defaultMode = 288 } }]
"#;

fn what_is_created_is_a_line_and_its_fields_are_there_on_demand() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{WEB}"));
    let brief = project.run(["plan"]).success();
    brief.stdout_contains("+ resource.web create").stdout_contains("image: nginx:1.29; replicas: 2");
    brief.stdout_lacks("containerPort").stdout_lacks("world").stdout_contains("--full");
    let one = project.run(["plan", "--details=resource.web"]).success();
    one.stdout_contains("+ - containerPort: 80").stdout_contains("+ defaultMode: 0440").stdout_lacks("world");
    one.stdout_lacks("app.kubernetes.io");
    let full = project.run(["plan", "--full"]).success();
    full.stdout_contains("containerPort").stdout_contains("hello: world").stdout_lacks("--full");
    let markdown = project.run(["plan", "--format=markdown"]).success();
    markdown.stdout_contains("image: nginx:1.29; replicas: 2").stdout_lacks("containerPort");
    project.run(["plan", "--format=markdown", "--full"]).success().stdout_contains("containerPort");
    // The same from a plan file, and where the plan is shown before it is applied.
    project.run(["plan", "--out=p.plan"]).success();
    project.run(["show", "p.plan"]).success().stdout_contains("replicas: 2").stdout_lacks("containerPort");
    project.run(["show", "p.plan", "--full"]).success().stdout_contains("containerPort");
    let refused = project.regplan(["apply", "--full"]).stdin("no\n").run().code(1);
    refused.stdout_contains("containerPort");
    // JSON is complete at every level.
    let fields =
        |plan: Value| changes(&plan).iter().map(|change| change["fields"].clone()).collect::<Vec<_>>();
    let json =
        |more: &[&str]| fields(project.regplan(["plan", "--format=json"]).args(more).run().success().json());
    assert_eq!(json(&[]), json(&["--full"]));
    // What changes is always shown in full.
    project.apply();
    project.edit("regplan.toml", "nginx:1.29", "nginx:1.30");
    project
        .run(["plan"])
        .success()
        .stdout_contains("\"nginx:1.29\" -> \"nginx:1.30\"")
        .stdout_lacks("--full");
}

fn details_of_what_the_plan_has_not_are_refused() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    for form in ["text", "markdown", "json"] {
        let plan = project.regplan(["plan", "--details=resource.greting", "--format"]).args([form]).run();
        plan.code(1).stderr_contains("resource.greting").stderr_contains("did you mean `resource.greeting`");
    }
    let apply = ["apply", "--auto-approve", "--format=json", "--details=resource.greting"];
    project.run(apply).code(1).stderr_contains("resource.greting");
    assert!(ns.find("configmap/greeting").is_none());
    project.run(["plan", "--details=resource.greeting", "--full"]).code(1).stderr_contains("--full");
}

/// Definitions with a schema of some size, and objects of other kinds, as a published set of manifests has them.
fn set_of(ns: &Namespace, definitions: usize, others: usize) -> String {
    let mut text = String::new();
    for number in 0..definitions {
        let plural = format!("things{number}");
        let properties: Value = (0..200).map(|n| (format!("p{n}"), json!({"type": "string"}))).collect();
        let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec":
            {"type": "object", "properties": properties}}}});
        let group = ns.fill("{prefix}.example.com");
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {"group": group, "scope": "Namespaced",
                "names": {"plural": plural, "kind": format!("Thing{number}")},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}});
        let _ = writeln!(text, "---\n{definition}");
    }
    for number in 0..others {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": format!("map-{number}")}, "data": {"a": "b", "c": "d"}});
        let _ = writeln!(text, "---\n{map}");
    }
    text
}

const SET: &str =
    "[project]\nname = \"{project}\"\n[cluster]\nnamespace = \"{ns}\"\n[manifest.set]\npath = \"set.yaml\"\n";

fn project_of_set(ns: &Namespace, definitions: usize, others: usize) -> Project<'_> {
    ns.project().write("regplan.toml", SET).write("set.yaml", &set_of(ns, definitions, others))
}

fn sixty_objects_fit_three_screens() {
    let ns = Namespace::new();
    let project = project_of_set(&ns, 5, 55);
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("60 objects").stdout_contains("versions: v1; schema: ");
    let lines = plan.stdout().lines().count();
    plan.check(lines <= 3 * SCREEN, "should fit three screens");
}

fn a_schema_is_one_line_in_every_form_that_people_read() {
    let ns = Namespace::new();
    let project = project_of_set(&ns, 1, 1);
    for form in [&["plan"][..], &["plan", "--full"], &["plan", "--full", "--format=markdown"]] {
        let plan = project.run(form.iter().copied()).success();
        plan.stdout_contains("bytes, sha256:").stdout_lacks("p199");
    }
    // A plan file has the size and the digest, and the JSON of a plan the fields.
    project.run(["plan", "--out=p.plan"]).success();
    assert!(!project.read("p.plan").contains("p199"), "the schema should not be in the file");
    project.run(["show", "p.plan", "--full"]).success().stdout_contains("bytes, sha256:");
    project.run(["plan", "--format=json"]).success().stdout_contains("p199");
    project.run(["apply", "p.plan"]).success();
    project.edit("set.yaml", "\"p199\":{\"type\":\"string\"}", "\"p200\":{\"type\":\"string\"}");
    let changed = project.run(["plan"]).success();
    changed.stdout_contains("~ spec.versions[v1].schema:").stdout_lacks("p199").stdout_lacks("p200");
    changed.stdout_contains("2 fields changed");
    project
        .run(["plan", "--format=markdown"])
        .success()
        .stdout_contains("2 fields changed")
        .stdout_lacks("p200");
    project.apply();
    // Another version is a line, and its schema another one.
    let version = |name: &str| {
        let storage = name == "v1";
        format!(
            "{{\"name\":\"{name}\",\"schema\":{{\"openAPIV3Schema\":{{\"type\":\"object\",\"properties\":{{\"spec\":\
                 {{\"type\":\"object\",\"properties\":{{\"long{name}\":{{\"type\":\"string\"}}}}}}}}}}}},\"served\":true,\"storage\":{storage}}}"
        )
    };
    let text = project.read("set.yaml");
    let (before, behind) = text.split_once("\"versions\":[").unwrap();
    let (first, _) = behind.split_once("]}}").unwrap();
    let (_, behind) = behind.split_at(first.len());
    project.rewrite("set.yaml", &format!("{before}\"versions\":[{first},{}{behind}", version("v2")));
    for form in [&["plan"][..], &["plan", "--format=markdown"]] {
        let added = project.run(form.iter().copied()).success();
        added.stdout_contains("+ spec.versions[v2]: {\"name\":\"v2\",\"served\":true,\"storage\":false}");
        added.stdout_contains("spec.versions[v2].schema:").stdout_contains("bytes, sha256:");
        added.stdout_lacks("longv2").stdout_lacks("openAPIV3Schema");
    }
    project.apply();
    project.rewrite("set.yaml", &text);
    let removed = project.run(["plan"]).success();
    removed.stdout_contains("- spec.versions[v2]:").stdout_contains("- spec.versions[v2].schema:");
    removed.stdout_lacks("longv2");
    ns.clean_up("crd/things0.{prefix}.example.com");
}

fn a_field_of_a_manifest_points_at_its_own_line() {
    let ns = Namespace::new();
    let manifest = "# first\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  a: b\n---\n\
                    apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\ndata:\n  a: b\n  c: d\n";
    let project = ns.project().write("regplan.toml", SET).write("set.yaml", manifest);
    project.apply();
    project.edit("set.yaml", "c: d", "c: e");
    project.run(["plan"]).success().stdout_contains("data.c: \"d\" -> \"e\" (yours, set.yaml:16)");
    project.run(["plan", "--format=markdown"]).success().stdout_contains("# yours, set.yaml:16");
    let plan = project.run(["plan", "--format=json"]).success().json();
    let update = changes(&plan).iter().find(|change| change["action"] == "update").unwrap();
    assert_eq!(update["fields"][0]["place"], json!({"file": "set.yaml", "line": 16}));
    project.run(["plan", "--out=p.plan"]).success();
    project.run(["show", "p.plan"]).success().stdout_contains("(yours, set.yaml:16)");
}

fn the_question_names_what_it_is_about() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    let asked = project.regplan(["apply"]).stdin("no\n").run().code(1);
    asked.stderr_contains(&ns.fill("Project {project}, context ")).stderr_contains("cluster ");
    asked.stdout_contains(&ns.fill("Project {project}, context ")).stdout_contains("State ");
    project.run(["plan", "--format=markdown"]).success().stdout_contains(&ns.fill("Project {project}"));
    project.apply();
    let drift = project.run(["drift"]).success();
    drift.stdout_contains(&ns.fill("Project {project}, context ")).stdout_contains("serial ");
    project.run(["drift", "--format=markdown"]).success().stdout_contains(&ns.fill("Project {project}"));
}
