//! How the secret values of revisions are encrypted, as `[state] encryption` says it.

use std::path::PathBuf;

/// For whom secret values are encrypted, and where what opens them is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// The recipients, as age writes them: `age1…`.
    pub recipients: Vec<String>,
    /// Where the identity is that opens the values. Only a rollback looks for it.
    pub identity: Option<IdentitySource>,
}

/// Where an identity of age is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentitySource {
    /// In this variable of the environment.
    Env(String),
    /// In this file.
    File(PathBuf),
}
