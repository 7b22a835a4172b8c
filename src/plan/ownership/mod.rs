//! Whose an object is, who owns its fields, and whose change a changed field is.
//!
//! | file | question |
//! |---|---|
//! | `belonging` | is an object ours, nobody's, or somebody else's? |
//! | `marks` | does an object still have the marks that a change was approved with? |
//! | `definitions` | may a definition of others be taken over? |
//! | `protection` | what is deleted or replaced only with consent? |
//! | `field_owners` | which field managers own a field? |
//! | `attribution` | whose change is a changed field: the configuration's or the cluster's? |
//! | `restore` | does an apply take back ownership where no value changes? |
//! | `handover` | which fields are left to others (`ignore_changes`), and how are they given up? |
//! | `takeover` | what must become ours first, so that a write can take it away? |
//! | `losses` | what is lost when an object is made anew? |
//! | `adoption` | what does an adoption take from other managers? |

pub(in crate::plan) mod adoption;
pub(in crate::plan) mod attribution;
pub(in crate::plan) mod belonging;
pub(in crate::plan) mod definitions;
pub(in crate::plan) mod field_owners;
pub(in crate::plan) mod handover;
pub(in crate::plan) mod losses;
pub(in crate::plan) mod marks;
pub(in crate::plan) mod protection;
pub(in crate::plan) mod restore;
pub(in crate::plan) mod takeover;
