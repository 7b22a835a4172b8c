//! States that move between a folder, an object store and the cluster.

mod cluster;
mod store;

use crate::harness::Test;

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [cluster::tests(), store::tests()].concat()
}
