//! What is there: an object as it was read, and what can go wrong with reading it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FieldPath, Ownership};

/// Which object, and at which moment of its life: what a write is guarded by.
///
/// Both texts are opaque: they are compared for equality, and mean something only to the provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// Given once, at creation; a recreated object has another one.
    pub uid: String,
    /// Moves with every write.
    pub version: String,
}

/// An object as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// The whole object, `metadata.managedFields` taken out (see [`ownership`](Self::ownership)).
    pub object: Value,
    /// Which object at which moment.
    pub stamp: Stamp,
    /// Who owns which fields.
    pub ownership: Ownership,
}

impl Live {
    /// An annotation's value.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        FieldPath::keys(["metadata", "annotations", key]).get(&self.object)?.as_str()
    }

    /// Whether somebody has asked for its deletion already.
    pub fn is_ending(&self) -> bool {
        self.object.pointer("/metadata/deletionTimestamp").is_some()
    }
}

/// The answer to a read: an object, its absence, or that nobody knows.
///
/// *Unreadable is never absent*: a plan that cannot see an object never concludes that it is gone.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// It is there.
    Present(Arc<Live>),
    /// The server says that it is not there. Also where its kind or namespace is not there.
    Absent,
    /// Nobody knows.
    Unreadable(Problem),
}

/// What kind of trouble the provider met; decides what to do, not what to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// No answer: refused, reset, timed out, a name that does not resolve, TLS.
    Unreachable,
    /// The server does not know who we are.
    Unauthenticated,
    /// The server knows us, and our rights do not allow it (of a write: confirmed by an access review).
    Forbidden,
    /// The server does not serve this kind.
    UnknownKind,
    /// The namespace does not exist.
    NamespaceMissing,
    /// The object is not the one, or not in the state, that the guard named; or it exists and should not.
    Conflict,
    /// A write got no answer, and others have changed the object since: nobody can say whether it was done.
    Overtaken,
    /// A webhook does not take dry-runs, or a quota does not count the kind yet.
    DryRunRefused,
    /// Validation, admission, quota, pod security: the server says no for a reason of its own.
    Rejected,
    /// The kubeconfig or another setting of ours is wrong.
    Settings,
    /// Anything else.
    Other,
}

/// What went wrong between us and a server, in words for a person.
///
/// Two problems are equal where they say the same; what caused them is not compared.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What kind of trouble.
    pub kind: ProblemKind,
    /// What happened and why; the server's own words where it had some.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// The fields that the server names, each with its reason (`FieldValueInvalid`) and words.
    pub causes: Vec<(Option<FieldPath>, String, String)>,
    /// The error below, for programs and logs; the message says what a person needs of it. Never one that may
    /// hold a secret: who puts it here answers for that.
    pub source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// One without help and causes.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, causes: Vec::new(), source: None }
    }

    /// Keeps the error below. It must hold no secret, in its `Debug` form neither.
    #[must_use]
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl PartialEq for Problem {
    fn eq(&self, other: &Self) -> bool {
        let Self { kind, message, help, causes, source: _ } = self;
        (kind, message, help, causes) == (&other.kind, &other.message, &other.help, &other.causes)
    }
}

impl Eq for Problem {}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = self.source.as_deref()?;
        Some(source)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Which cluster this is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClusterIdentity {
    /// The uid of the namespace `kube-system`; `None` where no permission to read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The server's URL.
    pub server: String,
    /// SHA-256 of the cluster's CA, hexadecimal; `None` where the system's own roots are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_digest: Option<String>,
}

impl ClusterIdentity {
    /// The same cluster, with the uid that is known of it where the rights of today do not let us read it.
    #[must_use]
    pub fn with_known_uid(self, known: Option<&Self>) -> Self {
        let uid = self.uid.or_else(|| known.and_then(|known| known.uid.clone()));
        Self { uid, ..self }
    }

    /// Whether both are the same cluster: by uid where both have one, by server and CA otherwise.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.uid, &other.uid) {
            (Some(a), Some(b)) => a == b,
            _ => self.server == other.server && self.ca_digest == other.ca_digest,
        }
    }
}
