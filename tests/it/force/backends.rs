//! The places for a state that are put to the test. A new one is one more entry in [`BACKENDS`].

use std::sync::Arc;
use std::time::Duration;

use regplan::config::{ClusterSettings, ClusterState};
use regplan::engine::{
    BackendFactory as _, BackendSettings, ClusterBackend, Clusters, Settings, StateBackends,
};
use regplan::provider::kubernetes::Environment;
use regplan::state::{self, LocalBackend, Location};

use crate::harness::{Namespace, Project, block_on};

/// A place for a state.
pub(crate) struct Backend {
    /// Its name in figures and messages.
    pub(crate) name: &'static str,
    /// What stands in the configuration, behind `[project]` and `[cluster]`.
    pub(crate) table: &'static str,
    /// What each command that writes is given.
    pub(crate) flags: &'static [&'static str],
    /// Done once before the first run.
    pub(crate) prepare: fn(&Namespace, &Project<'_>),
    /// The same place, for a look at its journal.
    pub(crate) open: fn(&Namespace, &Project<'_>) -> Box<dyn state::Backend>,
    /// Whether a lock ends with its process. Otherwise it runs out, which takes its time after each kill.
    pub(crate) ends_with_process: bool,
}

/// All of them.
pub(crate) const BACKENDS: &[Backend] = &[
    Backend {
        name: "local",
        table: "",
        flags: &[],
        prepare: |_, _| (),
        open: local,
        ends_with_process: true,
    },
    Backend {
        name: "kubernetes",
        table: "[state]\nbackend = \"kubernetes\"\nnamespace = \"{prefix}-states\"\nlock_duration = \"5s\"\n",
        // Whoever takes a lock over waits for so long.
        flags: &["--request-timeout", "5s"],
        prepare: |ns, project| {
            project.run(["state", "init"]).success();
            ns.clean_up("namespace/{prefix}-states");
        },
        open: in_cluster,
        ends_with_process: false,
    },
];

fn local(ns: &Namespace, project: &Project<'_>) -> Box<dyn state::Backend> {
    let location = Location::beside(&project.folder(), &ns.project_name()).unwrap();
    Box::new(LocalBackend::new(location))
}

fn in_cluster(ns: &Namespace, _: &Project<'_>) -> Box<dyn state::Backend> {
    let cluster = ClusterSettings::default();
    let settings = Settings { kubeconfig: Some(ns.cluster().kubeconfig().into()), ..Settings::default() };
    let connection = settings.connection(&cluster).unwrap();
    let state = ClusterState {
        namespace: ns.fill("{prefix}-states"),
        name: ns.project_name(),
        lock_duration: Duration::from_secs(5),
    };
    let backends = StateBackends::new(Arc::new(Clusters::new(Environment::default())), Arc::new(|_| None));
    let settings = BackendSettings::Cluster(Box::new(ClusterBackend { state, connection, cluster }));
    block_on(backends.open(&settings)).unwrap()
}
