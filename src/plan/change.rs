//! The plan as data: what it says of each resource.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::resource::{
    Address, Applied, ClusterIdentity, Desired, FieldPath, Identity, Live, Operation, Origin, Problem, Stamp,
    Target, Timeouts, digest,
};

/// What the plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// To make the cluster what the configuration says.
    Apply,
    /// To delete everything that was applied.
    Destroy,
}

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

/// How a difference is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "reason")]
pub enum Fidelity {
    /// It was read, and nothing more is needed to know (deletes, shared namespaces).
    Observed,
    /// It was read, and what was read proves that nothing changes.
    Proved(Proof),
    /// The server was asked, and said what it would do.
    DryRun,
    /// The server could not be asked; this says why.
    Predicted(String),
}

/// What proves that a resource is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The record of the last apply: the same is sent, and what came of it is still there.
    Record,
    /// The object itself: it holds every field that is sent, and we own just these.
    Ownership,
}

/// Who wrote to a field: a field manager, which is a program and not a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hand {
    /// The field manager's name.
    pub manager: String,
    /// How it wrote.
    pub operation: Operation,
    /// Through which subresource (`scale`), if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subresource: Option<String>,
    /// When it last wrote to the object (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
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
        by: Vec<Hand>,
    },
    /// The configuration has changed, or names the field for the first time, and another manager owns it: an
    /// apply takes it.
    Conflict {
        /// Who owns the field now; nobody where the server keeps no trace.
        by: Vec<Hand>,
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
    /// A value that exists only when others are applied: the expression as it is written.
    Unknown(String),
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

impl FieldChange {
    fn for_digest(&self) -> Value {
        if self.sensitive {
            return json!([self.path, "sensitive"]);
        }
        match &self.after {
            After::Value(value) => json!([self.path, self.before, "value", value]),
            After::Absent => json!([self.path, self.before, "absent"]),
            After::Unknown(expression) => json!([self.path, self.before, "unknown", expression]),
        }
    }
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
    /// Why, where that is not plain.
    pub reason: Option<String>,
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
            reason: None,
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

    fn for_digest(&self) -> Value {
        let is_ours = |field: &&FieldChange| {
            let sent = self.send.as_ref();
            field.after == After::Absent || sent.is_none_or(|sent| field.path.get(sent).is_some())
        };
        let fields: Vec<Value> = self.fields.iter().filter(is_ours).map(FieldChange::for_digest).collect();
        let old = self.replaced.as_ref().map(|replaced| &replaced.0);
        // Without a line to show, the reason says what is done.
        let reason = fields.is_empty().then_some(&self.reason);
        let (address, from) = (&self.address, &self.moved_from);
        json!([address, self.target, self.action, from, old, self.taken_from, reason, fields])
    }

    /// The stamp of the object as it was read.
    pub fn stamp(&self) -> Option<&Stamp> {
        self.prior.as_ref().map(|live| &live.stamp)
    }
}

/// Something that makes the plan impossible to apply.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Which resource; the address is known even where the object could not be read.
    pub address: Address,
    /// Which object.
    pub target: Target,
    /// What stands against it.
    pub problem: Problem,
}

/// What an apply would do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// `[project] name`.
    pub project: String,
    /// The lineage of the state that it was made from.
    pub lineage: String,
    /// The serial of that state.
    pub serial: u64,
    /// What it is for.
    pub mode: Mode,
    /// The cluster that was asked.
    pub cluster: ClusterIdentity,
    /// Everything that is desired or was applied, in apply order; deletes last, in their order.
    pub changes: Vec<Change>,
    /// What must be mended first; a plan with refusals is shown and never applied.
    pub refusals: Vec<Refusal>,
    /// What a reader should know of the whole, such as a missing state.
    pub notes: Vec<String>,
    /// What it was limited to; everything where there is none.
    pub targets: Vec<Address>,
    /// What it neither looked at nor changes, because no target needs it.
    pub left_out: Vec<Address>,
    /// Tells this plan from others ([`digest_of`](Self::digest_of)).
    pub digest: String,
}

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Created, or taken over.
    pub add: usize,
    /// Updated.
    pub change: usize,
    /// Replaced.
    pub replace: usize,
    /// Deleted.
    pub destroy: usize,
    /// No longer remembered; the cluster keeps them, or has lost them already.
    pub forget: usize,
    /// As they should be.
    pub unchanged: usize,
}

impl Plan {
    /// How many of each.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for change in &self.changes {
            match change.action {
                Action::Create | Action::Adopt => summary.add += 1,
                Action::Update => summary.change += 1,
                Action::Replace => summary.replace += 1,
                Action::Delete => summary.destroy += 1,
                Action::None => summary.unchanged += 1,
                Action::Forget => summary.forget += 1,
                Action::Keep => {}
            }
            // The new object stays; that the old one goes is a delete all the same.
            if change.replaced.is_some() && change.action != Action::Replace {
                summary.destroy += 1;
            }
        }
        summary
    }

    /// Tells this plan from others: what it does to which object. Two plans of the same changes have one,
    /// whoever made them: the lineage of a state that is not there yet is left out, and so is what a server
    /// fills in. Nothing secret goes into it, because it is shown where a guess could be tried against it.
    pub fn digest_of(&self) -> String {
        let lineage = (self.serial > 0).then_some(&self.lineage);
        let head = json!([self.project, lineage, self.mode, self.cluster.uid, self.cluster.server]);
        let mut text = head.to_string();
        for change in &self.changes {
            text.push('\n');
            text.push_str(&change.for_digest().to_string());
        }
        digest(&text)
    }

    /// Whether an apply would change the cluster, or end our care for something in it.
    pub fn has_changes(&self) -> bool {
        self.changes.iter().any(|change| change.action.writes() || change.action == Action::Forget)
    }

    /// Whether an apply would change at least what we remember.
    pub fn changes_memory(&self) -> bool {
        self.has_changes() || self.changes.iter().any(Change::is_to_be_remembered)
    }
}

/// What the user agreed to beforehand, by name.
#[derive(Debug, Clone, Default)]
pub struct Consent {
    /// Protected resources that may be deleted or replaced.
    pub destroy: BTreeSet<Address>,
    /// Existing objects that may be taken over.
    pub adopt: BTreeSet<Address>,
}
