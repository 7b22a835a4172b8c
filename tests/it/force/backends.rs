//! The places for a state that are put to the test. A new one is one more entry in [`BACKENDS`].

use std::sync::Arc;
use std::time::Duration;

use regplan::engine::{
    BackendFactory as _, Clusters, ConfigInputs, Host, Settings, StateBackends, Variables, load_head,
};
use regplan::provider::kubernetes::Environment;
use regplan::state;

use super::shop::{Version, shop};
use crate::harness::{IN_CLUSTER, Namespace, ObjectServer, Project, QUICK_LOCK, block_on, credentials};

/// A kind of place for a state.
pub(crate) struct Backend {
    /// Its name in figures and messages.
    pub(crate) name: &'static str,
    /// What each command that writes is given.
    pub(crate) flags: &'static [&'static str],
    /// Whether a lock ends with its process. Otherwise it runs out, which takes its time after each kill.
    pub(crate) ends_with_process: bool,
    /// How often its journal is looked at for the moment of a kill. A look into a folder costs nothing; a server has
    /// to answer each one.
    pub(crate) look_interval: Duration,
    start: fn() -> Place,
}

/// A place for a state, ready for a project.
pub(crate) struct Place {
    /// What stands in the configuration, behind `[project]` and `[cluster]`.
    table: String,
    /// What has to run for it.
    _server: Option<ObjectServer>,
}

/// Whoever takes such a lock over waits for as long as a request may take.
const SOON: &[&str] = &["--request-timeout", "5s"];

const OFTEN: Duration = Duration::from_millis(1);
const SELDOM: Duration = Duration::from_millis(5);

/// All of them.
pub(crate) const BACKENDS: &[Backend] = &[
    Backend { name: "local", flags: &[], ends_with_process: true, look_interval: OFTEN, start: local },
    Backend {
        name: "kubernetes",
        flags: SOON,
        ends_with_process: false,
        look_interval: SELDOM,
        start: in_cluster,
    },
    Backend { name: "s3", flags: SOON, ends_with_process: false, look_interval: SELDOM, start: in_objects },
];

fn local() -> Place {
    Place { table: String::new(), _server: None }
}

fn in_cluster() -> Place {
    let table = format!("{IN_CLUSTER}{QUICK_LOCK}\n");
    Place { table, _server: None }
}

fn in_objects() -> Place {
    let server = ObjectServer::start();
    Place { table: server.state(QUICK_LOCK), _server: Some(server) }
}

/// Removes what is outside of the test's namespace from a cluster that stays.
#[track_caller]
pub(crate) fn clean_up(ns: &Namespace) {
    for namespace in ["namespace/{prefix}-states", "namespace/{prefix}-s"] {
        if ns.find(namespace).is_some() {
            ns.clean_up(namespace);
        }
    }
}

impl Backend {
    /// A place of its own for a state.
    pub(crate) fn start(&self) -> Place {
        (self.start)()
    }
}

impl Place {
    /// Writes this version of the shop, whose state is here.
    pub(crate) fn write(&self, project: &Project<'_>, version: Version, objects: usize) {
        project.rewrite("regplan.toml", &shop(version, objects, &self.table));
    }

    /// Moves a project in, with the first version of the shop. Nothing of it is in the cluster yet.
    pub(crate) fn let_in<'n>(&self, project: Project<'n>, objects: usize) -> Project<'n> {
        // The other places do not look at the credentials.
        let project = ObjectServer::let_in(project);
        self.write(&project, Version::First, objects);
        // What a place needs is made; most need nothing.
        project.run(["state", "init"]).success();
        project
    }

    /// The same place, for a look at its journal: as the configuration of the project says.
    pub(crate) fn open(ns: &Namespace, project: &Project<'_>) -> Box<dyn state::Backend> {
        let clusters = Arc::new(Clusters::new(Environment::default()));
        let variables: Variables = Arc::new(|name| {
            credentials().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        });
        let backends = Arc::new(StateBackends::new(clusters, Arc::clone(&variables)));
        let host = Host { variables, backends: Arc::clone(&backends) as _, ..Host::of_process() };
        let settings = Settings { kubeconfig: Some(ns.cluster().kubeconfig().into()), ..Settings::default() };
        let head = load_head(&ConfigInputs::in_folder(project.folder()), &settings, &host).unwrap();
        block_on(backends.open(&head.backend)).unwrap()
    }
}
