//! The loop that drives the rooms: needs → blocks → graph → plan → apply. The library's face.
//!
//! Knows no wording and no terminal: it takes a checked configuration, asks the provider, and hands
//! back data.

mod applying;
mod cluster;
mod compiling;
mod drifting;
mod error;
pub mod needs;
mod planning;
mod rights;
mod shared;

pub use applying::{Run, apply};
pub use cluster::{ClusterMismatch, check_cluster};
pub use compiling::{Compiled, compile, complete, further_mistakes};
pub use drifting::{Secrets, drift};
pub use error::Error;
pub use needs::Outside;
pub use planning::{PlanRequest, plan, run as run_planner};
pub use rights::MissingRights;
pub use shared::Readings;
