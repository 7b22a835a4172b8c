//! What an apply would do, exactly: a pure step function that asks questions and ends in a [`Plan`].
//!
//! [`Planner::advance`] never touches the network. It says what it must know ([`Question`]), the engine
//! answers through the provider, and so every decision here can be tested on plain data.
//!
//! | folder | question |
//! |---|---|
//! | `model` | what a plan says: changes, refusals, summaries |
//! | `digest` | what tells a plan from others |
//! | `input` | what a plan is made from, and what the planner asks: questions, targets, moves |
//! | `planner` | the step function: asks, lets decide, records |
//! | `view` | what is known so far: the index of the input, what was read, what is decided |
//! | `decision` | what becomes of one desired resource: create, update, replace, or a refusal |
//! | `removal` | what becomes of what is not desired any more: deletes and their order, what is kept |
//! | `proof` | what proves without a request that nothing changes |
//! | `diff` | what differs between two objects: compare, overlay, immutable fields, schema, sensitive fields |
//! | `ownership` | whose an object is, who owns its fields, whose change a line is |
//! | `sent` | what is sent to the server, and how references get their values |
//! | `redact` | takes secret values out of what a server says |

mod decision;
mod diff;
mod digest;
mod input;
mod model;
mod ownership;
mod planner;
mod proof;
mod redact;
mod removal;
mod sent;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod view;

pub use diff::compare::{Difference, compare, keyed};
pub use diff::field_changes::{field_changes, leaves, moved_fields};
pub use diff::sensitive_fields::SensitiveFields;
pub use input::moves::check_moves;
pub use input::plan_input::{Input, Known, LeftOut};
pub use input::question::{Answer, Question, Step};
pub use model::change::{Action, After, Cause, Change, FieldChange, Keep, Tracking, UnknownValue};
pub use model::drift_summary::{Drifted, Occasion, drift_summary};
pub use model::fidelity::{Fidelity, PredictionReason, Proof};
pub use model::plan::{Consent, Mode, Obstacle, Plan, Refusal};
pub use model::reason::{OwnedField, Reason};
pub use model::summary::Summary;
pub use ownership::field_owners::other_managers;
pub use ownership::handover::{FieldRelease, as_tried, field_release, once_settled};
pub use planner::Planner;
pub use proof::record::record;
pub use redact::{redact, redact_all};
pub use sent::resolve::{Unresolvable, resolve};
