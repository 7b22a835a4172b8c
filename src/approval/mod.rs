//! What was approved: a plan in a file, and whether a plan that is made later is the same. This room does no
//! I/O.
//!
//! A plan file is not replayed. Applying it makes a new plan, from the configuration, the secrets and the
//! cluster as they are then. It goes on only if the new plan fits the [`Preconditions`] of the file, and each
//! of its changes is an approved one with the same [`Binding`]. So the guards of its writes are as fresh as
//! those of any other apply, and whatever moved in between is found before the first write.
//!
//! | file | what it is |
//! |---|---|
//! | `file` | the file: its format, its digest, its seal |
//! | `preconditions` | what the whole plan is bound to: project, lineage, cluster, configuration, secret sources |
//! | `binding` | what an approval fixes of one change |
//! | `snapshot` | what was shown of each change, so that the file can be shown again |
//! | `secret_source` | how a plan file names the sources of secrets |
//! | `check` | how a later plan differs from the approved one |

mod binding;
mod check;
mod file;
mod preconditions;
mod secret_source;
mod snapshot;

#[cfg(test)]
mod tests;

pub use binding::{Binding, Deviation};
pub use check::{Attempt, Divergence, DivergenceKind, OwnedField, check};
pub use file::{Damage, PLAN_FILE_FORMAT, PlanFile};
pub use preconditions::{Asked, Mismatch, Preconditions};
pub use secret_source::{SecretSourceError, SecretSourceName};
