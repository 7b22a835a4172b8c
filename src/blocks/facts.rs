//! What blocks ask of the outside, and what came back.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::manifest::ManifestFile;
use crate::config::SecretSource;
use crate::resource::{GroupKind, Identity};

/// Where the cluster keeps a text that nobody may see: a key of a Secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretKeyRef {
    /// The Secret.
    pub secret: Identity,
    /// The key in its `data`.
    pub key: String,
}

/// A user of an htpasswd file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct User {
    /// The name, which has no colon.
    pub name: String,
    /// Where the password comes from.
    pub source: SecretSource,
    /// Where a generated password is kept.
    pub kept: Option<SecretKeyRef>,
}

/// A question about the outside. Its answer is a [`Fact`] under the same key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Need {
    /// The files of a path, a folder or a glob pattern (absolute).
    Files(PathBuf),
    /// The objects in the files of a path, a folder or a glob pattern (absolute).
    Manifests(PathBuf),
    /// A secret's value. A generated one is kept in the cluster, under this key of this Secret.
    Secret {
        /// Where it comes from.
        source: SecretSource,
        /// Where it is kept, and so where a generated one is read back.
        kept: Option<SecretKeyRef>,
    },
    /// An htpasswd file (bcrypt) for these users; a hash in the cluster that still verifies is kept.
    Htpasswd {
        /// Its users.
        users: Vec<User>,
        /// What holds the file.
        kept: SecretKeyRef,
    },
    /// Whether objects of a kind that Kubernetes does not serve itself live in namespaces.
    Scope {
        /// The kind.
        kind: GroupKind,
        /// The version in which an object of it is written.
        version: String,
    },
}

impl Need {
    /// Whether files answer it, and nothing else.
    fn is_of_files(&self) -> bool {
        match self {
            Self::Files(_) | Self::Manifests(_) => true,
            Self::Secret { .. } | Self::Htpasswd { .. } | Self::Scope { .. } => false,
        }
    }
}

/// An answer.
#[derive(Clone, PartialEq, Eq)]
pub enum Fact {
    /// The files, by path.
    Files(FileSet),
    /// The files and what they hold, by path; shared, because they may be large.
    Manifests(Arc<[ManifestFile]>),
    /// A text that nobody may see.
    Text(Text),
    /// Whether objects of the kind live in namespaces; `None` where nobody knows.
    Scope(Option<bool>),
    /// It could not be had, and that is a mistake of the user's: `no such file`.
    Failed(String),
}

/// Files by path, in order.
pub type FileSet = Vec<(PathBuf, Arc<str>)>;

/// A text that nobody may see, or why it is not known.
#[derive(Clone, PartialEq, Eq)]
pub enum Text {
    /// The text.
    Known(String),
    /// The text, made in this very run: the next one makes another, until an apply has written it.
    New(String),
    /// It was not asked for (`validate`, `render`): an object holds a placeholder.
    Placeholder,
    /// Its source is not there, or the cluster could not be read: the field is not checked.
    Unknown(String),
    /// The state knows that there was a generated value, and the cluster has lost it.
    Lost(String),
}

impl Text {
    /// The text itself, where there is one.
    pub fn get(&self) -> Option<&str> {
        match self {
            Self::Known(text) | Self::New(text) => Some(text),
            Self::Placeholder | Self::Unknown(_) | Self::Lost(_) => None,
        }
    }

    /// Whether the next run would make another text.
    pub fn is_new(&self) -> bool {
        matches!(self, Self::New(_))
    }
}

/// All answers.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    answers: BTreeMap<Need, Fact>,
    /// What secrets were given with, from outside the cluster.
    pub given: Given,
}

/// What the sources of secrets held that lie outside the cluster: variables of the environment, files.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Given(pub BTreeMap<SecretSource, String>);

/// Only which sources: this type's values may end in logs.
impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Facts {
    /// Takes an answer in.
    pub fn insert(&mut self, need: Need, fact: Fact) {
        self.answers.insert(need, fact);
    }

    /// What of it is the same with and without a cluster and secrets: what files hold.
    #[must_use]
    pub fn of_files(&self) -> Self {
        let of_files = self.answers.iter().filter(|(need, _)| need.is_of_files());
        let answers = of_files.map(|(need, fact)| (need.clone(), fact.clone())).collect();
        Self { answers, given: Given::default() }
    }

    /// Whether neither a cluster nor secrets have a say in it.
    pub fn are_of_files_alone(&self) -> bool {
        self.answers.keys().all(Need::is_of_files)
    }

    /// The answer to this question.
    pub fn get(&self, need: &Need) -> Option<&Fact> {
        self.answers.get(need)
    }

    /// The text that answers this question.
    ///
    /// A question that nobody answered leaves the text unknown: it is never taken for an empty one.
    pub fn text(&self, need: &Need) -> Text {
        match self.answers.get(need) {
            Some(Fact::Text(text)) => text.clone(),
            Some(Fact::Failed(reason)) => Text::Unknown(reason.clone()),
            _ => Text::Unknown("it was not asked for".to_owned()),
        }
    }
}

/// Files by their paths alone: some are htpasswd files, and this type's values end in logs.
impl std::fmt::Debug for Fact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Files(files) => {
                f.write_str("Files")?;
                f.debug_list().entries(files.iter().map(|(path, _)| path)).finish()
            }
            Self::Manifests(files) => {
                f.write_str("Manifests")?;
                f.debug_list().entries(files.iter().map(|file| &file.path)).finish()
            }
            Self::Text(text) => write!(f, "Text({text:?})"),
            Self::Scope(namespaced) => write!(f, "Scope({namespaced:?})"),
            Self::Failed(reason) => write!(f, "Failed({reason:?})"),
        }
    }
}

/// Never the text itself: this type's values end in logs.
impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(_) => f.write_str("Known(…)"),
            Self::New(_) => f.write_str("New(…)"),
            Self::Placeholder => f.write_str("Placeholder"),
            Self::Unknown(reason) => write!(f, "Unknown({reason:?})"),
            Self::Lost(reason) => write!(f, "Lost({reason:?})"),
        }
    }
}
