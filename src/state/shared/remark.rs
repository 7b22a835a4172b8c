//! What the user should know while a command works, and what is no error.

use std::path::Path;
use std::time::Duration;

use super::index::IndexFault;
use crate::state::holder::Holder;

/// Something that the user should know.
#[derive(Debug)]
pub enum Remark<'r> {
    /// A lock is waited for. It is said again and again.
    Waiting {
        /// Who holds it.
        holder: &'r Holder,
        /// In how long it is taken over if it does not change.
        left: Duration,
    },
    /// The index of the revisions is damaged or missing, and was made anew from them.
    IndexAnew {
        /// Which index.
        path: &'r Path,
        /// What was wrong with it.
        fault: &'r IndexFault,
        /// How many revisions were found.
        revisions: usize,
    },
}

/// Told of what the user should know.
pub type Telling = dyn Fn(&Remark<'_>) + Send + Sync;
