//! What others have changed, and a rollback takes back.

use crate::plan::input::plan_input::Input;
use crate::plan::model::change::Change;
use crate::plan::model::unknown::enumerated;

/// That changes of others go as well, and how to keep them; `None` where there are none. A plan of the configuration says
/// at each field which key keeps its change. No key does that in a rollback: a revision is what it was.
pub(in crate::plan) fn note(input: &Input, changes: &[Change]) -> Option<String> {
    input.revision?;
    let reverted = changes.iter().filter(|change| change.reverts_drift());
    let found: Vec<String> = reverted.map(|change| change.address.to_string()).collect();
    if found.is_empty() {
        return None;
    }
    Some(format!(
        "This rollback also sets back what others have changed in {}. To keep that, name the other resources with \
         `--target`.",
        enumerated(found)
    ))
}
