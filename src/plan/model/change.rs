//! The plan as data: what it says of each resource.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fidelity::Fidelity;
use super::reason::Reason;
use crate::resource::{
    Address, Applied, Desired, FieldManager, FieldPath, Identity, Live, Origin, Stamp, Target, Timeouts,
};

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is as it should be.
    None,
    /// It is made.
    Create,
    /// Some of its fields change.
    Update,
    /// It is deleted and made anew, because a field that must change cannot.
    Replace,
    /// It is deleted.
    Delete,
    /// It exists already, made by others, and is taken over.
    Adopt,
    /// It left the configuration, but is protected: it stays, and stays known.
    Keep,
    /// It left the configuration, and is gone or no longer ours: only our memory of it goes.
    Forget,
}

impl Action {
    /// Whether the cluster is written to.
    pub fn writes(self) -> bool {
        !matches!(self, Self::None | Self::Keep | Self::Forget)
    }
}

/// What the state makes of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tracking {
    /// It knows it already, under this address.
    Known,
    /// It knows it, but something that it keeps of it has changed: what it stands on, how long it may take.
    Outdated,
    /// It must take it in.
    New,
    /// It is used and never owned: a namespace that others made.
    Untracked,
}

/// Whose change a changed line is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Cause {
    /// The configuration has changed.
    Yours,
    /// The cluster has changed, and an apply reverts it.
    Drift {
        /// Who owns the field now; nobody where the server keeps no trace.
        by: Vec<FieldManager>,
    },
    /// The configuration has changed, or names the field for the first time, and another manager owns it: an
    /// apply takes it.
    Conflict {
        /// Who owns the field now; nobody where the server keeps no trace.
        by: Vec<FieldManager>,
    },
}

/// How to keep what another hand did to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Set this key of the configuration to the live value.
    Key(Origin),
    /// No key gives the field: add this line to `ignore_changes` of its block.
    Ignore(String),
}

/// A field's value afterwards.
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
    /// Whether this change cannot be made to the object as it is, and so replaces it.
    pub forces_replacement: bool,
    /// Whose change it is. Of an object that is made, [`Change::cause`] says it.
    pub cause: Cause,
    /// Of drift and conflict: how to keep what the other hand did.
    pub keep: Option<Keep>,
}

/// What the plan says of one resource.
#[derive(Debug, Clone)]
pub struct Change {
    /// What the user calls it.
    pub address: Address,
    /// Which object.
    pub target: Target,
    /// What happens to it.
    pub action: Action,
    /// Why, where that is not plain; in the order in which they are said.
    pub reasons: Vec<Reason>,
    /// Whose change it is, where the fields do not tell: the object is gone or was made anew by others, or
    /// only its marks or its ownership change.
    pub cause: Option<Cause>,
    /// What changes.
    pub fields: Vec<FieldChange>,
    /// How that is known.
    pub fidelity: Fidelity,
    /// The object as it was read: what the write is guarded by.
    pub prior: Option<Arc<Live>>,
    /// What the configuration wants; `None` for what left it.
    pub desired: Option<Arc<Desired>>,
    /// The object as it is sent, our annotations included; expressions where values are not known yet.
    pub send: Option<Value>,
    /// What must be done first (for deletes: what this one stands on, and outlives).
    pub dependencies: Vec<Address>,
    /// The address under which the state knows it, where the block was renamed.
    pub moved_from: Option<Address>,
    /// The object that had this address before, under another name: it is deleted first.
    pub replaced: Option<Box<(Target, Live)>>,
    /// What the state makes of it.
    pub tracking: Tracking,
    /// Whether it may be deleted only with consent.
    pub protected: bool,
    /// How long things may take; for what left the configuration, as it was when it did.
    pub timeouts: Timeouts,
    /// What the server warned about.
    pub warnings: Vec<String>,
    /// How many fields others own in it, which are left alone.
    pub foreign: usize,
    /// How many fields of ours stay as they are, in what is there and changes.
    pub unchanged: usize,
    /// What else dies with it: the content of a namespace, the custom resources of a definition.
    pub dies_with: Vec<Identity>,
    /// The managers whose fields are taken over by an adoption.
    pub taken_from: Vec<String>,
    /// Fields that could not be checked, each with the reason.
    pub unchecked: Vec<(FieldPath, String)>,
    /// Of what is not written: what a write would have left to remember.
    pub applied: Option<Arc<Applied>>,
}

impl Change {
    /// A change of which nothing more is known than what is done to which object.
    pub fn new(address: Address, target: Target, action: Action, fidelity: Fidelity) -> Self {
        Self {
            address,
            target,
            action,
            reasons: Vec::new(),
            cause: None,
            fields: Vec::new(),
            fidelity,
            prior: None,
            desired: None,
            send: None,
            dependencies: Vec::new(),
            moved_from: None,
            replaced: None,
            tracking: Tracking::Known,
            protected: false,
            timeouts: Timeouts::default(),
            warnings: Vec::new(),
            foreign: 0,
            unchanged: 0,
            dies_with: Vec::new(),
            taken_from: Vec::new(),
            unchecked: Vec::new(),
            applied: None,
        }
    }

    /// Whether the state is to take it in, though nothing may have to be written to the cluster.
    pub fn is_to_be_remembered(&self) -> bool {
        matches!(self.tracking, Tracking::New | Tracking::Outdated) || self.moved_from.is_some()
    }

    /// The stamp of the object as it was read.
    pub fn stamp(&self) -> Option<&Stamp> {
        self.prior.as_ref().map(|live| &live.stamp)
    }
}
