//! How a block wants its resources to be treated.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Address, FieldPath};

/// `[TYPE.NAME.lifecycle]`, read. Revisions keep it in this form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// Deleting or replacing needs consent by name.
    pub protect: bool,
    /// What exists already may be taken over.
    pub adopt: bool,
    /// Fields that are neither compared nor owned.
    pub ignore_changes: Vec<IgnoreRule>,
    /// Addresses whose change replaces this resource.
    pub replace_triggered_by: Vec<Address>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// When the resource counts as ready, if not by the kind's own rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<ReadyRule>,
}

/// A field that is left to others: `Deployment/registry:spec.replicas`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IgnoreRule {
    /// Kind and name of the object within a larger block, as in its address; `None` where the block
    /// is one object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The field, as the plan prints it.
    pub path: FieldPath,
}

/// How long things may take; `None` is the kind's own time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// From the write until the resource is ready.
    pub ready: Option<Duration>,
    /// From the delete until the resource is gone.
    pub delete: Option<Duration>,
}

/// When a resource counts as ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ReadyRule {
    /// As soon as it is written.
    Written,
    /// When it has ended well, be it a Job or a Pod; other kinds by their own rule.
    Ended,
    /// When `status.conditions` has this type with this status (`True` unless said otherwise).
    Condition {
        /// The condition's type.
        kind: String,
        /// The status that it must have.
        status: String,
    },
    /// When the field exists and is not empty.
    Field(FieldPath),
}

/// As a user writes it.
impl fmt::Display for IgnoreRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(object) = &self.object {
            write!(f, "{object}:")?;
        }
        write!(f, "{}", self.path)
    }
}
