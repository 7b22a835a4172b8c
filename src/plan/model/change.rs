//! What the plan says of one resource.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fidelity::Fidelity;
use super::field_change::{Cause, FieldChange};
use super::reason::Reason;
use super::schema_change::{SchemaChange, schema_changes};
use crate::kubernetes::definition_schemas::schema_above;
use crate::kubernetes::pull_login::{LoginManner, asked_pods, takes_login_away};
use crate::resource::{
    Address, Applied, Desired, FieldPath, GroupKind, Health, Identity, Live, Stamp, Target, Timeouts,
};

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing: it is as it should be.
    None,
    /// It is created.
    Create,
    /// Some of its fields change.
    Update,
    /// It is deleted and created again.
    Replace,
    /// It is deleted.
    Delete,
    /// Others created it, and it is taken over.
    Adopt,
    /// It is run: what is left of an earlier run is deleted, and it is created.
    Run,
    /// It is not in the configuration any more, and something protects it: it stays, and the state keeps it.
    Keep,
    /// It is not in the configuration any more, and is gone or not ours: only the state forgets it.
    Forget,
}

impl Action {
    /// Whether it writes to the cluster.
    pub fn writes(self) -> bool {
        !matches!(self, Self::None | Self::Keep | Self::Forget)
    }

    /// Whether the object is new, so that all of its fields are.
    pub fn makes(self) -> bool {
        matches!(self, Self::Create | Self::Run)
    }
}

/// Whether the state knows a resource, and whether an apply records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tracking {
    /// The state knows it, under this address, as it is.
    Known,
    /// The state knows it, and something that it records of it has changed: its dependencies, its timeouts.
    Outdated,
    /// The state does not know it, and an apply records it.
    New,
    /// It is used and never recorded: a namespace that others made.
    Untracked,
}

/// What was seen in a namespace, or of a definition, that is deleted with all that it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inside {
    /// The uid of each object that is deleted with it, and that a reader would miss.
    pub lost: BTreeMap<String, Identity>,
    /// The uids of all objects that were seen.
    pub seen: BTreeSet<String>,
    /// The kinds that could not be looked at.
    pub unseen: BTreeSet<GroupKind>,
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
    /// Why that happens, where the rest does not show it; in the order in which the reasons are told.
    pub reasons: Vec<Reason>,
    /// Whose change it is, where the fields do not tell: the object is gone or was made anew by others, or
    /// only its marks or its ownership change.
    pub cause: Option<Cause>,
    /// The fields that change.
    pub fields: Vec<FieldChange>,
    /// The schemas that change. Their fields are among the others.
    pub schemas: Vec<SchemaChange>,
    /// How the difference is known.
    pub fidelity: Fidelity,
    /// The object as it was read; its stamp guards the write.
    pub prior: Option<Arc<Live>>,
    /// What the configuration wants; `None` where it does not have the resource any more.
    pub desired: Option<Arc<Desired>>,
    /// The object as it is sent, our annotations included; expressions where values are not known yet.
    pub send: Option<Value>,
    /// What must be applied first; for deletes, what must be deleted later.
    pub dependencies: Vec<Address>,
    /// What must be done before it in this apply, because the server refuses it until then; a delete among them is done
    /// early.
    pub awaits: Vec<Address>,
    /// The address under which the state knows it, where the block was renamed.
    pub moved_from: Option<Address>,
    /// The object that had this address before, under another name: it is deleted first.
    pub replaced: Option<Box<(Target, Live)>>,
    /// Whether the state knows it.
    pub tracking: Tracking,
    /// Whether it is deleted only with consent.
    pub protected: bool,
    /// How long each step may take; for what is not in the configuration any more, the last values of it.
    pub timeouts: Timeouts,
    /// What the server warned about.
    pub warnings: Vec<String>,
    /// How many fields only others own, which are left alone.
    pub foreign: usize,
    /// How many of the sent fields stay as they are, in an object that is there and changes.
    pub unchanged: usize,
    /// What else is deleted with it: the content of a namespace, the custom resources of a definition.
    pub dies_with: Vec<Identity>,
    /// Fields of others, or of nobody, that become ours first, so that the write can take them away.
    pub takes: Vec<FieldPath>,
    /// What was seen in it, where it is deleted with all that it holds.
    pub inside: Inside,
    /// The managers that lose fields by an adoption.
    pub taken_from: Vec<String>,
    /// Whether it has not become ready since its last write: an apply waits for it, though it writes nothing.
    pub awaited: bool,
    /// Why it is not well, where it stays as it is and something is wrong with it.
    pub health: Option<Health>,
    /// Fields that could not be checked, each with the reason.
    pub unchecked: Vec<(FieldPath, String)>,
    /// For an object that is not written: the record that a write would have left.
    pub applied: Option<Arc<Applied>>,
}

impl Change {
    /// A change that says no more than what is done to which object.
    pub fn new(address: Address, target: Target, action: Action, fidelity: Fidelity) -> Self {
        Self {
            address,
            target,
            action,
            reasons: Vec::new(),
            cause: None,
            fields: Vec::new(),
            schemas: Vec::new(),
            fidelity,
            prior: None,
            desired: None,
            send: None,
            dependencies: Vec::new(),
            awaits: Vec::new(),
            moved_from: None,
            replaced: None,
            tracking: Tracking::Known,
            protected: false,
            timeouts: Timeouts::default(),
            warnings: Vec::new(),
            foreign: 0,
            unchanged: 0,
            dies_with: Vec::new(),
            takes: Vec::new(),
            inside: Inside::default(),
            taken_from: Vec::new(),
            awaited: false,
            health: None,
            unchecked: Vec::new(),
            applied: None,
        }
    }

    /// Finds the [`schemas`](Self::schemas) among the fields.
    pub(in crate::plan) fn sum_up_schemas(&mut self) {
        let sides = [self.prior.as_ref().map(|live| &live.object), self.send.as_ref()];
        self.schemas = schema_changes(&self.target.identity, &self.fields, sides);
    }

    /// The path of the schema in which a field is; `None` for a field that is in none.
    pub fn schema_above(&self, path: &FieldPath) -> Option<FieldPath> {
        schema_above(&self.target.identity, path)
    }

    /// The fields that are shown one by one: all but those of [`schemas`](Self::schemas).
    pub fn single_fields(&self) -> impl Iterator<Item = &FieldChange> {
        self.fields
            .iter()
            .filter(|field| !self.schemas.iter().any(|schema| schema.path.contains(&field.path)))
    }

    /// Whether an apply records it in the state, also where it writes nothing to the cluster.
    pub fn is_to_be_remembered(&self) -> bool {
        matches!(self.tracking, Tracking::New | Tracking::Outdated) || self.moved_from.is_some()
    }

    /// Whether it stays as it is, and was written without having become ready since.
    pub fn is_not_ready(&self) -> bool {
        matches!(self.health, Some(Health::NotReady { .. }))
    }

    /// Whether it stays as it is because it has ended by itself, or because this is not when it runs.
    pub fn has_completed(&self) -> bool {
        let stays = [Reason::Completed, Reason::NotItsMoment, Reason::RunTakenOver];
        stays.iter().any(|reason| self.reasons.contains(reason))
    }

    /// Whether it stays as Helm has left it, and goes with its chart from now on.
    pub fn is_run_taken_over(&self) -> bool {
        self.reasons.contains(&Reason::RunTakenOver)
    }

    /// The namespace whose pods are asked whether they take a login, before nodes get it by this change, and whether they
    /// must be.
    pub fn asks_pods(&self) -> Option<(String, LoginManner)> {
        let object = self.send.as_ref().filter(|_| self.action.writes())?;
        let (pods, manner) = asked_pods(object)?;
        let prior = self.prior.as_ref().map(|live| &live.object);
        let is_asked = manner == LoginManner::Required || takes_login_away(prior, object);
        is_asked.then_some((pods.namespace, manner))
    }

    /// The stamp of the object as it was read; `None` where there was no object.
    pub fn stamp(&self) -> Option<&Stamp> {
        self.prior.as_ref().map(|live| &live.stamp)
    }
}
