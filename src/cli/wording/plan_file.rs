//! The words for a plan file that is not applied.

use std::fmt::Write as _;
use std::path::Path;

use super::words::{Words, unchecked};
use crate::engine::PlanFileRefusal;
use crate::report;
use crate::resource::to_the_second;

/// Why the file is not applied, and what to do next.
pub(in crate::cli) fn refused(path: &Path, refusal: &PlanFileRefusal) -> Words {
    let (why, help) = reason(refusal);
    Words::new(format!("`{}` is not applied, and nothing was done: {why}", path.display()), help)
}

/// Why it is not applied, and what to do next.
fn reason(refusal: &PlanFileRefusal) -> (String, &'static str) {
    let again = "plan again, and have the new plan approved";
    match refusal {
        PlanFileRefusal::NoKey => (
            "there is no key here to check it with".to_owned(),
            "a plan is applied where its state is: keep the folder `.regplan` from the plan to the apply",
        ),
        PlanFileRefusal::NotSealed => (
            "it was not written here, or was changed since, or the key that sealed it was".to_owned(),
            "plan again with `--out`; a plan is applied where its state is, since the key that seals it stays with \
             the state",
        ),
        PlanFileRefusal::Completed { revision, at } => (
            format!("it was applied already, as revision {revision} at {}", to_the_second(*at)),
            "a plan file is applied once; plan again to see what has changed since",
        ),
        PlanFileRefusal::Unchecked(fields) => (
            format!("not everything could be checked when it was made:\n  {}", unchecked(fields)),
            "plan again where the secrets are set",
        ),
        PlanFileRefusal::Mismatch(mismatches) => {
            (mismatches.iter().map(report::mismatch_text).collect::<Vec<_>>().join("; "), again)
        }
        PlanFileRefusal::Diverged(divergences) => {
            let mut lines = "this has changed since the plan was made:".to_owned();
            for line in divergences.iter().flat_map(report::divergence_lines) {
                let _ = write!(lines, "\n  {line}"); // writing to a String does not fail
            }
            (lines, again)
        }
    }
}
