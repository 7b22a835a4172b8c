//! An object of a chart, and what was found out about its fields.

use std::collections::BTreeSet;

use serde_json::Value;

use super::frame::Frame;
use crate::resource::{Batch, Ending, FieldPath, Phase};

/// An object of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChartObject {
    /// The object, as Helm printed it and the block changes it.
    pub(super) object: Value,
    /// The template that it comes from.
    pub(super) template: Option<String>,
    /// The fields that the chart makes anew each time.
    pub(super) unstable: Vec<Unstable>,
    /// Of which run these are, where that is known.
    pub(super) batch: Option<Batch>,
    /// The fields that carry a secret.
    pub(super) secret: Vec<FieldPath>,
    /// How it is run; `None` for what is there for ever.
    pub(super) hook: Option<HookNotes>,
}

/// What the annotations of a hook say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HookNotes {
    /// When it runs.
    pub(super) phases: BTreeSet<Phase>,
    /// Its place among the others of the same phase.
    pub(super) weight: i64,
    /// After which endings it is deleted.
    pub(super) deleted_after: BTreeSet<Ending>,
}

/// A field that the chart makes anew each time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unstable {
    /// Where it is.
    pub(super) path: FieldPath,
    /// What stands in it beside what is random.
    pub(super) frame: Frame,
    /// What has become of it.
    pub(super) kept: Kept,
}

/// What has become of a field that a chart makes anew each time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Kept {
    /// It has the value that it has in the cluster.
    #[default]
    Live,
    /// It has a new value.
    Nothing,
    /// The cluster could not be asked, and this is why.
    Unknown(String),
}
