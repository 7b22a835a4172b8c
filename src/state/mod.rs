//! What was applied: the state file, its journal, its revisions, its lock.
//!
//! The state is the memory between two runs. It is kept in a folder of its own per project, by default
//! `.regplan/PROJECT/` beside the first configuration file:
//!
//! | file | what it is |
//! |---|---|
//! | `state.json` | the [`State`]: replaced as a whole, atomically, its serial one higher each time |
//! | `journal` | the run under way: its intent, then each outcome, synced line by line |
//! | `lock` | who writes; the operating system holds the lock, so a killed process leaves none behind |
//! | `key` | seals the digests of secrets in plan files, so that no guess can be checked against them |
//! | `revisions/000001.json` | a [`Revision`] for each completed apply, the last 50 of them |
//! | `revisions/000001.values.json` | its secret values, encrypted, where `[state] encryption` asks for that |
//!
//! `docs/state-format.md` describes every field of these files.
//!
//! Nothing here is secret: callers give digests (keyed ones for secrets) and objects whose sensitive fields
//! are taken out; secret values are kept only encrypted. Files are nevertheless readable by their owner only.
//!
//! # How a run is recorded
//!
//! 1. [`Store::open`] takes the lock and folds in what an interrupted run left behind.
//! 2. [`Store::begin`] writes `state.json` if it is the first run (so that a lineage is never lost which objects
//!    in the cluster carry), then starts the journal with all intents.
//! 3. [`Store::outcome`] notes each outcome, and [`Store::keep_outcomes`] appends to the journal, synced, those that came
//!    together.
//! 4. [`Store::finish`] writes the revision (of a completed run), ends the journal, replaces
//!    `state.json`, and removes the journal, in this order.
//!
//! A kill between any two of these steps loses nothing, because each is recognised afterwards: the
//! journal names the serial that it builds on, and state and revision name the run that they came from.
//! Intents without an outcome stay in the state as *in doubt* until somebody has looked at the cluster; of
//! a run that ended by itself only the writes that were in flight then ([`Store::leave_in_flight`]).
//!
//! # Formats and versions
//!
//! Every file has a `format_version`. A newer one is refused, and so is a field that this version does
//! not know: a reader that dropped it would lose it with the next write. Whoever adds a field raises
//! [`FORMAT_VERSION`] and gives the field a default, so that newer versions read what older ones wrote,
//! and older ones say that they are too old rather than forget something.
//!
//! | file | question |
//! |---|---|
//! | `model`, `stored_resource`, `completed` | what a state says |
//! | `journal`, `journal_text` | what a run says of itself, line by line |
//! | `revision`, `stored_desired` | what is kept of a completed apply |
//! | `changed` | what several runs together have changed |
//! | `secret_values`, `sealed_values`, `value_keeping`, `seal` | the secret values of a revision, and how they are kept from eyes |
//! | `format`, `format_1`, `version` | how a file is laid out, and how the older format is read |
//! | `old_logins` | what an older version wrote and nobody is to see |
//! | `store`, `completion` | how a run is recorded |
//! | `view`, `recover` | what the state is where a run was killed, or is under way |
//! | `open_run` | which of the two it is |
//! | `history` | which revisions there are, and which plans were completed |
//! | `backend`, `local`, `location`, `files` | where all this is kept |
//! | `lock`, `holder` | which process may write |
//! | `migration` | how a state moves to another place |
//! | `newest` | what a cluster keeps of the newest state, so that an older copy is noticed |
//! | `shared` | the same in a store that several machines share |
//! | `id`, `error` | the names and the errors of all of them |

mod backend;
mod changed;
mod completed;
mod completion;
mod error;
mod files;
mod format;
mod format_1;
mod history;
mod holder;
mod id;
mod journal;
mod journal_text;
mod local_backend;
mod location;
mod lock;
mod migration;
mod model;
mod newest;
mod old_logins;
mod open_run;
mod recover;
mod revision;
mod seal;
mod sealed_values;
mod secret_values;
mod shared;
mod store;
mod stored_desired;
mod stored_resource;
mod value_keeping;
mod version;
mod view;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod test_support;

#[cfg(test)]
pub(crate) use files::simulated;

pub use backend::{Backend, LockSign, Locked};
pub use changed::Changed;
pub use completed::CompletedPlan;
pub use completion::{Completion, NewRun, ReadFrom};
pub use error::StateError;
pub use format::{from_file, to_file};
pub use history::history;
pub use holder::Holder;
pub use id::{Lineage, LockId, RunId};
pub use journal::{Begin, Intent, IntentKind, Journal, JournalLine, Outcome, RunEnd};
pub use local_backend::LocalBackend;
pub use location::Location;
pub use migration::{Migrated, migrate, values_left_behind};
pub use model::{COMPLETED_PLANS, EARLIER_RUNS, Expected, FinishedRun, State, Unfinished};
pub use newest::{BegunRun, Freshness, Newest, NoRecord, Stale, Staleness};
pub use open_run::OpenRun;
pub use recover::{Recovered, recover};
pub use revision::{DEFAULT_RETENTION, Revision, RevisionHead, RevisionSummary};
pub use seal::{Identities, Seal, SealedBy};
pub use sealed_values::{NotOpened, SealedValues};
pub use secret_values::SecretValues;
pub use shared::{
    IndexFault, Item, ItemVersion, Kept, KeyMaking, LAST_PART, LeaseTimes, LockRecord, ObjectShelf, Over,
    Remark, SharedBackend, Shelf, ShelfError, Telling, connect_object_store, locks_released,
};
pub use store::Store;
pub use stored_desired::{StoredDesired, StoredOrigin};
pub use stored_resource::{House, Provenance, Readiness, StoredResource};
pub use version::{FORMAT_VERSION, StateVersion};
pub use view::{View, view};
