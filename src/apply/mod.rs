//! Does what a plan says: in dependency order, in parallel, every write guarded.
//!
//! The room emits one [`Event`] enum; progress bars and JSON lines are consumers of it. What was done is
//! handed to a [`Recorder`] at once, so that a run killed at any moment loses nothing.
//!
//! | File | What it answers |
//! |---|---|
//! | `run` | the loop: as many resources at once as allowed, until all is done or it is stopped |
//! | `work` | which resource is begun next, and what the end of a step means for the others |
//! | `step` | the futures of one resource: write or delete, then wait |
//! | `task` | how one change is carried out |
//! | `to_come` | what waits may still find missing, since the run is still to make or to start it |
//! | `hooks` | what is noted before hooks of charts run, and what is deleted after them |
//! | `certifier` | whether cert-manager takes what is written |
//! | `login` | who is asked before nodes get a login |
//! | `removal` | how an object is deleted and waited for until it is gone |
//! | `guarded` | how a write is refused where the object is not the planned one |
//! | `place` | how many are written at once, and what holds no place meanwhile |
//! | `patience` | how long a write waits until servers have heard of what cures it |
//! | `record` | what the recorder is told |
//! | `reporter` | which events are emitted, and what the report counts |
//! | `event` | the types of events, records and the report |

mod certifier;
mod event;
mod guarded;
mod hooks;
mod login;
mod patience;
mod place;
mod record;
mod removal;
mod reporter;
mod run;
mod step;
mod task;
#[cfg(test)]
pub(crate) mod testing;
mod to_come;
mod work;

pub use event::{Event, FailedResource, Presence, Record, Recorder, Report, Skipped, Writer};
pub use run::{Options, Stop, run};

#[cfg(test)]
mod tests;
