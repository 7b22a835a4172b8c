//! The order of a plan: what the server refuses now, and takes once the rest of the plan is done; what is deleted
//! before what, and what is kept.

mod admission;
mod deletes;
mod exclusive;
mod pods;
mod rights;

use serde_json::{Value, json};

use crate::harness::{HEAD, Namespace, Project, Test, change};

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [pods::tests(), exclusive::tests(), admission::tests(), rights::tests(), deletes::tests()].concat()
}

/// A project whose objects are in the manifest `all.yaml`, in the namespace of the test.
fn of_manifest<'n>(ns: &'n Namespace, objects: &str) -> Project<'n> {
    let config = format!("{HEAD}\n[manifest.all]\npath = \"all.yaml\"\n");
    ns.project().write("regplan.toml", &config).write("all.yaml", objects)
}

/// The plan in JSON; it ends with this code.
#[track_caller]
fn plan(project: &Project<'_>, code: i32) -> Value {
    project.run(["plan", "--format", "json"]).code(code).json()
}

/// Fails unless the plan predicts this change, in the server's words, and names what is done first. Then applies
/// it, and fails unless nothing is left to do.
#[track_caller]
fn cured(project: &Project<'_>, address: &str, words: &str, first: &str) {
    let plan = plan(project, 0);
    let cured = change(&plan, address);
    assert_eq!(plan["errors"], json!([]), "{plan:#}");
    assert_eq!(cured["fidelity"]["kind"], "predicted", "{cured:#}");
    let reason = cured["fidelity"]["reason"].as_str().unwrap();
    assert!(reason.contains(words) && reason.contains(first), "{reason}");
    project.apply();
    project.expect_settled();
}

/// Fails unless the plan is refused for this object, in the server's words.
#[track_caller]
fn refused(project: &Project<'_>, address: &str, words: &str) {
    let plan = plan(project, 1);
    let errors = plan["errors"].as_array().unwrap();
    let error = errors.iter().find(|error| error["address"] == address);
    let error = error.unwrap_or_else(|| panic!("nothing against {address} in {plan:#}"));
    assert!(error["message"].as_str().unwrap().contains(words), "{error:#}");
}
