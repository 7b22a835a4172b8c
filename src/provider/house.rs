//! What every house can do.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use super::marked::MarkedObjects;
use super::to_come::ToCome;
use crate::kubernetes::readiness::Standard;
use crate::resource::{FieldPath, Identity, Live, Permit, Problem, Reading, ReadyRule, Stamp, Target};

/// What must be true of the object at the moment of the write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// There is none: create, or fail.
    Absent,
    /// It is this one, at this moment.
    At(Stamp),
}

/// One write: in Kubernetes a server-side apply.
#[derive(Debug, Clone)]
pub struct Write {
    /// Which object.
    pub target: Target,
    /// The fields that we want, with their values. What was ours before and is not among them goes; in a house
    /// that keeps no field owners, that is everything else.
    pub object: Value,
    /// What must be true.
    pub guard: Guard,
    /// The field manager that writes. A house that keeps no field owners does not look at it.
    pub manager: String,
}

/// What a write came to.
#[derive(Debug, Clone)]
pub struct Written {
    /// The object afterwards.
    pub live: Live,
    /// What the server warned about, such as a deprecated kind.
    pub warnings: Vec<String>,
}

/// What to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// It is ready, by this rule or by the kind's own.
    Ready(Option<ReadyRule>),
    /// The object with this uid is gone.
    Gone {
        /// The object that must be gone; another one of the same name does not matter.
        uid: String,
    },
    /// The field has a value.
    Field(FieldPath),
}

/// Something to wait for.
#[derive(Debug, Clone)]
pub struct Wait {
    /// Which object.
    pub target: Target,
    /// For what.
    pub until: Until,
    /// The uid of the object that was written, where that is known: if it is gone by now, what is known of it tells
    /// whether it has done its work.
    pub uid: Option<String>,
    /// The object as the answer to the last write showed it: it need not be read once more.
    pub written: Option<Arc<Live>>,
    /// For how long; `None` is the kind's own time.
    pub timeout: Option<Duration>,
    /// What becomes of the wait where something goes wrong that waiting may not heal.
    pub on_trouble: OnTrouble,
    /// What is still to be made or to start beside this wait.
    pub to_come: ToCome,
}

/// What becomes of a wait where something goes wrong that waiting may not heal, such as an image that cannot be pulled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnTrouble {
    /// It is told, and the wait goes on as long as there is some hope.
    #[default]
    Wait,
    /// It ends the wait.
    Fail,
}

impl Wait {
    /// A wait of the kind's own time, for an object that must be read first.
    pub fn of(target: Target, until: Until) -> Self {
        Self {
            target,
            until,
            uid: None,
            written: None,
            timeout: None,
            on_trouble: OnTrouble::default(),
            to_come: ToCome::default(),
        }
    }
}

/// An object that is to be looked at: is it ready?
#[derive(Debug, Clone)]
pub struct Checkup {
    /// The object as it was read.
    pub live: Arc<Live>,
    /// Which object it is.
    pub target: Target,
    /// When it counts as ready, if not by the kind's own rule.
    pub rule: Option<ReadyRule>,
    /// What is asked of it.
    pub standard: Standard,
}

/// What a right allows to be done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Read one by its name.
    Get,
    /// Read all of a type.
    List,
    /// Be told of changes.
    Watch,
    /// Make one. A write of what is not there takes this and [`Patch`](Self::Patch).
    Create,
    /// Change one, or preview that.
    Patch,
    /// Delete one.
    Delete,
}

impl Verb {
    /// As access rules spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// Told what is still missing (`1 of 3 pods available`), whenever that changes.
pub type Progress<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Objects that a house will be asked about: it may learn from them where they lie.
#[derive(Debug, Clone)]
pub struct Introduction<'a> {
    /// The objects as they were sent last, or as they were found when a lost state was made anew.
    pub recorded: Vec<Value>,
    /// The objects as they are desired, before anything is asked.
    pub desired: Vec<Value>,
    /// The folder from which relative paths in them start.
    pub folder: &'a Path,
}

/// A house in which resources live: a cluster, a DNS server.
///
/// A house answers in bulk, never guesses, and turns every failure into a [`Problem`] that a person can act
/// on. `uid` and `version` of its [`Stamp`]s are its own business: see the [room's page](crate::provider).
#[async_trait]
pub trait House: Send + Sync {
    /// From now on each write asks this permit right before it is sent, each repetition included.
    fn write_under(&self, _permit: Permit) {}

    /// Tells of the objects before they are asked about. A house whose objects do not say by their names where they lie
    /// learns it here; what it was told before counts no more.
    fn introduce(&self, _introduction: &Introduction<'_>) {}

    /// Reads all of them, in as few requests as possible; one answer for each, in their order.
    async fn read(&self, targets: &[Target]) -> Vec<Reading>;

    /// Whether the house takes objects of these kinds, in their versions, wherever they may lie; one answer for each,
    /// in their order. A house that cannot tell says yes: then the write itself says it.
    ///
    /// # Errors
    /// [`ProblemKind::UnknownKind`](crate::resource::ProblemKind::UnknownKind) for a kind that it does not take.
    async fn served(&self, targets: &[Target]) -> Vec<Result<(), Problem>> {
        vec![Ok(()); targets.len()]
    }

    /// What the write would come to; nothing is changed. For an object that is as the write wants it, the
    /// answer is what [`read`](Self::read) gives: whatever differs is shown to the user as a change.
    ///
    /// # Errors
    /// What the write itself would fail with, and [`ProblemKind::DryRunRefused`](crate::resource::ProblemKind)
    /// where it cannot be tried.
    async fn preview(&self, write: &Write) -> Result<Written, Problem>;

    /// Writes. A write whose answer is lost is looked up before it is repeated.
    ///
    /// # Errors
    /// [`ProblemKind::Conflict`](crate::resource::ProblemKind::Conflict) where the guard does not hold, and
    /// [`ProblemKind::Unreachable`](crate::resource::ProblemKind::Unreachable) only where it could not be
    /// found out whether it was done; where that is so because others have changed the object meanwhile, it is
    /// [`ProblemKind::Overtaken`](crate::resource::ProblemKind::Overtaken).
    async fn write(&self, write: &Write) -> Result<Written, Problem>;

    /// Asks for deletion of the object as it was read, and of what it owns as well; an object that is not there is
    /// no error.
    ///
    /// # Errors
    /// [`ProblemKind::Conflict`](crate::resource::ProblemKind::Conflict) where it is not the object of the
    /// stamp.
    async fn delete(&self, target: &Target, read: &Live) -> Result<(), Problem>;

    /// What a person has to do where this object is deleted; `None` where nobody has to do anything. Nothing is changed.
    ///
    /// # Errors
    /// What the deletion would fail with, as far as that is known before it, such as a key that is missing.
    async fn before_delete(&self, _target: &Target) -> Result<Option<String>, Problem> {
        Ok(None)
    }

    /// Waits. The object as it then is; `None` where it is gone.
    ///
    /// # Errors
    /// A time-out, and a failure that will not heal, each explained with what the house says about the cause.
    async fn wait(&self, wait: &Wait, progress: Progress<'_>) -> Result<Option<Arc<Live>>, Problem>;

    /// Whether this object of the cluster asks others for something that appears in this house. Such an object is ready when
    /// this house says so too: it is asked by [`wait`](Self::wait), with the object as `written`, and by
    /// [`lacks`](Self::lacks).
    fn is_asked_by(&self, _identity: &Identity, _live: &Live) -> bool {
        false
    }

    /// Whether the rest goes on without this object: somebody else makes it, is not waited for, and nobody looks whether it is there.
    fn goes_on_without(&self, _target: &Target) -> bool {
        false
    }

    /// What each of these objects lacks to be ready, in one line; `None` for those that are ready. One answer for each,
    /// in their order, and never an error: where the house does not tell a cause, the object's own words are all there
    /// is. It waits for nothing.
    async fn lacks(&self, checkups: &[Checkup]) -> Vec<Option<String>> {
        vec![None; checkups.len()]
    }

    /// The objects that carry the marks of a project, as far as the house can find them. Where it cannot list them, those
    /// that it was told of.
    /// Asked only where a state is lost. A cluster has [`Cluster::all_marked`](super::Cluster::all_marked).
    ///
    /// # Errors
    /// Where not even the objects can be found out.
    async fn marked_of(&self, _project: &str) -> Result<MarkedObjects, Problem> {
        Ok(MarkedObjects::default())
    }

    /// Whether our rights allow each of these; one answer for each, in their order, asked in as few requests
    /// as possible. A house that cannot tell says yes: then the write itself says it.
    ///
    /// # Errors
    /// [`ProblemKind::UnknownKind`](crate::resource::ProblemKind::UnknownKind) for a kind that is not served
    /// (yet): nothing can be said about it before its definition is there.
    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>>;
}
