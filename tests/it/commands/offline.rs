//! Commands that need no cluster: `init`, `render`, `graph`, `schema`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{SMALL, offline};
use crate::harness::Namespace;

tests! {
    init_writes_a_valid_file_and_never_overwrites,
    render_shows_no_secret_and_needs_none,
    hooks_of_helm_are_told_and_can_be_left_out,
    the_graph_is_drawn_in_both_languages,
    the_schema_takes_the_examples_and_refuses_a_typo,
}

fn init_writes_a_valid_file_and_never_overwrites() {
    let ns = Namespace::absent();
    let project = ns.project().kubeconfig("/nonexistent");
    let written = project.run(["init"]).success();
    assert_eq!(written.stdout(), "");
    written.stderr_contains("Wrote regplan.toml");
    project.run(["validate"]).success();
    project.run(["render"]).success();
    project.rewrite("regplan.toml", "mine");
    project.run(["init"]).code(1).stderr_contains("never overwritten").stderr_contains("help: ");
    assert_eq!(project.read("regplan.toml"), "mine");
    project.run(["init", "other.toml", "--quiet"]).success().check(true, "quiet");
    project.run(["validate", "-f", "other.toml"]).success();
    project
        .run(["init", "no/such/folder.toml"])
        .code(1)
        .stderr_contains("no/such/folder.toml cannot be written");
    std::os::unix::fs::symlink("nowhere", project.path("link.toml")).unwrap();
    project.run(["init", "link.toml"]).code(1);
    assert!(!project.path("nowhere").exists());
}

fn render_shows_no_secret_and_needs_none() {
    let ns = Namespace::absent();
    let project = offline(&ns, SMALL).env("PASSWORD", "correct horse");
    let yaml = project.run(["render"]).success();
    yaml.stdout_contains("(sensitive)").stdout_lacks("correct horse");
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml.stdout()).unwrap();
    let json = project.run(["render", "--format", "json"]).success();
    assert_eq!(json.stderr(), "");
    assert_eq!(json.json()["items"], Value::from(documents));
    assert_eq!(offline(&ns, SMALL).run(["render"]).success().stdout(), yaml.stdout());
    project.run(["render", "--format", "xml"]).code(1).stderr_contains("possible values: yaml, json");
}

fn the_graph_is_drawn_in_both_languages() {
    let ns = Namespace::absent();
    let project = offline(&ns, SMALL);
    let dot = project.run(["graph"]).success();
    dot.stdout_contains("digraph").stdout_contains("resource.greeting").stdout_contains("->");
    let mermaid = project.run(["graph", "--format", "mermaid"]).success();
    mermaid
        .stdout_contains("flowchart")
        .stdout_contains("resource.greeting")
        .stdout_contains("==>")
        .stdout_contains("-.->");
    assert_eq!((dot.stderr(), mermaid.stderr()), ("", ""));
}

fn the_schema_takes_the_examples_and_refuses_a_typo() {
    let ns = Namespace::absent();
    let project = ns.project();
    let printed = project.run(["schema"]).success();
    assert_eq!(printed.stderr(), "");
    let schema = printed.json();
    jsonschema::meta::validate(&schema).expect("a schema of its own draft");
    let schema = jsonschema::validator_for(&schema).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let mut files: Vec<String> =
        readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect();
    for entry in fs::read_dir(root.join("examples")).unwrap() {
        // Not every example has a configuration.
        let file = entry.unwrap().path().join("regplan.toml");
        if file.exists() {
            files.push(fs::read_to_string(file).unwrap());
        }
    }
    project.run(["init"]).success();
    files.push(project.read("regplan.toml"));
    assert!(files.len() >= 5);
    let value = |text: &str| serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
    for file in &files {
        let errors: Vec<String> = schema.iter_errors(&value(file)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{file}");
    }
    for (right, wrong) in [
        ("name = ", "nmae = "),
        ("kind       = \"Secret\"", "kind       = 5"),
        ("[resource.greeting]", "[resuorce.greeting]"),
        ("depends_on = [\"resource.login\"]", "depends_on = \"resource.login\""),
    ] {
        let wrong = SMALL.replacen(right, wrong, 1);
        assert!(schema.is_valid(&value(SMALL)) && wrong != SMALL);
        assert!(!schema.is_valid(&value(&wrong)), "{wrong}");
    }
}

fn hooks_of_helm_are_told_and_can_be_left_out() {
    let ns = Namespace::absent();
    let chart = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: app }\n---\n\
                 apiVersion: batch/v1\nkind: Job\nmetadata: { name: uninstall, annotations: { helm.sh/hook: pre-delete } }\n";
    let config = "[project]\nname = \"{project}\"\n\n[manifest.app]\npath = \"chart.yaml\"\n";
    let project =
        ns.project().kubeconfig("/nonexistent").write("chart.yaml", chart).write("regplan.toml", config);
    let rendered = project.run(["render"]).success();
    rendered.stderr_contains("hooks of Helm").stderr_contains("Job/uninstall (pre-delete)");
    rendered.stdout_contains("kind: Job");
    for keys in ["exclude = ['metadata.annotations[\"helm.sh/hook\"]']", "only = [\"ConfigMap/*\"]"] {
        project.rewrite("regplan.toml", &format!("{config}{keys}\n"));
        let rendered = project.run(["render"]).success();
        rendered.stderr_lacks("Helm").stdout_contains("kind: ConfigMap").stdout_lacks("kind: Job");
    }
    project.rewrite("regplan.toml", &format!("{config}exclude = [\"Jop\"]\n"));
    project
        .run(["validate"])
        .code(1)
        .stderr_contains("`Jop` means no object")
        .stderr_contains("Job/uninstall");
}
