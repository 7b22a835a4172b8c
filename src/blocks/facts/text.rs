//! Texts that nobody may see.

use std::collections::BTreeMap;

use crate::config::SecretSource;

/// A text that nobody may see, or why it is not known.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretText {
    /// The text.
    Known(String),
    /// The text, which this run has made. The next run makes another one, until an apply has written it.
    New(String),
    /// Secrets are not read in this run (`validate`, `render`): an object holds a placeholder.
    Placeholder,
    /// Its source is missing, or the cluster could not be read, and this is why. The field is not checked.
    Unknown(String),
    /// The state says that a generated value was stored, and the cluster has it no longer. The text says where
    /// it was.
    Lost(String),
}

impl SecretText {
    /// The text itself, where there is one.
    pub fn get(&self) -> Option<&str> {
        match self {
            Self::Known(text) | Self::New(text) => Some(text),
            Self::Placeholder | Self::Unknown(_) | Self::Lost(_) => None,
        }
    }

    /// What is made of the text. As little is known of it as of the text itself.
    #[must_use]
    pub fn map(&self, make: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Known(text) => Self::Known(make(text)),
            Self::New(text) => Self::New(make(text)),
            Self::Placeholder | Self::Unknown(_) | Self::Lost(_) => self.clone(),
        }
    }

    /// Whether the next run would make another text.
    pub fn is_new(&self) -> bool {
        matches!(self, Self::New(_))
    }
}

/// The values that were read from the sources of secrets outside the cluster: variables of the environment
/// and files.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretInputs(pub BTreeMap<SecretSource, String>);

/// Shows the sources and no value, because what is shown may end in a log.
impl std::fmt::Debug for SecretInputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Never shows the text itself, because what is shown may end in a log.
impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(_) => f.write_str("Known(…)"),
            Self::New(_) => f.write_str("New(…)"),
            Self::Placeholder => f.write_str("Placeholder"),
            Self::Unknown(reason) => write!(f, "Unknown({reason:?})"),
            Self::Lost(reason) => write!(f, "Lost({reason:?})"),
        }
    }
}
