//! What an apply would do, exactly: a pure step function that asks questions and ends in a [`Plan`].
//!
//! [`Planner::advance`] never touches the network. It says what it must know ([`Question`]), the engine
//! answers through the provider, and so every decision here can be tested on plain data.

mod adoption;
pub mod atomic;
mod attribute;
mod binding;
mod change;
mod compare;
mod contents;
mod decide;
mod drift;
mod fields;
mod grounds;
mod handover;
mod hush;
mod immutable;
mod items;
mod judge;
mod known;
mod moves;
mod owners;
mod ownership;
mod planner;
mod predict;
mod question;
mod reclaim;
mod record;
mod removal;
mod replace;
mod resolve;
mod schema;
mod selection;
mod send;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use adoption::is_note_of_kubectl;
pub use binding::{Binding, Deviation, hands_on, moved_fields};
pub use change::{
    Action, After, Cause, Change, Consent, Fidelity, FieldChange, Hand, Keep, Mode, Plan, Proof, Refusal,
    Summary, Tracking,
};
pub use compare::{Difference, compare, keyed};
pub use drift::{Drifted, Occasion, drift_by_manager};
pub use fields::field_changes;
pub use handover::{LetGo, as_tried, let_go, once_settled};
pub use hush::{hush, hush_all};
pub use moves::check_moves;
pub use planner::Planner;
pub use question::{Answer, Input, Known, Question, Step};
pub use record::record;
pub use resolve::{Unresolvable, resolve};
pub use selection::LeftOut;
pub use send::{ADDRESS, LINEAGE, PROJECT, PROTECT, SENSITIVE, field_manager, hidden_in, is_ours_path};
