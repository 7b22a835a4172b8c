//! Compares the state with the cluster: what has changed since the last apply? The configuration is not read. Pure.
//!
//! The state keeps the server's answer to the last apply field by field. It is compared with the object as it is
//! now. Only fields that the apply made ours are compared. What others have added inside what we own since then is told
//! apart: an apply cannot take it away.

mod additions;
mod compare;
mod ending;
mod health;
mod hooks;
mod observe;
mod owners;
mod recorded_secrets;
mod schemas;
mod selection;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::Value;

pub use ending::ending_certificates;
pub use health::{is_asked_about, with_health};
pub use observe::{Observation, observe, observe_shared_namespace};
pub use schemas::SchemaDrift;
pub use selection::{NamespaceLabels, observe_selections};

use crate::kubernetes::field_manager;
use crate::resource::{
    Address, ClusterIdentity, EndingCertificates, FieldManager, FieldPath, Health, Identity, Operation,
    Problem,
};
use crate::state::{Freshness, OpenRun, Unfinished};

/// The drift of a whole project.
#[derive(Debug, Clone)]
pub struct Drift {
    /// `[project] name`.
    pub project: String,
    /// The lineage of the state.
    pub lineage: String,
    /// The serial of the state.
    pub serial: u64,
    /// The cluster that was read.
    pub cluster: ClusterIdentity,
    /// The context by which it was reached; `None` where no kubeconfig led to it.
    pub context: Option<String>,
    /// The place of the state, as a user names it: a folder.
    pub state: String,
    /// When it was read.
    pub at: Timestamp,
    /// The last run, where it did not complete.
    pub unfinished: Option<Unfinished>,
    /// What has become of that run, where it has not recorded its end.
    pub open_run: OpenRun,
    /// How the state compares with the newest one.
    pub freshness: Freshness,
    /// Certificates that charts have made, and that end soon. They are no drift.
    pub ending: Vec<EndingCertificates>,
    /// What was found of each resource, sorted by address.
    pub findings: Vec<Finding>,
}

/// What was found of one resource that the state knows, or of a namespace that such resources share.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The resource's address.
    pub address: Address,
    /// The object's identity.
    pub identity: Identity,
    /// How it compares with what was applied.
    pub status: Status,
    /// What is wrong with it, where that was looked at.
    pub health: Option<Health>,
    /// What others have added since then to its lists and maps in which we own something; empty where that counts as
    /// drift.
    pub added: Vec<Field>,
    /// How many other fields and list items it has that only others own.
    pub foreign: usize,
}

/// What additions of others count as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Additions {
    /// They are told, and are no drift.
    #[default]
    Told,
    /// They are drift.
    Drift,
}

/// Whether the health of objects counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HealthCheck {
    /// What is not ready counts as drift.
    #[default]
    Counts,
    /// Nobody looks at it.
    LeftOut,
}

/// How a resource compares with what was applied.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// It is as it was applied.
    InSync,
    /// It is as it was applied, and has not become ready since.
    NotReady,
    /// It is as it was applied, and is not ready any more.
    Unhealthy,
    /// It is a hook of a chart that was to run, and has not done its work.
    Incomplete {
        /// How its run has failed, where the object tells.
        failure: Option<String>,
    },
    /// Some of its fields are not as they were applied.
    Changed(Vec<Field>),
    /// Somebody has asked for its deletion.
    Ending {
        /// When its deletion was asked for (RFC 3339); `None` where the server does not tell.
        since: Option<String>,
        /// The fields that are not as they were applied.
        fields: Vec<Field>,
    },
    /// It does not exist any more.
    Gone,
    /// Another object has its name: it was deleted and made again.
    Recreated {
        /// The field managers that have written to the new object.
        by: Vec<FieldManager>,
    },
    /// It is not there: its namespace has the labels of this selector, and the last apply has not made it.
    Unmade {
        /// The selector.
        selector: String,
    },
    /// It is there, and its namespace has the labels of this selector no longer.
    Surplus {
        /// The selector.
        selector: String,
    },
    /// It exists, but the state has no record of what was applied, so its fields cannot be compared.
    Unrecorded,
    /// What an interrupted run did to it is not known, so neither is what was applied last.
    InDoubt,
    /// It could not be read.
    Unreadable(Problem),
    /// It is a Secret, and the user has excluded Secrets.
    LeftOut,
}

/// The three results that a [`Status`] is reduced to, for the exit code and the totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it was applied; also a resource that was excluded.
    InSync,
    /// It is not known.
    Unobserved,
    /// Not as it was applied. This outweighs the others: it is certain, whatever else is unknown.
    Drift,
}

/// One field that is not as it was applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The field's path.
    pub path: FieldPath,
    /// What happened to it.
    pub event: DriftKind,
    /// Whether its values are secret. Then both values are `None`.
    pub sensitive: bool,
    /// Its value when it was applied; `None` where it had none, or is a parent of other fields.
    pub before: Option<Value>,
    /// Its value now.
    pub after: Option<Value>,
    /// The field managers that own it now; empty where the server does not tell.
    pub by: Vec<FieldManager>,
}

/// What happened to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DriftKind {
    /// It has another value.
    Changed,
    /// It was removed, with all fields below it.
    Removed,
    /// It was not applied by us, and our field manager owns it: somebody else used that name.
    Added,
    /// Others have added it inside a list or a map in which we own something.
    AddedByOthers,
    /// It has the same value, and we do not own it any more: somebody changed it, and changed it back.
    Released,
}

impl Drift {
    /// The result of the whole: drift if any resource drifted, else unknown if any is unknown, or the state is not
    /// certainly the newest one, else in sync.
    pub fn verdict(&self) -> Verdict {
        let of_state = match self.freshness {
            Freshness::Newest | Freshness::Ahead => Verdict::InSync,
            Freshness::Unknown(_) | Freshness::Stale(_) => Verdict::Unobserved,
        };
        self.findings.iter().map(|finding| finding.status.verdict()).fold(of_state, Verdict::max)
    }

    /// How many resources have this result.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.status.verdict() == verdict).count()
    }

    /// How many resources are in sync and have additions of others, and how many additions these are.
    pub fn additions(&self) -> (usize, usize) {
        let with = self.findings.iter().filter(|finding| !finding.added.is_empty());
        (with.clone().count(), with.map(|finding| finding.added.len()).sum())
    }

    /// How many resources are as they were applied, and not ready.
    pub fn unwell(&self) -> usize {
        let is_unwell = |finding: &&Finding| matches!(finding.status, Status::NotReady | Status::Unhealthy);
        self.findings.iter().filter(is_unwell).count()
    }

    /// How many hooks of charts were to run, and have not done their work.
    pub fn incomplete(&self) -> usize {
        let is_incomplete = |finding: &&Finding| matches!(finding.status, Status::Incomplete { .. });
        self.findings.iter().filter(is_incomplete).count()
    }

    /// How many resources a run of this project has written that this state does not know.
    pub fn written_later(&self) -> usize {
        let manager = field_manager(&self.project);
        let is_ours = |by: &FieldManager| {
            by.name == manager && by.operation == Operation::Apply && by.subresource.is_none()
        };
        let is_written = |field: &&Field| {
            matches!(field.event, DriftKind::Changed | DriftKind::Added) && field.by.iter().any(is_ours)
        };
        let written = |finding: &&Finding| finding.status.fields().iter().find(is_written).is_some();
        self.findings.iter().filter(written).count()
    }

    /// How many fields of others are not compared.
    pub fn foreign(&self) -> usize {
        self.findings.iter().map(|finding| finding.foreign).sum()
    }

    /// How many Secrets were excluded.
    pub fn left_out(&self) -> usize {
        self.findings.iter().filter(|finding| finding.status == Status::LeftOut).count()
    }
}

impl Status {
    /// Every name that a status can have.
    pub const NAMES: [&str; 14] = [
        "in_sync",
        "not_ready",
        "unhealthy",
        "incomplete",
        "changed",
        "ending",
        "gone",
        "recreated",
        "unmade",
        "surplus",
        "unrecorded",
        "in_doubt",
        "unreadable",
        "left_out",
    ];

    /// Its name in machine-readable output.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InSync => "in_sync",
            Self::NotReady => "not_ready",
            Self::Unhealthy => "unhealthy",
            Self::Incomplete { .. } => "incomplete",
            Self::Changed(_) => "changed",
            Self::Ending { .. } => "ending",
            Self::Gone => "gone",
            Self::Recreated { .. } => "recreated",
            Self::Unmade { .. } => "unmade",
            Self::Surplus { .. } => "surplus",
            Self::Unrecorded => "unrecorded",
            Self::InDoubt => "in_doubt",
            Self::Unreadable(_) => "unreadable",
            Self::LeftOut => "left_out",
        }
    }

    /// The result that it counts as.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::InSync | Self::LeftOut => Verdict::InSync,
            Self::NotReady
            | Self::Unhealthy
            | Self::Incomplete { .. }
            | Self::Changed(_)
            | Self::Ending { .. }
            | Self::Gone
            | Self::Recreated { .. }
            | Self::Unmade { .. }
            | Self::Surplus { .. } => Verdict::Drift,
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
    /// Its name in machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Self::InSync => "in_sync",
            Self::Unobserved => "unobserved",
            Self::Drift => "drift",
        }
    }
}

impl DriftKind {
    /// Its name in machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Added => "added",
            Self::AddedByOthers => "added_by_others",
            Self::Released => "released",
        }
    }
}
