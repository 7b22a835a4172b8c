//! How much is done, and with which seeds.

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
}
