//! The sources of secrets, as a plan file names them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a secret comes from: `env:CI_PASSWORD`, `file:secrets/ci.txt`, `variable:password`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretSourceName {
    /// An environment variable.
    Env(String),
    /// A file, by its path relative to the configuration, which may be in another folder when the plan is
    /// applied.
    File(String),
    /// A sensitive `[variable.NAME]`.
    Variable(String),
}

/// The text does not name a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no source of a secret")]
pub struct SecretSourceError(String);

impl fmt::Display for SecretSourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Variable(name) => write!(f, "variable:{name}"),
        }
    }
}

impl FromStr for SecretSourceName {
    type Err = SecretSourceError;

    fn from_str(text: &str) -> Result<Self, SecretSourceError> {
        let refused = || SecretSourceError(text.to_owned());
        let (kind, name) = text.split_once(':').ok_or_else(refused)?;
        let name = name.to_owned();
        match kind {
            "env" => Ok(Self::Env(name)),
            "file" => Ok(Self::File(name)),
            "variable" => Ok(Self::Variable(name)),
            _ => Err(refused()),
        }
    }
}

impl From<SecretSourceName> for String {
    fn from(name: SecretSourceName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for SecretSourceName {
    type Error = SecretSourceError;

    fn try_from(text: String) -> Result<Self, SecretSourceError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_read_back_as_they_are_written() {
        for name in [
            SecretSourceName::Env("A".into()),
            SecretSourceName::File("a:b/c".into()),
            SecretSourceName::Variable("x".into()),
        ] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for text in ["", "env", "the environment variable A", "other:x"] {
            assert!(text.parse::<SecretSourceName>().is_err(), "{text}");
        }
    }
}
