//! One field that changes: from which value to which, and whose change it is.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::resource::{FieldManager, FieldPath, Origin};

/// Whose change it is that a field, or an object, is not as it will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Cause {
    /// The configuration has changed.
    Yours,
    /// The cluster has changed, and an apply changes it back.
    Drift {
        /// Who owns the field now; nobody where the server keeps no trace.
        by: Vec<FieldManager>,
    },
    /// The configuration has changed, or names the field for the first time, and another manager owns it: an
    /// apply takes the field from it.
    Conflict {
        /// Who owns the field now; nobody where the server keeps no trace.
        by: Vec<FieldManager>,
    },
}

/// How to keep a change that others made to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Set this key of the configuration to the live value.
    Key(Origin),
    /// No key gives the field: add this line to `ignore_changes` of its block.
    Ignore(String),
}

/// The value of a field after the apply.
#[derive(Debug, Clone, PartialEq)]
pub enum After {
    /// This value.
    Value(Value),
    /// No value.
    Absent,
    /// A value that is known only after the apply.
    Unknown(UnknownValue),
}

/// A value that is known only after the apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownValue {
    /// It is taken from other resources: the expression as it is written.
    Expression(String),
    /// The run that applies it generates it.
    Generated,
}

/// What becomes of one user of an htpasswd file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// The user's name.
    pub name: String,
    /// What becomes of the user.
    pub change: UserFate,
}

/// What becomes of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserFate {
    /// The user is new.
    Added,
    /// The user has another password.
    Changed,
    /// The user is removed.
    Removed,
}

/// One field that changes.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// Which field.
    pub path: FieldPath,
    /// Its value now; `None` where it has none.
    pub before: Option<Value>,
    /// Its value afterwards.
    pub after: After,
    /// Whether nobody may see the values.
    pub sensitive: bool,
    /// Where in the configuration it comes from.
    pub origin: Option<Origin>,
    /// Whether the field cannot change in an existing object, so that the object is replaced.
    pub forces_replacement: bool,
    /// Whose change it is. For an object that is made, the cause of the whole change says it.
    pub cause: Cause,
    /// How to keep the change of others, for drift and conflict.
    pub keep: Option<Keep>,
    /// Where the field is an htpasswd file: the users that change, by name.
    pub users: Vec<UserChange>,
}

impl FieldChange {
    /// A change that the configuration makes to a field that everybody may see.
    pub fn new(path: FieldPath, before: Option<Value>, after: After) -> Self {
        Self {
            path,
            before,
            after,
            sensitive: false,
            origin: None,
            forces_replacement: false,
            cause: Cause::Yours,
            keep: None,
            users: Vec::new(),
        }
    }
}
