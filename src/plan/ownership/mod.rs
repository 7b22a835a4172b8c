//! Whose an object is, who owns its fields, and whose change a changed field is.

pub(in crate::plan) mod adoption;
pub(in crate::plan) mod attribution;
pub(in crate::plan) mod belonging;
pub(in crate::plan) mod field_owners;
pub(in crate::plan) mod handover;
pub(in crate::plan) mod protection;
pub(in crate::plan) mod restore;
