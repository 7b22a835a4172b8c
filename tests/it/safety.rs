//! An apply does not touch what is not ours, whatever changes between plan and apply.

pub(crate) mod concurrent;
mod consent;
pub(crate) mod disk;
mod environments;
mod foreign_objects;
pub(crate) mod interruption;
mod marks;
mod older_state;
pub(crate) mod races;
mod signals;

use crate::harness::{GREETING, Namespace, Project, Test};

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    let races = [races::tests(), marks::tests(), interruption::tests(), older_state::tests()].concat();
    [
        disk::tests(),
        concurrent::tests(),
        foreign_objects::tests(),
        races,
        consent::tests(),
        environments::tests(),
        signals::tests(),
    ]
    .concat()
}

const THEIRS: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "greeting"}, "data": {"hello": "theirs"}}"#;

fn greeting(ns: &Namespace) -> Project<'_> {
    ns.project().write("regplan.toml", GREETING)
}
