//! How much is done, and with which seeds.

use std::collections::BTreeSet;
use std::time::Duration;

use super::backends::{BACKENDS, Backend};

tests! { the_short_mode_has_few_kills, each_shard_has_a_seed_of_its_own }

/// The environment variable that chooses the mode: `long`, or nothing for the short one.
const MODE: &str = "REGPLAN_FORCE";
/// The environment variable with another seed.
const SEED: &str = "REGPLAN_FORCE_SEED";

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// What every run of the tests has the time for.
    Short,
    /// At least 500 kills.
    Long,
}

/// What the short mode may take on two cores, from the start of its first test to the end of its last one. No test fails for
/// that; the report at the end says it (see `timing`).
pub(crate) const SHORT_BUDGET: Duration = Duration::from_mins(3);

/// How many kills the short mode may have, but for those of `exposure`, which end with what is to be written. Each takes
/// about a second, so this number is what keeps the mode within its time. Whoever raises it looks at the report.
const KILLS: usize = 50;

impl Mode {
    /// The mode that the environment asks for.
    pub(crate) fn here() -> Self {
        match std::env::var(MODE).as_deref() {
            Ok("long") => Self::Long,
            Ok("") | Err(_) => Self::Short,
            Ok(other) => panic!("{MODE} is neither `long` nor empty: {other}"),
        }
    }

    /// The seed of a walk: the one from the environment, or another one for each walk of a long run. The short mode
    /// always has the same for a shard, so that its time is always the same, and another one for each shard, so that not all
    /// of them try the same moments.
    pub(crate) fn seed(self, shard: u64) -> u64 {
        match std::env::var(SEED) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{SEED} is no number: {text}")),
            Err(_) if self == Self::Short => 1 + shard,
            Err(_) => rand::random_range(0..1_000_000_000),
        }
    }

    /// How many kills a random walk has. Where a lock has to run out after each, there are fewer.
    pub(crate) fn random_kills(self, backend: &Backend) -> usize {
        let kills = match self {
            Self::Short => 12,
            Self::Long => 300,
        };
        if backend.ends_with_process { kills } else { kills / 3 }
    }
}

fn each_shard_has_a_seed_of_its_own() {
    let seeds: BTreeSet<u64> = (0..BACKENDS.len() as u64).map(|shard| Mode::Short.seed(shard)).collect();
    assert!(seeds.len() == BACKENDS.len() || std::env::var_os(SEED).is_some(), "{seeds:?}");
}

fn the_short_mode_has_few_kills() {
    let at_random: usize = BACKENDS.iter().map(|backend| Mode::Short.random_kills(backend)).sum();
    let of_moves = super::moving::short_kills();
    let kills = at_random + of_moves;
    assert!(kills <= KILLS, "{at_random} at random moments and {of_moves} of moves are more than {KILLS}");
}
