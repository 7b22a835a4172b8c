//! A plan as JSON, for programs.

use crate::report::freshness;
use crate::report::plan::reasons;
use serde_json::{Value, json};

use crate::plan::{After, Change, Fidelity, FieldChange, Keep, Plan, Refusal, drift_summary};
use crate::report::source_line::Locator;

/// The version of the format. It is raised when an existing key changes its meaning or is removed.
pub const FORMAT_VERSION: &str = "1";

/// The plan as JSON that follows `docs/plan.schema.json`. It has no value of a sensitive field.
pub fn plan_json(plan: &Plan, places: Locator<'_>) -> Value {
    json!({
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "lineage": plan.lineage,
        "serial": plan.serial,
        "mode": plan.mode,
        "revision": plan.revision,
        "cluster": plan.cluster,
        "summary": plan.summary(),
        "has_changes": plan.has_changes(),
        "has_work": plan.has_work(),
        "occasion": plan.occasion(),
        "drift": drift_summary(plan),
        "changes": plan.changes.iter().map(|one| change(one, places)).collect::<Vec<_>>(),
        "errors": plan.refusals.iter().map(refusal).collect::<Vec<_>>(),
        "notes": plan.notes,
        "targets": plan.targets,
        "left_out": plan.left_out,
        "lineages_to_adopt": plan.lineage_obstacle.as_ref().map_or(&[][..], |obstacle| obstacle.found()),
        "newest_state": freshness::json(&plan.freshness),
        "context": plan.briefing.context,
        "state": plan.briefing.state,
        "digest": plan.digest,
    })
}

fn change(change: &Change, places: Locator<'_>) -> Value {
    let unchecked: Vec<Value> =
        change.unchecked.iter().map(|(path, reason)| json!({"path": path, "reason": reason})).collect();
    json!({
        "address": change.address,
        "identity": change.target.identity,
        "version": change.target.version,
        "action": change.action,
        "reason": reasons::sentence(&change.reasons),
        "cause": change.cause,
        "fidelity": fidelity(&change.fidelity),
        "protected": change.protected,
        "moved_from": change.moved_from,
        "replaces": change.replaced.as_ref().map(|replaced| &replaced.0.identity),
        "dependencies": change.dependencies,
        "schemas": change.schemas,
        "fields": change.fields.iter().map(|line| field(change, line, places)).collect::<Vec<_>>(),
        "foreign": change.foreign,
        "unchanged": change.unchanged,
        "dies_with": change.dies_with,
        "taken_from": change.taken_from,
        "health": change.health,
        "unchecked": unchecked,
        "warnings": change.warnings,
    })
}

/// How the difference is known. The reason why it could only be predicted is given in words.
fn fidelity(fidelity: &Fidelity) -> Value {
    let mut entry = json!(fidelity);
    if let Some(why) = reasons::prediction(fidelity) {
        entry["reason"] = Value::from(why);
    }
    entry
}

fn field(change: &Change, field: &FieldChange, places: Locator<'_>) -> Value {
    let shown = |value: &Value| if field.sensitive { Value::Null } else { value.clone() };
    let mut entry = json!({
        "path": field.path,
        "sensitive": field.sensitive,
        "forces_replacement": field.forces_replacement,
        "origin": field.origin.as_ref().map(|origin| &origin.key),
        "place": field.origin.as_ref().and_then(places),
        "before": field.before.as_ref().map(shown),
    });
    match &field.after {
        After::Value(value) => entry["after"] = shown(value),
        After::Absent => entry["removed"] = Value::Bool(true),
        After::Unknown(value) => entry["after_unknown"] = Value::from(reasons::unknown(value)),
    }
    if !field.users.is_empty() {
        entry["users"] = json!(field.users);
    }
    // The cause of a creation is said once, for the whole object.
    if !change.action.makes() {
        entry["cause"] = json!(field.cause);
        entry["keep"] = json!(field.keep.as_ref().map(|way| keep(way, places)));
    }
    entry
}

fn keep(keep: &Keep, places: Locator<'_>) -> Value {
    match keep {
        Keep::Key(origin) => json!({"key": origin.key, "place": places(origin)}),
        Keep::Ignore(line) => json!({"ignore_changes": line}),
    }
}

fn refusal(refusal: &Refusal) -> Value {
    json!({
        "address": refusal.address,
        "identity": refusal.target.identity,
        "kind": refusal.obstacle.kind(),
        "message": reasons::refusal(&refusal.obstacle),
        "help": refusal.obstacle.help(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plan::sample;
    use crate::report::source_line;

    /// Every key that is printed is one that the schema knows.
    fn close(schema: &mut Value) {
        let Value::Object(map) = schema else { return };
        if map.contains_key("properties") {
            map.insert("additionalProperties".to_owned(), json!(false));
        }
        // Alternatives say only what sets them apart.
        for (_, part) in map.iter_mut().filter(|(key, _)| !["oneOf", "anyOf"].contains(&key.as_str())) {
            close(part);
        }
    }

    #[test]
    fn everything_is_as_the_schema_says() {
        let mut schema = serde_json::from_str(include_str!("../../../docs/plan.schema.json")).unwrap();
        close(&mut schema);
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let place = |_: &_| Some(source_line::SourceLine { file: "regplan.toml".to_owned(), line: 14 });
        let mut plan = plan_json(&sample::everything(), &place);
        let mistakes: Vec<String> =
            validator.iter_errors(&plan).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(mistakes.is_empty(), "{mistakes:#?}\n{plan:#}");
        assert!(plan.to_string().contains(r#""keep":{"key":"registry.main.replicas","place":{"file":"#));
        plan["changes"][0]["unheard_of"] = json!(1);
        assert!(!validator.is_valid(&plan));
    }
}
