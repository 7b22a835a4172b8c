//! Whether an object still has the marks that a change of it was approved with.

use serde_json::Value;

use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT, PROTECT};
use crate::resource::{FieldPath, Live, Problem, ProblemKind};

/// The marks that say whose an object is, and whether deleting it needs consent.
const JUDGED: [&str; 4] = [PROJECT, LINEAGE, ADDRESS, PROTECT];

/// The mark that others have changed on an object since it was read. One that is as it is `sent` does not count: an
/// earlier try of the same write may have set it.
pub fn changed_mark(read: &Live, now: &Live, sent: Option<&Value>) -> Option<Problem> {
    let of_sent = |mark| FieldPath::keys(["metadata", "annotations", mark]).get(sent?)?.as_str();
    let mark = JUDGED.into_iter().find(|mark| {
        let value = now.annotation(mark);
        value != read.annotation(mark) && (value.is_none() || value != of_sent(mark))
    })?;
    let event = now.annotation(mark).map_or_else(
        || format!("took its annotation `{mark}` off"),
        |value| format!("set its annotation `{mark}` to `{value}`"),
    );
    let message = format!("others {event} since the plan; it was not touched");
    Some(
        Problem::new(ProblemKind::Conflict, message)
            .help("plan again, and look at what the new plan says of it"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::live;
    use serde_json::json;

    fn marked(marks: &Value) -> Live {
        live(json!({"metadata": {"annotations": marks}}), vec![])
    }

    #[test]
    fn a_mark_that_others_set_change_or_take_off_is_named() {
        let read = marked(&json!({PROJECT: "p", LINEAGE: "l", "theirs": "1"}));
        let now = |marks: Value| changed_mark(&read, &marked(&marks), None).map(|problem| problem.message);
        assert_eq!(now(json!({PROJECT: "p", LINEAGE: "l", "theirs": "2"})), None);
        for (marks, mark) in [
            (json!({PROJECT: "other", LINEAGE: "l"}), PROJECT),
            (json!({PROJECT: "p", LINEAGE: "other"}), LINEAGE),
            (json!({PROJECT: "p", LINEAGE: "l", PROTECT: "true"}), PROTECT),
            (json!({LINEAGE: "l"}), PROJECT),
        ] {
            assert!(now(marks).is_some_and(|message| message.contains(mark)), "{mark}");
        }
    }

    #[test]
    fn a_mark_that_is_as_it_is_sent_is_no_change() {
        let read = marked(&json!({}));
        let sent = json!({"metadata": {"annotations": {PROTECT: "true"}}});
        assert_eq!(changed_mark(&read, &marked(&json!({PROTECT: "true"})), Some(&sent)), None);
        assert!(changed_mark(&read, &marked(&json!({PROTECT: "false"})), Some(&sent)).is_some());
    }
}
