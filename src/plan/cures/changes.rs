//! The changes of a plan, found by what the words of a refusal name.

use std::collections::HashMap;
use std::hash::Hash;

use serde_json::Value;

use crate::plan::model::change::Change;
use crate::resource::Identity;

/// The whole plan, as far as it is known. Each resource that is refused asks about it, so nothing is looked for twice.
pub(in crate::plan) struct Changes<'c> {
    all: Vec<&'c Change>,
    by_object: HashMap<&'c Identity, &'c Change>,
    policies: HashMap<&'c str, &'c Change>,
    policy_bindings: HashMap<&'c str, &'c Change>,
    role_bindings: HashMap<Role<'c>, Vec<RoleBinding<'c>>>,
}

/// A role as bindings name it: by its kind and its name.
type Role<'c> = (&'c str, &'c str);

/// A binding of a role, with the object that binds.
pub(super) type RoleBinding<'c> = (&'c Identity, &'c Value);

impl<'c> Changes<'c> {
    /// All of them, in the order of the plan.
    pub(super) fn all(&self) -> impl Iterator<Item = &'c Change> + '_ {
        self.all.iter().copied()
    }

    /// The change of an object; of several, the first.
    pub(super) fn of(&self, object: &Identity) -> Option<&'c Change> {
        self.by_object.get(object).copied()
    }

    /// The admission policy of this name, be it one that validates or one that mutates.
    pub(super) fn policy(&self, name: &str) -> Option<&'c Value> {
        self.policies.get(name).and_then(|change| object_of(change))
    }

    /// The binding of this name of an admission policy.
    pub(super) fn policy_binding(&self, name: &str) -> Option<&'c Value> {
        self.policy_bindings.get(name).and_then(|change| object_of(change))
    }

    /// All that bind somebody to this role.
    pub(super) fn bindings_of<'s>(&'s self, role: &'s Identity) -> &'s [RoleBinding<'c>] {
        self.role_bindings.get(&(role.kind.as_str(), role.name.as_str())).map_or(&[], Vec::as_slice)
    }
}

impl<'c> FromIterator<&'c Change> for Changes<'c> {
    fn from_iter<I: IntoIterator<Item = &'c Change>>(changes: I) -> Self {
        let all: Vec<&Change> = changes.into_iter().collect();
        let name_of = |change: &'c Change, kind: &str| {
            let identity = &change.target.identity;
            identity.kind.ends_with(kind).then_some(identity.name.as_str())
        };
        Self {
            by_object: first_by(&all, |change| Some(&change.target.identity)),
            policies: first_by(&all, |change| name_of(change, "AdmissionPolicy")),
            policy_bindings: first_by(&all, |change| name_of(change, "AdmissionPolicyBinding")),
            role_bindings: role_bindings(&all),
            all,
        }
    }
}

/// The changes by a key; of several that have the same one, the first.
fn first_by<'c, K: Eq + Hash>(
    changes: &[&'c Change],
    key: impl Fn(&'c Change) -> Option<K>,
) -> HashMap<K, &'c Change> {
    changes.iter().rev().filter_map(|change| Some((key(change)?, *change))).collect()
}

fn role_bindings<'c>(changes: &[&'c Change]) -> HashMap<Role<'c>, Vec<RoleBinding<'c>>> {
    let mut bindings: HashMap<Role<'c>, Vec<RoleBinding<'c>>> = HashMap::new();
    for change in changes.iter().filter(|change| change.target.identity.kind.ends_with("RoleBinding")) {
        let Some(object) = object_of(change) else { continue };
        if let Some(role) = role_of(object) {
            bindings.entry(role).or_default().push((&change.target.identity, object));
        }
    }
    bindings
}

fn role_of(binding: &Value) -> Option<Role<'_>> {
    let role = binding.get("roleRef")?;
    Some((role.get("kind")?.as_str()?, role.get("name")?.as_str()?))
}

/// The object of a change, as it is sent, or else as it is.
pub(super) fn object_of(change: &Change) -> Option<&Value> {
    change.send.as_ref().or_else(|| change.prior.as_ref().map(|live| &live.object))
}
