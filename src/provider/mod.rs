//! All access to clusters and other systems. A *house* is a system in which resources live: a cluster, a DNS server.
//!
//! | file | question |
//! |---|---|
//! | `house` | what every house can do: read, preview, write, delete, wait, review |
//! | `cluster` | what only a Kubernetes cluster can do: say which it is, field owners, cascades |
//! | `program_access` | how another program reaches the same cluster |
//! | `marked` | what carries our marks |
//! | `to_come` | what a run is still to make or to start beside its waits |
//! | `router` | which house a target lives in, and how one list of questions is put to several houses |
//! | `unreached` | what stands in the place of a cluster that is not reached |
//! | `kubernetes` | the first house |
//! | `dns` | the second house: record sets |
//! | `witness` | TLS with whoever answers, or with those whom a judge believes |
//!
//! The engine and the apply take a [`Provider`] and never ask which house they talk to.
//!
//! # Another house
//!
//! To add one, as `dns` is, write a folder beside `kubernetes` with a type that is a [`House`], and one line
//! where the [`Router`] is made (`engine/default_factories.rs`): `.with(GROUP, house)`. Its API group
//! stands in the list behind [`is_house_group`](crate::resource::is_house_group) (`resource/house_groups.rs`), by
//! which the pure rooms know it too. Its objects have a `kind`, `metadata.name` and whatever the house understands beside it (`spec`); the list says whether they lie
//! in the namespaces of the cluster.
//!
//! - **Its stamps** (a [`Stamp`](crate::resource::Stamp) is the uid and the version of an object) are only compared. A `uid` must stay for the life of the object, and should be another
//!   one after it was deleted and made again; a `version` must move with every write. A house that has neither can
//!   take what names the object, and a digest of what it holds.
//! - **Its readings and previews must agree**: for an object that is as it is wanted, a preview gives what a read
//!   gives. What a house cannot keep (our annotations, say) is in neither.
//! - **It keeps no field owners**: [`Live::ownership`](crate::resource::Live::ownership) is empty.
//!   - Nothing is proved by ownership: each plan asks for a preview.
//!   - Nothing is handed over: a [`Cluster::reassign`] there changes nothing.
//!   - A write brings the object as a whole. What `ignore_changes` leaves to others is sent as it was read.
//!   - What the last apply sent counts as ours. Drift is found by its values, but not in secret values: only a plan
//!     finds that one of them has changed.
//! - **It may have to be told where its objects lie**: [`House::introduce`] does, before anything is read.
//! - **Nothing is deleted with its objects**: only the cluster is asked what is deleted with an object.
//! - **It retries by itself**, and looks up a write whose answer was lost before it repeats it.

mod cluster;
pub mod dns;
mod house;
pub mod kubernetes;
mod marked;
mod program_access;
mod router;
mod to_come;
mod unreached;
pub mod witness;

pub use self::cluster::{Cluster, Dependent, Dependents, Inventory, Reassignment, ServerApis, Shift, Whole};
pub use self::house::{
    Checkup, Guard, House, Introduction, OnTrouble, Progress, Until, Verb, Wait, Write, Written,
};
pub use self::marked::{Marked, MarkedObjects};
pub use self::program_access::ProgramAccess;
pub use self::router::{Provider, Router};
pub use self::to_come::ToCome;
pub use self::unreached::Unreached;
pub use crate::kubernetes::cascade::CascadeScope;
