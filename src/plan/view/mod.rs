//! What the planner knows so far: what it found in the input, what was read, and what is decided.
//!
//! The planner alone changes it. Everything else looks at it through an [`Overview`](overview::Overview) of the
//! whole plan, or the [`Situation`](situation::Situation) of one resource.

pub(in crate::plan) mod decisions;
pub(in crate::plan) mod first_reading;
pub(in crate::plan) mod index;
pub(in crate::plan) mod overview;
pub(in crate::plan) mod readings;
pub(in crate::plan) mod situation;
