//! The places for a state that are put to the test. A new one is one more line in [`BACKENDS`].

use regplan::state::{self, LocalBackend, Location};

use crate::harness::{Namespace, Project};

/// A place for a state.
pub(crate) struct Backend {
    /// Its name in figures and messages.
    pub(crate) name: &'static str,
    /// What stands in the configuration, behind `[project]` and `[cluster]`.
    pub(crate) table: &'static str,
    /// The same place, for a look at its journal.
    pub(crate) open: fn(&Namespace, &Project<'_>) -> Box<dyn state::Backend>,
}

/// All of them.
pub(crate) const BACKENDS: &[Backend] = &[Backend { name: "local", table: "", open: local }];

fn local(ns: &Namespace, project: &Project<'_>) -> Box<dyn state::Backend> {
    let location = Location::beside(&project.folder(), &ns.project_name()).unwrap();
    Box::new(LocalBackend::new(location))
}
