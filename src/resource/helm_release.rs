//! A release of Helm, whose objects a chart takes over.

use std::sync::Arc;

use super::{Identity, Live};

/// The annotation by which Helm says to which release an object belongs.
/// Source: <https://helm.sh/docs/faq/changes_since_helm2/#improved-upgrade-strategy-3-way-strategic-merge-patches>
pub const RELEASE_NAME: &str = "meta.helm.sh/release-name";
/// The annotation by which Helm says in which namespace that release is.
pub const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";
/// The annotation of an object that Helm runs. Helm marks it as belonging to no release.
const HOOK: &str = "helm.sh/hook";

/// A release of Helm, whose objects a chart takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelmRelease {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The records of it that go with the takeover.
    pub records: Arc<[HelmRecord]>,
    /// What is known of its past.
    pub past: HelmPast,
}

/// What is known of the past of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelmPast {
    /// Its records are there, or its chart was applied before.
    Known,
    /// It has no record, and its chart was not applied yet: where it has objects, Helm keeps its records elsewhere, or
    /// somebody has deleted them.
    Unknown,
}

/// What Helm has recorded of one revision of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelmRecord {
    /// The object that holds it: a Secret or a `ConfigMap`.
    pub object: Identity,
    /// Its uid.
    pub uid: String,
    /// The number of the revision.
    pub revision: u64,
    /// The objects of the revision. Those that name no namespace are in that of the release, or in none.
    pub objects: Vec<Identity>,
    /// The objects that it runs, said in the same way.
    pub hooks: Vec<Identity>,
}

impl HelmRelease {
    /// Whether Helm has made the object for this release.
    pub fn owns(&self, live: &Live) -> bool {
        live.annotation(RELEASE_NAME) == Some(&self.name)
            && live.annotation(RELEASE_NAMESPACE) == Some(&self.namespace)
    }

    /// Whether Helm has run the object, for whatever release.
    pub fn may_have_run(live: &Live) -> bool {
        live.annotation(HOOK).is_some()
    }

    /// Whether the release runs the object, as far as its records are there.
    pub fn runs(&self, object: &Identity) -> bool {
        self.records.iter().flat_map(|record| &record.hooks).any(|hook| is_same(hook, object))
    }
}

impl HelmRecord {
    /// Whether this is one of the objects, as far as both say where they are.
    pub fn has(&self, object: &Identity) -> bool {
        self.objects.iter().any(|known| is_same(known, object))
    }
}

/// Whether both are the same object, where one of them may not say its namespace.
fn is_same(one: &Identity, other: &Identity) -> bool {
    let is_near = match (&one.namespace, &other.namespace) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    one.group_kind() == other.group_kind() && one.name == other.name && is_near
}
