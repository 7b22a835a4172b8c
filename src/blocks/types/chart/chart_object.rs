//! An object of a chart, and what was found out about its fields.

use std::collections::BTreeSet;

use serde_json::Value;

use super::frame::Frame;
use crate::resource::{Batch, Ending, FieldPath, Phase, Segment};

/// The shortest digest, in hexadecimal digits, that is taken for one: an MD5.
const SHORTEST_DIGEST: usize = 32;

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

impl ChartObject {
    /// The fields whose values are made at random and stay; a digest is computed from them. A hook gets new values each time
    /// that it runs.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Unstable> {
        let fields = self.unstable.iter().filter(|_| self.hook.is_none());
        fields.filter(|unstable| !is_digest(&unstable.path, &self.object))
    }

    /// The fields with such a digest.
    pub(super) fn digests(&self) -> Vec<FieldPath> {
        let paths = self.unstable.iter().map(|unstable| &unstable.path);
        paths.filter(|path| is_digest(path, &self.object)).cloned().collect()
    }
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

/// Whether the field is a digest in an annotation, as charts put it on pods to have them rolled.
pub(super) fn is_digest(path: &FieldPath, object: &Value) -> bool {
    let [.., Segment::Key(table), Segment::Key(_)] = path.segments() else { return false };
    let is_hexadecimal =
        |text: &str| text.len() >= SHORTEST_DIGEST && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    table == "annotations" && path.get(object).and_then(Value::as_str).is_some_and(is_hexadecimal)
}
