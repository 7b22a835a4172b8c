//! What the planner knows so far: what it found in the input, what was read, and what is decided.
//!
//! Only the planner changes it. Everything else looks at it through an [`Overview`](overview::Overview) of the
//! whole plan, or the [`Situation`](situation::Situation) of one resource.
//!
//! | file | question |
//! |---|---|
//! | `situation` | everything that is known of one resource |
//! | `overview` | the whole plan: state, configuration and readings side by side |
//! | `first_reading` | what is read before anything is decided |
//! | `health` | what stays as it is and does not say that it is ready |
//! | `needs` | what desired objects name and this plan does not make |
//! | `controllers` | whether anybody serves the classes that are named |
//! | `strays` | what shows that the state is older than the cluster |
//! | `taken_back` | what others have changed, and a rollback takes back |
//! | `index` | where a resource is, and what must be decided before it |
//! | `readings`, `decisions` | what was read, and what is decided |

pub(in crate::plan) mod controllers;
pub(in crate::plan) mod decisions;
pub(in crate::plan) mod first_reading;
pub(in crate::plan) mod health;
pub(in crate::plan) mod index;
pub(in crate::plan) mod needs;
pub(in crate::plan) mod overview;
pub(in crate::plan) mod readings;
pub(in crate::plan) mod schemas;
pub(in crate::plan) mod situation;
pub(in crate::plan) mod strays;
pub(in crate::plan) mod taken_back;
