//! What a plan is made from, and what the planner asks.

pub(in crate::plan) mod moves;
pub(in crate::plan) mod plan_input;
pub(in crate::plan) mod question;
pub(in crate::plan) mod selection;
