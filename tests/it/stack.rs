//! The registry among what stands around it in a real cluster.

mod bed;
mod journey;

use crate::harness::Test;

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [journey::tests(), bed::tests()].concat()
}
