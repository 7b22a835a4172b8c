//! Charts of Helm: where one comes from, what it is rendered with, and what comes out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::ManifestFile;
use crate::resource::{Identity, Moment};

/// Where a chart comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChartOrigin {
    /// A folder, or an archive (`.tgz`), on this machine: an absolute path.
    Path(PathBuf),
    /// A registry of OCI artifacts: `oci://ghcr.io/example/chart`, with or without a digest at its end.
    Oci(String),
    /// A repository of charts.
    Repository {
        /// The URL of the folder that has its `index.yaml`.
        url: String,
        /// The chart's name.
        name: String,
    },
}

/// One chart in one version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChartSource {
    /// Where it comes from.
    pub origin: ChartOrigin,
    /// Its version; `None` for a path, or where a digest says which one is meant.
    pub version: Option<String>,
    /// The SHA-256 that its archive must have, in hexadecimal and lower case.
    pub sha256: Option<String>,
    /// Whether its registry is reached by plain HTTP.
    pub plain_http: bool,
    /// The certificates of the authority of its registry.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Display for ChartSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            ChartOrigin::Path(path) => write!(f, "{}", path.display())?,
            ChartOrigin::Oci(reference) => f.write_str(reference)?,
            ChartOrigin::Repository { url, name } => write!(f, "{name} of {url}")?,
        }
        self.version.as_ref().map_or(Ok(()), |version| write!(f, ", version {version}"))
    }
}

/// A chart that is on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalChart {
    /// Its folder or its archive.
    pub path: PathBuf,
    /// The SHA-256 of the archive, or of all files of the folder, in hexadecimal; `None` for a folder that is too large.
    pub sha256: Option<String>,
}

/// What charts may ask of a cluster: `.Capabilities` in their templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The version of Kubernetes: `v1.36.3`.
    pub version: String,
    /// The versions and kinds that it serves, as Helm names them: `apps/v1`, `apps/v1/Deployment`.
    pub apis: Vec<String>,
}

/// What the state knows of a chart, and what the user wants of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartPast {
    /// What happens to it in the plan at hand.
    pub moment: Moment,
    /// The definitions of custom resources that it has brought.
    pub definitions: Vec<Identity>,
    /// What was sent of it, by the object. Objects that it only runs are not there.
    pub sent: BTreeMap<Identity, SentOfChart>,
    /// What hooks of it have run with: digests of its content.
    pub contents: BTreeSet<String>,
    /// Whether all is made anew that it makes at random.
    pub is_renewed: bool,
    /// Of which runs that is.
    pub random: RandomPast,
    /// What the user agrees to: addresses.
    pub agreed: BTreeSet<String>,
    /// When this is asked; `None` where nobody looks at dates.
    pub now: Option<Timestamp>,
}

/// Whether a run goes on that did not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoesOn {
    /// It has ended, or was killed.
    No,
    /// It is under way, or was killed: whoever looks at the lock of some states cannot tell.
    Perhaps,
    /// It is under way.
    Yes,
}

/// What the state knows of what a chart has made at random.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomPast {
    /// The run that made what each object has; `None` where nobody knows. Objects that were never written are not there.
    pub made_by: BTreeMap<Identity, Option<String>>,
    /// The last run, where it did not complete.
    pub cut_off: Option<String>,
    /// Whether that run still goes on.
    pub goes_on: GoesOn,
    /// The objects into which that run was to write new values, and perhaps did.
    pub in_doubt: BTreeSet<Identity>,
}

impl RandomPast {
    /// That of a chart that is new.
    pub const NONE: Self =
        Self { made_by: BTreeMap::new(), cut_off: None, goes_on: GoesOn::No, in_doubt: BTreeSet::new() };
}

/// What the last apply has sent of an object of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentOfChart {
    /// The digest of all that the chart was rendered from.
    pub rendered_from: Option<String>,
    /// The object, without its secrets.
    pub object: Value,
}

impl ChartPast {
    /// That of a chart that is new.
    pub const NONE: Self = Self {
        moment: Moment::Install,
        definitions: Vec::new(),
        sent: BTreeMap::new(),
        contents: BTreeSet::new(),
        is_renewed: false,
        random: RandomPast::NONE,
        agreed: BTreeSet::new(),
        now: None,
    };
}

/// A text that may hold secrets, and is never shown.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HiddenText(pub Arc<str>);

impl fmt::Debug for HiddenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HiddenText")
    }
}

/// What to render a chart with. All that its objects depend on is in it, but for what a chart makes anew each time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RenderRequest {
    /// The chart.
    pub chart: LocalChart,
    /// The name of the release that its templates see.
    pub release: String,
    /// The namespace that its templates see.
    pub namespace: String,
    /// The values, as JSON.
    pub values: HiddenText,
    /// The version of Kubernetes; Helm's own newest one where nobody knows.
    pub kubernetes: Option<String>,
    /// The versions and kinds that are served beside those that Helm knows itself.
    pub apis: Arc<[String]>,
    /// Whether the definitions in the chart's folder `crds` are taken too.
    pub with_definitions: bool,
    /// Whether its templates may look up objects of the cluster.
    pub lookup: bool,
    /// Which rendering of the same this is. Two of them show what the chart makes anew each time.
    pub number: u8,
}

/// What came out of a rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The objects, as Helm printed them.
    pub output: ManifestFile,
    /// The version of Helm that printed them.
    pub helm: String,
    /// What the annotations of the hooks say that Helm has left out, because it does not know a phase in them.
    pub skipped_hooks: Vec<String>,
}

impl Rendered {
    /// The template that made what begins at this line of the output: `templates/deployment.yaml`.
    ///
    /// Helm writes `# Source: CHART/PATH` above each object.
    pub fn template(&self, line: u64) -> Option<String> {
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let text = String::from_utf8_lossy(self.output.bytes());
        let sources = text.lines().take(line).filter_map(|line| line.strip_prefix("# Source: "));
        let path = sources.last()?;
        Some(path.split_once('/').map_or(path, |(_, within)| within).trim().to_owned())
    }
}
