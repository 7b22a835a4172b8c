//! Drift as JSON, for programs.

use crate::report::freshness;
use crate::report::managers;
use crate::report::open_run::unfinished_json;
use serde_json::{Value, json};

use crate::drift::{Drift, Field, Finding, SchemaDrift, Status, Verdict};
use crate::resource::{EndingCertificates, FieldManager};

/// The version of the format. It is raised when an existing key changes its meaning or is removed.
pub const DRIFT_FORMAT_VERSION: &str = "1";

/// The drift as JSON, without any value of a sensitive field.
pub fn drift_json(found: &Drift) -> Value {
    let unfinished = found.unfinished.as_ref().map(|run| unfinished_json(run, &found.open_run));
    json!({
        "format_version": DRIFT_FORMAT_VERSION,
        "project": found.project,
        "lineage": found.lineage,
        "serial": found.serial,
        "cluster": found.cluster,
        "observed_at": found.at,
        "verdict": found.verdict().name(),
        "summary": {
            "in_sync": found.count(Verdict::InSync) - found.left_out(),
            "drift": found.count(Verdict::Drift),
            "unobserved": found.count(Verdict::Unobserved),
            "left_out": found.left_out(),
        },
        "unfinished_run": unfinished,
        "warnings": found.ending.iter().map(|ending| warning(ending, found)).collect::<Vec<_>>(),
        "newest_state": freshness::json(&found.freshness),
        "resources": found.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

/// A certificate that ends, in the words of a plan.
fn warning(ending: &EndingCertificates, drift: &Drift) -> Value {
    json!({
        "message": ending.message(drift.at),
        "help": ending.help(),
        "chart": ending.chart.to_string(),
        "fields": ending.fields,
        "end": ending.end,
    })
}

fn finding(finding: &Finding) -> Value {
    let mut entry = json!({
        "address": finding.address,
        "identity": finding.identity,
        "status": finding.status.name(),
        "health": finding.health,
        "fields": finding.status.fields().iter().map(field).collect::<Vec<_>>(),
        "added": finding.added.iter().map(field).collect::<Vec<_>>(),
        "foreign": finding.foreign,
        "schemas": finding.schemas().iter().map(schema).collect::<Vec<_>>(),
    });
    match &finding.status {
        Status::Incomplete { failure } => entry["failure"] = json!(failure),
        Status::Ending { since, .. } => entry["since"] = json!(since),
        Status::Recreated { by } => entry["by"] = managers(by),
        Status::Unreadable(problem) => {
            entry["problem"] =
                json!({"kind": problem.kind, "message": problem.message, "help": problem.help});
        }
        _ => {}
    }
    entry
}

fn field(field: &Field) -> Value {
    let mut entry = json!({
        "path": field.path,
        "event": field.event.name(),
        "sensitive": field.sensitive,
        "by": managers(&field.by),
    });
    // A missing value is left out, since `null` would be a value.
    for (key, value) in [("before", &field.before), ("after", &field.after)] {
        if let Some(value) = value {
            entry[key] = value.clone();
        }
    }
    entry
}

/// What the fields of a schema come to; they are among the others.
fn schema(drift: &SchemaDrift) -> Value {
    json!({"path": drift.path, "before": drift.before, "after": drift.after, "by": managers(&drift.by)})
}

fn managers(managers: &[FieldManager]) -> Value {
    let manager = |manager: &FieldManager| {
        json!({"manager": manager.name, "operation": managers::operation(manager.operation),
               "subresource": manager.subresource, "time": manager.time})
    };
    managers.iter().map(manager).collect()
}
