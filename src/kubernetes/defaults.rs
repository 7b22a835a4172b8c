//! Values that the server fills in by itself, and fills in again when an object is made anew.
//!
//! Whoever creates an object without server-side apply owns these as well. The source is the server's own defaulting
//! (`SetDefaults_…`) of Kubernetes 1.36; a name is listed only where it has this default wherever it stands.

use serde_json::{Value, json};

use super::server_fields::is_server_field;
use crate::resource::{FieldPath, Segment};

/// Texts that are defaults, by the key.
const TEXTS: &[(&str, &[&str])] = &[
    ("completionMode", &["NonIndexed"]),
    ("concurrencyPolicy", &["Allow"]),
    ("dnsPolicy", &["ClusterFirst"]),
    ("externalTrafficPolicy", &["Cluster"]),
    ("imagePullPolicy", &["Always", "IfNotPresent"]),
    ("internalTrafficPolicy", &["Cluster"]),
    ("ipFamilyPolicy", &["SingleStack"]),
    ("podManagementPolicy", &["OrderedReady"]),
    ("podReplacementPolicy", &["TerminatingOrFailed"]),
    ("protocol", &["TCP"]),
    ("restartPolicy", &["Always"]),
    ("schedulerName", &["default-scheduler"]),
    ("scheme", &["HTTP"]),
    ("sessionAffinity", &["None"]),
    ("terminationMessagePath", &["/dev/termination-log"]),
    ("terminationMessagePolicy", &["File"]),
    ("type", &["ClusterIP", "RollingUpdate", "Opaque"]),
    ("volumeMode", &["Filesystem"]),
    ("whenDeleted", &["Retain"]),
    ("whenScaled", &["Retain"]),
];

/// Numbers that are defaults, by the key.
const NUMBERS: &[(&str, i64)] = &[
    ("backoffLimit", 6),
    ("completions", 1),
    ("defaultMode", 420),
    ("failedJobsHistoryLimit", 1),
    ("failureThreshold", 3),
    ("parallelism", 1),
    ("partition", 0),
    ("periodSeconds", 10),
    ("progressDeadlineSeconds", 600),
    ("replicas", 1),
    ("revisionHistoryLimit", 10),
    ("successThreshold", 1),
    ("successfulJobsHistoryLimit", 3),
    ("terminationGracePeriodSeconds", 30),
    ("timeoutSeconds", 1),
];

/// Fields that the server chooses a value for.
const CHOSEN: &[&str] = &["clusterIP", "clusterIPs", "healthCheckNodePort", "ipFamilies", "nodePort"];

/// Fields of a Job's specification that have defaults.
const OF_JOB: &[&str] = &[
    "backoffLimit",
    "completionMode",
    "completions",
    "manualSelector",
    "parallelism",
    "podReplacementPolicy",
    "suspend",
];

/// Whether the server fills in this value again, in an object that does not say otherwise.
pub fn comes_again(path: &FieldPath, value: &Value) -> bool {
    let Some(Segment::Key(key)) = path.segments().last() else { return false };
    let key = key.as_str();
    let is_nothing = *value == json!({}) || *value == json!([]) || *value == json!(false) || value.is_null();
    // The surge of a rolling update, by its only default.
    let is_surge =
        ["maxSurge", "maxUnavailable"].contains(&key) && [json!("25%"), json!(1), json!(0)].contains(value);
    let is_text = |text: &str| TEXTS.iter().any(|(name, values)| *name == key && values.contains(&text));
    let is_number = |number: i64| NUMBERS.contains(&(key, number));
    if has_no_default(path, key) {
        return false;
    }
    is_nothing
        || is_surge
        || is_server_field(path)
        || CHOSEN.contains(&key)
        || value.as_str().is_some_and(is_text)
        || value.as_i64().is_some_and(is_number)
}

/// Places where a key has no default, or another one than elsewhere.
fn has_no_default(path: &FieldPath, key: &str) -> bool {
    let above = path.segments().iter().rev().skip(1);
    let names: Vec<Option<&str>> = above
        .map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            _ => None,
        })
        .collect();
    let holder = names.first().copied().flatten();
    match key {
        // A container may have its own: `Always` makes an init container a sidecar. That of a probe overrules the pod's.
        "restartPolicy" | "terminationGracePeriodSeconds" => holder != Some("spec"),
        // Of a session it is 10800.
        "timeoutSeconds" => holder == Some("clientIP"),
        // A CronJob's template is kept as it is; only the Jobs made of it get defaults.
        _ => OF_JOB.contains(&key) && names.get(..2) == Some(&[Some("spec"), Some("jobTemplate")]),
    }
}

/// Whether the server keeps the value of a Service's field that is not sent any more.
pub fn is_kept_in_service(path: &FieldPath) -> bool {
    let key = match path.segments().last() {
        Some(Segment::Key(key)) => key.as_str(),
        _ => return false,
    };
    CHOSEN.contains(&key) || key == "ipFamilyPolicy"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_server_would_fill_in_comes_again() {
        let is_default = |path: &str, value: Value| comes_again(&path.parse().unwrap(), &value);
        assert!(
            is_default("spec.dnsPolicy", json!("ClusterFirst"))
                && !is_default("spec.dnsPolicy", json!("None"))
        );
        assert!(is_default("spec.replicas", json!(1)) && !is_default("spec.replicas", json!(2)));
        assert!(is_default("spec.securityContext", json!({})));
        assert!(!is_default("spec.containers[side].image", json!("side:1")));
        assert!(!is_default("data.type", json!("x")));
        for (path, value) in [
            ("spec.template.spec.initContainers[side].restartPolicy", json!("Always")),
            ("spec.containers[0].livenessProbe.terminationGracePeriodSeconds", json!(30)),
            ("spec.sessionAffinityConfig.clientIP.timeoutSeconds", json!(1)),
            ("spec.jobTemplate.spec.backoffLimit", json!(6)),
            ("spec.jobTemplate.spec.suspend", json!(false)),
        ] {
            assert!(!is_default(path, value), "{path}");
        }
        assert!(is_default("spec.template.spec.restartPolicy", json!("Always")));
        assert!(is_default("spec.backoffLimit", json!(6)));
    }
}
