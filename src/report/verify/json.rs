//! What came of looking at registries and charts, as JSON, for programs.

use serde_json::{Value, json};

use crate::verify::{Finding, Outcome, Verdict, Verification};

/// The version of the format. It is raised when an existing key changes its meaning or is removed.
pub const VERIFY_FORMAT_VERSION: &str = "1";

/// All of it.
pub fn verify_json(all: &[Verification]) -> Value {
    json!({
        "format_version": VERIFY_FORMAT_VERSION,
        "verdict": Verdict::of(all).name(),
        "registries": all.iter().filter(|one| one.url.is_some()).map(block).collect::<Vec<_>>(),
        "charts": all.iter().filter(|one| one.url.is_none()).map(block).collect::<Vec<_>>(),
    })
}

fn block(one: &Verification) -> Value {
    let mut entry = json!({
        "address": one.block,
        "observed_at": one.at,
        "verdict": one.verdict().name(),
        "checks": one.findings.iter().map(finding).collect::<Vec<_>>(),
    });
    if let Some(url) = &one.url {
        entry["url"] = json!(url);
    }
    entry
}

fn finding(finding: &Finding) -> Value {
    let seconds = finding.took.as_millis();
    let mut entry = json!({
        "check": finding.check.name(),
        "outcome": finding.outcome.name(),
        "milliseconds": u64::try_from(seconds).unwrap_or(u64::MAX),
    });
    if let Some(object) = &finding.object {
        entry["object"] = json!(object);
    }
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
