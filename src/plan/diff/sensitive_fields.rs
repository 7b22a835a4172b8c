//! Which fields of an object nobody may see.

use serde_json::Value;

use crate::kubernetes::marks::hidden_in;
use crate::kubernetes::secret_data;
use crate::resource::{Desired, FieldPath, Segment};

/// Which fields of a live object nobody may see: those that the configuration marks as sensitive, those that an
/// earlier configuration did, and the content of Secrets.
#[derive(Debug)]
pub struct SensitiveFields<'a> {
    desired: &'a Desired,
    earlier: Vec<FieldPath>,
    /// Whether there is nothing to hide, as in most objects.
    is_open: bool,
}

impl<'a> SensitiveFields<'a> {
    /// The sensitive fields of this live object.
    pub fn new(desired: &'a Desired, live: &Value) -> Self {
        let earlier = hidden_in(live);
        let is_open =
            earlier.is_empty() && desired.sensitive.is_empty() && !secret_data::is_secret(&desired.identity);
        Self { desired, earlier, is_open }
    }

    /// Whether nobody may see the field, or something that it holds.
    pub fn hides(&self, path: &FieldPath) -> bool {
        if self.is_open {
            return false;
        }
        is_secret(self.desired, &by_position(self.desired, path))
            || self.earlier.iter().any(|hidden| hidden.contains(path) || path.contains(hidden))
    }
}

/// The path with list items by their position in the desired object, as `Desired` keeps its facts; their position
/// in the cluster may be another one.
pub(super) fn by_position(desired: &Desired, path: &FieldPath) -> FieldPath {
    path.indexed_in(&desired.object)
}

/// Whether nobody may see the field: the configuration says so, or it is the content of a Secret, also in the note
/// of `kubectl apply`.
pub(super) fn is_secret(desired: &Desired, path: &FieldPath) -> bool {
    desired.is_sensitive(path)
        || (secret_data::is_secret(&desired.identity) && secret_data::is_content(path))
        || beside_secrets(desired, path)
}

/// Whether it lies in a list item that the configuration does not have, in a list that holds secrets: the item may
/// be a secret one that was renamed or has just been removed.
fn beside_secrets(desired: &Desired, path: &FieldPath) -> bool {
    let segments = path.segments();
    let Some(stranger) = segments.iter().position(|segment| matches!(segment, Segment::Item(_))) else {
        return false;
    };
    let list = segments.iter().take(stranger).cloned().fold(FieldPath::root(), |list, step| list.join(step));
    desired.sensitive.iter().any(|(secret, ())| list.contains(secret))
}
