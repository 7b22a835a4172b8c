//! The interface of the library. It drives the rooms: needs → blocks → graph → plan → apply.
//!
//! The engine knows no wording and no terminal. It takes settings and a [`Host`], and returns data. Each step
//! is a type, so that no step can be left out:
//!
//! ```text
//! load ──▶ Project ──open──▶ Opened ──connect──▶ Workspace ──plan──▶ Planned ──applicable──▶ Applicable
//!          configuration     + its state         + its cluster                                   │
//!                                                     └──────────────── apply ◀──────────────────┘
//! ```
//!
//! | file | question |
//! |---|---|
//! | `settings`, `request` | what the user has chosen, and what a plan is made for |
//! | `host`, `factory`, `standard` | what the program around it provides: the environment, providers, state backends |
//! | `loading` | how a configuration is read and checked |
//! | `compiling`, `needs` | which facts the blocks need from outside, and how they are compiled |
//! | `opening`, `state_access` | the state, read or locked before the cluster is asked |
//! | `cluster` | whether this is the expected cluster |
//! | `workspace` | a project, its state and its cluster: what plans and applies work on |
//! | `planning`, `shared` | the planner's questions, and their answers |
//! | `planned` | whether a plan can be applied, and who has approved it |
//! | `plan_file` | plan files: made, admitted, compared with a new plan |
//! | `applying`, `rights` | the apply, its record, and whether our rights allow it |
//! | `drifting` | how the cluster differs from what was applied last |
//! | `error`, `refusal` | why it stopped, and why a plan is not applied |

mod applying;
mod cluster;
mod compiling;
mod drifting;
mod error;
mod factory;
mod host;
mod loading;
pub mod needs;
mod opening;
mod plan_file;
mod planned;
mod planning;
mod refusal;
mod request;
mod rights;
mod settings;
mod shared;
mod standard;
mod state_access;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod workspace;

pub use cluster::ClusterMismatch;
pub use compiling::{Compiled, compile, complete};
pub use drifting::{AppliedState, Secrets};
pub use error::Error;
pub use factory::{BackendFactory, BackendSettings, ConnectionSettings, ProviderFactory};
pub use host::{Host, Variables};
pub use loading::{Head, Project, load, load_head};
pub use needs::Outside;
pub use opening::{Interruption, Opened};
pub use plan_file::Admitted;
pub use planned::{Applicable, Approval, Planned, VerifiedFile};
pub use planning::run as run_planner;
pub use refusal::{NotApplicable, PlanFileRefusal, UncheckedField};
pub use request::PlanRequest;
pub use rights::MissingRights;
pub use settings::{ConfigInputs, Settings, SettingsConflict};
pub use shared::Readings;
pub use standard::{KubernetesProviders, LocalBackends};
pub use state_access::StateAccess;
pub use workspace::Workspace;
