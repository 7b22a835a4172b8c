//! Does what a plan says: in dependency order, side by side, every write guarded.
//!
//! The room emits one [`Event`] enum; progress bars and JSON lines are consumers of it. What was done is
//! handed to a [`Recorder`] at once, so that a run killed at any moment loses nothing.

mod event;
mod guarded;
mod run;
mod task;
#[cfg(test)]
pub(crate) mod testing;

pub use event::{Event, FailedResource, Record, Recorder, Report, Skipped};
pub use run::{Options, Stop, run};

#[cfg(test)]
mod tests;
