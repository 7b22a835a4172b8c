//! What is left of the time of Helm 2 and of cert-manager before 1.0: it does nothing any more, or more than anybody wants.
//!
//! Sources: <https://helm.sh/docs/v2/>, <https://cert-manager.io/docs/releases/upgrading/upgrading-0.10-0.11/>,
//! <https://cert-manager.io/docs/releases/upgrading/remove-deprecated-apis/>

use serde_json::Value;

use super::certificates;
use super::conditions::text;
use super::removed_apis::{Successor, removed_api};
use crate::resource::Identity;

/// The group of cert-manager until its version 0.10. Nothing reads it any more.
pub const OLD_CERT_MANAGER: &str = "certmanager.k8s.io";
/// The label of a release of Helm 2, and of Tiller's own objects.
pub const OF_RELEASES: &str = "OWNER=TILLER";
/// The labels of Tiller's Deployment.
pub const OF_TILLER: &str = "app=helm,name=tiller";
/// The label by which a namespace was kept from the webhook of old versions of cert-manager.
pub const DISABLE_VALIDATION: &str = "certmanager.k8s.io/disable-validation";

/// Something that is left from before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remain {
    /// The server of Helm 2.
    Tiller,
    /// Its right to do everything.
    TillerRights,
    /// A release of Helm 2.
    Release,
    /// A kind of cert-manager that its versions since 0.11 do not read.
    OldKind,
    /// A version of a kind of cert-manager that it does not serve since 1.6.
    OldVersion,
    /// The definition of a kind of cert-manager, without the version that it serves today.
    OldDefinition,
    /// A label or an annotation for an old version of cert-manager.
    OldMark(String),
    /// A kind in a version that Kubernetes does not serve any more.
    RemovedApi(String),
}

impl Remain {
    /// What it is, after the name of the object.
    pub fn told(&self) -> String {
        match self {
            Self::Tiller => {
                "is Tiller, the server of Helm 2: whoever reaches it may do all that it may".to_owned()
            }
            Self::TillerRights => {
                "lets Tiller do everything in this cluster, whether Tiller is there or not".to_owned()
            }
            Self::Release => "is a release of Helm 2, which no Helm of today reads".to_owned(),
            Self::OldKind => {
                format!("is of the group `{OLD_CERT_MANAGER}`, which cert-manager does not read since 0.11")
            }
            Self::OldVersion => "is in a version that cert-manager does not serve since 1.6".to_owned(),
            Self::OldDefinition => {
                "has no version `v1`, the only one that cert-manager serves since 1.6".to_owned()
            }
            Self::OldMark(key) => format!("has `{key}`, which cert-manager does not read since 0.11"),
            Self::RemovedApi(_) => "is in a version that Kubernetes does not serve any more".to_owned(),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Tiller => "when no release of Helm 2 is needed any more: delete its Deployment and its Service".to_owned(),
            Self::TillerRights => "delete it, and the account `tiller`: nothing but Tiller needs it".to_owned(),
            Self::Release => {
                "take its objects over (`[chart.NAME]`, `regplan import`), then delete the records of its releases".to_owned()
            }
            Self::OldKind | Self::OldVersion => {
                format!("write it as `{}/v1`: `[issuer.NAME]` and `tls.issuer` do", certificates::GROUP)
            }
            Self::OldDefinition => "take the definitions of the version of cert-manager that runs".to_owned(),
            Self::OldMark(key) if key == DISABLE_VALIDATION => {
                "take it out: the webhook of cert-manager must see everything".to_owned()
            }
            Self::OldMark(key) => {
                let today = key.replacen(OLD_CERT_MANAGER, certificates::GROUP, 1);
                format!("take it out, or write `{today}`")
            }
            Self::RemovedApi(instead) => format!("use {instead}"),
        }
    }
}

/// What of the time before this object is, or has.
pub fn remains(identity: &Identity, object: &Value) -> Vec<Remain> {
    let mut found = Vec::new();
    found.extend(of_tiller(identity, object));
    let api_version = text(object, "apiVersion");
    let version = api_version.rsplit('/').next().unwrap_or_default();
    let is_definition = identity.is("apiextensions.k8s.io", "CustomResourceDefinition");
    let is_of_today = |group: &str| [certificates::GROUP, certificates::ACME_GROUP].contains(&group);
    let defined = is_definition.then(|| identity.name.split_once('.')).flatten().map(|(_, group)| group);
    if is_of_old_cert_manager(&identity.group) || defined.is_some_and(is_of_old_cert_manager) {
        found.push(Remain::OldKind);
    } else if is_of_today(&identity.group)
        && ["v1alpha1", "v1alpha2", "v1alpha3", "v1beta1"].contains(&version)
    {
        found.push(Remain::OldVersion);
    } else if defined.is_some_and(is_of_today) && !defines_version_of_today(object) {
        found.push(Remain::OldDefinition);
    }
    if let Some(removed) = removed_api(api_version, &identity.kind) {
        let instead = match removed.successor {
            Successor::Version(successor) => format!("`apiVersion: {successor}`"),
            Successor::Otherwise(words) => words.to_owned(),
        };
        found.push(Remain::RemovedApi(format!(
            "{instead}; Kubernetes {} has removed the old one",
            removed.release
        )));
    }
    found.extend(marks(object).map(Remain::OldMark));
    found
}

/// Whether a group, or the prefix of a key, is that of cert-manager until 0.10, or lies below it.
fn is_of_old_cert_manager(domain: &str) -> bool {
    domain.strip_suffix(OLD_CERT_MANAGER).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a definition has the version `v1`, or does not say which ones it has.
fn defines_version_of_today(definition: &Value) -> bool {
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    versions.is_none_or(|versions| versions.iter().any(|version| text(version, "name") == "v1"))
}

fn of_tiller(identity: &Identity, object: &Value) -> Option<Remain> {
    let label =
        |key: &str| object.pointer("/metadata/labels").map(|labels| text(labels, key)).unwrap_or_default();
    let is_tillers = label("app") == "helm" && label("name") == "tiller";
    let is_deployment = identity.is("apps", "Deployment") || identity.is("extensions", "Deployment");
    if is_deployment && (is_tillers || runs_tiller(object)) {
        return Some(Remain::Tiller);
    }
    if identity.is("", "Service") && is_tillers {
        return Some(Remain::Tiller);
    }
    let is_record = identity.is("", "ConfigMap") || identity.is("", "Secret");
    if is_record && label("OWNER") == "TILLER" {
        return Some(Remain::Release);
    }
    (identity.is("rbac.authorization.k8s.io", "ClusterRoleBinding") && lets_tiller_rule(object))
        .then_some(Remain::TillerRights)
}

/// Whether its pods run Tiller.
fn runs_tiller(deployment: &Value) -> bool {
    let containers = deployment.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    containers.into_iter().flatten().any(|container| {
        let image = text(container, "image").rsplit('/').next().unwrap_or_default();
        image.split(['@', ':']).next() == Some("tiller")
    })
}

fn lets_tiller_rule(binding: &Value) -> bool {
    let is_admin = binding.pointer("/roleRef/name").and_then(Value::as_str) == Some("cluster-admin");
    let subjects = binding.get("subjects").and_then(Value::as_array);
    let is_tiller =
        |subject: &Value| text(subject, "kind") == "ServiceAccount" && text(subject, "name") == "tiller";
    is_admin && subjects.is_some_and(|subjects| subjects.iter().any(is_tiller))
}

/// The labels and annotations for old versions of cert-manager, of the object and of the pods that it makes.
fn marks(object: &Value) -> impl Iterator<Item = String> + '_ {
    let places = [
        "/metadata/labels",
        "/metadata/annotations",
        "/spec/template/metadata/labels",
        "/spec/template/metadata/annotations",
        "/spec/jobTemplate/spec/template/metadata/labels",
        "/spec/jobTemplate/spec/template/metadata/annotations",
    ];
    let keys =
        places.into_iter().filter_map(|place| object.pointer(place)?.as_object()).flat_map(|map| map.keys());
    keys.filter(|key| key.split_once('/').is_some_and(|(prefix, _)| is_of_old_cert_manager(prefix))).cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(group: &str, kind: &str, name: &str, object: &Value) -> Vec<Remain> {
        remains(&Identity::namespaced(group, kind, "a", name), object)
    }

    #[test]
    fn tiller_and_its_rights_are_found() {
        let image = |image: &str| json!({"apiVersion": "apps/v1", "spec": {"template": {"spec": {"containers": [{"image": image}]}}}});
        for named in ["gcr.io/kubernetes-helm/tiller:v2.14.1", "mirror:5000/tiller@sha256:00"] {
            assert_eq!(found("apps", "Deployment", "x", &image(named)), [Remain::Tiller], "{named}");
        }
        assert_eq!(found("apps", "Deployment", "x", &image("example.com/tiller/web:1")), []);
        let labels = json!({"metadata": {"labels": {"app": "helm", "name": "tiller"}}});
        assert_eq!(found("", "Service", "tiller-deploy", &labels), [Remain::Tiller]);
        let binding = |role: &str, name: &str| json!({"roleRef": {"name": role}, "subjects": [{"kind": "ServiceAccount", "name": name}]});
        let of = |object: Value| found("rbac.authorization.k8s.io", "ClusterRoleBinding", "tiller", &object);
        assert_eq!(of(binding("cluster-admin", "tiller")), [Remain::TillerRights]);
        assert_eq!(of(binding("view", "tiller")), []);
        assert_eq!(of(binding("cluster-admin", "admin")), []);
        let release = json!({"metadata": {"labels": {"OWNER": "TILLER"}}});
        assert_eq!(found("", "ConfigMap", "web.v1", &release), [Remain::Release]);
        assert_eq!(found("", "Secret", "web.v1", &release), [Remain::Release]);
    }

    #[test]
    fn what_cert_manager_does_not_read_any_more_is_found() {
        let of = |api_version: &str| {
            let group = api_version.split('/').next().unwrap();
            found(group, "Certificate", "c", &json!({"apiVersion": api_version}))
        };
        assert_eq!(of("certmanager.k8s.io/v1alpha1"), [Remain::OldKind]);
        assert_eq!(of("cert-manager.io/v1alpha2"), [Remain::OldVersion]);
        assert_eq!(of("cert-manager.io/v1"), []);
        for old in ["v1alpha2", "v1alpha3", "v1beta1"] {
            assert_eq!(of(&format!("cert-manager.io/{old}")), [Remain::OldVersion], "{old}");
            assert_eq!(of(&format!("acme.cert-manager.io/{old}")), [Remain::OldVersion], "{old}");
        }
        let definition = |name: &str, version: &str| {
            let object =
                json!({"apiVersion": "apiextensions.k8s.io/v1", "spec": {"versions": [{"name": version}]}});
            found("apiextensions.k8s.io", "CustomResourceDefinition", name, &object)
        };
        assert_eq!(definition("issuers.cert-manager.io", "v1alpha2"), [Remain::OldDefinition]);
        assert_eq!(definition("orders.acme.cert-manager.io", "v1"), []);
        assert_eq!(definition("challenges.acme.certmanager.k8s.io", "v1"), [Remain::OldKind]);
        assert_eq!(definition("things.mycertmanager.k8s.io", "v1beta1"), []);
        let crd = found(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "issuers.certmanager.k8s.io",
            &json!({"apiVersion": "apiextensions.k8s.io/v1"}),
        );
        assert_eq!(crd, [Remain::OldKind]);
        let marked = json!({"metadata": {
            "labels": {DISABLE_VALIDATION: "true"},
            "annotations": {"certmanager.k8s.io/cluster-issuer": "le", "cert-manager.io/issuer": "le"},
        }});
        let marks = found("", "Namespace", "cert-manager", &marked);
        assert_eq!(marks.len(), 2);
        assert!(marks[1].help().contains("cert-manager.io/cluster-issuer"), "{}", marks[1].help());
    }

    #[test]
    fn a_version_that_is_not_served_any_more_names_the_one_of_today() {
        let ingress = found("extensions", "Ingress", "i", &json!({"apiVersion": "extensions/v1beta1"}));
        assert!(ingress[0].help().contains("networking.k8s.io/v1"), "{ingress:?}");
        let ingress =
            found("networking.k8s.io", "Ingress", "i", &json!({"apiVersion": "networking.k8s.io/v1beta1"}));
        assert!(ingress[0].help().contains("networking.k8s.io/v1"), "{ingress:?}");
        let image = json!([{"image": "gcr.io/kubernetes-helm/tiller:v2.14.1"}]);
        let tiller = json!({"apiVersion": "extensions/v1beta1", "spec": {"template": {"spec": {"containers": image}}}});
        assert_eq!(found("extensions", "Deployment", "tiller-deploy", &tiller)[0], Remain::Tiller);
    }
}
