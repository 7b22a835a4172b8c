//! Drift as metrics for Prometheus, in its text format (version 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::drift::{Drift, Status, Verdict};
use crate::report::format::escape::escape;
use crate::state::Freshness;

/// The label's value for fields whose manager the server does not tell.
const UNKNOWN: &str = "unknown";

/// The drift as metrics, all of them gauges.
pub fn drift_prometheus(drift: &Drift) -> String {
    let mut metrics = Metrics { text: String::new(), project: label("project", &drift.project) };
    metrics.about("regplan_drift_resources", "Resources that the state says were applied.");
    metrics.sample("regplan_drift_resources", &[], drift.findings.len());
    metrics.about("regplan_drift_status", "Resources by what has become of them.");
    for name in Status::NAMES {
        let count = drift.findings.iter().filter(|found| found.status.name() == name).count();
        metrics.sample("regplan_drift_status", &[label("status", name)], count);
    }
    metrics.about(
        "regplan_drift_detected",
        "Whether anything is not as it was applied (1) or nothing was seen (0).",
    );
    metrics.sample("regplan_drift_detected", &[], usize::from(drift.verdict() == Verdict::Drift));
    metrics.about("regplan_drift_unobserved", "Resources that could not be observed.");
    metrics.sample("regplan_drift_unobserved", &[], drift.count(Verdict::Unobserved));
    metrics.about(
        "regplan_drift_state_is_newest",
        "Whether the state is certainly the newest one (1), or it is not, or nobody can tell (0).",
    );
    let is_newest = matches!(drift.freshness, Freshness::Newest | Freshness::Ahead);
    metrics.sample("regplan_drift_state_is_newest", &[], usize::from(is_newest));
    metrics.about("regplan_drift_resource", "A resource that is not in sync, always 1.");
    for found in drift.findings.iter().filter(|found| found.status.verdict() != Verdict::InSync) {
        let labels = [
            label("address", &found.address.to_string()),
            label("kind", &found.identity.group_kind().to_string()),
            label("object_namespace", found.identity.namespace.as_deref().unwrap_or_default()),
            label("name", &found.identity.name),
            label("status", found.status.name()),
        ];
        metrics.sample("regplan_drift_resource", &labels, 1);
    }
    metrics.about(
        "regplan_drift_fields",
        "Fields that are not as they were applied, by the manager that owns them now.",
    );
    for (manager, count) in fields_by_manager(drift) {
        metrics.sample("regplan_drift_fields", &[label("manager", manager)], count);
    }
    metrics.about("regplan_drift_last_run_timestamp_seconds", "When the cluster was asked (Unix time).");
    metrics.sample("regplan_drift_last_run_timestamp_seconds", &[], drift.at.as_second());
    metrics.text
}

/// The number of drifted fields by manager. A field that several managers own counts for each.
fn fields_by_manager(drift: &Drift) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for field in drift.findings.iter().flat_map(|found| found.status.fields()) {
        let mut managers: Vec<&str> = field.by.iter().map(|manager| manager.name.as_str()).collect();
        managers.sort_unstable();
        managers.dedup();
        if managers.is_empty() {
            managers.push(UNKNOWN);
        }
        for manager in managers {
            *counts.entry(manager).or_default() += 1;
        }
    }
    counts
}

/// The text of the metrics, which is built line by line.
struct Metrics {
    text: String,
    /// The label that every sample begins with.
    project: String,
}

impl Metrics {
    fn about(&mut self, metric: &str, help: &str) {
        // Writing into a string cannot fail.
        let _ = write!(self.text, "# HELP {metric} {help}\n# TYPE {metric} gauge\n");
    }

    fn sample(&mut self, metric: &str, labels: &[String], value: impl std::fmt::Display) {
        let labels = labels.iter().fold(self.project.clone(), |all, label| all + "," + label);
        let _ = writeln!(self.text, "{metric}{{{labels}}} {value}");
    }
}

/// A label whose value cannot end it. First, line ends and other characters that control a terminal are made
/// visible; then quotes and backslashes are escaped as the format asks.
fn label(name: &str, value: &str) -> String {
    format!("{name}=\"{}\"", escape(value).replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn a_label_cannot_be_ended_by_its_value() {
        assert_eq!(label("manager", "a\"} 1\nb\\c\u{1b}"), r#"manager="a\"} 1\\u{a}b\\c\\u{1b}""#);
    }
}
