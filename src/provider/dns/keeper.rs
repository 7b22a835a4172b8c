//! What somebody who keeps a zone can do.

use async_trait::async_trait;

use super::content::{Content, Names};
use crate::resource::Problem;
use crate::resource::record_set::RecordValue;

/// How a write failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nothing was done.
    NotDone(Problem),
    /// No answer came: nobody knows.
    Lost(Problem),
}

/// Whether other records stand at a name, and which.
pub(super) type OtherTypes = Vec<String>;

/// A server that does not give the values.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// It gives other ones, or none; the text says so.
    Says(String),
    /// It cannot be asked from here.
    Silent(String),
}

impl Behind {
    /// What is told of it.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Says(text) | Self::Silent(text) => text,
        }
    }
}

/// Keeps a zone: a name server, or a service.
#[async_trait]
pub(super) trait Keeper: Send + Sync {
    /// What stands at the names.
    ///
    /// # Errors
    /// It cannot be known.
    async fn read(&self, names: &Names) -> Result<Content, Problem>;

    /// The types of the records at the name that do not belong to the set.
    ///
    /// # Errors
    /// They cannot be known.
    async fn others(&self, names: &Names) -> Result<OtherTypes, Problem>;

    /// Whether we may write, as far as that can be tried: nothing is changed.
    ///
    /// # Errors
    /// We may not, or it cannot be tried.
    async fn try_write(&self, names: &Names, before: &Content) -> Result<(), Problem>;

    /// Puts `after` in the place of `before`, which must be what stands there.
    ///
    /// # Errors
    /// [`ProblemKind::Conflict`](crate::resource::ProblemKind::Conflict) where something else stands there; whatever else
    /// the keeper says.
    async fn write(&self, names: &Names, before: &Content, after: &Content) -> Result<(), Fault>;

    /// Those among the servers that answer for the zone which do not give these values.
    ///
    /// # Errors
    /// Nobody knows which servers there are.
    async fn behind(&self, names: &Names, values: &[RecordValue]) -> Result<Vec<Behind>, Problem>;
}
