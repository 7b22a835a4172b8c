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
    is_nothing
        || is_surge
        || is_server_field(path)
        || CHOSEN.contains(&key)
        || value.as_str().is_some_and(is_text)
        || value.as_i64().is_some_and(is_number)
}

/// Maps whose keys users choose, or whose values mean something wherever they stand.
const OF_USERS: &[&str] = &[
    "annotations",
    "binaryData",
    "data",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "parameters",
    "requests",
    "selector",
    "stringData",
];

/// Defaults that are true or false.
const FLAGS: &[(&str, bool)] = &[
    ("allocateLoadBalancerNodePorts", true),
    ("enableServiceLinks", true),
    ("manualSelector", false),
    ("publishNotReadyAddresses", false),
    ("suspend", false),
];

/// What is no noise: a reader wants to see it, though it is a default.
const TELLING: &[&str] = &["imagePullPolicy", "nodePort", "replicas"];

/// Whether a field of a built-in kind is just what the server fills in, so that nobody need write it. In doubt it is
/// not: unlike [`comes_again`], this is asked about every field that an object has.
pub fn is_filled_in(path: &FieldPath, value: &Value) -> bool {
    let segments = path.segments();
    let is_of_users = segments
        .iter()
        .rev()
        .skip(1)
        .any(|segment| matches!(segment, Segment::Key(key) if OF_USERS.contains(&key.as_str())));
    let Some(Segment::Key(key)) = segments.last() else { return false };
    let key = key.as_str();
    if is_of_users || TELLING.contains(&key) {
        return false;
    }
    let is_flag = |flag: bool| FLAGS.contains(&(key, flag));
    let is_surge = ["maxSurge", "maxUnavailable"].contains(&key);
    match value {
        Value::Bool(flag) => is_flag(*flag),
        Value::Object(_) => false,
        _ if is_surge => path.is_below_keys(&["spec", "strategy"]) && *value == json!("25%"),
        _ => comes_again(path, value) && *value != json!([]),
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
    }

    #[test]
    fn what_a_user_may_have_meant_is_not_left_out() {
        let is_noise = |path: &str, value: Value| is_filled_in(&path.parse().unwrap(), &value);
        for (path, value) in [
            ("spec.template.spec.dnsPolicy", json!("ClusterFirst")),
            ("spec.ports[0].protocol", json!("TCP")),
            ("spec.strategy.rollingUpdate.maxSurge", json!("25%")),
            ("spec.suspend", json!(false)),
            ("spec.clusterIP", json!("10.0.0.1")),
        ] {
            assert!(is_noise(path, value), "{path}");
        }
        for (path, value) in [
            ("data.protocol", json!("TCP")),
            ("metadata.labels.type", json!("ClusterIP")),
            ("automountServiceAccountToken", json!(false)),
            ("spec.securityContext.allowPrivilegeEscalation", json!(false)),
            ("spec.strategy.rollingUpdate.maxSurge", json!(1)),
            ("spec.replicas", json!(1)),
            ("spec.podSelector", json!({})),
            ("spec.volumes[0].emptyDir", json!({})),
        ] {
            assert!(!is_noise(path, value), "{path}");
        }
    }
}
