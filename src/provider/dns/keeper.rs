//! What somebody who keeps a zone can do.

use std::time::Duration;

use async_trait::async_trait;

use super::content::{Content, NamedText, Names};
use super::marker::Marker;
use crate::resource::record_set::RecordValue;
use crate::resource::{Problem, ProblemKind};

/// How a write failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nothing was done.
    NotDone(Problem),
    /// No answer came, or a part was done: what stands there tells.
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

    /// All texts in a zone, or at least those that mark record sets.
    ///
    /// # Errors
    /// It cannot be known which names the zone has.
    async fn texts(&self, zone: &str) -> Result<Vec<NamedText>, Problem>;

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

    /// Whether a write has several steps, so that some of them may be done and others not.
    fn goes_by_steps(&self) -> bool {
        false
    }

    /// Makes sure that this stands there now. A server may take a change and leave out a part of it without a word.
    ///
    /// # Errors
    /// Something else stands there, or it cannot be known.
    async fn confirm(&self, names: &Names, after: &Content) -> Result<(), Problem> {
        if self.read(names).await?.values() == after.values() {
            return Ok(());
        }
        let message =
            format!("the server took the change of {}, and the records are not as it says", names.name);
        Err(Problem::new(ProblemKind::Rejected, message)
            .help("look for others who write this name, and at the log of the name server; then plan again"))
    }

    /// The uid of a record set that is made now: one that no other set has.
    fn new_uid(&self) -> String {
        Marker::random_uid()
    }

    /// What a person has to do for this change; `None` where nobody has to do anything.
    fn to_do(&self, _names: &Names, _after: &Content) -> Option<String> {
        None
    }

    /// What a person has to do where the records go; `None` where nobody has to do anything.
    ///
    /// # Errors
    /// They cannot be deleted from here.
    fn before_delete(&self, _names: &Names) -> Result<Option<String>, Problem> {
        Ok(None)
    }

    /// For how long it is waited until all servers have a change, where nobody says.
    fn patience(&self) -> Duration {
        Duration::from_mins(5)
    }

    /// Whether the rest goes on without the records, and nobody looks whether they are there.
    fn goes_on_without(&self) -> bool {
        false
    }

    /// What is to be done where not all servers have a change in time.
    fn help_when_late(&self) -> &'static str {
        "check that the zone is transferred to these servers; where they cannot be reached from here, name those that \
         can by `name_servers`, or do not wait for them: `lifecycle.ready = \"written\"`"
    }

    /// Those among the servers that answer for the zone which do not give these values.
    ///
    /// # Errors
    /// Nobody knows which servers there are.
    async fn behind(&self, names: &Names, values: &[RecordValue]) -> Result<Vec<Behind>, Problem>;
}
