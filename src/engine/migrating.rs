//! Moves the state of a project to where another configuration says.

use super::{Error, Project};
use crate::state::{self, Migrated};

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
}
