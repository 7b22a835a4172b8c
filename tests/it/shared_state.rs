//! A state in the cluster, which several machines share.

mod faults;
mod init;
mod lock;
mod lost;
mod rights;
mod sharing;
mod shelf;

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::harness::{Namespace, Project, Test};

/// The tests of this feature. First come those that wait for a lock to run out.
pub(crate) fn tests() -> Vec<Test> {
    let first = [lock::tests(), faults::tests(), lost::tests(), sharing::tests()];
    let rest = [rights::tests(), init::tests(), shelf::tests()];
    [first.concat(), rest.concat()].concat()
}

/// A project whose state is in a namespace of this test's own.
const HEAD: &str = r#"
[project]
name = "{project}"

[cluster]
namespace = "{ns}"

[state]
backend = "kubernetes"
namespace = "{prefix}-states"
lock_duration = "5s"
"#;

/// An object that no controller changes.
fn greeting(value: &str) -> String {
    format!("\n[resource.greeting]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.hello = \"{value}\"\n")
}

/// A folder with these blocks: another machine of the same project.
fn machine<'n>(ns: &'n Namespace, blocks: &str) -> Project<'n> {
    ns.project().write("regplan.toml", &format!("{HEAD}{blocks}"))
}

/// The first machine of a project, which has made what the state needs.
#[track_caller]
fn first_machine<'n>(ns: &'n Namespace, blocks: &str) -> Project<'n> {
    let project = machine(ns, blocks);
    project.run(["state", "init"]).success();
    project
}

/// The first machine of a project of which two revisions are kept: `greeting("a")`, then `greeting("b")`.
#[track_caller]
fn applied_twice(ns: &Namespace) -> Project<'_> {
    let project = first_machine(ns, &greeting("a"));
    project.apply();
    project.rewrite("regplan.toml", &format!("{HEAD}{}", greeting("b")));
    project.apply();
    project
}

/// The namespace of the states of this test.
fn states(ns: &Namespace) -> String {
    ns.fill("{prefix}-states")
}

/// An object of the state (`lease/{project}`), if there is one.
#[track_caller]
fn kept(ns: &Namespace, target: &str) -> Option<Value> {
    ns.cluster().find(&states(ns), &ns.fill(target))
}

/// What the `ConfigMap`s of the state hold: everybody who may plan reads it. They are packed, so that no text is found in the
/// objects themselves.
#[track_caller]
pub(crate) fn readable(ns: &Namespace) -> String {
    let maps = ns.cluster().items(&states(ns), "configmap");
    let unpacked = |map: &Value| {
        let packed = STANDARD.decode(map["binaryData"]["content"].as_str()?).unwrap();
        let mut text = String::new();
        GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
        Some(text)
    };
    maps.iter().filter_map(unpacked).collect()
}

/// Removes the namespace of states from a cluster that stays.
#[track_caller]
fn clean_up(ns: &Namespace) {
    ns.clean_up("namespace/{prefix}-states");
}
