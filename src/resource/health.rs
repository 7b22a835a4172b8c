//! Whether an object that stays as it is does its work.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why an object that nobody changes is not well. Both causes are the words of the cluster, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub enum Health {
    /// It was written, and nobody has seen it ready since. The next apply waits for it again.
    NotReady {
        /// When it was written.
        since: Timestamp,
        /// What it lacks.
        cause: String,
    },
    /// It was ready after its last write, and is not ready now.
    Unhealthy {
        /// What it lacks.
        cause: String,
    },
}

impl Health {
    /// The health of an object that lacks something; `awaited_since` is the time of its last write, where it has not
    /// become ready since.
    pub fn of(awaited_since: Option<Timestamp>, cause: String) -> Self {
        match awaited_since {
            Some(since) => Self::NotReady { since, cause },
            None => Self::Unhealthy { cause },
        }
    }

    /// What it lacks.
    pub fn cause(&self) -> &str {
        match self {
            Self::NotReady { cause, .. } | Self::Unhealthy { cause } => cause,
        }
    }
}
