//! What came of looking at registries, as JSON, for programs.

use serde_json::{Value, json};

use crate::verify::{Finding, Outcome, Verdict, Verification};

/// The version of the format. It is raised when an existing key changes its meaning or is removed.
pub const VERIFY_FORMAT_VERSION: &str = "1";

/// All of it.
pub fn verify_json(all: &[Verification]) -> Value {
    let verdict = all.iter().map(Verification::verdict).max().unwrap_or(Verdict::Passed);
    json!({
        "format_version": VERIFY_FORMAT_VERSION,
        "verdict": verdict.name(),
        "registries": all.iter().map(registry).collect::<Vec<_>>(),
    })
}

fn registry(one: &Verification) -> Value {
    json!({
        "address": one.registry,
        "url": one.url,
        "observed_at": one.at,
        "verdict": one.verdict().name(),
        "checks": one.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    let seconds = finding.took.as_millis();
    let mut entry = json!({
        "check": finding.check.name(),
        "outcome": finding.outcome.name(),
        "milliseconds": u64::try_from(seconds).unwrap_or(u64::MAX),
    });
    match &finding.outcome {
        Outcome::Passed(found) => entry["found"] = json!(found),
        Outcome::NotNeeded(reason) => entry["reason"] = json!(reason),
        Outcome::Hindered { reason, fix } => {
            entry["reason"] = json!(reason);
            if let Some(fix) = fix {
                entry["fix"] = json!(fix);
            }
        }
        Outcome::Failed(fault) => {
            entry["code"] = json!(fault.code);
            entry["reason"] = json!(fault.reason);
            entry["fix"] = json!(fault.fix);
        }
    }
    entry
}
