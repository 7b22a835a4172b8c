//! A project with its cluster, or without it where none is reached: for a look from outside the cluster helps, and need not
//! be there.

use std::path::PathBuf;
use std::sync::Arc;

use super::introducing::introduction;
use super::redacting::RedactingProvider;
use super::run_secrets::RunSecrets;
use super::workspace::Workspace;
use super::{Error, Project};
use crate::provider::{Provider as _, Router, Unreached};
use crate::resource::{ClusterIdentity, Problem, ProblemKind};
use crate::state::{State, View};

/// A project that is looked at from outside.
pub struct Reached {
    /// The project. Without a cluster every question to it is answered by why.
    pub workspace: Workspace<View>,
    /// Why no cluster is reached, where that is so.
    pub unreached: Option<Problem>,
}

impl Project {
    /// Reaches the cluster, or else goes on without one. Then a state that cannot be read is an empty one: it may be in that
    /// cluster.
    ///
    /// # Errors
    /// The settings contradict the configuration, a block has a mistake, the cluster is another one than the expected, or
    /// there is one and the state cannot be read.
    #[tracing::instrument(skip_all, fields(project = self.config.project))]
    pub async fn reach(self) -> Result<Reached, Error> {
        match self.absence().await? {
            None => {
                let workspace = self.open().await?.connect().await?;
                Ok(Reached { workspace, unreached: None })
            }
            Some(problem) => {
                let workspace = self.without_cluster(problem.clone()).await?;
                Ok(Reached { workspace, unreached: Some(problem) })
            }
        }
    }

    /// Why no cluster is reached; `None` where one is.
    async fn absence(&self) -> Result<Option<Problem>, Error> {
        let settings = self.settings.connection(&self.config.cluster)?;
        let asked = match self.host.providers.connect(&settings).await {
            Ok(provider) => provider.cluster().identity().await.map(|_| ()),
            Err(problem) => Err(problem),
        };
        match asked {
            Ok(()) => Ok(None),
            Err(problem) if is_absence(problem.kind) => {
                let message = format!("no cluster is reached: {}", problem.message);
                Ok(Some(Problem { message, ..problem }))
            }
            Err(problem) => Err(problem.into()),
        }
    }

    async fn without_cluster(self, problem: Problem) -> Result<Workspace<View>, Error> {
        let outline = self.outline().await?;
        let state = match self.view_state().await {
            Ok(state) => state,
            Err(_) => View {
                state: State::new(self.config.project.clone()),
                place: PathBuf::new(),
                exists: false,
                recovered: None,
            },
        };
        let secrets = Arc::new(RunSecrets::of(&self.config));
        secrets.learn_desired(&outline.graph);
        let provider = Box::new(Router::new(Arc::new(Unreached::because(problem))));
        let provider = Box::new(RedactingProvider::around(provider, Arc::clone(&secrets)));
        provider.introduce(&introduction(&state.state, Some(&outline.graph), &self.config.folder));
        let cluster = ClusterIdentity { uid: None, server: String::new(), ca_digest: None };
        Ok(Workspace { project: self, outline, state, provider, secrets, cluster })
    }
}

fn is_absence(kind: ProblemKind) -> bool {
    matches!(kind, ProblemKind::Unreachable | ProblemKind::Unauthenticated | ProblemKind::Settings)
}
