//! A record set, and who keeps it.

use serde_json::Value;

use super::content::Names;
use super::keeper::Keeper;
use super::object;
use crate::resource::{Identity, Live, Problem};

/// A record set with its keeper.
pub(super) struct Entry {
    pub(super) identity: Identity,
    /// What is known of it besides its records.
    pub(super) spec: Value,
    pub(super) names: Names,
    pub(super) keeper: Box<dyn Keeper>,
}

impl Entry {
    /// What stands there now, as an object.
    pub(super) async fn live(&self) -> Result<Option<Live>, Problem> {
        Ok(object::live(&self.identity, &self.spec, &self.keeper.read(&self.names).await?))
    }
}
