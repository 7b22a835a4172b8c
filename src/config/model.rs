//! What a configuration is, once it is read and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use super::imports::Import;
use super::markers::path_schema;
use super::moves::Moves;
use super::node::Node;
use super::state_settings::StateSettings;
use crate::diagnostic::{Sources, Span};
use crate::resource::{Address, BlockAddress, Lifecycle, ReadyRule};

/// A whole configuration, checked.
#[derive(Clone)]
pub struct Config {
    /// The files that it was read from.
    pub sources: Sources,
    /// The folder of the first file; the state lives beside it.
    pub folder: PathBuf,
    /// The names of the files that it was read from, those with values for variables too, relative to `folder`: each
    /// `-f` and `--var-file` as it was named.
    pub files: Vec<String>,
    /// The variables that have a default.
    pub defaulted_variables: DefaultedVariables,
    /// `[project] name`.
    pub project: String,
    /// `[cluster]`.
    pub cluster: ClusterSettings,
    /// `[state]`.
    pub state: StateSettings,
    /// The values of sensitive variables, by name; the others are substituted already. One that has no
    /// value is missing (see [`Inputs::sensitive_may_be_unset`](super::Inputs)).
    pub sensitive_variables: BTreeMap<String, String>,
    /// The blocks, in the order of the files.
    pub blocks: Vec<Block>,
    /// `[[moved]]` and `[[removed]]`.
    pub moves: Moves,
    /// `[[import]]`.
    pub imports: Vec<Import>,
    /// `[output.NAME]`, in the order of their names.
    pub outputs: Vec<Output>,
}

/// Shows sensitive variables without their values, because what is shown may end in a log.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("folder", &self.folder)
            .field("project", &self.project)
            .field("cluster", &self.cluster)
            .field("state", &self.state)
            .field("sensitive_variables", &self.sensitive_variables.keys())
            .field("blocks", &self.blocks)
            .field("moves", &self.moves)
            .field("imports", &self.imports)
            .field("outputs", &self.outputs)
            .finish_non_exhaustive()
    }
}

/// The variables that have a default, by who gives them their value. None of them is sensitive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DefaultedVariables {
    /// `--var` or the environment gives them another value.
    pub overridden: Vec<String>,
    /// Nothing gives them a value, so they have their default.
    pub kept: Vec<String>,
}

/// `[cluster]`: which cluster, and how it is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterSettings {
    /// The context of the kubeconfig, used whatever kubectl's current one is.
    pub context: Option<String>,
    /// A kubeconfig of its own, absolute, instead of the usual ones.
    pub kubeconfig: Option<PathBuf>,
    /// The uid of the namespace `kube-system` that the cluster must have.
    pub uid: Option<String>,
    /// The server's URL that it must have.
    pub server: Option<String>,
    /// Whether to use the service account of the pod that we run in.
    pub in_cluster: bool,
    /// The namespace of objects that name none.
    pub namespace: Option<String>,
    /// The version of Kubernetes for which charts are rendered where no cluster is asked.
    pub version: Option<String>,
    /// The variables of the environment from which the configuration takes secrets. A program that gives credentials is
    /// not given them.
    pub secret_variables: BTreeSet<String>,
    /// The place of the table, for messages.
    pub span: Option<Span>,
}

/// Where a secret comes from: `{ env = "NAME" }`, `{ file = "path" }`, `{ generate = { length = 32 } }`.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(extend("x-secret-source" = true))]
pub enum SecretSource {
    /// The value of an environment variable.
    Env(String),
    /// The content of a file; one trailing newline is dropped. A relative path starts at the folder of
    /// the file that names it (the configuration has made it absolute when a block sees it).
    File(#[schemars(schema_with = "path_schema")] PathBuf),
    /// A random value, made once and kept in the cluster.
    Generate(Generate),
}

/// How to make a random value.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// How many characters (letters and digits).
    #[serde(default = "Generate::usual_length")]
    pub length: u16,
}

impl Generate {
    fn usual_length() -> u16 {
        32
    }
}

/// When one object of a block counts as ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectReadyRule {
    /// Kind and name, as in its address.
    pub object: String,
    /// The rule.
    pub rule: ReadyRule,
    /// The place of the key.
    pub span: Span,
}

/// A block: `[TYPE.NAME]`.
#[derive(Debug, Clone)]
pub struct Block {
    /// Type and name.
    pub address: BlockAddress,
    /// The place of its header.
    pub span: Span,
    /// Its keys without `depends_on` and `lifecycle`; references to live fields, secrets and sensitive
    /// variables stand in it as marked text ([`Reference::mark`](crate::resource::Reference::mark)).
    pub body: Node,
    /// `depends_on`, each with its place.
    pub depends_on: Vec<(Address, Span)>,
    /// The other blocks that its keys name (`tls.issuer = "issuer.letsencrypt"`), each with its place. They are
    /// there, and of the type that the key takes.
    pub named_blocks: Vec<(BlockAddress, Span)>,
    /// `lifecycle`.
    pub lifecycle: Lifecycle,
    /// The rules of `lifecycle.ready` for single objects.
    pub ready_rules: Vec<ObjectReadyRule>,
}

/// `[output.NAME]`: a value that others want to know.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// The value; references stand in it as in the body of a [`Block`].
    pub value: Node,
    /// The blocks whose keys, or what they give, stand in it. It is true once these are applied.
    pub tells_of: BTreeSet<BlockAddress>,
    /// Whether it is shown only to those who ask for it by name.
    pub sensitive: bool,
}

/// A value that a block gives to those who refer to it (`${registry.main.address}`), beside its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property {
    /// How it is referred to: `address`.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
}

/// What the configuration must know of a block type to check it.
///
/// Beyond JSON Schema (which editors read as well) these keywords of ours mean something:
///
/// - [`PATH`](super::PATH) (`"x-path": true`, best by [`path_schema`]): the text is a path; a relative one is made
///   absolute, from the folder of the file that names it, before a block sees it.
/// - [`PATTERN`](super::PATTERN) (`"x-pattern": true`): the text is a pattern of paths, which a block sees as it is
///   written.
/// - [`URL`](super::URL) (`"x-url": true`): the text is a URL, which has no user and no password in it.
/// - [`LOGIN`](super::LOGIN) (`"x-login": "the key is …"`): where these belong, in words.
/// - [`SECRET_SOURCE`](super::SECRET_SOURCE) (`"x-secret-source": true`, on [`SecretSource`]): a text in its place is a secret
///   in clear, and `${secret.NAME}` is replaced by that secret's source.
/// - [`SECRET`](super::SECRET) (`"x-secret": true`): a text that may have secrets in it. Other texts that have a type
///   refuse them; places of which the schema says nothing take them.
/// - [`BLOCK`](super::BLOCK) (`"x-block": "issuer"`): the text is the address of another block, which must be there
///   and of this type. The objects of the block wait for those of the other one.
/// - [`RULE`](super::RULE) (`"x-rule": "lower-case letters"`): what a pattern or a format demands, in words.
///
/// A text with a pattern, a format, an enumeration, [`PATH`](super::PATH), [`PATTERN`](super::PATTERN) or
/// [`BLOCK`](super::BLOCK) must be known before anything is planned:
/// it takes no reference to a live field. So must numbers and everything else that is no text.
#[derive(Debug, Clone)]
pub struct BlockSchema {
    /// The type's name, `registry`.
    pub kind: &'static str,
    /// The JSON Schema of a block of this type, `depends_on` and `lifecycle` left out.
    pub schema: serde_json::Value,
    /// Groups of keys (dotted) of which only one may stand: `["storage.s3", "storage.volume"]`. An
    /// overlay's `storage.s3` replaces `storage.volume`.
    pub alternatives: &'static [&'static [&'static str]],
    /// Which of [`BLOCK_KEYS`](super::BLOCK_KEYS) its blocks take: all of them, or none where there are no
    /// objects that a user would treat in a special way.
    pub common_keys: &'static [&'static str],
    /// What its blocks give beside their keys.
    pub properties: &'static [Property],
}
