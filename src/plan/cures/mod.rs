//! Refusals that other changes of the same plan cure: what the server refuses now, and takes once they are done.
//!
//! | file | question |
//! |---|---|
//! | `remedies` | what must happen, by the server's reason, so that it takes the object? The table |
//! | `changes` | which change is of the object that a refusal names? |
//! | `effects` | what do the changes of a plan do to their objects? |
//! | `healing` | which effects are a remedy? |
//! | `usage` | how much of a quota's resource does an object use? |
//! | `values` | which values that only one object can have are given up, and which are taken? |
//! | `order` | which change awaits which, and which wait for each other? |
//! | `ways_in` | what awaits the end of a way by which programs are reached? |

mod changes;
mod effects;
mod healing;
pub(in crate::plan) mod order;
pub(in crate::plan) mod remedies;
mod usage;
mod values;
pub(in crate::plan) mod ways_in;

pub(in crate::plan) use changes::Changes;
pub(in crate::plan) use healing::cures;
pub use healing::is_curable;
