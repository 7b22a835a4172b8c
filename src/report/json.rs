//! A plan for a program.

use serde_json::{Value, json};

use crate::plan::{Action, After, Change, FieldChange, Keep, Plan, Refusal, drift_by_manager};

/// The version of the format; it moves when something that was there changes its meaning or goes.
pub const FORMAT_VERSION: &str = "1";

/// The plan as JSON. No value of a sensitive field is in it.
pub fn plan_json(plan: &Plan) -> Value {
    json!({
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "lineage": plan.lineage,
        "serial": plan.serial,
        "mode": plan.mode,
        "cluster": plan.cluster,
        "summary": plan.summary(),
        "has_changes": plan.has_changes(),
        "occasion": plan.occasion(),
        "drift": drift_by_manager(plan),
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "errors": plan.refusals.iter().map(refusal).collect::<Vec<_>>(),
        "notes": plan.notes,
        "targets": plan.targets,
        "left_out": plan.left_out,
        "digest": plan.digest,
    })
}

fn change(change: &Change) -> Value {
    let unchecked: Vec<Value> =
        change.unchecked.iter().map(|(path, reason)| json!({"path": path, "reason": reason})).collect();
    json!({
        "address": change.address,
        "identity": change.target.identity,
        "version": change.target.version,
        "action": change.action,
        "reason": change.reason,
        "cause": change.cause,
        "fidelity": change.fidelity,
        "protected": change.protected,
        "moved_from": change.moved_from,
        "deletes_first": change.replaced.as_ref().map(|replaced| &replaced.0.identity),
        "dependencies": change.dependencies,
        "fields": change.fields.iter().map(|line| field(change, line)).collect::<Vec<_>>(),
        "foreign": change.foreign,
        "dies_with": change.dies_with,
        "taken_from": change.taken_from,
        "unchecked": unchecked,
        "warnings": change.warnings,
    })
}

fn field(change: &Change, field: &FieldChange) -> Value {
    let shown = |value: &Value| if field.sensitive { Value::Null } else { value.clone() };
    let mut entry = json!({
        "path": field.path,
        "sensitive": field.sensitive,
        "forces_replacement": field.forces_replacement,
        "origin": field.origin.as_ref().map(|origin| &origin.key),
        "before": field.before.as_ref().map(shown),
    });
    match &field.after {
        After::Value(value) => entry["after"] = shown(value),
        After::Absent => entry["removed"] = Value::Bool(true),
        After::Unknown(expression) => entry["after_unknown"] = Value::from(expression.as_str()),
    }
    // Why an object is made is said once, of the whole.
    if change.action != Action::Create {
        entry["cause"] = json!(field.cause);
        entry["keep"] = json!(field.keep.as_ref().map(keep));
    }
    entry
}

fn keep(keep: &Keep) -> Value {
    match keep {
        Keep::Key(origin) => json!({"key": origin.key}),
        Keep::Ignore(line) => json!({"ignore_changes": line}),
    }
}

fn refusal(refusal: &Refusal) -> Value {
    json!({
        "address": refusal.address,
        "identity": refusal.target.identity,
        "kind": refusal.problem.kind,
        "message": refusal.problem.message,
        "help": refusal.problem.help,
    })
}
