//! What should be there, and where each field of it comes from.

use std::path::PathBuf;

use serde_json::Value;

use super::{
    Address, Expression, FieldPath, HelmRelease, Hook, Identity, Lifecycle, Moment, PathMap, Target,
    api_version_parts,
};
use crate::diagnostic::Span;

/// Where in the configuration a field comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The key as a user writes it: `registry.main.replicas`.
    pub key: String,
    /// Where it stands; `None` for what a default gives.
    pub span: Option<Span>,
    /// Where the field itself stands, for what comes from a file that a key names.
    pub file: Option<FilePlace>,
}

/// A place in a file of objects that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    /// The file.
    pub path: PathBuf,
    /// The line (from 1): that of the field, or of its object where nobody has looked for the field.
    pub line: usize,
    /// The number of the object's item, from 1, in a document that is a list; in a list of lists, those of all levels.
    pub item: Vec<usize>,
}

impl Origin {
    /// A key of the configuration.
    pub fn of_key(key: impl Into<String>, span: Option<Span>) -> Self {
        Self { key: key.into(), span, file: None }
    }
}

/// Why a field's value is not known in this plan, for example in that of a pull request from a fork.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchecked {
    /// What is missing: `the environment variable CI_PASSWORD is not set`.
    pub reason: String,
}

/// The run that made what a chart makes at random. What belongs together (an authority, and what it has signed) is of one
/// run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batch {
    /// The one that applies this plan.
    New,
    /// An earlier one, by its id.
    Of(String),
}

/// One resource as the configuration wants it.
#[derive(Debug, Clone)]
pub struct Desired {
    /// What the user calls it.
    pub address: Address,
    /// What it is.
    pub identity: Identity,
    /// The object as it is sent, without guards and annotations of ours. A field that is not known yet
    /// holds its expression as text.
    pub object: Value,
    /// Where its fields come from.
    pub origins: PathMap<Origin>,
    /// Fields whose value is that of the key that they come from. To set the key sets this field, and no other.
    pub settable: PathMap<()>,
    /// Fields that are known only when others are there.
    pub unresolved: PathMap<Expression>,
    /// Fields that nobody may see.
    pub sensitive: PathMap<()>,
    /// Fields that could not be checked: neither compared nor sent by this plan; `apply` refuses.
    pub unchecked: PathMap<Unchecked>,
    /// Fields whose values this run has made: a generated secret, a salted hash, what is computed from them. The
    /// next run makes others, until an apply has written them. Plans that differ only in these are the same plan.
    pub fresh: PathMap<()>,
    /// Fields whose values were generated, in this run or in an earlier one: nobody else has them.
    pub generated: PathMap<()>,
    /// Fields that a chart makes at random: once they are there, they stay.
    pub random: PathMap<()>,
    /// Whose these are, where that is known: all that a chart makes at random is made as one.
    pub batch: Option<Batch>,
    /// Fields that hold an htpasswd file: the names of its users are no secret.
    pub htpasswd: PathMap<()>,
    /// What must be there before, each with the place that says so: in `depends_on`, or in a key that names a
    /// block.
    pub depends_on: Vec<(Address, Option<Span>)>,
    /// How it wants to be treated. `ignore_changes` holds only the rules for this object.
    pub lifecycle: Lifecycle,
    /// Made where it is missing, used and never owned where it exists: the shared namespaces.
    pub shared: bool,
    /// How it is run, where it is not there for ever: a hook of a chart.
    pub hook: Option<Hook>,
    /// The digest of all that its chart is rendered from, where it comes from one.
    pub rendered_from: Option<String>,
    /// The release of Helm that it is taken over from, where it is there.
    pub release: Option<HelmRelease>,
}

impl Desired {
    /// A resource without anything special; `None` for an object without kind, version or name.
    pub fn new(address: Address, object: Value) -> Option<Self> {
        Some(Self {
            address,
            identity: Identity::of(&object)?,
            object,
            origins: PathMap::default(),
            settable: PathMap::default(),
            unresolved: PathMap::default(),
            sensitive: PathMap::default(),
            unchecked: PathMap::default(),
            fresh: PathMap::default(),
            generated: PathMap::default(),
            random: PathMap::default(),
            batch: None,
            htpasswd: PathMap::default(),
            depends_on: Vec::new(),
            lifecycle: Lifecycle::default(),
            shared: false,
            hook: None,
            rendered_from: None,
            release: None,
        })
    }

    /// The object in the version in which it is written.
    pub fn target(&self) -> Target {
        let api_version = self.object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        let (_, version) = api_version_parts(api_version);
        Target { identity: self.identity.clone(), version: Some(version.to_owned()) }
    }

    /// Whether it runs only when somebody looks whether its chart works.
    pub fn is_test(&self) -> bool {
        self.hook.as_ref().is_some_and(|hook| hook.moment == Moment::Test)
    }

    /// Whether nobody may see this field, or something below it.
    pub fn is_sensitive(&self, path: &FieldPath) -> bool {
        self.sensitive.touches(path)
    }

    /// Where the field comes from, or the nearest thing above it that says so.
    pub fn origin(&self, path: &FieldPath) -> Option<&Origin> {
        self.origins.nearest(path)
    }
}
