//! What blocks ask of the outside, and what came back.

mod chart;
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

pub use chart::{
    Capabilities, ChartOrigin, ChartPast, ChartSource, GoesOn, HiddenText, LocalChart, RandomPast,
    RenderRequest, Rendered, SentOfChart,
};
pub use file_lines::FileLines;
pub use file_pattern::FilePattern;
pub use manifest_file::{Document, ManifestFile};
pub use need::{HtpasswdUser, Need, SecretKeyRef};
pub use read_error::ReadError;
pub use text::{SecretInputs, SecretText};

use crate::kubernetes::ingress_classes::IngressClass;
use crate::resource::{HelmRecord, Live};

/// An object of the cluster of which a block wants to keep values.
#[derive(Clone, PartialEq)]
pub enum LiveObject {
    /// This is it.
    There(Arc<Live>),
    /// There is none.
    Absent,
    /// There is none, and the state says that there was one.
    Lost,
    /// Its values are to be made anew: somebody asked for that.
    Unwanted,
    /// No cluster is asked in this run (`validate`, `render`).
    NotAsked,
}

/// The labels of each namespace, by its name.
pub type NamespaceLabels = BTreeMap<String, BTreeMap<String, String>>;

/// An answer.
#[derive(Clone, PartialEq)]
pub enum Fact {
    /// The text of a file.
    File(Arc<str>),
    /// The files and what they hold, by path; shared, because they may be large.
    Manifests(Arc<[ManifestFile]>),
    /// A text that nobody may see.
    Text(SecretText),
    /// Whether objects of the kind live in namespaces; `None` where nobody knows.
    Scope(Option<bool>),
    /// A chart that is on this machine now.
    Chart(LocalChart),
    /// What the cluster serves; `None` where no cluster is asked.
    Capabilities(Option<Arc<Capabilities>>),
    /// What came out of a chart.
    Rendered(Arc<Rendered>),
    /// What the state knows of a chart.
    Past(ChartPast),
    /// What Helm remembers of a release, one for each of its revisions.
    HelmRelease(Arc<[HelmRecord]>),
    /// An object of the cluster.
    Live(LiveObject),
    /// The namespaces that are there and stay; `None` where no cluster is asked.
    Namespaces(Option<Arc<NamespaceLabels>>),
    /// The addresses of the nodes; `None` where no cluster is asked.
    Nodes(Option<Arc<[String]>>),
    /// The ingress classes; `None` where no cluster is asked.
    IngressClasses(Option<Arc<[IngressClass]>>),
    /// Nobody wants to know: what it would say something about is deleted, or no part of the plan.
    NotWanted,
    /// There is no answer, and the reason is not the user's to correct: `the cluster does not answer`.
    Unknown(String),
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
            Self::Chart(chart) => write!(f, "{chart:?}"),
            Self::Capabilities(found) => {
                write!(f, "Capabilities({:?})", found.as_ref().map(|found| &found.version))
            }
            Self::Rendered(_) => f.write_str("Rendered"),
            Self::HelmRelease(records) => write!(f, "HelmRelease({})", records.len()),
            Self::Past(past) => write!(f, "{past:?}"),
            Self::Live(live) => f.write_str(match live {
                LiveObject::There(_) => "Live(there)",
                LiveObject::Absent => "Live(absent)",
                LiveObject::Lost => "Live(lost)",
                LiveObject::Unwanted => "Live(unwanted)",
                LiveObject::NotAsked => "Live(not asked)",
            }),
            Self::Namespaces(found) => {
                let names = found.as_ref().map(|found| found.keys().collect::<Vec<_>>());
                write!(f, "Namespaces({names:?})")
            }
            Self::Nodes(found) => write!(f, "Nodes({found:?})"),
            Self::IngressClasses(found) => write!(f, "IngressClasses({found:?})"),
            Self::NotWanted => f.write_str("NotWanted"),
            Self::Unknown(reason) => write!(f, "Unknown({reason:?})"),
            Self::Failed(reason) => write!(f, "Failed({reason:?})"),
        }
    }
}
