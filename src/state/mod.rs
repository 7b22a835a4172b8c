//! What was applied: the state file, its journal, its revisions, its lock.
//!
//! The state is the memory between two runs. It is kept in a folder of its own per project, by default
//! `.regplan/PROJECT/` beside the first configuration file:
//!
//! | file | what it is |
//! |---|---|
//! | `state.json` | the [`State`]: replaced as a whole, atomically, its serial one higher each time |
//! | `journal` | the run under way: its intent, then each outcome, synced line by line |
//! | `lock` | who writes; held by the operating system, so a killed process holds nothing |
//! | `key` | seals what plan files say of secrets, so that no guess can be tried against them |
//! | `revisions/000001.json` | a [`Revision`] for each completed apply, the last 50 of them |
//!
//! Nothing here is secret: callers give digests (keyed where a secret went in) and objects whose
//! sensitive fields are taken out. Files are readable by their owner only all the same.
//!
//! # How a run is recorded
//!
//! 1. [`Store::open`] takes the lock and folds in what an interrupted run left behind.
//! 2. [`Store::begin`] puts `state.json` there if it is the first run (so that a lineage which objects
//!    in the cluster carry is never lost), then starts the journal with the whole intent.
//! 3. [`Store::outcome`] appends to the journal, synced, as outcomes come.
//! 4. [`Store::finish`] writes the revision (of a completed run), ends the journal, replaces
//!    `state.json`, and removes the journal, in this order.
//!
//! A kill between any two of these steps loses nothing, because each is recognised afterwards: the
//! journal names the serial that it builds on, and state and revision name the run that they came from.
//! Intents without an outcome stay in the state as *in doubt* until somebody has looked at the cluster.
//!
//! # Formats and versions
//!
//! Every file has a `format_version`. A newer one is refused, and so is a field that this version does
//! not know: a reader that dropped it would lose it with the next write. Whoever adds a field raises
//! [`FORMAT_VERSION`] and gives the field a default, so that newer versions read what older ones wrote,
//! and older ones say that they are too old rather than forget something.

mod backend;
mod error;
mod files;
mod id;
mod journal;
mod local;
mod location;
mod lock;
mod model;
mod recover;
mod revision;
mod store;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod test_support;

pub use backend::{Backend, Locked};
pub use error::StateError;
pub use id::{Lineage, LockId, RunId};
pub use journal::{Begin, Intent, IntentKind, Journal, JournalLine, Outcome, RunEnd};
pub use local::LocalBackend;
pub use location::Location;
pub use lock::Holder;
pub use model::{Expected, FORMAT_VERSION, Provenance, Resource, State, Unfinished, Version};
pub use recover::{Recovered, recover};
pub use revision::{DEFAULT_RETENTION, Revision, RevisionHead, Summary};
pub use store::{Completion, NewRun, Store, View, history, view};
