//! The loop that runs all steps: needs → blocks → graph → plan → apply. The public entry point of the library.
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
//! | `settings`, `backend_settings`, `request` | what the user has chosen, where the state is kept, and what a plan is asked for |
//! | `host`, `factories`, `default_factories` | what the program around it gives: the environment, and which houses and which state backends there are |
//! | `loading` | from the inputs to a checked configuration |
//! | `compiling`, `needs` | what the blocks must know of the outside; the blocks compiled |
//! | `chart_loss` | which charts have been deleted by others, and are installed anew |
//! | `chart_past` | what the state knows of a chart: whether it is new, and what it has defined |
//! | `farewells` | what charts have run when they are deleted |
//! | `opening`, `state_access` | the state, seen or locked, before the cluster is asked |
//! | `reaching` | a project with its cluster, or without it where none is reached |
//! | `newest_state` | which copy of a local state is the newest one |
//! | `preparing`, `own_state` | what a state needs before its first use, and who may not own it |
//! | `cluster_check` | whether this is the cluster that is meant |
//! | `workspace` | a project, its state and its cluster: what plans and applies work on |
//! | `configured_plan`, `rollback_plan` | what is desired and remembered: by the configuration, or by a revision |
//! | `fates` | what becomes of generated values |
//! | `planning`, `kept_readings` | the planner's questions, and their answers |
//! | `remains` | what is left in a cluster of the time before, which a first plan tells |
//! | `file_lines` | at which line of a manifest a changed field stands |
//! | `other_files` | whether a plan comes from other files than the last apply |
//! | `other_variables` | whether a plan lacks a variable that the last apply was given |
//! | `planned` | whether a plan can be applied, and who has approved it |
//! | `plan_file` | plan files: made, admitted, compared with a new plan |
//! | `past` | which revisions there are, and which of them a rollback goes back to |
//! | `restoring`, `kept_values` | what was desired at a revision, and its secret values, as far as a rollback can restore them |
//! | `migrating` | a state that moves to another place |
//! | `rebuilding` | a lost state, made anew from annotations |
//! | `undoing` | what a failed run wrote, and whether that can be undone |
//! | `applying`, `rights` | the apply, its record, and whether our rights allow it |
//! | `redacting`, `run_secrets` | which secrets the run knows, and where they are taken out of what leaves it |
//! | `introducing` | what houses beside the cluster are told before they are asked |
//! | `importing` | everything that stands in a namespace |
//! | `outputs` | the values of `[output.NAME]` |
//! | `drifting` | how the cluster differs from what was applied last |
//! | `verifying` | whether registries work, as those see it who pull and push |
//! | `error`, `refusal` | why it stopped, and why a plan is not applied |

mod applying;
mod backend_settings;
mod chart_loss;
mod chart_past;
mod cluster_check;
mod compiling;
mod configured_plan;
mod default_factories;
mod drifting;
mod error;
mod factories;
mod farewells;
mod fates;
mod file_lines;
mod host;
mod importing;
mod introducing;
mod kept_readings;
mod kept_values;
mod loading;
mod lost_data;
mod migrating;
pub mod needs;
mod newest_state;
mod opening;
mod other_files;
mod other_variables;
mod outputs;
mod own_state;
mod past;
mod plan_file;
mod planned;
mod planning;
mod preparing;
mod reaching;
mod rebuilding;
mod redacting;
mod refusal;
mod remains;
mod request;
mod restoring;
mod rights;
mod rollback_plan;
mod run_secrets;
mod settings;
mod state_access;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod undoing;
mod verifying;
mod workspace;

pub use backend_settings::{BackendSettings, ClusterBackend, ObjectBackend};
pub use cluster_check::ClusterMismatch;
pub use compiling::{Charts, Compiled, Deleted, compile, complete};
pub use default_factories::{Clusters, KubernetesProviders, StateBackends};
pub use drifting::{AppliedState, DriftOptions, Secrets};
pub use error::Error;
pub use factories::{BackendFactory, ProviderFactory, Variables};
pub use host::Host;
pub use importing::inventory;
pub use kept_readings::KeptReadings;
pub use loading::{Head, Project, load, load_head, load_without_blocks};
pub use needs::{Fate, HelmSettings, Outside, SecretsOf};
pub use opening::{Interruption, Opened};
pub use outputs::Outputs;
pub use past::History;
pub use plan_file::Admitted;
pub use planned::{Applicable, Approval, Planned, VerifiedFile};
pub use planning::run as run_planner;
pub use reaching::Reached;
pub use rebuilding::Additions;
pub use refusal::{NotApplicable, PlanFileRefusal, UncheckedField};
pub use request::PlanRequest;
pub use rights::MissingRights;
pub use settings::{ConfigInputs, ConnectionSettings, Settings, SettingsConflict};
pub use state_access::StateAccess;
pub use undoing::{NotUndoable, Undo, Undoing};
pub use verifying::{Login, Resolved, VerifyEvent, VerifyOptions};
pub use workspace::Workspace;
