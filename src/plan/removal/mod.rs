//! What leaves the cluster or the state, what is kept, and what else is deleted with it.
//!
//! | file | question |
//! |---|---|
//! | `removals` | what becomes of everything that is not desired any more (in which order it is deleted is up to the apply: `graph::deletions`) |
//! | `leaving` | one resource that is to be deleted |
//! | `kept` | what is not deleted, and why |
//! | `departure` | does a chart leave as a whole? |
//! | `farewell` | what charts have run before they are deleted, and after |
//! | `strangers` | what a destroy lets stay because others made it |
//! | `cascade` | what else is deleted with a namespace or a definition |
//! | `certificates` | which certificates go with it |

pub(in crate::plan) mod cascade;
mod certificates;
mod departure;
pub(in crate::plan) mod farewell;
mod kept;
mod leaving;
pub(in crate::plan) mod removals;
pub(in crate::plan) mod strangers;
