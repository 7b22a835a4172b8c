//! What was desired of one resource, as a revision keeps it: all that a plan needs, so that a rollback can be
//! planned from a revision alone. Secrets are not in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diagnostic::{Sources, Span};
use crate::kubernetes::secret_data::secret_paths;
use crate::resource::{
    Address, Desired, Expression, FieldPath, Hook, Identity, Lifecycle, Origin, PathMap, Unchecked, withhold,
};

/// What was desired of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredDesired {
    /// The object, with [`WITHHELD`](crate::resource::WITHHELD) in place of each value that was taken out.
    pub object: Value,
    /// The fields whose values were taken out. They cannot be restored from a revision.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub withheld: BTreeSet<FieldPath>,
    /// Where its fields came from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub origins: BTreeMap<FieldPath, StoredOrigin>,
    /// The fields whose value is, unchanged, that of the configuration key that they came from.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub settable: BTreeSet<FieldPath>,
    /// The fields whose value was unknown until other resources existed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unresolved: BTreeMap<FieldPath, Expression>,
    /// The fields with secret values.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sensitive: BTreeSet<FieldPath>,
    /// The fields that could not be checked, each with the reason as it was shown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unchecked: BTreeMap<FieldPath, String>,
    /// The fields whose values the run had generated.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fresh: BTreeSet<FieldPath>,
    /// The fields whose values were generated at some time.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub generated: BTreeSet<FieldPath>,
    /// The fields that held an htpasswd file.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub htpasswd: BTreeSet<FieldPath>,
    /// The resources that had to exist before this one, from `depends_on`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Address>,
    /// Its lifecycle settings.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lifecycle: Lifecycle,
    /// Whether it is made only where it is missing, and is used and never owned where it exists.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
    /// How it is run, where it is a hook of a chart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Hook>,
    /// Whether only the object is known, because it comes from a revision of format 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub object_only: bool,
}

/// Where in the configuration a field came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredOrigin {
    /// The key as a user writes it: `registry.main.replicas`.
    pub key: String,
    /// The file and line of the key at that time (`regplan.toml:14`), to be shown; `None` for a default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl StoredDesired {
    /// What a revision keeps of `desired`; `sources` are the files that its keys are in.
    pub fn new(desired: &Desired, sources: &Sources) -> Self {
        let place = |span: Span| {
            let (path, line) = sources.line_of(span)?;
            Some(format!("{}:{line}", path.display()))
        };
        let origin =
            |origin: &Origin| StoredOrigin { key: origin.key.clone(), place: origin.span.and_then(place) };
        let mut object = desired.object.clone();
        let withheld = withhold(&mut object, &secret_paths(desired));
        Self {
            object,
            withheld,
            origins: stored(&desired.origins, origin),
            settable: paths(&desired.settable),
            unresolved: stored(&desired.unresolved, Expression::clone),
            sensitive: paths(&desired.sensitive),
            unchecked: stored(&desired.unchecked, |unchecked| unchecked.reason.clone()),
            fresh: paths(&desired.fresh),
            generated: paths(&desired.generated),
            htpasswd: paths(&desired.htpasswd),
            depends_on: desired.depends_on.iter().map(|(address, _)| address.clone()).collect(),
            lifecycle: desired.lifecycle.clone(),
            shared: desired.shared,
            hook: desired.hook.clone(),
            object_only: false,
        }
    }

    /// What a revision of format 1 kept: the object alone.
    pub(super) fn from_object(object: Value, withheld: impl IntoIterator<Item = FieldPath>) -> Self {
        Self {
            object,
            withheld: withheld.into_iter().collect(),
            origins: BTreeMap::new(),
            settable: BTreeSet::new(),
            unresolved: BTreeMap::new(),
            sensitive: BTreeSet::new(),
            unchecked: BTreeMap::new(),
            fresh: BTreeSet::new(),
            generated: BTreeSet::new(),
            htpasswd: BTreeSet::new(),
            depends_on: Vec::new(),
            lifecycle: Lifecycle::default(),
            shared: false,
            hook: None,
            object_only: true,
        }
    }

    /// The object's identity; `None` for an object without kind, version or name.
    pub fn identity(&self) -> Option<Identity> {
        Identity::of(&self.object)
    }

    /// What was desired, without the withheld values and without the places of keys, since files have
    /// changed. `None` for an object without kind, version or name.
    pub fn desired(&self, address: Address) -> Option<Desired> {
        let origin = |origin: &StoredOrigin| Origin::of_key(origin.key.clone(), None);
        let unchecked = |reason: &String| Unchecked { reason: reason.clone() };
        Some(Desired {
            origins: restored(&self.origins, origin),
            settable: marked(&self.settable),
            unresolved: restored(&self.unresolved, Expression::clone),
            sensitive: marked(&self.sensitive),
            unchecked: restored(&self.unchecked, unchecked),
            fresh: marked(&self.fresh),
            generated: marked(&self.generated),
            htpasswd: marked(&self.htpasswd),
            depends_on: self.depends_on.iter().map(|address| (address.clone(), None)).collect(),
            lifecycle: self.lifecycle.clone(),
            shared: self.shared,
            hook: self.hook.clone(),
            ..Desired::new(address, self.object.clone())?
        })
    }
}

fn is_default(lifecycle: &Lifecycle) -> bool {
    *lifecycle == Lifecycle::default()
}

fn stored<T, S>(facts: &PathMap<T>, of: impl Fn(&T) -> S) -> BTreeMap<FieldPath, S> {
    facts.iter().map(|(path, fact)| (path.clone(), of(fact))).collect()
}

fn paths(facts: &PathMap<()>) -> BTreeSet<FieldPath> {
    facts.iter().map(|(path, ())| path.clone()).collect()
}

fn restored<S, T>(facts: &BTreeMap<FieldPath, S>, of: impl Fn(&S) -> T) -> PathMap<T> {
    facts.iter().map(|(path, fact)| (path.clone(), of(fact))).collect()
}

fn marked(paths: &BTreeSet<FieldPath>) -> PathMap<()> {
    paths.iter().map(|path| (path.clone(), ())).collect()
}

#[cfg(test)]
mod tests;
