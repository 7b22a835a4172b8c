//! Mistakes in a configuration: all of them are found in one run, and each is shown at its place with its fix.
//!
//! A block with a mistake does not stop the checks of others. Only what may be the result of another mistake is left
//! out: what the parser guesses around broken syntax, and references to a block that has a mistake.

mod display;
mod hidden;
mod stages;
mod undeclared;
mod unserved;

use crate::harness::Test;

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [stages::tests(), display::tests(), hidden::tests(), undeclared::tests(), unserved::tests()].concat()
}
