//! What a reader wants to know first of something that is made.

use serde::{Deserialize, Serialize};

/// One thing that matters to whoever reads a plan: `image registry:3.1.1`. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFact {
    /// What it is: `image`.
    pub name: String,
    /// Its value: `registry:3.1.1`.
    pub value: String,
}

impl KeyFact {
    /// A fact.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}
