//! What to do about a kind that the server does not serve: mostly it is misspelt, or was removed from Kubernetes.

use super::served::Served;
use crate::diagnostic::nearest::nearest;
use crate::kubernetes::removed_apis::{Successor, removed_api};
use crate::resource::{GroupKind, Target, is_builtin_group};

/// What to do about it; `all` are the kinds that are served, each in its preferred version.
pub(super) fn help<'s>(target: &Target, all: impl Iterator<Item = &'s Served>) -> String {
    if let Some(help) = removed(target) {
        return help;
    }
    let wanted = target.identity.group_kind();
    let mut all: Vec<&Served> = all.collect();
    all.sort_by(|a, b| (&a.group, &a.kind).cmp(&(&b.group, &b.kind)));
    match meant(&wanted, &all) {
        Some(meant) if meant.kind == wanted.kind => {
            format!("did you mean `apiVersion: {}`?", meant.api_version())
        }
        Some(meant) if meant.group == wanted.group => format!("did you mean `kind: {}`?", meant.kind),
        Some(meant) => {
            format!("did you mean `kind: {}` with `apiVersion: {}`?", meant.kind, meant.api_version())
        }
        None if is_builtin_group(&wanted.group) => {
            "this version of Kubernetes has no such kind; `kubectl api-resources` shows all".to_owned()
        }
        None => "is its CustomResourceDefinition installed?".to_owned(),
    }
}

/// What to use instead of a kind in a version that Kubernetes has removed.
pub(super) fn removed(target: &Target) -> Option<String> {
    let group = &target.identity.group;
    let version = target.version.as_deref()?;
    let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let removed = removed_api(&api_version, &target.identity.kind)?;
    let instead = match removed.successor {
        Successor::Version(successor) => format!("`apiVersion: {successor}`"),
        Successor::Otherwise(words) => words.to_owned(),
    };
    Some(format!("`{api_version}` was removed in Kubernetes {}; use {instead}", removed.release))
}

/// The kind that was probably meant. A misspelt kind is one of its own group: `externaldns.k8s.io` is no group of Kubernetes.
/// A kind of this name in another group is meant only where that group cannot be
/// a different one: many products have a `Cluster`.
fn meant<'s>(wanted: &GroupKind, all: &[&'s Served]) -> Option<&'s Served> {
    let is_of_kubernetes = !wanted.group.contains('.') || wanted.group.ends_with(".k8s.io");
    let same_group = || all.iter().copied().filter(|served| served.group == wanted.group);
    let builtin = || {
        let builtin = all.iter().copied().filter(|served| is_builtin_group(&served.group));
        builtin.filter(|_| is_of_kubernetes)
    };
    let named = |mut kinds: Box<dyn Iterator<Item = &'s Served> + '_>| {
        kinds.find(|served| served.kind.eq_ignore_ascii_case(&wanted.kind))
    };
    let near = |kinds: Box<dyn Iterator<Item = &'s Served> + '_>| {
        let kinds: Vec<&Served> = kinds.collect();
        let name = nearest(&wanted.kind, kinds.iter().map(|served| served.kind.as_str()))?;
        kinds.into_iter().find(|served| served.kind == name)
    };
    let near_group = || {
        let group = nearest(&wanted.group, all.iter().map(|served| served.group.as_str()))?;
        named(Box::new(all.iter().copied().filter(move |served| served.group == group)))
    };
    named(Box::new(same_group()))
        .or_else(|| named(Box::new(builtin())))
        .or_else(near_group)
        .or_else(|| near(Box::new(same_group())))
        .or_else(|| near(Box::new(builtin())).filter(|_| is_builtin_group(&wanted.group)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Identity;

    fn help_for(group: &str, version: &str, kind: &str) -> String {
        let served = |group: &str, kind: &str| Served {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            plural: String::new(),
            namespaced: true,
        };
        let all = [
            served("", "ConfigMap"),
            served("", "Endpoints"),
            served("apps", "Deployment"),
            served("networking.k8s.io", "Ingress"),
            served("cert-manager.io", "Certificate"),
            served("cluster.example.com", "Cluster"),
        ];
        let identity = Identity::namespaced(group, kind, "a", "x");
        help(&Target { identity, version: Some(version.into()) }, all.iter())
    }

    #[test]
    fn a_misspelt_kind_or_group_is_corrected() {
        assert_eq!(help_for("apps", "v1", "Deploiment"), "did you mean `kind: Deployment`?");
        assert_eq!(help_for("", "v1", "configmap"), "did you mean `kind: ConfigMap`?");
        assert_eq!(help_for("", "v1", "Deployment"), "did you mean `apiVersion: apps/v1`?");
        assert_eq!(help_for("app", "v1", "Deployment"), "did you mean `apiVersion: apps/v1`?");
        assert_eq!(
            help_for("", "v1", "Deploymnet"),
            "did you mean `kind: Deployment` with `apiVersion: apps/v1`?"
        );
        assert_eq!(
            help_for("cert-manger.io", "v1", "Certificate"),
            "did you mean `apiVersion: cert-manager.io/v1`?"
        );
    }

    #[test]
    fn a_removed_version_names_the_one_to_use() {
        assert_eq!(
            help_for("extensions", "v1beta1", "Ingress"),
            "`extensions/v1beta1` was removed in Kubernetes 1.22; use `apiVersion: networking.k8s.io/v1`"
        );
        assert!(help_for("policy", "v1beta1", "PodSecurityPolicy").contains("Pod Security Admission"));
    }

    #[test]
    fn only_a_kind_that_nobody_knows_may_lack_its_definition() {
        let missing = "is its CustomResourceDefinition installed?";
        assert_eq!(help_for("postgresql.example.org", "v1", "Cluster"), missing, "another product has it");
        assert_eq!(help_for("example.org", "v1", "Widget"), missing);
        assert_eq!(help_for("externaldns.k8s.io", "v1alpha1", "DNSEndpoint"), missing);
        assert!(help_for("batch", "v1", "Widget").contains("kubectl api-resources"));
    }
}
