//! Whose an object is, who owns its fields, and whose change a changed field is.

pub(in crate::plan) mod adoption;
pub(in crate::plan) mod attribution;
pub(in crate::plan) mod claim;
pub(in crate::plan) mod handover;
pub(in crate::plan) mod owners;
pub(in crate::plan) mod restore;
