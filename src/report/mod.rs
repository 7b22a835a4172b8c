//! The words: what a plan, an apply and a mistake look like to a person, and to a program.
//!
//! Text is pushed with [`Label`]s, never with colours: who prints decides what a label looks like, and
//! tests see plain text. Nothing here acts.

mod approval;
mod diff;
mod drift;
mod drift_json;
mod drift_markdown;
mod dying;
mod escape;
mod json;
mod layout;
mod markdown;
mod outcome;
mod place;
mod plan;
mod plan_markdown;
mod prometheus;
#[cfg(test)]
mod sample;
mod shorten;
mod styled;
mod value;
mod words;

pub use approval::{divergence_lines, mismatch_text};
pub use drift::{drift_summary, drift_text};
pub use drift_json::{DRIFT_FORMAT_VERSION, drift_json};
pub use drift_markdown::drift_markdown;
pub use escape::escape;
pub use json::{FORMAT_VERSION, plan_json};
pub(crate) use outcome::present;
pub use outcome::{event_json, event_line, report_text};
pub use place::{Locator, SourceLine};
pub use plan::{Page, plan_text};
pub use plan_markdown::{MARKDOWN_LIMIT, plan_markdown};
pub use prometheus::drift_prometheus;
pub use styled::{Label, Styled};
