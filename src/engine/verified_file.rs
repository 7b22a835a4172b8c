//! The proof that a plan file was held against the plan at hand.

/// The plan in a file, found to be the one at hand by [`Workspace::hold_against`](super::Workspace::hold_against).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedFile {
    digest: String,
}

impl VerifiedFile {
    pub(super) fn new(digest: &str) -> Self {
        Self { digest: digest.to_owned() }
    }

    /// The digest of the file.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}
