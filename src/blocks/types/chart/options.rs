//! The keys of a chart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Value, json};

use super::presets::Preset;
use crate::config::path_schema;
use crate::resource::Phase;

/// What to do about a repository that wants to know who reads.
const LOGIN: &str = "regplan logs in to no repository of charts, so download the chart with `helm pull`, name its archive in `chart`, and \
                     take out `repo` and `version`";

/// The objects of a chart of Helm. Each is a resource of its own: planned, ordered, adopted, guarded and deleted like
/// any other. The chart is rendered by the program `helm` (3.18 or newer, or 4), which never talks to the cluster and
/// makes no release.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Chart")]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
pub(in crate::blocks) struct ChartKeys {
    /// A chart that is known by name, with its repository, the version that was tried, its namespace and the values that
    /// fit. Every other key wins over it.
    pub(super) preset: Option<Preset>,
    /// The chart, where no `preset` says it: a folder, an archive (`.tgz`), `oci://HOST/PATH` in a registry, or its name in the repository that
    /// `repo` names. A relative path starts at the folder of the file that names it.
    #[schemars(
        length(min = 1),
        extend("x-url" = true, "x-login" = "Helm takes the login of a registry from `docker login HOST`")
    )]
    pub(super) chart: Option<String>,
    /// The URL of a repository of charts, the folder of its `index.yaml`.
    #[schemars(
        regex(pattern = "^https?://"),
        extend("x-rule" = "a URL, as in `https://charts.example.com`", "x-url" = true, "x-login" = LOGIN)
    )]
    pub(super) repo: Option<String>,
    /// Whether the registry of the chart is reached by plain HTTP, as one on this machine or in a closed network.
    #[serde(default)]
    pub(super) plain_http: bool,
    /// A file with the certificates of the authority of the chart's registry (PEM), where the system does not know it.
    #[serde(default)]
    #[schemars(schema_with = "path_schema")]
    pub(super) ca_file: Option<PathBuf>,
    /// The chart's version. It must be given for a chart of a repository or a registry, unless a digest says which one is
    /// meant.
    #[schemars(length(min = 1))]
    pub(super) version: Option<String>,
    /// The SHA-256 that the chart's archive must have, in hexadecimal. Helm itself does not check the digests of a
    /// repository.
    #[schemars(
        regex(pattern = "^[0-9a-fA-F]{64}$"),
        extend("x-rule" = "a SHA-256: 64 hexadecimal digits")
    )]
    pub(super) sha256: Option<String>,
    /// The namespace of objects that name none, and the one that templates see. Default: `[cluster] namespace`.
    #[schemars(
        length(max = 63),
        regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
        extend("x-rule" = "at most 63 lower-case letters, digits and `-`, neither first nor last a `-`")
    )]
    pub(super) namespace: Option<String>,
    /// The name of the release that templates see. Default: the name of the block.
    #[schemars(
        length(max = 53),
        regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
        extend("x-rule" = "at most 53 lower-case letters, digits and `-`, neither first nor last a `-`")
    )]
    pub(super) release: Option<String>,
    /// Values of the chart, by key. They win over those of `values_files`.
    #[serde(default)]
    #[schemars(schema_with = "any_table")]
    // Only whether a key is there matters here: the values are read from the tree, where every one knows its place.
    pub(super) values: BTreeMap<String, Value>,
    /// Files of values (YAML), as Helm takes them: a later one wins over an earlier one. `${…}` in them is plain text.
    #[serde(default)]
    #[schemars(schema_with = "paths")]
    pub(super) values_files: Vec<PathBuf>,
    /// Whether the definitions in the chart's folder `crds` are taken too.
    #[serde(default = "yes")]
    #[schemars(extend("default" = true))]
    pub(super) crds: bool,
    /// Whether the function `lookup` of templates finds what is in the cluster. Then Helm reads the cluster while it renders,
    /// with your rights. Without a cluster (`validate`, `render`) it finds nothing.
    #[serde(default)]
    pub(super) lookup: bool,
    /// Which of the chart's hooks are run: all, none (`false`), or those of these phases, as in `["pre-install",
    /// "pre-upgrade"]`. Tests are run by `regplan verify` alone, unless it is `false`.
    #[serde(default)]
    #[schemars(extend("default" = true))]
    pub(super) hooks: HooksKey,
    /// `"helm"` takes over what a release of Helm of the same name has made of the chart, all at once, and removes what Helm
    /// remembers of it. Take the release over as it is, and change it afterwards.
    pub(super) adopt: Option<AdoptKey>,
    /// Whether Helm is to remember the release that is taken over: its record and the annotations on its objects stay, and a
    /// later `helm uninstall` deletes what regplan manages.
    #[serde(default)]
    pub(super) keep_release: bool,
    /// Changes of single objects, for what the chart has no value for.
    #[serde(default)]
    pub(super) patch: Vec<PatchKeys>,
}

/// Whose objects are taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Adopt")]
pub(in crate::blocks) enum AdoptKey {
    /// Those of a release of Helm.
    Helm,
}

/// Which hooks of a chart are run.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Hooks")]
pub(in crate::blocks) enum HooksKey {
    /// All of them, or none.
    All(bool),
    /// Those of these phases.
    #[schemars(schema_with = "phases")]
    Of(BTreeSet<Phase>),
}

impl Default for HooksKey {
    fn default() -> Self {
        Self::All(true)
    }
}

impl HooksKey {
    /// Whether the chart's tests are run when somebody asks for that.
    pub(super) fn wants_tests(&self) -> bool {
        !matches!(self, Self::All(false))
    }

    /// Whether hooks of this phase are run.
    pub(super) fn wants(&self, phase: Phase) -> bool {
        match self {
            Self::All(wanted) => *wanted,
            Self::Of(phases) => phases.contains(&phase),
        }
    }
}

/// A change of an object of the chart.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Patch")]
pub(in crate::blocks) struct PatchKeys {
    /// The object's kind: `Deployment`.
    #[schemars(length(min = 1))]
    pub(super) kind: String,
    /// The object's name. Without it every object of the kind is changed.
    #[schemars(length(min = 1))]
    pub(super) name: Option<String>,
    /// Fields that get a value, by the path that a plan prints: `"spec.replicas" = 2`.
    #[serde(default)]
    #[schemars(schema_with = "any_table")]
    pub(super) set: BTreeMap<String, Value>,
    /// Fields that are taken away, by their paths.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(super) remove: Vec<String>,
}

fn yes() -> bool {
    true
}

/// A table with any content.
fn any_table(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": true })
}

/// Phases, by their names.
fn phases(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<Value> = Phase::ALL.iter().map(|phase| json!(phase)).collect();
    json_schema!({ "type": "array", "items": { "type": "string", "enum": names } })
}

/// Paths.
fn paths(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": path_schema(generator) })
}
