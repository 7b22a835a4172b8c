//! Questions about the outside.

use std::path::PathBuf;

use super::{ChartSource, FilePattern, RenderRequest};
use crate::config::SecretSource;
use crate::resource::{BlockAddress, GroupKind, Identity, Target};

/// Where the cluster stores a text that nobody may see: a key of a Secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretKeyRef {
    /// The Secret.
    pub secret: Identity,
    /// The key in its `data`.
    pub key: String,
}

/// A user of an htpasswd file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HtpasswdUser {
    /// The name, which has no colon.
    pub name: String,
    /// Where the password comes from.
    pub source: SecretSource,
    /// Where a generated password is stored.
    pub stored_at: Option<SecretKeyRef>,
}

/// A question about the outside. Its answer is a [`Fact`](super::Fact) under the same key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Need {
    /// The text of a file (absolute).
    File(PathBuf),
    /// The objects in the files that a pattern names.
    Manifests(FilePattern),
    /// A secret's value.
    Secret {
        /// Where it comes from.
        source: SecretSource,
        /// Where a generated value is stored in the cluster, and so read back; `None` for any other source.
        stored_at: Option<SecretKeyRef>,
    },
    /// An htpasswd file (bcrypt) for these users; a hash in the cluster that still verifies is kept.
    Htpasswd {
        /// Its users.
        users: Vec<HtpasswdUser>,
        /// Where the cluster stores the file.
        stored_at: SecretKeyRef,
    },
    /// A chart, on this machine.
    Chart(ChartSource),
    /// What the cluster serves.
    Capabilities,
    /// The objects of a chart.
    Rendering(Box<RenderRequest>),
    /// An object as it is in the cluster.
    Live(Target),
    /// What the state knows of a chart.
    Past(BlockAddress),
    /// What Helm remembers of a release.
    HelmRelease {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The namespaces of the cluster.
    Namespaces,
    /// The addresses at which the nodes of the cluster are reached.
    Nodes,
    /// The ingress classes of the cluster.
    IngressClasses,
    /// Whether objects of a kind that Kubernetes does not serve itself live in namespaces.
    Scope {
        /// The kind.
        kind: GroupKind,
        /// The version in which an object of it is written.
        version: String,
    },
}

impl Need {
    /// Whether the answer is the same with and without a cluster.
    pub(super) fn is_of_files(&self) -> bool {
        match self {
            Self::File(_) | Self::Manifests(_) | Self::Chart(_) => true,
            // It depends on nothing but what stands in its request, unless its templates look up objects.
            Self::Rendering(request) => !request.lookup,
            Self::Capabilities
            | Self::Past(_)
            | Self::HelmRelease { .. }
            | Self::Live(_)
            | Self::Namespaces
            | Self::Nodes
            | Self::IngressClasses
            | Self::Secret { .. }
            | Self::Htpasswd { .. }
            | Self::Scope { .. } => false,
        }
    }
}
