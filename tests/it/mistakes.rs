//! What is wrong with a configuration: everything in one run, each at its place, with the way out.
//!
//! A block with a mistake does not keep others from being checked to the end. Left out is only what may follow
//! from another mistake: what is made up around broken syntax, and references to what is missing because of one.

mod display;
mod stages;

use crate::harness::Test;

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [stages::tests(), display::tests()].concat()
}
