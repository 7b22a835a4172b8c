//! The places for a state that are put to the test. A new one is one more entry in [`BACKENDS`].

use std::sync::Arc;
use std::time::Duration;

use regplan::engine::{
    BackendFactory as _, Clusters, ConfigInputs, Host, Settings, StateBackends, Variables, load_head,
};
use regplan::provider::kubernetes::Environment;
use regplan::state;
use serde_json::json;

use super::shop::{Version, shop};
use super::store::Store;
use crate::harness::{Cloud, IN_CLUSTER, Namespace, Project, Proxy, QUICK_LOCK, block_on};

/// What a place for a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    Cluster,
    Store,
}

/// A kind of place for a state.
pub(crate) struct Backend {
    /// Its name in figures and messages.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) kind: Kind,
    /// What each command that writes is given.
    pub(crate) flags: &'static [&'static str],
    /// Whether a lock ends with its process. Otherwise it runs out, which takes its time after each kill.
    pub(crate) ends_with_process: bool,
    /// How often its journal is looked at for the moment of a kill. A look into a folder costs nothing; a server has
    /// to answer each one.
    pub(crate) look_interval: Duration,
    /// Whether it hides secret values by itself. Elsewhere they are encrypted, or not kept.
    hides_values: bool,
    /// The keys of `[state]` that make its lock run out quickly.
    quick: &'static str,
    /// A place with these keys in its table.
    start: fn(&str) -> Place,
    /// Takes the lock away from a process that was killed.
    free: fn(&Namespace, &Place),
}

/// A place for a state, ready for a project.
pub(crate) struct Place {
    /// What stands in the configuration, behind `[project]` and `[cluster]`.
    table: String,
    /// What has to run for it.
    server: Option<Store>,
    /// What stands before that, if anything does.
    proxy: Option<Proxy>,
}

/// Whoever takes such a lock over waits for as long as a request may take.
const SOON: &[&str] = &["--request-timeout", "5s"];

const OFTEN: Duration = Duration::from_millis(1);
const SELDOM: Duration = Duration::from_millis(5);

/// All of them.
pub(crate) const BACKENDS: &[Backend] = &[
    Backend {
        name: "local",
        kind: Kind::Folder,
        flags: &[],
        ends_with_process: true,
        look_interval: OFTEN,
        hides_values: false,
        quick: "",
        start: local,
        free: |_, _| (),
    },
    Backend {
        name: "kubernetes",
        kind: Kind::Cluster,
        flags: SOON,
        ends_with_process: false,
        look_interval: SELDOM,
        hides_values: true,
        quick: QUICK_LOCK,
        start: in_cluster,
        free: free_in_cluster,
    },
    store("s3", |keys| in_store(Store::bucket(), keys)),
    store("gcs", |keys| in_store(Store::cloud(Cloud::Gcs), keys)),
    store("azblob", |keys| in_store(Store::cloud(Cloud::Azblob), keys)),
];

/// An object store.
const fn store(name: &'static str, start: fn(&str) -> Place) -> Backend {
    Backend {
        name,
        kind: Kind::Store,
        flags: SOON,
        ends_with_process: false,
        look_interval: SELDOM,
        hides_values: false,
        quick: QUICK_LOCK,
        start,
        free: free_in_store,
    }
}

fn local(keys: &str) -> Place {
    let table = if keys.is_empty() { String::new() } else { format!("\n[state]\n{keys}\n") };
    Place { table, server: None, proxy: None }
}

fn in_cluster(keys: &str) -> Place {
    Place { table: format!("{IN_CLUSTER}{keys}\n"), server: None, proxy: None }
}

fn in_store(server: Store, keys: &str) -> Place {
    Place { table: server.state(keys), server: Some(server), proxy: None }
}

fn free_in_cluster(ns: &Namespace, _: &Place) {
    let free = json!({ "metadata": { "annotations": { "regplan.dev/lock": null } } });
    let lease = ns.fill("lease.coordination.k8s.io/{project}");
    ns.cluster().patch(&ns.fill("{prefix}-states"), &lease, &free);
}

fn free_in_store(ns: &Namespace, place: &Place) {
    if let Some(server) = &place.server {
        server.remove(&ns.fill("{project}/lock.json"));
    }
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
    /// A place of its own for a state, whose lock runs out quickly.
    pub(crate) fn start(&self) -> Place {
        (self.start)(self.quick)
    }

    /// The same with the usual lock.
    pub(crate) fn start_usual(&self) -> Place {
        (self.start)("")
    }

    /// The same, where revisions keep their secret values: with this key of `[state]`, unless the place needs none.
    pub(crate) fn start_with_values(&self, encryption: &str) -> Place {
        (self.start)(if self.hides_values { "" } else { encryption })
    }

    /// Takes the lock of a place away from a process that was killed, so that nobody has to wait until it has run out.
    pub(crate) fn free(&self, ns: &Namespace, place: &Place) {
        (self.free)(ns, place);
    }
}

impl Place {
    /// The same place behind a proxy, where it is a server of its own.
    pub(crate) fn behind_proxy(self) -> Self {
        let Some(server) = self.server else { return self };
        let proxy = Proxy::before(server.address());
        let table = self.table.replace(&server.url(), proxy.url());
        assert_ne!(table, self.table, "the configuration names the server");
        Self { table, server: Some(server), proxy: Some(proxy) }
    }

    /// The proxy before it, if there is one.
    pub(crate) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// This version of the shop, whose state is here.
    pub(crate) fn configuration(&self, version: Version, objects: usize) -> String {
        shop(version, objects, &self.table)
    }

    /// Writes it.
    pub(crate) fn write(&self, project: &Project<'_>, version: Version, objects: usize) {
        project.rewrite("regplan.toml", &self.configuration(version, objects));
    }

    /// Moves a project in, with the first version of the shop. Nothing of it is in the cluster yet.
    pub(crate) fn let_in<'n>(&self, project: Project<'n>, objects: usize) -> Project<'n> {
        let project = Store::let_in(project);
        self.write(&project, Version::First, objects);
        // What a place needs is made; most need nothing.
        project.run(["state", "init"]).success();
        project
    }

    /// The same place, for a look at its journal: as the configuration of the project says.
    pub(crate) fn open(ns: &Namespace, project: &Project<'_>) -> Box<dyn state::Backend> {
        Self::open_as(ns, project, "regplan.toml")
    }

    /// The same as this file of the project says.
    pub(crate) fn open_as(ns: &Namespace, project: &Project<'_>, file: &str) -> Box<dyn state::Backend> {
        let clusters = Arc::new(Clusters::new(Environment::default()));
        let variables: Variables = Arc::new(|name| {
            Store::credentials().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        });
        let backends = Arc::new(StateBackends::new(clusters, Arc::clone(&variables)));
        let host = Host { variables, backends: Arc::clone(&backends) as _, ..Host::of_process() };
        let settings = Settings { kubeconfig: Some(ns.cluster().kubeconfig().into()), ..Settings::default() };
        let inputs = ConfigInputs { files: vec![file.into()], ..ConfigInputs::in_folder(project.folder()) };
        let head = load_head(&inputs, &settings, &host).unwrap();
        block_on(backends.open(&head.backend)).unwrap()
    }
}
