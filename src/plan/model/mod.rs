//! The plan as data: what it says of each resource, and of the whole.

pub(in crate::plan) mod change;
pub(in crate::plan) mod drift_summary;
pub(in crate::plan) mod fidelity;
pub(in crate::plan) mod plan;
pub(in crate::plan) mod reason;
pub(in crate::plan) mod summary;
