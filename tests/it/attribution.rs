//! Who caused each changed line of a plan, and the advice on how to keep the change of somebody else.

mod conflict;
mod drift;
mod ownership;

use serde_json::Value;

use crate::harness::{GREETING, Namespace, Project, Test, changes, deployment};
use crate::plan_forms;

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [drift::tests(), conflict::tests(), ownership::tests()].concat()
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

/// A project with two objects, which is applied.
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

/// The advice of the only changed line of the plan.
fn advice(plan: &Value) -> Value {
    let changes = changes(plan).iter();
    let lines: Vec<&Value> = changes.flat_map(|change| change["fields"].as_array().unwrap()).collect();
    let [line] = lines.as_slice() else { panic!("more or less than one line: {plan:#}") };
    keep(line)
}

/// The advice, without the place of its key in the file.
fn keep(line: &Value) -> Value {
    let mut keep = line["keep"].clone();
    keep.as_object_mut().unwrap().remove("place");
    keep
}

/// Does what the advice says: the block ignores the field.
fn ignore(project: &Project<'_>, block: &str, advice: &Value) {
    let line = advice["ignore_changes"].as_str().unwrap_or_else(|| panic!("no line: {advice}"));
    let config = project.read("regplan.toml");
    project.rewrite("regplan.toml", &format!("{config}\n[{block}.lifecycle]\nignore_changes = ['{line}']\n"));
}
