//! The plan as data: what it says of each resource, and of the whole.
//!
//! | file | question |
//! |---|---|
//! | `plan` | the whole plan, refusals, consent |
//! | `briefing` | what its readers must know beside what changes |
//! | `change` | what happens to one resource |
//! | `reason` | why it happens |
//! | `field_change` | what happens to one field, and whose change it is |
//! | `schema_change` | which schema of a definition changes |
//! | `fidelity` | how a difference is known |
//! | `summary` | how many of each action |
//! | `drift_summary` | how much drift, and by which managers |
//! | `unknown` | what the state does not know of objects that carry our annotations |

pub(in crate::plan) mod briefing;
pub(in crate::plan) mod change;
pub(in crate::plan) mod drift_summary;
pub(in crate::plan) mod fidelity;
pub(in crate::plan) mod field_change;
pub(in crate::plan) mod plan;
pub(in crate::plan) mod reason;
pub(in crate::plan) mod schema_change;
pub(in crate::plan) mod summary;
pub(in crate::plan) mod unknown;
