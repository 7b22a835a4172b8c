//! The nouns that every room shares: what a resource is called, what it should be, what it is.
//!
//! Objects travel as [`serde_json::Value`]; typed Kubernetes structs would drop the fields that they
//! do not know. This room knows no other room but [`diagnostic`](crate::diagnostic).

mod address;
mod applied;
mod desired;
mod digest;
mod expression;
mod identity;
mod lifecycle;
mod live;
mod ownership;
mod path;
mod path_map;
pub mod references;

pub use address::{Address, AddressError, BlockAddress, ObjectName, is_builtin_group, is_own_group};
pub use applied::{Applied, Held, all_held, held, held_at};
pub use desired::{Desired, Origin, Unchecked};
pub use digest::{Key, digest};
pub use expression::{Encoding, Expression, LiveReference, Part, Reference, Unclosed};
pub use identity::{GroupKind, Identity, Target, api_version_parts};
pub use lifecycle::{IgnoreRule, Lifecycle, ReadyRule, Timeouts};
pub use live::{ClusterIdentity, Live, Problem, ProblemKind, Reading, Stamp};
pub use ownership::{FieldManager, FieldSet, ManagedEntry, Operation, Ownership};
pub use path::{FieldPath, NAMING_KEYS, PathError, Segment, has_keys};
pub use path_map::PathMap;
