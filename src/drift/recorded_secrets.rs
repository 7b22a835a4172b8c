//! The fields of an object whose values are secret, found without the configuration.

use std::collections::BTreeMap;

use crate::kubernetes::marks::hidden_in;
use crate::kubernetes::secret_data::{is_content, is_secret};
use crate::resource::{FieldPath, Held, Identity, Live, Segment};

/// The hidden fields of an object: those that the record hides, those that the object's own annotation names,
/// and the data of Secrets.
#[derive(Debug)]
pub(super) struct RecordedSecrets<'a> {
    is_secret: bool,
    recorded: &'a BTreeMap<FieldPath, &'a Held>,
    hidden: Vec<FieldPath>,
}

impl<'a> RecordedSecrets<'a> {
    pub(super) fn new(identity: &Identity, recorded: &'a BTreeMap<FieldPath, &'a Held>, live: &Live) -> Self {
        let by_record = recorded.iter().filter(|(_, held)| ***held == Held::Hidden);
        let hidden = by_record.map(|(path, _)| path.clone()).chain(hidden_in(&live.object)).collect();
        Self { is_secret: is_secret(identity), recorded, hidden }
    }

    pub(super) fn hides(&self, path: &FieldPath) -> bool {
        (self.is_secret && is_content(path))
            || self.hidden.iter().any(|hidden| hidden.contains(path) || path.contains(hidden))
            || (!self.recorded.contains_key(path) && self.is_beside_hidden(path))
    }

    /// Whether it is in a list that has a hidden field: a new item may be a hidden one that was renamed.
    fn is_beside_hidden(&self, path: &FieldPath) -> bool {
        let segments = path.segments();
        let Some(item) = segments.iter().position(|segment| matches!(segment, Segment::Item(_))) else {
            return false;
        };
        let list = segments.iter().take(item).cloned().fold(FieldPath::root(), |list, step| list.join(step));
        self.hidden.iter().any(|hidden| list.contains(hidden))
    }
}
