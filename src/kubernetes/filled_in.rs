//! Which fields of an object that was read nobody has to write, since the server fills them in.

use serde_json::{Value, json};

use super::defaults::comes_again;
use crate::resource::{FieldPath, Segment};

/// Maps whose keys users choose, or whose values mean something wherever they stand.
const OF_USERS: &[&str] = &[
    "annotations",
    "attributes",
    "binaryData",
    "data",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "options",
    "parameters",
    "requests",
    "selector",
    "stringData",
    "volumeAttributes",
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
    let is_flag = |flag: bool| FLAGS.contains(&(key, flag)) && (flag || comes_again(path, value));
    let is_surge = ["maxSurge", "maxUnavailable"].contains(&key);
    match value {
        Value::Bool(flag) => is_flag(*flag),
        Value::Object(_) => false,
        _ if is_surge => path.is_below_keys(&["spec", "strategy"]) && *value == json!("25%"),
        _ => comes_again(path, value) && *value != json!([]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("spec.volumes[0].flexVolume.options.type", json!("ClusterIP")),
            ("spec.template.spec.initContainers[0].restartPolicy", json!("Always")),
            ("spec.jobTemplate.spec.suspend", json!(false)),
            ("spec.podSelector", json!({})),
            ("spec.volumes[0].emptyDir", json!({})),
        ] {
            assert!(!is_noise(path, value), "{path}");
        }
    }
}
