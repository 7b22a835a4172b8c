//! What `[output.NAME]` gives: what the configuration says, with what was read from the cluster. Pure.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `model` | What is known of an output, or why not? |
//! | `select` | Which outputs are wanted, and what must be read for them? |
//! | `evaluate` | Which value do they have by what was read? |

mod evaluate;
mod model;
mod select;

pub use evaluate::Evaluation;
pub use model::{Missing, OutputContent, OutputValue};
pub use select::{Selection, wanted_objects};
