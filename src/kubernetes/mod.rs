//! What regplan knows of Kubernetes without asking it: words and rules, as data and pure functions.
//!
//! How a cluster is talked to is in [`provider::kubernetes`](crate::provider::kubernetes).

pub mod field_manager;
pub mod immutable;
pub mod kinds;
pub mod marks;

pub use field_manager::field_manager;
