//! What stands in a namespace as data, and what the file says of it.

use serde_json::{Value, json};

use super::{LeftOut, Transcript, transcribe};
use crate::plan::testing::live;

fn transcript(objects: &[Value]) -> Transcript {
    let found: Vec<_> = objects.iter().map(|object| live(object.clone(), Vec::new())).collect();
    transcribe("a", None, &found).unwrap()
}

fn object(api_version: &str, kind: &str, name: &str, rest: Value) -> Value {
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "a"}});
    if let (Some(map), Value::Object(rest)) = (object.as_object_mut(), rest) {
        map.extend(rest);
    }
    object
}

#[test]
fn what_controllers_make_is_left_out_and_what_users_make_is_not() {
    let template = json!([{"metadata": {"name": "disk"}}]);
    let release = json!({"type": "helm.sh/release.v1", "data": {"release": "aGVsbQ=="}});
    let pull = json!({"imagePullSecrets": [{"name": "pull"}]});
    let mut ours = object("v1", "ConfigMap", "ours", json!({}));
    ours["metadata"]["annotations"] = json!({"regplan.dev/project": "shop"});
    let mut owned = object("apps/v1", "ReplicaSet", "owned", json!({}));
    owned["metadata"]["ownerReferences"] = json!([{"name": "web"}]);
    let mut ending = object("v1", "ConfigMap", "ending", json!({}));
    ending["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let Transcript { written, left_out, .. } = transcript(&[
        object("v1", "ConfigMap", "kube-root-ca.crt", json!({"data": {"ca.crt": "x"}})),
        object("v1", "ServiceAccount", "default", json!({})),
        object("v1", "Event", "said", json!({})),
        object(
            "apps/v1",
            "StatefulSet",
            "db",
            json!({"spec": {"replicas": 1, "volumeClaimTemplates": template}}),
        ),
        object("v1", "PersistentVolumeClaim", "disk-db-0", json!({})),
        object("v1", "PersistentVolumeClaim", "disk-db-1", json!({})),
        object("apps/v1", "ReplicaSet", "alone", json!({})),
        object("v1", "Secret", "sh.helm.release.v1.web.v1", release),
        object("v1", "Pod", "alone", json!({})),
        object("example.com/v1", "Thing", "vast", json!({"spec": {"number": u64::MAX}})),
        object("example.com/v1", "Thing", "gap", json!({"spec": {"items": [1, null]}})),
        ours,
        owned,
        ending,
    ]);
    let written: Vec<String> = written.iter().map(ToString::to_string).collect();
    assert_eq!(
        written,
        ["PersistentVolumeClaim a/disk-db-1", "ReplicaSet.apps a/alone", "StatefulSet.apps a/db"],
        "{left_out:?}"
    );
    let why =
        |name: &str| left_out.iter().find(|(identity, _)| identity.name == name).map(|(_, why)| why.clone());
    for controlled in ["kube-root-ca.crt", "default", "said", "disk-db-0", "owned"] {
        assert_eq!(why(controlled), Some(LeftOut::Controlled), "{controlled}");
    }
    assert_eq!(why("ours"), Some(LeftOut::OfProject("shop".into())));
    assert_eq!(why("ending"), Some(LeftOut::Ending));
    assert_eq!(why("sh.helm.release.v1.web.v1"), Some(LeftOut::OfHelm));
    assert_eq!(why("alone"), Some(LeftOut::Pod));
    assert!(["vast", "gap"].iter().all(|name| matches!(why(name), Some(LeftOut::NoToml(_)))));
    let mut own = object("v1", "Service", "kubernetes", json!({}));
    own["metadata"]["namespace"] = json!("default");
    assert_eq!(transcript(&[own]).left_out.len(), 1);
    let slice = object("discovery.k8s.io/v1", "EndpointSlice", "mine", json!({}));
    assert_eq!(transcript(&[slice]).written.len(), 1, "no controller has made it");
    let account = transcript(&[object("v1", "ServiceAccount", "default", pull)]);
    assert!(account.text.contains("imagePullSecrets"), "{}", account.text);
}

#[test]
fn states_of_regplan_are_left_out() {
    let labels = json!({"app.kubernetes.io/managed-by": "regplan"});
    let marked = |api_version, kind, name| {
        let mut object = object(api_version, kind, name, json!({}));
        object["metadata"]["labels"] = labels.clone();
        object
    };
    let Transcript { written, left_out, .. } = transcript(&[
        marked("v1", "ConfigMap", "shop.state"),
        marked("v1", "ConfigMap", "shop.revision-3.a.0"),
        marked("v1", "Secret", "shop.key"),
        marked("coordination.k8s.io/v1", "Lease", "shop"),
        marked("rbac.authorization.k8s.io/v1", "Role", "shop.writer"),
        marked("v1", "ConfigMap", "settings"),
    ]);
    assert_eq!(written.iter().map(|identity| identity.name.as_str()).collect::<Vec<_>>(), ["settings"]);
    assert_eq!(left_out.len(), 5);
    assert!(left_out.iter().all(|(_, why)| *why == LeftOut::OfRegplan), "{left_out:?}");
}

#[test]
fn endpoints_and_leases_are_left_out_only_where_a_program_makes_them() {
    let service = |name, selector| object("v1", "Service", name, json!({"spec": {"selector": selector}}));
    let endpoints =
        |name| object("v1", "Endpoints", name, json!({"subsets": [{"addresses": [{"ip": "10.1.2.3"}]}]}));
    let lease = |name, spec| object("coordination.k8s.io/v1", "Lease", name, json!({"spec": spec}));
    let renewed = json!({"holderIdentity": "pod-1", "leaseDurationSeconds": 15, "leaseTransitions": 2,
                         "acquireTime": "2026-01-01T00:00:00.000000Z", "renewTime": "2026-01-01T00:00:00.000000Z"});
    let mut orphaned = endpoints("orphaned");
    orphaned["metadata"]["labels"] = json!({"endpoints.kubernetes.io/managed-by": "endpoint-controller"});
    let mut applied = lease("applied", renewed.clone());
    applied["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": "{}"});
    let Transcript { written, left_out, text } = transcript(&[
        service("web", json!({"app": "web"})),
        endpoints("web"),
        orphaned,
        service("database", json!(null)),
        endpoints("database"),
        lease("leader", renewed),
        lease("mine", json!({"leaseDurationSeconds": 30})),
        applied,
    ]);
    let names = |kind: &str| -> Vec<&str> {
        let of_kind = written.iter().filter(|identity| identity.kind == kind);
        of_kind.map(|identity| identity.name.as_str()).collect()
    };
    assert_eq!(
        (names("Endpoints"), names("Lease")),
        (vec!["database"], vec!["applied", "mine"]),
        "{left_out:?}"
    );
    assert!(
        left_out.len() == 3 && left_out.iter().all(|(_, why)| *why == LeftOut::Controlled),
        "{left_out:?}"
    );
    assert!(!text.contains("pod-1") && text.contains("leaseDurationSeconds = 15"), "{text}");
}

#[test]
fn no_value_of_a_secret_is_written_and_no_text_becomes_a_reference() {
    let data = json!({"data": {"key": "aHVudGVyMg==", "blob": "/w==", "none": ""}});
    let mut secret = object("v1", "Secret", "login", data);
    secret["metadata"]["annotations"] = json!({"note": "${USER} $${B}"});
    let text = transcript(&[secret]).text;
    for part in [
        "# The value of `key`: set the variable",
        "[secret.login-key]\nenv = \"LOGIN_KEY\"",
        "# The value of `blob`, in base64: set",
        "[resource.login.data]\nblob = \"${secret.login-blob}\"",
        "key = \"${secret.login-key}\"",
        "none = \"\"",
        "note = \"$${USER} $$${B}\"",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg") && !text.contains("/w=="), "{text}");
}
