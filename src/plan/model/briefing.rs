//! What a plan tells its readers beside what changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::resource::{BlockAddress, KeyFact};

/// What readers of a plan must know to judge it, and what changes nothing of what is done: no part of the digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Briefing {
    /// The context by which the cluster was reached; `None` where no kubeconfig led to it.
    pub context: Option<String>,
    /// The place of the state, as a user names it: a folder.
    pub state: String,
    /// What is to be known first of each block.
    pub key_facts: BTreeMap<BlockAddress, Vec<KeyFact>>,
}
