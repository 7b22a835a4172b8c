//! One resource, as the state keeps it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::resource::{Address, Applied, Identity, Target, Timeouts};

/// One resource as it was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredResource {
    /// Where it lives; left out of the file for Kubernetes.
    #[serde(default, skip_serializing_if = "House::is_default")]
    pub house: House,
    /// Which object.
    pub identity: Identity,
    /// The API version in which it was last written (`v1`); `None` is the server's preferred one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Which object of this name.
    pub uid: String,
    /// What it stands on; deletes go against this, when the configuration no longer tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
    /// Deleting or replacing needs consent by name; here, so that removing the block does not lift it.
    #[serde(default)]
    pub protect: bool,
    /// For a Secret: the names of its keys, never what they hold. A generated value that the cluster has
    /// no longer is lost, one that it never had is new.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub keys: BTreeSet<String>,
    /// How long things may take.
    #[serde(default, skip_serializing_if = "are_default")]
    pub timeouts: Timeouts,
    /// How it came to be ours.
    pub provenance: Provenance,
    /// What came of the last write; left out of the file for what is ready.
    #[serde(default, skip_serializing_if = "Readiness::is_ready")]
    pub readiness: Readiness,
    /// The record of the last apply; `None` where nothing was written through us yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Arc<Applied>>,
}

/// In which house a resource lives: which provider reads and writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct House(Cow<'static, str>);

/// How a resource came to be ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// We made it.
    Created,
    /// It was there, and was taken over.
    Adopted,
    /// The state was lost, and the object's annotations say that it is ours.
    Rebuilt,
}

/// What came of a resource after it was written last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Readiness {
    /// It is ready; or nobody waited for it.
    #[default]
    Ready,
    /// It was written, and nobody has seen it ready.
    NotReady {
        /// When it was written.
        since: Timestamp,
    },
    /// It has ended by itself, as a Job does. That it is gone by now is no drift.
    Completed {
        /// The digest of what was sent, without its secrets: another content is to run again.
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
            provenance,
            readiness: Readiness::default(),
            applied: None,
        }
    }

    /// Which object, in which version.
    pub fn target(&self) -> Target {
        Target { identity: self.identity.clone(), version: self.version.clone() }
    }
}

impl House {
    /// The cluster.
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
}

fn are_default(timeouts: &Timeouts) -> bool {
    *timeouts == Timeouts::default()
}
