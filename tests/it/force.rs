//! Proved by force: regplan is killed again and again, and nothing is lost, done twice, or done without a record.
//!
//! A *walk* ([`walk`]) takes a project of many objects through applies, rollbacks and destroys, in a random order, and
//! kills most of them at a random moment ([`moment`]). After each kill it looks whether the state can be read and
//! whether the server was asked for nothing that the journal did not announce ([`ledger`]). From time to time it lets
//! a run come to its end, and then everything has to be as if nothing had been killed ([`checks`]).
//!
//! A state also moves between two places, and the move is killed at every step ([`moving`]); and an apply goes on while the
//! server is flooded ([`flood`]).
//!
//! The short mode is for every run of the tests. `REGPLAN_FORCE=long` is the long one, which can also rewrite
//! `docs/reliability.md` ([`page`]). Each walk has a seed, which is in every message of a failure; `REGPLAN_FORCE_SEED`
//! takes it.

pub(crate) mod audit;
mod backends;
mod checks;
pub(crate) mod exposure;
mod figures;
mod flood;
mod folder;
mod ledger;
mod mode;
mod moment;
mod moving;
mod page;
mod reading;
mod shop;
mod store;
mod subject;
mod together;
mod walk;

use std::time::Duration;

use crate::harness::Test;
use mode::Mode;

/// The tests of this feature. The long mode has more of them.
pub(crate) fn tests() -> Vec<Test> {
    let mode = Mode::here();
    let kills = [walk::tests(mode), moving::tests(mode), exposure::tests(mode), flood::tests(mode)].concat();
    [kills, reading::tests(), together::tests(), mode::tests(), page::tests()].concat()
}

/// What the tests of this feature may take in this mode, with the beginning of their names; the long mode takes what it
/// takes.
pub(crate) fn budget() -> Option<(&'static str, Duration)> {
    (Mode::here() == Mode::Short).then_some(("force::", mode::SHORT_BUDGET))
}
