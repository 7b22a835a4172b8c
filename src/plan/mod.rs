//! What an apply would do, exactly: a pure step function that asks questions and ends in a [`Plan`].
//!
//! [`Planner::advance`] never touches the network. It says what it must know ([`Question`]), the engine
//! answers through the provider, and so every decision here can be tested on plain data.
//!
//! Reasons are data; [`report`](crate::report) words them. What is text for people (notes, the message of a
//! [`Problem`](crate::resource::Problem)) is neither compared nor digested.
//!
//! Each folder or file knows only those below it:
//!
//! | folder or file | question |
//! |---|---|
//! | `planner` | what is asked next, and what was decided? The step function |
//! | `closing` | what is asked last: what is missing, not well, or not in the state? |
//! | `decision` | what becomes of one desired resource: create, update, replace, or a refusal? |
//! | `removal` | what becomes of what is not desired any more: what is deleted, kept, forgotten? |
//! | `cures` | what other changes of the plan cure a refusal, and which change awaits which? |
//! | `view` | what is known so far: the index of the input, what was read, what is decided? |
//! | `sent` | what is sent to the server, and how do references get their values? |
//! | `ownership` | whose is an object (`belonging`), who owns its fields, whose change is a changed field, what is protected? |
//! | `proof` | what proves without a request that nothing changes? |
//! | `digest` | what tells one plan from another? |
//! | `bound` | which values does a change send, and which does the object hold in these fields? |
//! | `diff` | what differs between two objects: compare, overlay, immutable fields, schema, sensitive fields and their values? |
//! | `input` | what is a plan made from, and what does the planner ask: questions, targets, moves? |
//! | `model` | what does a plan say: changes, reasons, refusals, summaries? |

mod bound;
mod closing;
mod cures;
mod decision;
mod diff;
mod digest;
mod input;
mod model;
mod ownership;
mod planner;
mod proof;
mod removal;
mod sent;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod view;

pub use bound::{BoundValues, Content};
pub use cures::is_curable;
pub use diff::compare::{Difference, compare, keyed};
pub use diff::field_changes::{field_changes, leaves, moved_fields};
pub use diff::secret_values::{desired_secrets, live_secrets};
pub use diff::sensitive_fields::SensitiveFields;
pub use input::environments::own_state;
pub use input::imports::imported;
pub use input::moves::check_moves;
pub use input::plan_input::{Input, Known, LeftOut, Reach};
pub use input::question::{Answer, Question, Step};
pub use model::briefing::Briefing;
pub use model::change::{Action, Change, Inside, Tracking};
pub use model::drift_summary::{Drifted, Occasion, drift_summary};
pub use model::fidelity::{Cure, Deed, Fidelity, PredictionReason, Proof};
pub use model::field_change::{After, Cause, FieldChange, Keep, UnknownValue, UserChange, UserFate};
pub use model::plan::{Consent, LineageObstacle, Mode, Obstacle, Plan, Refusal};
pub use model::reason::{OwnedField, Reason};
pub use model::schema_change::SchemaChange;
pub use model::summary::Summary;
pub use model::unknown::{Age, Unknown};
pub use ownership::field_owners::other_managers;
pub use ownership::handover::{FieldRelease, dry_run_object, field_release, sent_after_release};
pub use ownership::marks::changed_mark;
pub use ownership::protection::data_loss;
pub use planner::Planner;
pub use proof::by_record::record;
pub use proof::content::content_digest;
pub use removal::cascade::{made_since, takes_others};
pub use sent::resolve::{Unresolvable, resolve};
