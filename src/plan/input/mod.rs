//! What a plan is made from, and what the planner asks.
//!
//! | file | question |
//! |---|---|
//! | `plan_input` | everything that a plan is made from |
//! | `selection` | what `--target` and `--replace` limit it to |
//! | `consents` | what `--adopt` and `--consent` name, and whether that finds anything |
//! | `imports` | what is imported, and whether it is what the blocks describe |
//! | `moves` | what `[[moved]]` and `[[removed]]` change in it |
//! | `question` | what the planner asks, and the answers |

pub(in crate::plan) mod consents;
pub(super) mod environments;
pub(in crate::plan) mod imports;
pub(in crate::plan) mod moves;
pub(in crate::plan) mod plan_input;
pub(in crate::plan) mod question;
pub(in crate::plan) mod selection;
