//! Random ids: of a state, of a run, of a held lock.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::resource::digest;

/// A text is not such an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: it takes 32 hexadecimal digits in lower case")]
pub struct IdError {
    /// The text that was read.
    pub text: String,
    /// What it should have been, with its article, such as `a lineage`.
    pub what: &'static str,
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A new one: 128 random bits.
            pub fn random() -> Self {
                Self(format!("{:032x}", rand::random::<u128>()))
            }

            /// The one that stands for this text.
            pub fn standing_for(text: &str) -> Self {
                let digest = digest(text);
                Self(digest.trim_start_matches("sha256:").chars().take(32).collect())
            }

            /// The 32 hexadecimal digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                if text.len() == 32 && text.bytes().all(digit) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { text: text.to_owned(), what: $what })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

random_id!(
    /// Identifies a state from its first write on, even where its files are moved. Objects in the cluster
    /// carry it as an annotation, so that two states of one project name never take each other's objects.
    Lineage,
    "a lineage"
);
random_id!(
    /// Identifies one run of an apply.
    RunId,
    "the name of a run"
);
random_id!(
    /// Identifies one process's hold of the lock.
    LockId,
    "the id of a lock"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_read_back_and_differ() {
        let one = Lineage::random();
        assert_eq!(one.as_str().parse::<Lineage>(), Ok(one.clone()));
        assert_ne!(one, Lineage::random());
        let named = RunId::standing_for("a");
        assert_eq!(named.as_str().parse::<RunId>(), Ok(named.clone()));
        assert_eq!(named, RunId::standing_for("a"));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "abc", &"g".repeat(32), &"A".repeat(32), &"0".repeat(33), "é"] {
            assert!(text.parse::<Lineage>().is_err(), "{text}");
        }
    }
}
