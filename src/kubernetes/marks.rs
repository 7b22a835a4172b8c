//! The annotations that mark an object as ours, and those of other tools that we read.

use serde_json::Value;

use crate::resource::record_set::marker_of;
use crate::resource::{BlockAddress, FieldPath, Identity, Live, RELEASE_NAME, RELEASE_NAMESPACE};

/// The annotation that names the project of an object.
pub const PROJECT: &str = "regplan.dev/project";
/// The annotation that names the lineage of the state that knows the object.
pub const LINEAGE: &str = "regplan.dev/lineage";
/// The annotation that names the address of an object.
pub const ADDRESS: &str = "regplan.dev/address";
/// The annotation that says that a deletion needs consent. It keeps the protection when the block is removed
/// from the configuration.
pub const PROTECT: &str = "regplan.dev/protect";

/// The annotation that says for which content of its chart a hook was run.
pub const RUN: &str = "regplan.dev/run";

/// The annotation that says whose test an object is: `PROJECT/CHART RUN`, and without the run when that has ended.
pub const TEST: &str = "regplan.dev/verify";

/// The annotation that names the fields with secret values (a JSON list of paths, never of values). They stay
/// hidden in the plan that removes them from the configuration.
pub const SENSITIVE: &str = "regplan.dev/sensitive";

/// The annotation of a `ServiceAccount` that says whose entries are in its `imagePullSecrets`: for each Secret, the marks
/// that an object of its own would carry.
pub const PULL_ENTRIES: &str = "regplan.dev/image-pull-secrets";

/// The annotation of a pull Secret that says which pods must take the login in it before it is written.
pub const LOGIN_AT: &str = "regplan.dev/login-at";

/// The same for a login that nodes get also where these pods cannot be asked.
pub const LOGIN_TRIED_AT: &str = "regplan.dev/login-tried-at";

/// The annotation of an object that asks others for records: the zone whose servers are to answer with them.
pub const ZONE: &str = "regplan.dev/zone";

/// The servers of that zone, separated by commas, where the resolver does not tell them.
pub const NAME_SERVERS: &str = "regplan.dev/name-servers";

/// The annotation in which `kubectl apply` notes what it applied last, every value included.
/// Source: <https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-last-applied-configuration>
pub const KUBECTL_NOTE: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The annotation by which Helm runs an object at a moment of its own, such as before an installation.
/// Source: <https://helm.sh/docs/topics/charts_hooks/>
pub const HELM_HOOK: &str = "helm.sh/hook";
/// The annotation that gives a hook its place among the others.
pub const HELM_HOOK_WEIGHT: &str = "helm.sh/hook-weight";
/// The annotation that says when the object of a hook is deleted.
pub const HELM_HOOK_DELETE: &str = "helm.sh/hook-delete-policy";

/// The annotation by which a chart says what Helm does with an object that it does not render any more.
/// Source: <https://helm.sh/docs/howto/charts_tips_and_tricks/#tell-helm-not-to-uninstall-a-resource>
pub const HELM_POLICY: &str = "helm.sh/resource-policy";
/// The value of [`HELM_POLICY`] that keeps the object.
pub const HELM_POLICY_KEEP: &str = "keep";

/// What [`TEST`] says of the tests of this chart, without the run.
pub fn tests_of(project: &str, chart: &BlockAddress) -> String {
    format!("{project}/{chart}")
}

/// Whether the object was made as a test of this chart.
pub fn is_test_of(live: &Live, project: &str, chart: &BlockAddress) -> bool {
    let mark = live.annotation(TEST).unwrap_or_default();
    mark.split(' ').next() == Some(tests_of(project, chart).as_str())
}

/// The command that takes our marks off an object, so that it is nobody's; of a record set, the record that goes.
pub fn letting_go(identity: &Identity) -> String {
    if let Some(marker) = marker_of(identity) {
        return format!("delete the TXT record of {marker}");
    }
    let namespace =
        identity.namespace.as_ref().map(|namespace| format!(" -n {namespace}")).unwrap_or_default();
    format!(
        "kubectl annotate{namespace} {} {} {PROJECT}- {LINEAGE}- {ADDRESS}-",
        identity.group_kind(),
        identity.name
    )
}

/// Whether the field is one of our annotations.
pub fn is_ours_path(path: &FieldPath) -> bool {
    [PROJECT, LINEAGE, ADDRESS, PROTECT, SENSITIVE, RUN]
        .iter()
        .any(|key| path.is_keys(&["metadata", "annotations", key]))
}

/// Whether the object is marked as protected. Only `false`, written like this, says no: whoever writes `no`, `0` or
/// nothing at all may have meant either, and data that is deleted does not come back.
pub fn is_marked_protected(live: &Live) -> bool {
    protects(live.annotation(PROTECT))
}

/// Whether this value of [`PROTECT`] protects; `None` where the object has none.
pub fn protects(value: Option<&str>) -> bool {
    value.is_some_and(|value| value != "false")
}

/// The fields of a live object that an earlier configuration has marked as secret.
pub fn hidden_in(live: &Value) -> Vec<FieldPath> {
    let mark = FieldPath::keys(["metadata", "annotations", SENSITIVE]).get(live).and_then(Value::as_str);
    mark.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Whether this is the field of [`KUBECTL_NOTE`].
pub fn is_note_of_kubectl(path: &FieldPath) -> bool {
    path.is_keys(&["metadata", "annotations", KUBECTL_NOTE])
}

/// Whether this is a field in which a tool notes what it manages. An adoption removes it before the write, so no answer to
/// a write shows it.
pub fn is_note_of_a_tool(path: &FieldPath) -> bool {
    let notes = [KUBECTL_NOTE, RELEASE_NAME, RELEASE_NAMESPACE];
    notes.iter().any(|key| path.is_keys(&["metadata", "annotations", key]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Ownership, Stamp};
    use serde_json::json;

    #[test]
    fn marks_are_taken_off_the_object_that_is_meant() {
        assert_eq!(
            letting_go(&Identity::namespaced("apps", "Deployment", "a", "web")),
            "kubectl annotate -n a Deployment.apps web regplan.dev/project- regplan.dev/lineage- regplan.dev/address-"
        );
        assert!(
            letting_go(&Identity::cluster("", "Namespace", "n")).starts_with("kubectl annotate Namespace n ")
        );
    }

    #[test]
    fn everything_but_false_protects() {
        let protects = |annotations: Value| {
            let object = json!({"metadata": {"annotations": annotations}});
            let stamp = Stamp { uid: "u".into(), version: "1".into() };
            is_marked_protected(&Live { object, stamp, ownership: Ownership::default() })
        };
        for value in ["true", "True", "1", "yes", "False", "FALSE", " false", "false ", "", "0", "no", "off"]
        {
            assert!(protects(json!({PROTECT: value})), "{value:?}");
        }
        assert!(!protects(json!({PROTECT: "false"})) && !protects(json!({})) && !protects(json!(null)));
    }
}
