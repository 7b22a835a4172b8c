//! Parts that the tests of this room share: a cluster in memory, and a host that notes what it is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::{
    BackendFactory, BackendSettings, Clusters, ConfigInputs, ConnectionSettings, Error, Host, Project,
    ProviderFactory, Settings, StateBackends, load,
};
use crate::provider::kubernetes::Environment;
use crate::provider::{
    CascadeScope, Cluster, Dependents, Guard, House, Progress, Provider, Reassignment, Router, Until, Verb,
    Wait, Write, Written,
};
use crate::resource::{
    ClusterIdentity, Identity, Live, Ownership, Problem, ProblemKind, Reading, Stamp, Target,
};
use crate::state::Backend;

/// A cluster in memory, shared by all providers that were made for it.
#[derive(Clone, Default)]
pub(super) struct FakeCluster(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    objects: BTreeMap<Identity, Arc<Live>>,
    denied: BTreeSet<&'static str>,
    quoting: Option<&'static str>,
    log: Vec<String>,
}

impl FakeCluster {
    /// Notes a request.
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().log.push(what.into());
    }

    /// The requests since the last call.
    pub(super) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().log)
    }

    /// Denies a verb from now on.
    pub(super) fn deny(&self, verb: Verb) {
        self.0.lock().unwrap().denied.insert(verb.name());
    }

    /// From now on it fails in this, and quotes the object; with `None`, in nothing.
    pub(super) fn quote_in(&self, what: Option<&'static str>) {
        self.0.lock().unwrap().quoting = what;
    }

    /// A failure that quotes the object, as it is now or as it is to be.
    fn quoted(
        &self,
        what: &'static str,
        target: &Target,
        sent: Option<&serde_json::Value>,
    ) -> Result<(), Problem> {
        let content = self.0.lock().unwrap();
        let live = content.objects.get(&target.identity).map(|live| &live.object);
        let Some(object) = sent.or(live).filter(|_| content.quoting == Some(what)) else { return Ok(()) };
        let below = Problem::new(ProblemKind::Rejected, format!("it was {object}"));
        let mut problem =
            Problem::new(ProblemKind::Rejected, format!("denied: {object}")).help(object.to_string());
        problem.causes = vec![(None, "Quoted".into(), object.to_string())];
        Err(problem.caused_by(below))
    }

    /// Changes an object, as somebody else would.
    pub(super) fn edit(&self, name: &str, edit: impl FnOnce(&mut serde_json::Value)) {
        let mut content = self.0.lock().unwrap();
        let live = content.objects.iter_mut().find(|(identity, _)| identity.name == name).unwrap().1;
        let live = Arc::make_mut(live);
        edit(&mut live.object);
        live.stamp.version.push('1');
    }

    /// The object after a write.
    fn written(&self, write: &Write) -> Result<Live, Problem> {
        let content = self.0.lock().unwrap();
        let old = content.objects.get(&write.target.identity);
        let is_as_guarded = match (&write.guard, old) {
            (Guard::Absent, None) => true,
            (Guard::At(stamp), Some(old)) => *stamp == old.stamp,
            (Guard::Absent, Some(_)) | (Guard::At(_), None) => false,
        };
        if !is_as_guarded {
            return Err(Problem::new(ProblemKind::Conflict, "the guard does not hold"));
        }
        let version = old.map_or_else(|| "1".to_owned(), |old| format!("{}1", old.stamp.version));
        let stamp = Stamp { uid: format!("uid of {}", write.target.identity.name), version };
        Ok(Live { object: write.object.clone(), stamp, ownership: Ownership::default() })
    }
}

#[async_trait]
impl House for FakeCluster {
    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        self.note("read");
        let content = self.0.lock().unwrap();
        let read = |target: &Target| match content.objects.get(&target.identity) {
            Some(live) => Reading::Present(Arc::clone(live)),
            None => Reading::Absent,
        };
        targets.iter().map(read).collect()
    }

    async fn preview(&self, write: &Write) -> Result<Written, Problem> {
        self.note("preview");
        self.quoted("preview", &write.target, Some(&write.object))?;
        let warned = self.quoted("warning", &write.target, Some(&write.object)).err();
        let warnings = warned.map(|problem| problem.message).into_iter().collect();
        Ok(Written { live: self.written(write)?, warnings })
    }

    async fn write(&self, write: &Write) -> Result<Written, Problem> {
        self.note("write");
        self.quoted("write", &write.target, Some(&write.object))?;
        let live = self.written(write)?;
        let identity = write.target.identity.clone();
        self.0.lock().unwrap().objects.insert(identity, Arc::new(live.clone()));
        Ok(Written { live, warnings: Vec::new() })
    }

    async fn delete(&self, target: &Target, _: &Live) -> Result<(), Problem> {
        self.note("delete");
        self.quoted("delete", target, None)?;
        self.0.lock().unwrap().objects.remove(&target.identity);
        Ok(())
    }

    async fn wait(&self, wait: &Wait, progress: Progress<'_>) -> Result<Option<Arc<Live>>, Problem> {
        if let Err(problem) = self.quoted("wait", &wait.target, None) {
            progress(&problem.message);
            return Err(problem);
        }
        let content = self.0.lock().unwrap();
        let live = content.objects.get(&wait.target.identity).cloned();
        Ok(live.filter(|_| !matches!(wait.until, Until::Gone { .. })))
    }

    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
        self.note("review");
        let content = self.0.lock().unwrap();
        requests.iter().map(|(verb, _)| Ok(!content.denied.contains(verb.name()))).collect()
    }
}

#[async_trait]
impl Cluster for FakeCluster {
    fn context(&self) -> Option<&str> {
        Some("test")
    }

    async fn identity(&self) -> Result<ClusterIdentity, Problem> {
        self.note("cluster");
        Ok(ClusterIdentity { uid: Some("c".into()), server: "https://c".into(), ca_digest: None })
    }

    async fn is_namespaced(&self, _: &Target) -> Result<Option<bool>, Problem> {
        Ok(None)
    }

    async fn reassign(&self, _: &Reassignment) -> Result<Live, Problem> {
        Err(Problem::new(ProblemKind::Other, "nobody owns anything here"))
    }

    async fn dependents(&self, _: &CascadeScope) -> Result<Dependents, Problem> {
        Ok(Dependents::default())
    }

    async fn outage(&self) -> Option<Problem> {
        None
    }
}

#[async_trait]
impl ProviderFactory for FakeCluster {
    async fn connect(&self, settings: &ConnectionSettings) -> Result<Box<dyn Provider>, Problem> {
        self.note(format!("connect to {}", settings.context.as_deref().unwrap_or("the current context")));
        Ok(Box::new(Router::new(Arc::new(self.clone()))))
    }
}

/// Local folders; each time that one is opened is noted.
struct NotedBackends(FakeCluster);

#[async_trait]
impl BackendFactory for NotedBackends {
    async fn open(&self, settings: &BackendSettings) -> Result<Box<dyn Backend>, Error> {
        self.0.note("open the state");
        StateBackends::new(Arc::new(Clusters::new(Environment::default())), Arc::new(|_| None))
            .open(settings)
            .await
    }
}

/// A project in a folder of its own, and the cluster that it is applied to.
pub(super) struct Stage {
    folder: tempfile::TempDir,
    pub(super) cluster: FakeCluster,
    pub(super) settings: Settings,
    /// The password in the environment, if there is one.
    pub(super) password: Option<&'static str>,
}

impl Stage {
    /// A project with these blocks.
    pub(super) fn new(blocks: &str) -> Self {
        let stage = Self {
            folder: tempfile::tempdir().unwrap(),
            cluster: FakeCluster::default(),
            settings: Settings::default(),
            password: None,
        };
        stage.write(blocks);
        stage
    }

    /// Replaces the configuration.
    pub(super) fn write(&self, blocks: &str) {
        let text = format!("[project]\nname = \"p\"\n{blocks}");
        std::fs::write(self.folder().join("regplan.toml"), text).unwrap();
    }

    /// The path of the configuration.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The inputs of the configuration.
    pub(super) fn inputs(&self) -> ConfigInputs {
        ConfigInputs::in_folder(self.folder())
    }

    /// A host with the environment, the cluster, and local folders.
    pub(super) fn host(&self) -> Host {
        let (password, cluster) = (self.password.map(str::to_owned), self.cluster.clone());
        let look_up = move |name: &str| {
            cluster.note(format!("look up {name}"));
            password.clone().filter(|_| name == "PASSWORD")
        };
        Host {
            variables: Arc::new(look_up),
            providers: Arc::new(self.cluster.clone()),
            backends: Arc::new(NotedBackends(self.cluster.clone())),
            helm: Arc::new(super::HelmSettings::of_process()),
        }
    }

    /// Reads the configuration.
    pub(super) async fn load(&self) -> Result<Project, Error> {
        load(&self.inputs(), self.settings.clone(), self.host()).await
    }
}
