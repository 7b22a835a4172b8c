//! Compares the state with the cluster: what has changed since the last apply? The configuration is not read. Pure.
//!
//! The state keeps the server's answer to the last apply field by field. It is compared with the object as it is
//! now. Only fields that the apply made ours are compared: what others add beside them is theirs.

mod compare;
mod observe;
mod owners;
mod recorded_secrets;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::Value;

pub use observe::observe;

use crate::resource::FieldManager;
use crate::resource::{Address, ClusterIdentity, FieldPath, Identity, Problem};
use crate::state::Unfinished;

/// What was found of everything that was applied.
#[derive(Debug, Clone)]
pub struct Drift {
    /// `[project] name`.
    pub project: String,
    /// The lineage of the state.
    pub lineage: String,
    /// The serial of the state.
    pub serial: u64,
    /// The cluster that was asked.
    pub cluster: ClusterIdentity,
    /// When it was asked.
    pub at: Timestamp,
    /// The last run, where it did not complete; it may be under way.
    pub unfinished: Option<Unfinished>,
    /// What was found, by address.
    pub findings: Vec<Finding>,
}

/// What was found of one resource.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What the user calls it.
    pub address: Address,
    /// Which object.
    pub identity: Identity,
    /// What has become of it.
    pub status: Status,
}

/// What has become of a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// It is as it was applied.
    InSync,
    /// Some of its fields are not as they were applied.
    Changed(Vec<Field>),
    /// Somebody has asked for its deletion.
    Ending {
        /// Since when (RFC 3339).
        since: Option<String>,
        /// The fields that are not as they were applied.
        fields: Vec<Field>,
    },
    /// It is not there any more.
    Gone,
    /// Another object has its name: it was deleted and made again.
    Recreated {
        /// Who has written to the new one.
        by: Vec<FieldManager>,
    },
    /// It is there, but the state has no record of what was applied, so its fields cannot be compared.
    Unrecorded,
    /// What an interrupted run did to it is not known, so neither is what was applied last.
    InDoubt,
    /// It could not be read.
    Unreadable(Problem),
    /// It is a Secret, and these were not to be looked at.
    LeftOut,
}

/// What a [`Status`] means for the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it was applied, as far as it was to be looked at.
    InSync,
    /// It could not be found out.
    Unobserved,
    /// Not as it was applied. The strongest: it is certain, whatever else could not be seen.
    Drift,
}

/// One field that is not as it was applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Which field.
    pub path: FieldPath,
    /// What happened to it.
    pub event: DriftKind,
    /// Whether nobody may see its values; then they are not here either.
    pub sensitive: bool,
    /// Its value when it was applied; `None` where it had none, or has others below it.
    pub before: Option<Value>,
    /// Its value now.
    pub after: Option<Value>,
    /// The field managers that own it now; nobody where the server keeps no trace.
    pub by: Vec<FieldManager>,
}

/// What happened to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DriftKind {
    /// It has another value.
    Changed,
    /// It is gone, with all that stood below it.
    Removed,
    /// Somebody has applied it under our field manager.
    Added,
    /// It has the same value, and is not ours any more: it was taken from us, and then put back.
    Released,
}

impl Drift {
    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        self.findings.iter().map(|finding| finding.status.verdict()).max().unwrap_or(Verdict::InSync)
    }

    /// How many resources come to this.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.status.verdict() == verdict).count()
    }

    /// How many Secrets were not to be looked at.
    pub fn left_out(&self) -> usize {
        self.findings.iter().filter(|finding| finding.status == Status::LeftOut).count()
    }
}

impl Status {
    /// Every name that a status can have.
    pub const NAMES: [&str; 9] = [
        "in_sync",
        "changed",
        "ending",
        "gone",
        "recreated",
        "unrecorded",
        "in_doubt",
        "unreadable",
        "left_out",
    ];

    /// Its name, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InSync => "in_sync",
            Self::Changed(_) => "changed",
            Self::Ending { .. } => "ending",
            Self::Gone => "gone",
            Self::Recreated { .. } => "recreated",
            Self::Unrecorded => "unrecorded",
            Self::InDoubt => "in_doubt",
            Self::Unreadable(_) => "unreadable",
            Self::LeftOut => "left_out",
        }
    }

    /// What it means for the whole.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::InSync | Self::LeftOut => Verdict::InSync,
            Self::Changed(_) | Self::Ending { .. } | Self::Gone | Self::Recreated { .. } => Verdict::Drift,
            Self::Unrecorded | Self::InDoubt | Self::Unreadable(_) => Verdict::Unobserved,
        }
    }

    /// The fields that are not as they were applied.
    pub fn fields(&self) -> &[Field] {
        match self {
            Self::Changed(fields) | Self::Ending { fields, .. } => fields,
            _ => &[],
        }
    }
}

impl Verdict {
    /// Its name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::InSync => "in_sync",
            Self::Unobserved => "unobserved",
            Self::Drift => "drift",
        }
    }
}

impl DriftKind {
    /// Its name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Added => "added",
            Self::Released => "released",
        }
    }
}
