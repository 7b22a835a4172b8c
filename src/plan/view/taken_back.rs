//! What others have changed, and a rollback takes back.

use crate::diagnostic::nearest::list;
use crate::plan::input::plan_input::Input;
use crate::plan::model::change::Change;
use crate::plan::model::field_change::Cause;

/// That changes of others go as well, and how to keep them; `None` where there are none. A plan of the configuration says
/// at each field which key keeps its change. No key does that in a rollback: a revision is what it was.
pub(in crate::plan) fn note(input: &Input, changes: &[Change]) -> Option<String> {
    input.revision?;
    let is_of_others =
        |change: &&Change| change.fields.iter().any(|field| !matches!(field.cause, Cause::Yours));
    let found: Vec<String> =
        changes.iter().filter(is_of_others).map(|change| change.address.to_string()).collect();
    if found.is_empty() {
        return None;
    }
    let them = if found.len() == 1 { "it" } else { "them" };
    Some(format!(
        "This rollback also takes back what others have changed in {}. To keep that, leave {them} out: name with `--target` \
         what is to go back.",
        list(found.iter().map(String::as_str))
    ))
}
