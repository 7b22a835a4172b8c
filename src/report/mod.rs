//! The words: what a plan, an apply and drift look like to a person, and to a program.
//!
//! Text is pushed with [`Label`]s, never with colours: whoever prints it decides what a label looks like, and
//! tests see plain text. Nothing here acts.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `plan`, `plan_markdown`, `json` | How is a plan written for a terminal, a pull request, a program? |
//! | `words` | Which words do all forms of a plan share? |
//! | `value`, `diff` | How is a changed field shown, and how a long text? |
//! | `cascade` | What else is deleted with a namespace or a definition? |
//! | `field_managers` | Who wrote a field, in words? |
//! | `drift`, `drift_markdown`, `drift_json`, `prometheus` | How is drift written? |
//! | `outcome` | What is said while a plan is applied, and at its end? |
//! | `page`, `layout` | How wide is a line, and where does it end? |
//! | `markdown`, `shorten`, `escape` | How is Markdown kept short, and foreign text harmless? |
//! | `place` | In which line of which file does a key stand? |
//! | `styled` | What does a stretch of text mean, whatever its colour? |

mod cascade;
mod diff;
mod drift;
mod drift_json;
mod drift_markdown;
mod escape;
mod field_managers;
mod json;
mod layout;
mod markdown;
mod outcome;
mod page;
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

pub use drift::{drift_summary, drift_text};
pub use drift_json::{DRIFT_FORMAT_VERSION, drift_json};
pub use drift_markdown::drift_markdown;
pub use escape::escape;
pub use json::{FORMAT_VERSION, plan_json};
pub(crate) use outcome::present;
pub use outcome::{event_json, event_line, report_text};
pub use page::Page;
pub use place::{Locator, SourceLine};
pub use plan::plan_text;
pub use plan_markdown::{MARKDOWN_LIMIT, plan_markdown};
pub use prometheus::drift_prometheus;
pub use styled::{Label, Styled};
