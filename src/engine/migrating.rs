//! Moves the state of a project to where another configuration says.

use std::sync::Arc;

use super::cluster_check::check_cluster;
use super::newest_state::Register;
use super::redacting::RedactingProvider;
use super::{Error, Project};
use crate::provider::Provider as _;
use crate::state::{self, Freshness, Holder, Migrated, Newest, State};

/// What the record says of a move.
const COMMAND: &str = "state migrate";

impl Project {
    /// Moves the state from where this configuration says to where the other one says; both are of the same project.
    ///
    /// # Errors
    /// Those of [`migrate`](state::migrate); or the other configuration is another project's.
    #[tracing::instrument(skip_all, fields(project = self.config.project))]
    pub async fn move_state_to(&self, to: &Self) -> Result<Migrated, Error> {
        if self.config.project != to.config.project {
            let (from, to) = (self.config.project.clone(), to.config.project.clone());
            return Err(Error::OtherProject { from, to });
        }
        let identities = self.identities(self.config.state.encryption()).ok().flatten();
        let (old, new) = (self.backend().await?, to.backend().await?);
        Ok(state::migrate(old, new, &self.config.project, identities.as_ref()).await?)
    }

    /// The revisions whose secret values stay behind when the state moves from here to where the other configuration says.
    ///
    /// # Errors
    /// The settings lead to no place, or the revisions cannot be read.
    pub async fn values_left_behind(&self, to: &Self) -> Result<Vec<u64>, Error> {
        let (old, new) = (self.backend().await?, to.backend().await?);
        Ok(state::values_left_behind(old.as_ref(), new.as_ref()).await?)
    }

    /// How the state that is to move here from the place of the other configuration compares with the newest one. Only a move out
    /// of a folder needs the answer, into a place of which there is but one: nobody compares the state there with a record.
    ///
    /// # Errors
    /// The settings lead to no place, or the cluster cannot be reached or is another one.
    pub async fn freshness_of_move_from(&self, from: &Self) -> Result<Freshness, Error> {
        let (Some(namespace), None) = (from.config.state.recorded_in(), self.config.state.recorded_in())
        else {
            return Ok(Freshness::Newest);
        };
        // A move that was killed has written the state here already. What cannot be read, the move itself says better.
        let (here, there) = (self.backend().await?.load().await, from.backend().await?.load().await);
        let (Ok(None), Ok(Some(state))) = (here, there) else { return Ok(Freshness::Newest) };
        let provider = self.provider_of(&state).await?;
        match Register::of(&provider, &state, Some(namespace)) {
            Some(register) => Ok(register.compare(&state).await),
            None => Ok(Freshness::Newest),
        }
    }

    /// Records in the cluster where the state of this project is now, after it has moved here from the place of the other
    /// configuration. Older copies of a folder are told so.
    ///
    /// # Errors
    /// The cluster cannot be reached, is another one, or does not take the record.
    pub async fn record_move_from(&self, from: &Self, migrated: &Migrated) -> Result<(), Error> {
        let Some(state) = self.backend().await?.load().await? else { return Ok(()) };
        let (here, there) = (self.config.state.recorded_in(), from.config.state.recorded_in());
        let moved_to = match (here, there) {
            // A copy of a folder is told apart by its runs, wherever the folder is.
            (Some(_), Some(_)) | (None, None) => return Ok(()),
            (Some(_), None) => None,
            (None, Some(_)) => Some(migrated.to.display().to_string()),
        };
        self.record_place(&state, here.or(there), moved_to).await
    }

    async fn record_place(
        &self,
        state: &State,
        namespace: Option<&str>,
        moved_to: Option<String>,
    ) -> Result<(), Error> {
        // Nothing was applied yet, so there is nothing that a copy could believe in.
        if state.last_run.is_none() {
            return Ok(());
        }
        let provider = self.provider_of(state).await?;
        let Some(register) = Register::of(&provider, state, namespace) else { return Ok(()) };
        let newest = Newest { moved_to, ..Newest::of(state, COMMAND, Holder::this_process(COMMAND).who()) };
        Ok(register.replace(&state.lineage, &newest).await?)
    }

    /// The cluster of this state.
    async fn provider_of(&self, state: &State) -> Result<RedactingProvider, Error> {
        let connection = self.settings.connection(&self.config.cluster)?;
        let provider = self.host.providers.connect(&connection).await?;
        let provider = RedactingProvider::around(provider, Arc::default());
        let found = provider.cluster().identity().await?;
        check_cluster(&self.config.cluster, state.cluster.as_ref(), found)?;
        Ok(provider)
    }
}
