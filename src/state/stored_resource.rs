//! One resource, as the state keeps it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::RunId;
use crate::resource::{Address, Applied, Identity, Moment, ReadyRule, SentObject, Target, Timeouts};

/// One resource as it was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredResource {
    /// The house that it is in; left out of the file for Kubernetes.
    #[serde(default, skip_serializing_if = "House::is_default")]
    pub house: House,
    /// The object's identity.
    pub identity: Identity,
    /// The API version in which it was last written (`v1`); `None` is the server's preferred one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The uid, which tells the object from an earlier or a later one of the same name.
    pub uid: String,
    /// The resources that it depends on. Deletes go in the reverse order, also when the configuration no
    /// longer has the resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
    /// Whether deleting or replacing it needs consent by name. The state keeps this, so that removing the
    /// block from the configuration does not end the protection.
    #[serde(default)]
    pub protect: bool,
    /// For a Secret: the names of its keys, never their values. A generated value that is missing in the
    /// cluster is lost where the key is listed here, and new where it is not.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub keys: BTreeSet<String>,
    /// How long to wait until it is ready, and until it is deleted.
    #[serde(default, skip_serializing_if = "are_default")]
    pub timeouts: Timeouts,
    /// When it counts as ready, if not by the kind's own rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<ReadyRule>,
    /// How it came under our management.
    pub provenance: Provenance,
    /// Whether it became ready after the last write; left out of the file for what is ready.
    #[serde(default, skip_serializing_if = "Readiness::is_ready")]
    pub readiness: Readiness,
    /// What happened to its chart when it was last to run, where it is a hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Moment>,
    /// The uid of what an earlier run had left, where it is to run and nobody knows whether it was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leftover: Option<String>,
    /// The run that last wrote other secret values into it; `None` where nobody knows. Two records of one such run have the
    /// same ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets_of: Option<RunId>,
    /// The object as it was found when a lost state was made anew, where its name alone does not lead to it, until the
    /// next apply records what it has sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<SentObject>,
    /// The run that made what its chart makes at random in it; `None` where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_of: Option<RunId>,
    /// The record of the last apply; `None` where we have not written it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Arc<Applied>>,
}

/// The house of a resource: the system that it is in, and whose provider reads and writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct House(Cow<'static, str>);

/// How a resource came under our management.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// We made it.
    Created,
    /// It existed, and was taken over.
    Adopted,
    /// The state was lost, and the object's annotations say that it is ours.
    Rebuilt,
}

/// Whether a resource became ready after the last write.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Readiness {
    /// It is ready; or nobody waited for it.
    #[default]
    Ready,
    /// It was written, and was not seen ready since.
    NotReady {
        /// When it was written.
        since: Timestamp,
    },
    /// It has ended by itself, as a Job does. If it no longer exists, that is no drift.
    Completed {
        /// The digest of what was sent, without its secrets. If it changes, the resource runs again.
        content: String,
    },
}

impl StoredResource {
    /// A resource of which only its object is known.
    pub fn new(target: Target, uid: impl Into<String>, provenance: Provenance) -> Self {
        Self {
            house: House::default(),
            identity: target.identity,
            version: target.version,
            uid: uid.into(),
            dependencies: Vec::new(),
            protect: false,
            keys: BTreeSet::new(),
            timeouts: Timeouts::default(),
            ready: None,
            provenance,
            readiness: Readiness::default(),
            hook: None,
            leftover: None,
            secrets_of: None,
            found: None,
            random_of: None,
            applied: None,
        }
    }

    /// Whether we have written no other secret values into the object between these two records of it.
    pub fn has_secrets_of(&self, other: &Self) -> bool {
        let is_of_same_run = self.secrets_of.is_some() && self.secrets_of == other.secrets_of;
        self.uid == other.uid && (is_of_same_run || self.is_of_same_write(other))
    }

    /// Whether both are what is known of one write of one object.
    pub fn is_of_same_write(&self, other: &Self) -> bool {
        let version = |known: &Self| known.applied.as_ref().map(|applied| applied.resource_version.clone());
        self.uid == other.uid && version(self).is_some() && version(self) == version(other)
    }

    /// The object's identity and API version.
    pub fn target(&self) -> Target {
        Target { identity: self.identity.clone(), version: self.version.clone() }
    }
}

impl House {
    /// Kubernetes, the house of every resource that names no other.
    pub const KUBERNETES: Self = Self(Cow::Borrowed("kubernetes"));

    /// The house of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Cow::Owned(name.into()))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for House {
    fn default() -> Self {
        Self::KUBERNETES
    }
}

impl Readiness {
    fn is_ready(&self) -> bool {
        *self == Self::Ready
    }

    /// When it was last written, where it has not become ready since.
    pub fn awaited_since(&self) -> Option<Timestamp> {
        match self {
            Self::NotReady { since } => Some(*since),
            Self::Ready | Self::Completed { .. } => None,
        }
    }

    /// The digest of what it ran with, where it has ended by itself.
    pub fn completed(&self) -> Option<&str> {
        match self {
            Self::Completed { content } => Some(content),
            Self::Ready | Self::NotReady { .. } => None,
        }
    }
}

fn are_default(timeouts: &Timeouts) -> bool {
    *timeouts == Timeouts::default()
}
