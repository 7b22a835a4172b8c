//! Words plans, applies, drift and mistakes for people, and writes them as JSON for programs.
//!
//! Text has [`Label`]s and no colours: the printing code decides what a label looks like, and tests see plain
//! text. Nothing here does any I/O.
//!
//! | where | what it words |
//! |---|---|
//! | `plan/` | a plan: text, Markdown, JSON; the words for each action and cause are in `plan/words` |
//! | `head` | what a plan or a comparison is about: project, cluster, state |
//! | `drift/` | drift: text, Markdown, JSON, Prometheus |
//! | `verify/` | what came of looking at registries: text, JSON, JUnit |
//! | `history` | revisions: when, by whom, what changed |
//! | `state` | the state as a whole |
//! | `outputs` | outputs: text and JSON |
//! | `apply` | the events of an apply while it runs, and its end |
//! | `approval` | why a plan file is not applied |
//! | `managers` | the field managers that wrote to a field |
//! | `open_run` | what has become of a run that has not recorded its end |
//! | `source_line` | the line of the configuration that a field comes from |
//! | `format/` | labels, escapes, widths, diffs of texts, Markdown, shortening to a limit |

mod apply;
mod approval;
mod drift;
mod format;
mod freshness;
mod head;
mod history;
mod managers;
mod open_run;
mod outputs;
mod plan;
mod source_line;
mod state;
mod verify;

pub(crate) use apply::present;
pub use apply::{Ending, ending_json, event_json, event_line, report_text, undoing_json};
pub use approval::{divergence_lines, mismatch_text};
pub use drift::json::{DRIFT_FORMAT_VERSION, drift_json};
pub use drift::markdown::drift_markdown;
pub use drift::prometheus::drift_prometheus;
pub use drift::text::{drift_summary, drift_text};
pub use format::escape::{escape, escape_in_place, escape_json, escape_lines};
pub use format::page::Page;
pub use format::plural::plural;
pub use format::styled::{Label, Styled};
pub use freshness::{not_recorded, staleness, told as freshness_told, way_out};
pub use head::plan_subject;
pub use history::{
    HISTORY_FORMAT_VERSION, history_json, history_text, revision_head_text, revision_json, revision_text,
};
pub use open_run::fate_of_run;
pub use outputs::{OUTPUTS_FORMAT_VERSION, missing_text, outputs_json, outputs_text};
pub use plan::json::{FORMAT_VERSION, plan_json};
pub use plan::level::Level;
pub use plan::markdown::{MARKDOWN_LIMIT, plan_markdown};
pub use plan::reasons::refusal;
pub use plan::text::plan_text;
pub use source_line::{Locator, SourceLine};
pub use state::{
    STATE_FORMAT_VERSION, state_json, state_list_json, state_resources_json, state_text, whole_revision_json,
};
pub use verify::json::{VERIFY_FORMAT_VERSION, verify_json};
pub use verify::junit::verify_junit;
pub use verify::text::{verify_head, verify_line, verify_summary};
