//! What was shown of a plan, in a form that a file can hold. It has no secret, and no more than is shown.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::plan::{
    Action, After, Briefing, Cause, Change, Fidelity, FieldChange, Keep, Mode, Obstacle, Plan, Reason,
    Refusal, SchemaChange, Tracking, Unknown, UnknownValue, UserChange,
};
use crate::resource::{
    Address, ClusterIdentity, FieldPath, FilePlace, Health, Identity, Live, Origin, Ownership, Problem,
    ProblemKind, Stamp, Target,
};
use crate::state::Freshness;

/// A plan as it was shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanSnapshot {
    mode: Mode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    changes: Vec<ChangeSnapshot>,
    refusals: Vec<RefusalSnapshot>,
    notes: Vec<String>,
    targets: Vec<Address>,
    left_out: Vec<Address>,
    briefing: Briefing,
    digest: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeSnapshot {
    address: Address,
    target: Target,
    action: Action,
    reasons: Vec<Reason>,
    cause: Option<Cause>,
    fields: Vec<FieldSnapshot>,
    /// What stands for the fields of a schema, which are not in the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    schemas: Vec<SchemaChange>,
    fidelity: Fidelity,
    dependencies: Vec<Address>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    awaits: Vec<Address>,
    moved_from: Option<Address>,
    replaced: Option<Target>,
    tracking: Tracking,
    protected: bool,
    warnings: Vec<String>,
    foreign: usize,
    unchanged: usize,
    dies_with: Vec<Identity>,
    taken_from: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    health: Option<Health>,
    unchecked: Vec<(FieldPath, String)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldSnapshot {
    path: FieldPath,
    // `null` is a value: the field is not the same as one without a value.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    after: ValueSnapshot,
    sensitive: bool,
    origin: Option<String>,
    /// File and line of a field that comes from a file of objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<(PathBuf, usize)>,
    forces_replacement: bool,
    cause: Cause,
    keep: Option<KeepSnapshot>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    users: Vec<UserChange>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ValueSnapshot {
    Value(Value),
    Absent,
    Unknown(UnknownValue),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeepSnapshot {
    Key(String),
    Ignore(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusalSnapshot {
    address: Address,
    target: Target,
    kind: ProblemKind,
    message: String,
    help: Option<String>,
    /// Why the resource would have to be replaced, where that was refused. There is no message then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replacement: Vec<Reason>,
}

/// Reads a value that is present, also `null`, which serde would otherwise take for `None`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl PlanSnapshot {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            mode: plan.mode,
            revision: plan.revision,
            changes: plan.changes.iter().map(ChangeSnapshot::of).collect(),
            refusals: plan.refusals.iter().map(RefusalSnapshot::of).collect(),
            notes: plan.notes.clone(),
            targets: plan.targets.clone(),
            left_out: plan.left_out.clone(),
            briefing: plan.briefing.clone(),
            digest: plan.digest.clone(),
        }
    }

    /// The plan again, only to be shown: what an apply needs is not in it.
    pub(super) fn plan(&self, project: &str, lineage: &str, serial: u64, cluster: &ClusterIdentity) -> Plan {
        Plan {
            project: project.to_owned(),
            lineage: lineage.to_owned(),
            serial,
            mode: self.mode,
            revision: self.revision,
            cluster: cluster.clone(),
            changes: self.changes.iter().map(ChangeSnapshot::change).collect(),
            leaving: BTreeMap::new(),
            refusals: self.refusals.iter().map(RefusalSnapshot::refusal).collect(),
            notes: self.notes.clone(),
            targets: self.targets.clone(),
            left_out: self.left_out.clone(),
            // A plan that cannot be applied is not kept in a file.
            lineage_obstacle: None,
            unknown: Unknown::default(),
            freshness: Freshness::default(),
            briefing: self.briefing.clone(),
            digest: self.digest.clone(),
        }
    }

    /// The digest of the plan.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// The fields that could not be checked.
    pub(super) fn unchecked(&self) -> impl Iterator<Item = (&Address, &FieldPath, &str)> {
        self.changes.iter().flat_map(|change| {
            change.unchecked.iter().map(|(path, why)| (&change.address, path, why.as_str()))
        })
    }
}

impl ChangeSnapshot {
    fn of(change: &Change) -> Self {
        Self {
            address: change.address.clone(),
            target: change.target.clone(),
            action: change.action,
            reasons: change.reasons.clone(),
            cause: change.cause.clone(),
            fields: change.single_fields().map(FieldSnapshot::of).collect(),
            schemas: change.schemas.clone(),
            fidelity: change.fidelity.clone(),
            dependencies: change.dependencies.clone(),
            awaits: change.awaits.clone(),
            moved_from: change.moved_from.clone(),
            replaced: change.replaced.as_ref().map(|replaced| replaced.0.clone()),
            tracking: change.tracking,
            protected: change.protected,
            warnings: change.warnings.clone(),
            foreign: change.foreign,
            unchanged: change.unchanged,
            dies_with: change.dies_with.clone(),
            taken_from: change.taken_from.clone(),
            health: change.health.clone(),
            unchecked: change.unchecked.clone(),
        }
    }

    fn change(&self) -> Change {
        let (address, target) = (self.address.clone(), self.target.clone());
        Change {
            reasons: self.reasons.clone(),
            cause: self.cause.clone(),
            fields: self.fields.iter().map(FieldSnapshot::field).collect(),
            schemas: self.schemas.clone(),
            dependencies: self.dependencies.clone(),
            awaits: self.awaits.clone(),
            moved_from: self.moved_from.clone(),
            replaced: self.replaced.clone().map(|target| Box::new((target, unread()))),
            tracking: self.tracking,
            protected: self.protected,
            warnings: self.warnings.clone(),
            foreign: self.foreign,
            unchanged: self.unchanged,
            dies_with: self.dies_with.clone(),
            taken_from: self.taken_from.clone(),
            health: self.health.clone(),
            unchecked: self.unchecked.clone(),
            ..Change::new(address, target, self.action, self.fidelity.clone())
        }
    }
}

/// Stands for an object of which only the name is shown.
fn unread() -> Live {
    let stamp = Stamp { uid: String::new(), version: String::new() };
    Live { object: Value::Null, stamp, ownership: Ownership::default() }
}

impl FieldSnapshot {
    fn of(field: &FieldChange) -> Self {
        let visible = |value: &Value| if field.sensitive { Value::Null } else { value.clone() };
        Self {
            path: field.path.clone(),
            before: field.before.as_ref().map(visible),
            after: match &field.after {
                After::Value(value) => ValueSnapshot::Value(visible(value)),
                After::Absent => ValueSnapshot::Absent,
                After::Unknown(value) => ValueSnapshot::Unknown(value.clone()),
            },
            sensitive: field.sensitive,
            origin: field.origin.as_ref().map(|origin| origin.key.clone()),
            place: field
                .origin
                .as_ref()
                .and_then(|origin| origin.file.as_ref())
                .map(|at| (at.path.clone(), at.line)),
            forces_replacement: field.forces_replacement,
            cause: field.cause.clone(),
            keep: field.keep.as_ref().map(|keep| match keep {
                Keep::Key(origin) => KeepSnapshot::Key(origin.key.clone()),
                Keep::Ignore(line) => KeepSnapshot::Ignore(line.clone()),
            }),
            users: field.users.clone(),
        }
    }

    fn field(&self) -> FieldChange {
        let origin = |key: &String| Origin::of_key(key.clone(), None);
        let place =
            |(path, line): &(PathBuf, usize)| FilePlace { path: path.clone(), line: *line, item: Vec::new() };
        FieldChange {
            path: self.path.clone(),
            before: self.before.clone(),
            after: match &self.after {
                ValueSnapshot::Value(value) => After::Value(value.clone()),
                ValueSnapshot::Absent => After::Absent,
                ValueSnapshot::Unknown(value) => After::Unknown(value.clone()),
            },
            sensitive: self.sensitive,
            origin: self
                .origin
                .as_ref()
                .map(|key| Origin { file: self.place.as_ref().map(place), ..origin(key) }),
            forces_replacement: self.forces_replacement,
            cause: self.cause.clone(),
            keep: self.keep.as_ref().map(|keep| match keep {
                KeepSnapshot::Key(key) => Keep::Key(origin(key)),
                KeepSnapshot::Ignore(line) => Keep::Ignore(line.clone()),
            }),
            users: self.users.clone(),
        }
    }
}

impl RefusalSnapshot {
    fn of(refusal: &Refusal) -> Self {
        let (message, replacement) = match &refusal.obstacle {
            Obstacle::Problem(problem) => (problem.message.clone(), Vec::new()),
            Obstacle::Replacement { reasons, .. } => (String::new(), reasons.clone()),
        };
        Self {
            address: refusal.address.clone(),
            target: refusal.target.clone(),
            kind: refusal.obstacle.kind(),
            message,
            help: refusal.obstacle.help().map(str::to_owned),
            replacement,
        }
    }

    fn refusal(&self) -> Refusal {
        let obstacle = if self.replacement.is_empty() {
            Problem { help: self.help.clone(), ..Problem::new(self.kind, self.message.clone()) }.into()
        } else {
            let help = self.help.clone().unwrap_or_default();
            Obstacle::Replacement { reasons: self.replacement.clone(), help }
        };
        Refusal { address: self.address.clone(), target: self.target.clone(), obstacle }
    }
}
