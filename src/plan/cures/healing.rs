//! Which changes of a plan cure a refusal.

use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::kubernetes::quantity::compare;
use crate::plan::cures::changes::{Changes, object_of};
use crate::plan::cures::effects::{Effect, effects};
use crate::plan::cures::remedies::{POD_SECURITY, RefusedObject, Remedy, has_word, remedies};
use crate::plan::cures::usage::{counts_for, uses_less};
use crate::plan::model::change::Change;
use crate::plan::model::fidelity::{Cure, Deed};
use crate::plan::model::field_change::After;
use crate::plan::model::plan::Plan;
use crate::resource::dependencies::{Facility, provides, selects};
use crate::resource::{Address, FieldPath, Identity, Problem};

/// The changes that cure the refusal of the resource with this address; `None` where nothing in the plan helps.
pub(in crate::plan) fn cures(
    remedies: &[Vec<Remedy>],
    address: &Address,
    changes: &Changes<'_>,
) -> Option<Vec<Cure>> {
    let all: Vec<Effect<'_>> = changes.all().flat_map(effects).collect();
    // No change cures itself. It may begin with the delete of an object that had another name.
    let others: Vec<Effect<'_>> = all
        .into_iter()
        .filter(|effect| effect.change.address != *address || *effect.object != effect.change.target.identity)
        .collect();
    let mut found: Vec<Cure> = Vec::new();
    for alternatives in remedies {
        let helps = |effect: &&Effect<'_>| alternatives.iter().any(|remedy| remedy.is(**effect, changes));
        let cures: Vec<Cure> = others.iter().filter(helps).map(|effect| effect.cure()).collect();
        if cures.is_empty() {
            return None;
        }
        found.extend(cures);
    }
    let mut once: Vec<Cure> = Vec::new();
    for cure in found {
        if !once.contains(&cure) {
            once.push(cure);
        }
    }
    (!once.is_empty()).then_some(once)
}

/// Whether other changes of the plan cure this refusal of a write.
pub fn is_curable(plan: &Plan, change: &Change, sent: &Value, problem: &Problem) -> bool {
    let live = change.prior.as_deref();
    let remedies = remedies(RefusedObject { identity: &change.target.identity, sent, live, problem });
    !remedies.is_empty() && cures(&remedies, &change.address, &plan.changes.iter().collect()).is_some()
}

impl Remedy {
    /// Whether this effect is what must happen.
    fn is(&self, effect: Effect<'_>, changes: &Changes<'_>) -> bool {
        let Effect { object, deed, .. } = effect;
        let is_of = |kind: &(&str, &str), namespace: &Option<String>| {
            object.is(kind.0, kind.1) && object.namespace == *namespace
        };
        match self {
            Self::Made(identity) => deed == Deed::Made && object == identity,
            Self::Changed(identity, keys) => object == identity && is_changed(effect, keys),
            Self::Deleted(identity) => deed == Deed::Deleted && object == identity,
            Self::AnyMade(kind, namespace) => deed == Deed::Made && is_of(kind, namespace),
            Self::AnyChanged(kind, namespace, keys) => is_of(kind, namespace) && is_changed(effect, keys),
            Self::AnyDeleted(kind, namespace) => deed == Deed::Deleted && is_of(kind, namespace),
            Self::Freed(value) => effect.frees(*value),
            Self::Range(ip) => object.is("networking.k8s.io", "ServiceCIDR") && opens(effect, *ip),
            Self::Relaxed { namespace } => {
                *object == Identity::cluster("", "Namespace", namespace) && relaxes(effect)
            }
            Self::Raised(quota) => object == quota && is_changed(effect, &["spec"]) && raises(effect),
            Self::Room { namespace, resources } => {
                object.namespace.as_ref() == Some(namespace) && gives_room(effect, resources)
            }
            Self::Expandable(class) => object == class && grows(effect),
            Self::Webhook(name) => {
                has_webhook(effect, name) && (deed == Deed::Deleted || is_changed(effect, &["webhooks"]))
            }
            Self::Rival(kind, words) => {
                deed != Deed::Made && object.group_kind() == *kind && is_named(object, words)
            }
            Self::Backend(service) => deed != Deed::Deleted && is_behind(effect, service, changes),
            Self::Parameters { policy, binding } => is_parameter(object, policy, binding, changes),
            Self::Granted { user, groups, namespace } => {
                deed != Deed::Deleted && grants(effect, user, groups, namespace.as_deref(), changes)
            }
        }
    }
}

fn is_changed(effect: Effect<'_>, keys: &[&str]) -> bool {
    effect.deed == Deed::Changed && effect.touches(keys)
}

/// How strict a level of pod security is; one that is not named is taken for the most open one.
fn strictness(level: Option<&Value>) -> u8 {
    match level.and_then(Value::as_str) {
        Some("restricted") => 2,
        Some("baseline") => 1,
        _ => 0,
    }
}

/// Whether a namespace takes more pods afterwards: by a lower level, or by another version of the same one.
fn relaxes(effect: Effect<'_>) -> bool {
    let level = FieldPath::keys(["metadata", "labels", POD_SECURITY]);
    let version = format!("{POD_SECURITY}-version");
    let version = ["metadata", "labels", version.as_str()];
    if effect.deed != Deed::Changed {
        return false;
    }
    let mut fields = effect.change.fields.iter();
    match fields.find(|field| field.path.contains(&level)) {
        Some(field) => {
            let below = FieldPath::keys([POD_SECURITY]);
            let at = |value: Option<&Value>| {
                let value = value?;
                if field.path == level { Some(value.clone()) } else { below.get(value).cloned() }
            };
            let after = match &field.after {
                After::Value(value) => Some(value),
                After::Absent | After::Unknown(_) => None,
            };
            strictness(at(after).as_ref()) < strictness(at(field.before.as_ref()).as_ref())
        }
        None => effect.touches(&version),
    }
}

/// Whether a quota allows more of something afterwards, or holds for less.
fn raises(effect: Effect<'_>) -> bool {
    let hard = FieldPath::keys(["spec", "hard"]);
    effect.change.fields.iter().any(|field| {
        if !hard.contains(&field.path) && !field.path.contains(&hard) {
            return true;
        }
        match (&field.before, &field.after) {
            (Some(_), After::Absent | After::Unknown(_)) => true,
            (Some(before), After::Value(after)) => compare(after, before) != Some(Ordering::Less),
            (None, _) => false,
        }
    })
}

/// Whether something ends that counts for one of these resources of a quota, or uses less of it.
fn gives_room(effect: Effect<'_>, resources: &[String]) -> bool {
    let ends = effect.deed == Deed::Deleted || is_scaled_down(effect);
    resources
        .iter()
        .any(|resource| ends && counts_for(effect.object, resource) || uses_less(effect, resource))
}

fn is_scaled_down(effect: Effect<'_>) -> bool {
    let replicas = FieldPath::keys(["spec", "replicas"]);
    let mut fields = effect.change.fields.iter().filter(|field| field.path == replicas);
    effect.deed == Deed::Changed
        && fields.any(|field| match (&field.before, &field.after) {
            (Some(before), After::Value(after)) => before.as_u64() > after.as_u64(),
            _ => false,
        })
}

/// Whether a storage class lets claims grow afterwards, and did not so far.
fn grows(effect: Effect<'_>) -> bool {
    let lets = |class: Option<&Value>| {
        class.and_then(|class| class.get("allowVolumeExpansion")).and_then(Value::as_bool) == Some(true)
    };
    effect.deed != Deed::Deleted && lets(effect.sent()) && !lets(effect.before)
}

/// Whether Services may have the address by this range afterwards, and could not so far.
fn opens(effect: Effect<'_>, ip: IpAddr) -> bool {
    let has = |range: Option<&Value>| {
        let cidrs = range.and_then(|range| range.pointer("/spec/cidrs")).and_then(Value::as_array);
        let nets = cidrs.into_iter().flatten().filter_map(|cidr| cidr.as_str()?.parse::<IpNet>().ok());
        nets.into_iter().any(|net| net.contains(&ip))
    };
    effect.deed != Deed::Deleted && has(effect.sent()) && !has(effect.before)
}

fn has_webhook(effect: Effect<'_>, name: &str) -> bool {
    let webhooks = effect.before.and_then(|before| before.get("webhooks")).and_then(Value::as_array);
    effect.object.kind.ends_with("WebhookConfiguration")
        && webhooks.into_iter().flatten().any(|hook| hook.get("name").and_then(Value::as_str) == Some(name))
}

/// Whether the words name the object with its namespace (`a/web`).
fn is_named(object: &Identity, words: &str) -> bool {
    let namespace = object.namespace.as_deref();
    namespace.is_some_and(|namespace| has_word(words, &format!("{namespace}/{}", object.name)))
}

/// Whether it is this Service, or makes pods that it selects.
fn is_behind(effect: Effect<'_>, service: &Identity, changes: &Changes<'_>) -> bool {
    if effect.object == service {
        return true;
    }
    let selection = changes.of(service).and_then(|change| selects(service, object_of(change)?));
    let (Some(selection), Some(object)) = (selection, effect.sent()) else { return false };
    let given: Vec<Facility> = provides(effect.object, object);
    selection.all_of.iter().all(|group| group.iter().any(|facility| given.contains(facility)))
}

/// Whether a policy of this name takes its parameters from the object, as its binding says.
fn is_parameter(object: &Identity, policy: &str, binding: &str, changes: &Changes<'_>) -> bool {
    let kind = changes.policy(policy).and_then(|policy| policy.pointer("/spec/paramKind/kind"));
    let named = changes.policy_binding(binding).and_then(|binding| binding.pointer("/spec/paramRef"));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let name = text(named.and_then(|named| named.get("name")));
    let namespace = text(named.and_then(|named| named.get("namespace")));
    text(kind).is_some_and(|kind| kind == object.kind)
        && name.is_none_or(|name| name == object.name)
        && namespace.is_none_or(|namespace| object.namespace == Some(namespace))
}

/// Whether it binds this user to a role, or is the role of such a binding.
fn grants(
    effect: Effect<'_>,
    user: &str,
    groups: &[String],
    namespace: Option<&str>,
    changes: &Changes<'_>,
) -> bool {
    let binds = |identity: &Identity, object: &Value| {
        let reaches = identity.namespace.is_none() || identity.namespace.as_deref() == namespace;
        identity.kind.ends_with("RoleBinding") && reaches && has_subject(identity, object, user, groups)
    };
    if effect.sent().is_some_and(|object| binds(effect.object, object)) {
        return effect.deed == Deed::Made || effect.touches(&[]);
    }
    let is_role = matches!(effect.object.kind.as_str(), "Role" | "ClusterRole");
    is_role
        && (effect.deed == Deed::Made || effect.touches(&["rules"]))
        && changes.bindings_of(effect.object).iter().any(|(identity, object)| binds(identity, object))
}

fn has_subject(binding: &Identity, object: &Value, user: &str, groups: &[String]) -> bool {
    let subjects = object.get("subjects").and_then(Value::as_array);
    subjects.into_iter().flatten().any(|subject| {
        let text = |key: &str| subject.get(key).and_then(Value::as_str).unwrap_or_default();
        match text("kind") {
            "User" => text("name") == user,
            "Group" => groups.iter().any(|group| group == text("name")),
            "ServiceAccount" => {
                let named = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
                let namespace = named.or(binding.namespace.as_deref()).unwrap_or_default();
                user == format!("system:serviceaccount:{namespace}:{}", text("name"))
            }
            _ => false,
        }
    })
}
