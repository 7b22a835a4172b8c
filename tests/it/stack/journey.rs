//! From an empty cluster to a pod that runs an image out of the new registry, and back.

mod archive;
mod page;
mod place;
mod push;
mod rotation;
mod stack;
mod whole;

pub(crate) use page::masked;

use crate::harness::Test;

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [push::tests(), whole::tests()].concat()
}
