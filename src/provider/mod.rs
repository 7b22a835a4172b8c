//! The one door to the outside: what the engine asks of a cluster (and, later, of a DNS server).
//!
//! A provider answers in bulk, never guesses, and turns every failure into a [`Problem`] that a person
//! can act on. Versions and guards are opaque to everybody else.

pub mod kubernetes;

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

pub use crate::kubernetes::cascade::CascadeScope;
use crate::resource::{
    ClusterIdentity, FieldPath, GroupKind, Identity, Live, Problem, Reading, ReadyRule, Stamp, Target,
};

/// What must be true of the object at the moment of the write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// There is none: create, or fail.
    Absent,
    /// It is this one, at this moment.
    At(Stamp),
}

/// One server-side apply.
#[derive(Debug, Clone)]
pub struct Write {
    /// Which object.
    pub target: Target,
    /// The fields that we want to own, with their values.
    pub object: Value,
    /// What must be true.
    pub guard: Guard,
    /// In whose name.
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

/// A change of who owns fields. Their values stay as they are.
#[derive(Debug, Clone)]
pub struct Reassignment {
    /// Which object.
    pub target: Target,
    /// What must be true: this object, at this moment; with an empty version, at any moment.
    pub stamp: Stamp,
    /// In whose name.
    pub manager: String,
    /// Who loses which fields.
    pub shift: Shift,
}

/// Who loses which fields.
#[derive(Debug, Clone, PartialEq)]
pub enum Shift {
    /// We: these fields, with all below them, leave what our manager has applied. Who owns them besides us
    /// keeps them; otherwise they are nobody's.
    Release(Vec<FieldPath>),
    /// These managers: what the object sets becomes ours, and the note goes by which a later `kubectl apply`
    /// would take fields away. An item of a list that the object has leaves their hands as a whole, since
    /// what they kept of it would keep the item.
    TakeOver {
        /// Whose fields.
        from: Vec<String>,
        /// The object as it is about to be applied.
        object: Value,
    },
}

/// An object of which only its name and its owners were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// Which object.
    pub identity: Identity,
    /// Its uid.
    pub uid: String,
    /// The uids of the objects that own it, and whose end is its end.
    pub owners: Vec<String>,
}

/// What was seen of a circle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependents {
    /// What is there.
    pub seen: Vec<Dependent>,
    /// The kinds that could not be looked at, each with the reason.
    pub hidden: Vec<(GroupKind, String)>,
}

/// What to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// It is ready, by this rule or by the kind's own.
    Ready(Option<ReadyRule>),
    /// The object with this uid is gone.
    Gone {
        /// Whose end is waited for; another object of the same name does not matter.
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
    /// For how long; `None` is the kind's own time.
    pub timeout: Option<Duration>,
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

/// A house in which resources live.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Which cluster this is. One request.
    async fn cluster(&self) -> Result<ClusterIdentity, Problem>;

    /// Whether the server serves objects of this kind inside namespaces; `None` for a kind that it does
    /// not serve.
    async fn is_namespaced(&self, target: &Target) -> Result<Option<bool>, Problem>;

    /// Reads all of them, in as few requests as possible; one answer for each, in their order.
    async fn read(&self, targets: &[Target]) -> Vec<Reading>;

    /// What the write would come to (server dry-run); nothing is changed.
    async fn preview(&self, write: &Write) -> Result<Written, Problem>;

    /// Writes. A write whose answer is lost is looked up before it is repeated: `Ok` where it was done,
    /// [`ProblemKind::Conflict`](crate::resource::ProblemKind::Conflict) where somebody else was there,
    /// and [`ProblemKind::Unreachable`](crate::resource::ProblemKind::Unreachable) only where not even
    /// that could be found out.
    async fn write(&self, write: &Write) -> Result<Written, Problem>;

    /// Changes who owns fields, and nothing else; the object afterwards. What is as it should be already is
    /// not written. [`ProblemKind::Conflict`](crate::resource::ProblemKind::Conflict) where the object is
    /// not the one, or not at the moment, that the stamp names.
    async fn reassign(&self, reassignment: &Reassignment) -> Result<Live, Problem>;

    /// What lives in a namespace, or is of a kind. What cannot be seen is said, never left out.
    async fn dependents(&self, scope: &CascadeScope) -> Result<Dependents, Problem>;

    /// Asks for deletion with foreground propagation; an object that is not there is no error. A stamp
    /// with an empty version guards by the uid alone: for objects whose status moves all the time.
    async fn delete(&self, target: &Target, stamp: &Stamp) -> Result<(), Problem>;

    /// Waits. The object as it then is; `None` where it is gone. Concurrent waits for one resource type
    /// and namespace share one watch. A time-out, and a failure that will not heal, are explained with
    /// what the cluster says about the cause.
    async fn wait(&self, wait: &Wait, progress: Progress<'_>) -> Result<Option<Live>, Problem>;

    /// Whether our rights allow each of these, one answer for each, in their order; asked in as few
    /// requests as possible. [`ProblemKind::UnknownKind`](crate::resource::ProblemKind::UnknownKind) for a
    /// kind that is not served (yet): nothing can be said about it before its definition is there.
    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>>;
}
