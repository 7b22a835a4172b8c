//! What must happen so that the server takes an object that it refuses: the table of its reasons.
//!
//! The words are those of Kubernetes' own admission. Which object they are about is read from the words, or from the
//! object that is refused.

use std::net::IpAddr;

use serde_json::Value;

use crate::plan::cures::values::of;
use crate::resource::dependencies::Exclusive;
use crate::resource::{GroupKind, Identity, Live, Problem, ProblemKind, PullEntry};

/// The labels by which a namespace says which pods it takes.
pub(super) const POD_SECURITY: &str = "pod-security.kubernetes.io/enforce";

/// Something that may happen in a plan, and then the server takes what it refuses now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plan) enum Remedy {
    /// This object is made.
    Made(Identity),
    /// This object is changed, at or below these keys.
    Changed(Identity, &'static [&'static str]),
    /// This object is deleted.
    Deleted(Identity),
    /// Some object of this group and kind is made, in this namespace or outside of all.
    AnyMade((&'static str, &'static str), Option<String>),
    /// Some object of this group and kind is changed at or below these keys, in this namespace or outside of all.
    AnyChanged((&'static str, &'static str), Option<String>, &'static [&'static str]),
    /// Some object of this group and kind is deleted, in this namespace or outside of all.
    AnyDeleted((&'static str, &'static str), Option<String>),
    /// The object that has this value gives it up.
    Freed(Exclusive),
    /// Services may have this address.
    Range(IpAddr),
    /// The namespace takes more pods than now.
    Relaxed {
        /// The namespace's name.
        namespace: String,
    },
    /// This quota allows more.
    Raised(Identity),
    /// What counts for these resources of a quota (`pods`, `count/deployments.apps`) is deleted in this namespace.
    Room {
        /// The namespace's name.
        namespace: String,
        /// The resources.
        resources: Vec<String>,
    },
    /// This class lets claims grow.
    Expandable(Identity),
    /// The webhook of this name is changed or deleted.
    Webhook(String),
    /// An object of this kind that the server names is changed or deleted: it has what this one wants.
    Rival(GroupKind, String),
    /// The Service of a webhook, or the pods behind it, are made or changed.
    Backend(Identity),
    /// What a policy or its binding takes its parameters from is made, changed or deleted.
    Parameters {
        /// The policy's name.
        policy: String,
        /// The binding's name.
        binding: String,
    },
    /// This user is given rights.
    Granted {
        /// The user's name.
        user: String,
        /// The user's groups.
        groups: Vec<String>,
        /// The namespace in which the rights are needed; `None` for the whole cluster.
        namespace: Option<String>,
    },
}

/// An object that the server refuses.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct RefusedObject<'a> {
    pub(in crate::plan) identity: &'a Identity,
    /// What was sent.
    pub(in crate::plan) sent: &'a Value,
    /// What is there.
    pub(in crate::plan) live: Option<&'a Live>,
    /// What the server said.
    pub(in crate::plan) problem: &'a Problem,
}

/// What must happen so that the server takes it: of each list one. Empty where the table knows nothing.
pub(in crate::plan) fn remedies(refused: RefusedObject<'_>) -> Vec<Vec<Remedy>> {
    let RefusedObject { problem, .. } = refused;
    if !matches!(problem.kind, ProblemKind::Rejected | ProblemKind::Other) {
        return Vec::new();
    }
    let causes: Vec<&str> = match problem.causes.as_slice() {
        [] => vec![problem.message.as_str()],
        causes => causes.iter().map(|(_, _, words)| words.as_str()).collect(),
    };
    let each: Vec<Vec<Remedy>> = causes.into_iter().map(|words| for_one(refused, words)).collect();
    // What is wrong besides stays wrong.
    if each.iter().any(Vec::is_empty) { Vec::new() } else { each }
}

/// A mark in the server's words, and what cures the reason that it stands for.
type Row = (&'static str, fn(RefusedObject<'_>, &str) -> Vec<Remedy>);

/// The first row that fits and knows a remedy counts.
const TABLE: &[Row] = &[
    ("error looking up service account", account),
    ("there is no ServiceAccount ", entry_account),
    ("does not reference that", referenced_secret),
    ("PriorityClass with name", priority),
    ("computed", priority),
    ("only one default can exist", default_priority),
    ("RuntimeClass", runtime),
    ("pod rejected", runtime),
    ("already allocated", allocated),
    ("the provided IP (", address_range),
    ("does not match the current range", address_range),
    ("violates PodSecurity", pod_security),
    ("exceeded quota: ", quota),
    ("failed quota: ", unspecified),
    (" usage per ", limits),
    (" limit to request ratio per ", limits),
    ("' with binding '", policy),
    ("admission webhook \"", webhook),
    ("failed calling webhook \"", silent_webhook),
    ("must support resize", expansion),
    ("attempting to grant RBAC permissions", rights),
    ("not found", role),
];

/// What cures one reason.
fn for_one(refused: RefusedObject<'_>, words: &str) -> Vec<Remedy> {
    let lower = words.to_lowercase();
    let fits = |mark: &str| lower.contains(&mark.to_lowercase());
    let found = TABLE.iter().filter(|(mark, _)| fits(mark)).map(|(_, row)| row(refused, words));
    found.into_iter().find(|remedies| !remedies.is_empty()).unwrap_or_default()
}

fn account(refused: RefusedObject<'_>, words: &str) -> Vec<Remedy> {
    let named = between(words, "service account ", ":").and_then(|named| named.split_once('/'));
    let namespace = refused.identity.namespace.as_deref();
    let own = || {
        let name = refused.sent.pointer("/spec/serviceAccountName").and_then(Value::as_str);
        Some((namespace?, name.unwrap_or("default")))
    };
    let account = named.or_else(own).map(|(namespace, name)| service_account(namespace, name));
    account.map(Remedy::Made).into_iter().collect()
}

/// The account is made to whose list an entry is added.
fn entry_account(refused: RefusedObject<'_>, _: &str) -> Vec<Remedy> {
    PullEntry::of(refused.identity).map(|entry| Remedy::Made(entry.account())).into_iter().collect()
}

fn referenced_secret(refused: RefusedObject<'_>, _: &str) -> Vec<Remedy> {
    let name = refused.sent.pointer("/spec/serviceAccountName").and_then(Value::as_str).unwrap_or("default");
    let account = refused.identity.namespace.as_deref().map(|namespace| service_account(namespace, name));
    account.map(|account| Remedy::Changed(account, &[])).into_iter().collect()
}

fn service_account(namespace: &str, name: &str) -> Identity {
    Identity::namespaced("", "ServiceAccount", namespace, name)
}

fn priority(refused: RefusedObject<'_>, words: &str) -> Vec<Remedy> {
    let below: &[&str] = if words.contains("PreemptionPolicy") { &["preemptionPolicy"] } else { &["value"] };
    of_class(refused, "/spec/priorityClassName", ("scheduling.k8s.io", "PriorityClass"), below)
}

fn default_priority(_: RefusedObject<'_>, _: &str) -> Vec<Remedy> {
    vec![Remedy::Freed(Exclusive::DefaultPriority)]
}

fn runtime(refused: RefusedObject<'_>, _: &str) -> Vec<Remedy> {
    of_class(refused, "/spec/runtimeClassName", ("node.k8s.io", "RuntimeClass"), &[])
}

/// The class that a pod names is made or changed.
fn of_class(
    refused: RefusedObject<'_>,
    pointer: &str,
    kind: (&'static str, &'static str),
    below: &'static [&'static str],
) -> Vec<Remedy> {
    let Some(name) = refused.sent.pointer(pointer).and_then(Value::as_str) else { return Vec::new() };
    let class = Identity::cluster(kind.0, kind.1, name);
    vec![Remedy::Made(class.clone()), Remedy::Changed(class, below)]
}

/// The words name the port or the address. One that the object has already is none that it lacks.
fn allocated(refused: RefusedObject<'_>, words: &str) -> Vec<Remedy> {
    let asked = of(refused.identity, refused.sent);
    let is_named = |value: &Exclusive| match value {
        Exclusive::NodePort(port) => has_word(words, &port.to_string()),
        Exclusive::ClusterIp(ip) => has_word(words, &ip.to_string()),
        Exclusive::DefaultPriority => false,
    };
    asked.into_iter().filter(is_named).map(Remedy::Freed).collect()
}

/// The words name the address that is in no range.
fn address_range(refused: RefusedObject<'_>, words: &str) -> Vec<Remedy> {
    let range = |value: Exclusive| match value {
        Exclusive::ClusterIp(ip) => has_word(words, &ip.to_string()).then_some(Remedy::Range(ip)),
        Exclusive::NodePort(_) | Exclusive::DefaultPriority => None,
    };
    of(refused.identity, refused.sent).into_iter().filter_map(range).collect()
}

fn pod_security(refused: RefusedObject<'_>, _: &str) -> Vec<Remedy> {
    let namespace = refused.identity.namespace.clone();
    namespace.map(|namespace| Remedy::Relaxed { namespace }).into_iter().collect()
}

fn quota(refused: RefusedObject<'_>, words: &str) -> Vec<Remedy> {
    let (Some(namespace), Some(name)) =
        (&refused.identity.namespace, between(words, "exceeded quota: ", ","))
    else {
        return Vec::new();
    };
    let quota = Identity::namespaced("", "ResourceQuota", namespace, name);
    let requested = between(words, "requested: ", ", used:").unwrap_or_default();
    let resources = requested.split(',').filter_map(|one| Some(one.split_once('=')?.0.trim().to_owned()));
    let room = Remedy::Room { namespace: namespace.clone(), resources: resources.collect() };
    vec![Remedy::Raised(quota.clone()), Remedy::Deleted(quota), room]
}

/// A quota wants requests or limits that the object does not have. A limit range can give them.
fn unspecified(refused: RefusedObject<'_>, words: &str) -> Vec<Remedy> {
    let (Some(namespace), Some(name)) = (&refused.identity.namespace, between(words, "failed quota: ", ":"))
    else {
        return Vec::new();
    };
    let quota = Identity::namespaced("", "ResourceQuota", namespace, name);
    let namespace = Some(namespace.clone());
    vec![
        Remedy::Changed(quota.clone(), &["spec"]),
        Remedy::Deleted(quota),
        Remedy::AnyMade(LIMIT_RANGE, namespace.clone()),
        Remedy::AnyChanged(LIMIT_RANGE, namespace, &["spec"]),
    ]
}

const LIMIT_RANGE: (&str, &str) = ("", "LimitRange");

fn limits(refused: RefusedObject<'_>, _: &str) -> Vec<Remedy> {
    let namespace = refused.identity.namespace.clone();
    if namespace.is_none() {
        return Vec::new();
    }
    vec![
        Remedy::AnyChanged(LIMIT_RANGE, namespace.clone(), &["spec"]),
        Remedy::AnyDeleted(LIMIT_RANGE, namespace),
    ]
}

const ADMISSION: &str = "admissionregistration.k8s.io";

/// `ValidatingAdmissionPolicy 'NAME' with binding 'NAME' denied request`. Of a policy that mutates, the server says no
/// more than `policy 'NAME'`.
fn policy(refused: RefusedObject<'_>, words: &str) -> Vec<Remedy> {
    let before = words.split_once("AdmissionPolicy '").map(|(before, _)| before);
    let sort = before.map_or("Mutating", |before| before.rsplit(' ').next().unwrap_or_default());
    let (Some(name), Some(binding)) = (between(words, "olicy '", "'"), between(words, "with binding '", "'"))
    else {
        return Vec::new();
    };
    let object = |kind: &str, name: &str| Identity::cluster(ADMISSION, format!("{sort}{kind}"), name);
    let policy = object("AdmissionPolicy", name);
    let bound = object("AdmissionPolicyBinding", binding);
    let mut all = vec![
        Remedy::Changed(policy.clone(), &["spec"]),
        Remedy::Deleted(policy),
        Remedy::Changed(bound.clone(), &["spec"]),
        Remedy::Deleted(bound),
        Remedy::Parameters { policy: name.to_owned(), binding: binding.to_owned() },
        Remedy::Rival(refused.identity.group_kind(), words.to_owned()),
    ];
    all.extend(other_labels(refused));
    all
}

fn webhook(refused: RefusedObject<'_>, words: &str) -> Vec<Remedy> {
    let Some(name) = between(words, "admission webhook \"", "\"") else { return Vec::new() };
    let rival = Remedy::Rival(refused.identity.group_kind(), words.to_owned());
    [Remedy::Webhook(name.to_owned()), rival].into_iter().chain(other_labels(refused)).collect()
}

fn silent_webhook(refused: RefusedObject<'_>, words: &str) -> Vec<Remedy> {
    let Some(name) = between(words, "failed calling webhook \"", "\"") else { return Vec::new() };
    let mut all = vec![Remedy::Webhook(name.to_owned())];
    let host = between(words, "https://", "/").map(|host| host.split(':').next().unwrap_or(host));
    if let Some([service, namespace, "svc"]) = host.map(|host| host.split('.').collect::<Vec<_>>()).as_deref()
    {
        all.push(Remedy::Backend(Identity::namespaced("", "Service", *namespace, *service)));
    }
    all.extend(other_labels(refused));
    all
}

/// Policies and webhooks choose namespaces by their labels, and objects by theirs.
fn other_labels(refused: RefusedObject<'_>) -> Option<Remedy> {
    let namespace = refused.identity.namespace.as_deref()?;
    Some(Remedy::Changed(Identity::cluster("", "Namespace", namespace), &["metadata", "labels"]))
}

fn expansion(refused: RefusedObject<'_>, _: &str) -> Vec<Remedy> {
    let of_live = refused.live.and_then(|live| live.object.pointer("/spec/storageClassName"));
    let name = of_live.or_else(|| refused.sent.pointer("/spec/storageClassName")).and_then(Value::as_str);
    let class = name.map(|name| Identity::cluster("storage.k8s.io", "StorageClass", name));
    class.map(Remedy::Expandable).into_iter().collect()
}

/// `user "NAME" (groups=["A" "B"]) is attempting to grant RBAC permissions not currently held`.
fn rights(refused: RefusedObject<'_>, words: &str) -> Vec<Remedy> {
    let Some(user) = between(words, "user \"", "\"") else { return Vec::new() };
    let groups = between(words, "(groups=[", "])").unwrap_or_default();
    let groups = groups.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    let namespace = refused.identity.namespace.clone();
    let granted = Remedy::Granted { user: user.to_owned(), groups, namespace };
    [granted].into_iter().chain(role(refused, words)).collect()
}

/// Whoever may not grant everything is told that the role of a binding is not there.
fn role(refused: RefusedObject<'_>, _: &str) -> Vec<Remedy> {
    const RBAC: &str = "rbac.authorization.k8s.io";
    let RefusedObject { identity, sent, .. } = refused;
    let is_binding =
        identity.group == RBAC && matches!(identity.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
    let text = |pointer: &str| sent.pointer(pointer).and_then(Value::as_str);
    let named = text("/roleRef/kind").zip(text("/roleRef/name")).filter(|_| is_binding);
    let role = match (named, &identity.namespace) {
        (Some(("Role", name)), Some(namespace)) => Identity::namespaced(RBAC, "Role", namespace, name),
        (Some(("ClusterRole", name)), _) => Identity::cluster(RBAC, "ClusterRole", name),
        _ => return Vec::new(),
    };
    vec![Remedy::Made(role.clone()), Remedy::Changed(role, &["rules"])]
}

/// The text between two others.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found)
}

/// Whether the word stands in the text, and not as a part of a longer number or address.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric();
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let ends_before = !before.ends_with(|c: char| is_part(c) || c == '.' || c == ':' && is_address(word));
        let mut rest = after.chars();
        let ends_after = match rest.next() {
            Some('.' | ':') => !rest.next().is_some_and(is_part),
            Some(next) => !is_part(next),
            None => true,
        };
        ends_before && ends_after
    })
}

fn is_address(word: &str) -> bool {
    word.contains(['.', ':'])
}

#[cfg(test)]
mod tests;
