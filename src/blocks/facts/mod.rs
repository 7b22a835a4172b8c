//! What blocks ask of the outside, and what came back.

mod encoding;
mod file_lines;
mod file_pattern;
mod manifest_file;
mod need;
mod read_error;
mod stream;
mod strict_json;
mod text;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use file_lines::FileLines;
pub use file_pattern::FilePattern;
pub use manifest_file::{Document, ManifestFile};
pub use need::{HtpasswdUser, Need, SecretKeyRef};
pub use read_error::ReadError;
pub use text::{SecretInputs, SecretText};

/// An answer.
#[derive(Clone, PartialEq, Eq)]
pub enum Fact {
    /// The text of a file.
    File(Arc<str>),
    /// The files and what they hold, by path; shared, because they may be large.
    Manifests(Arc<[ManifestFile]>),
    /// A text that nobody may see.
    Text(SecretText),
    /// Whether objects of the kind live in namespaces; `None` where nobody knows.
    Scope(Option<bool>),
    /// There is no answer, and the user has to correct something: `there is no such file`.
    Failed(String),
}

/// All answers.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    answers: BTreeMap<Need, Fact>,
    /// What was read from the sources of secrets outside the cluster.
    pub secret_inputs: SecretInputs,
}

impl Facts {
    /// Adds an answer.
    pub fn insert(&mut self, need: Need, fact: Fact) {
        self.answers.insert(need, fact);
    }

    /// The facts that are the same with and without a cluster and secrets: what files hold.
    #[must_use]
    pub fn of_files(&self) -> Self {
        let of_files = self.answers.iter().filter(|(need, _)| need.is_of_files());
        let answers = of_files.map(|(need, fact)| (need.clone(), fact.clone())).collect();
        Self { answers, secret_inputs: SecretInputs::default() }
    }

    /// Whether all of it is what files hold, so that a cluster and secrets change nothing.
    pub fn are_of_files_alone(&self) -> bool {
        self.answers.keys().all(Need::is_of_files)
    }

    /// The answer to this question.
    pub fn get(&self, need: &Need) -> Option<&Fact> {
        self.answers.get(need)
    }

    /// The file of objects that was read from this path.
    pub fn manifest(&self, path: &Path) -> Option<&ManifestFile> {
        let files = self.answers.values().filter_map(|fact| match fact {
            Fact::Manifests(files) => Some(files.iter()),
            _ => None,
        });
        files.flatten().find(|file| file.path == path)
    }

    /// The text that answers this question.
    ///
    /// A question that nobody answered leaves the text unknown. It is never taken for an empty one.
    pub fn text(&self, need: &Need) -> SecretText {
        match self.answers.get(need) {
            Some(Fact::Text(text)) => text.clone(),
            Some(Fact::Failed(reason)) => SecretText::Unknown(reason.clone()),
            _ => SecretText::Unknown("it was not asked for".to_owned()),
        }
    }
}

/// Shows nothing of what files hold: some are htpasswd files, and what is shown may end in a log.
impl std::fmt::Debug for Fact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(_) => f.write_str("File"),
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
