//! Opens the state before the cluster is asked: it is read or locked first, and says which cluster is
//! expected.

use std::path::PathBuf;
use std::sync::Arc;

use tracing::Instrument as _;

use super::backend_settings::BackendSettings;
use super::cluster_check::check_cluster;
use super::factories::BackendFactory;
use super::introducing::introduction;
use super::redacting::RedactingProvider;
use super::run_secrets::RunSecrets;
use super::settings::ConnectionSettings;
use super::state_access::StateAccess;
use super::workspace::Workspace;
use super::{Compiled, Error, Project};
use crate::provider::Provider as _;
use crate::state::{self, Backend, Holder, LockId, OpenRun, Recovered, State, Store, View};

/// A project with its state. No cluster was asked yet.
///
/// `S` is a [`View`] where the state is only read, and others may write it meanwhile. It is a [`Store`] where the
/// state is locked.
pub struct Opened<S> {
    project: Project,
    connection: ConnectionSettings,
    outline: Compiled,
    state: S,
}

/// What an earlier run that was killed has left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption<'s> {
    /// A run was interrupted; its outcomes are now in the state.
    Run(&'s Recovered),
    /// A process held the lock and was killed; it left nothing unfinished.
    Holder(&'s Holder),
}

impl Project {
    /// Reads the state without a lock: another process may write it meanwhile.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn view_state(&self) -> Result<View, Error> {
        let (backends, settings) = (Arc::clone(&self.host.backends), self.backend_settings()?);
        view(backends, settings, self.config.project.clone()).await
    }

    /// The state as a file holds it, with what an interrupted run has recorded.
    ///
    /// # Errors
    /// There is no state, or it cannot be read.
    pub async fn state_file(&self) -> Result<String, Error> {
        let view = self.view_state().await?;
        if !view.exists {
            return Err(Error::NoState { place: view.place });
        }
        Ok(state::to_file(&view.place, &view.state)?)
    }

    /// Where the state is kept, for messages.
    ///
    /// # Errors
    /// The settings lead to no place.
    pub async fn state_place(&self) -> Result<PathBuf, Error> {
        Ok(self.backend().await?.place())
    }

    /// Takes the lock with this id away from a process that is gone.
    ///
    /// # Errors
    /// The process still runs, or the lock has another id.
    pub async fn unlock(&self, id: &LockId) -> Result<Holder, Error> {
        Ok(self.backend().await?.unlock(id).await?)
    }

    /// Locks the state, and folds in what an interrupted run left behind. `command` tells others what this
    /// process does, such as `apply`.
    ///
    /// # Errors
    /// Another process holds the lock, or the state cannot be read.
    #[tracing::instrument(skip_all, fields(project = self.config.project, command = command))]
    pub async fn lock_state(&self, command: &str) -> Result<Store, Error> {
        Ok(Store::open(self.backend().await?, &self.config.project, command).await?)
    }

    /// Does everything that a plan needs before the cluster is asked.
    ///
    /// # Errors
    /// The settings contradict the configuration, a block has a mistake, or the state cannot be read.
    #[tracing::instrument(skip_all, fields(project = self.config.project))]
    pub async fn open(self) -> Result<Opened<View>, Error> {
        let connection = self.settings.connection(&self.config.cluster)?;
        // The state can be as large as the configuration, so both are read at the same time.
        let (backends, settings) = (Arc::clone(&self.host.backends), self.backend_settings()?);
        let reading = view(backends, settings, self.config.project.clone());
        let reading = tokio::spawn(reading.in_current_span());
        let outline = self.outline().await?;
        let state = reading.await.map_err(Error::StateReading)??;
        Ok(Opened { project: self, connection, outline, state })
    }

    /// Does the same with a locked state, for an apply; see [`lock_state`](Self::lock_state).
    ///
    /// # Errors
    /// Those of [`open`](Self::open); also, another process holds the lock.
    #[tracing::instrument(skip_all, fields(project = self.config.project, command = command))]
    pub async fn open_locked(self, command: &str) -> Result<Opened<Store>, Error> {
        let connection = self.settings.connection(&self.config.cluster)?;
        // Mistakes of blocks are reported before anything is locked.
        let outline = self.outline().await?;
        let state = self.lock_state(command).await?;
        Ok(Opened { project: self, connection, outline, state })
    }

    /// Where the state is kept.
    ///
    /// # Errors
    /// The settings contradict the configuration.
    pub fn backend_settings(&self) -> Result<BackendSettings, Error> {
        Ok(BackendSettings::of(&self.config, &self.settings)?)
    }

    /// What has become of a run in this state that has not recorded its end. Only where there is one, the lock is looked at.
    pub(super) async fn fate_of_open_run(&self, state: &impl StateAccess) -> Option<OpenRun> {
        let run = state.open_run()?;
        Some(match self.backend().await {
            Ok(backend) => OpenRun::of(run, backend.as_ref()).await,
            Err(_) => OpenRun::Unclear(None),
        })
    }

    /// The same of the last run. One that has not recorded its end, and left no journal either, does not go on: another run
    /// has locked the state since then.
    pub async fn fate_of_last_run(&self, view: &View) -> OpenRun {
        self.fate_of_open_run(view).await.unwrap_or(OpenRun::Killed)
    }

    /// The backend of the state.
    pub(super) async fn backend(&self) -> Result<Box<dyn Backend>, Error> {
        self.host.backends.open(&self.backend_settings()?).await
    }
}

#[tracing::instrument(name = "view_state", skip_all, fields(project = project))]
async fn view(
    backends: Arc<dyn BackendFactory>,
    settings: BackendSettings,
    project: String,
) -> Result<View, Error> {
    let backend = backends.open(&settings).await?;
    Ok(state::view(backend.as_ref(), &project).await?)
}

impl Opened<View> {
    /// A run that has recorded what it is about to do, and not its end, and what has become of it. Only where there is one,
    /// the lock is looked at.
    pub async fn open_run(&self) -> Option<(&Recovered, OpenRun)> {
        let fate = self.project.fate_of_open_run(&self.state).await?;
        Some((self.state.recovered.as_ref()?, fate))
    }
}

impl Opened<Store> {
    /// What an earlier run that was killed has left behind. Only the holder of the lock can know: a run that
    /// a view finds may still be under way.
    pub fn interruption(&self) -> Option<Interruption<'_>> {
        let killed = self.state.recovered().filter(|recovered| recovered.unfinished.end.is_none());
        killed.map(Interruption::Run).or_else(|| self.state.left_by().map(Interruption::Holder))
    }
}

impl<S: StateAccess> Opened<S> {
    /// The configuration as compiled without a cluster and without secrets.
    pub(super) fn outline(&self) -> &Compiled {
        &self.outline
    }

    /// The project.
    pub(super) fn project(&self) -> &Project {
        &self.project
    }

    /// The state.
    pub(super) fn state(&self) -> &State {
        self.state.state()
    }

    /// Asks the cluster for its identity, and makes sure that it is the expected one, before anything else is
    /// read from it.
    ///
    /// # Errors
    /// The cluster cannot be reached, or is not the one of the configuration and the state.
    #[tracing::instrument(skip_all, fields(project = self.project.config.project))]
    pub async fn connect(self) -> Result<Workspace<S>, Error> {
        let Self { project, connection, outline, state } = self;
        let secrets = Arc::new(RunSecrets::of(&project.config));
        secrets.learn_desired(&outline.graph);
        let provider = project.host.providers.connect(&connection).await?;
        let provider = Box::new(RedactingProvider::around(provider, Arc::clone(&secrets)));
        provider.introduce(&introduction(state.state(), Some(&outline.graph), &project.config.folder));
        let cluster = provider.cluster().identity().await?;
        let remembered = state.state().cluster.as_ref();
        let cluster = check_cluster(&project.config.cluster, remembered, cluster)?;
        Ok(Workspace { project, outline, state, provider, secrets, cluster })
    }
}
