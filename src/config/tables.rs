//! The tables that the configuration itself knows, as types: their schemas and documentation follow.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

use super::markers::path_schema;
use super::object_state::{object_prefix_schema, store_endpoint_schema};

/// What a name must be that Kubernetes takes as a DNS label.
const DNS_LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
const DNS_LABEL_RULE: &str = "at most 63 lower-case letters, digits and `-`, neither first nor last a `-`";

/// The project that the file describes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Project")]
pub(super) struct ProjectTable {
    /// The project's name, a DNS label. It names the state and the field manager (`regplan:NAME`):
    /// another name is another project.
    #[schemars(schema_with = "dns_label")]
    pub(super) name: String,
}

/// Which cluster, and how it is reached.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cluster")]
pub(super) struct ClusterTable {
    /// The context of the kubeconfig that is used, whatever kubectl's current one is.
    pub(super) context: Option<String>,
    /// A kubeconfig of its own, instead of `KUBECONFIG` and `~/.kube/config`.
    #[serde(default)]
    #[schemars(schema_with = "path_schema")]
    pub(super) kubeconfig: Option<PathBuf>,
    /// The uid of the namespace `kube-system` that the cluster must have, where contexts are personal.
    pub(super) uid: Option<String>,
    /// The URL that the cluster's server must have, where contexts are personal.
    pub(super) server: Option<String>,
    /// Whether regplan runs in a pod and uses its service account.
    #[serde(default)]
    pub(super) in_cluster: bool,
    /// The namespace of objects that name none; `default` unless said otherwise.
    #[serde(default)]
    #[schemars(schema_with = "dns_label")]
    pub(super) namespace: Option<String>,
    /// The version of Kubernetes for which charts are rendered, and the pods of registries made, where no cluster is asked
    /// (`validate`, `render`, `graph`): `1.36`. A plan asks the cluster itself.
    #[schemars(
        regex(pattern = r"^v?[0-9]+\.[0-9]+(\.[0-9]+)?$"),
        extend("x-rule" = "a version of Kubernetes, as in `1.36` or `1.36.3`")
    )]
    pub(super) version: Option<String>,
}

/// Where the state is kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "State")]
pub(super) struct StateTable {
    /// What keeps it: `local`, a folder on this machine, unless said otherwise; or `kubernetes`, the project's own
    /// cluster, for a project that several machines work on; or an object store, for the same: `s3` (and every store
    /// that speaks its language), `gcs`, `azblob`. Credentials of a store come from the environment and the machine.
    #[serde(default)]
    pub(super) backend: BackendName,
    /// `local`: the folder of the state; `.regplan/PROJECT` beside the first file unless said otherwise.
    #[serde(default)]
    #[schemars(schema_with = "path_schema")]
    pub(super) path: Option<PathBuf>,
    /// `kubernetes`: the namespace of states, which no project may own; `regplan-state` unless said otherwise. `local`:
    /// the namespace of the `ConfigMap` that tells which copy of the state is the newest one; `default` unless said otherwise.
    #[serde(default)]
    #[schemars(schema_with = "dns_label")]
    pub(super) namespace: Option<String>,
    /// `kubernetes`: the name of the state in that namespace; the project's name unless said otherwise.
    #[serde(default)]
    #[schemars(schema_with = "dns_label")]
    pub(super) name: Option<String>,
    /// `s3`, `gcs`: the bucket.
    #[serde(default)]
    #[schemars(schema_with = "bucket_name")]
    pub(super) bucket: Option<String>,
    /// `azblob`: the storage account.
    #[serde(default)]
    #[schemars(schema_with = "bucket_name")]
    pub(super) account: Option<String>,
    /// `azblob`: the container.
    #[serde(default)]
    #[schemars(schema_with = "bucket_name")]
    pub(super) container: Option<String>,
    /// `s3`, `gcs`, `azblob`: what the names of all objects begin with; the project's name unless said otherwise.
    #[serde(default)]
    #[schemars(schema_with = "object_prefix_schema")]
    pub(super) prefix: Option<String>,
    /// `s3`: the region; that of the environment (`AWS_REGION`) unless said otherwise, else `us-east-1`.
    pub(super) region: Option<String>,
    /// `s3`, `gcs`, `azblob`: the URL of a store that is not where the backend's usual one is:
    /// `https://minio.example.com`, `https://blob.core.chinacloudapi.cn`.
    #[serde(default)]
    #[schemars(
        schema_with = "store_endpoint_schema",
        extend("x-login" = "the credentials of a store come from the environment, as `AWS_ACCESS_KEY_ID`")
    )]
    pub(super) endpoint: Option<String>,
    /// `s3`, `azblob`: whether the name of the bucket, or of the account, stands in the path of a request, not in its
    /// host; so it does where an `endpoint` is given, unless it is one of Azure's own (`https://blob.…`) or this says
    /// otherwise.
    pub(super) path_style: Option<bool>,
    /// `local`, `s3`, `gcs`, `azblob`: for whom the secret values of revisions are encrypted, so that a rollback can
    /// restore them. Without it no secret value is kept.
    pub(super) encryption: Option<EncryptionTable>,
    /// `kubernetes`, `s3`, `gcs`, `azblob`: for how long a lock is held without a sign of life: at least `5s`, and `15s` unless said
    /// otherwise.
    #[expect(dead_code, reason = "read from the tree, where every value knows its place")]
    pub(super) lock_duration: Option<String>,
}

/// For whom secret values are encrypted, by age.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Encryption")]
pub(super) struct EncryptionTable {
    /// The recipients, as `age-keygen` prints them (`age1…`): each of them can open what is written from now on.
    pub(super) recipients: Vec<String>,
    /// Where the identity is that opens the values (`AGE-SECRET-KEY-1…`, or a file of `age-keygen`). Only a rollback, and
    /// an apply that may have to undo itself, look for it; all else works without.
    pub(super) identity: Option<IdentityTable>,
}

/// Where an identity is: `{ env = "NAME" }` or `{ file = "path" }`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Identity")]
pub(super) enum IdentityTable {
    /// In a variable of the environment.
    Env(IdentityEnv),
    /// In a file.
    File(IdentityFile),
}

/// In a variable of the environment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityEnv {
    /// The variable's name.
    pub(super) env: String,
}

/// In a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityFile {
    /// The file.
    #[schemars(schema_with = "path_schema")]
    pub(super) file: PathBuf,
}

/// What keeps a state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum BackendName {
    /// A folder on this machine.
    #[default]
    Local,
    /// The project's own cluster.
    Kubernetes,
    /// S3, or a store that speaks its language.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azblob,
}

impl BackendName {
    /// As it is written in the file.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Kubernetes => "kubernetes",
            Self::S3 => "s3",
            Self::Gcs => "gcs",
            Self::Azblob => "azblob",
        }
    }

    /// The keys of `[state]` that mean something beside it.
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Local => &["path", "encryption", "namespace"],
            Self::Kubernetes => &["namespace", "name", "lock_duration"],
            Self::S3 => {
                &["bucket", "prefix", "region", "endpoint", "path_style", "lock_duration", "encryption"]
            }
            Self::Gcs => &["bucket", "prefix", "endpoint", "lock_duration", "encryption"],
            Self::Azblob => {
                &["account", "container", "prefix", "endpoint", "path_style", "lock_duration", "encryption"]
            }
        }
    }

    /// Those beside which this key means something.
    pub(super) fn with(key: &str) -> impl Iterator<Item = Self> {
        let all = [Self::Local, Self::Kubernetes, Self::S3, Self::Gcs, Self::Azblob];
        all.into_iter().filter(move |name| name.keys().contains(&key))
    }
}

/// What was applied under one address has another one now. Its object is kept, but for the annotation that
/// names the address; where the object's own name changes as well, it is replaced. A table whose old address
/// the state does not know (any more) does nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Moved")]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
pub(super) struct MovedTable {
    /// The old address, which the configuration no longer has: `resource.old`, `registry.main`,
    /// `registry.main/Service/registry`. A block's address stands for all of its objects, by kind and name.
    from: String,
    /// The new address, which the configuration has, or from which another `[[moved]]` goes on.
    to: String,
}

/// What left the configuration, and what becomes of its objects.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Removed")]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
pub(super) struct RemovedTable {
    /// The address that it had, which the configuration no longer has. A block's address stands for all of
    /// its objects.
    address: String,
    /// Whether its objects are deleted, as they are without this table. With `false` they stay, and are
    /// only forgotten.
    destroy: bool,
}

/// An object that exists already and becomes what an address stands for: the plan takes it over, instead of
/// refusing it as one of others. If it is not there, that is an error. Once the state knows the object, the table does
/// nothing and can go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Import")]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
pub(super) struct ImportTable {
    /// The address that takes it over: `resource.web`, `registry.main/Service/registry`.
    to: String,
    /// The object, by kind, namespace and name: `Deployment/shop/web`. A kind outside the built-in groups has its group
    /// with it (`Certificate.cert-manager.io/shop/web`); an object of the whole cluster has no namespace. It must be
    /// the object that the block describes.
    from: String,
}

/// What a variable's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum VariableType {
    /// Text.
    String,
    /// A number, whole or not.
    Number,
    /// True or false.
    Bool,
    /// A list.
    List,
    /// A table.
    Table,
}

/// A value that is given from outside: by `--var`, `--var-file` or the environment
/// (`REGPLAN_VAR_NAME`), in this order, else its default.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Variable")]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
pub(super) struct VariableTable {
    /// What its value is: the default's type, else text, unless said otherwise.
    #[serde(rename = "type")]
    kind: Option<VariableType>,
    /// The value where none is given.
    default: Option<Value>,
    /// What it is for.
    description: Option<String>,
    /// Whether nobody may see its value. Such a variable is text and has no default.
    #[serde(default)]
    sensitive: bool,
}

/// A value that others want to know of what was applied: `regplan output` prints it, and so does the end of an apply.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Output")]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
pub(super) struct OutputTable {
    /// The value: mostly a reference, such as `"${registry.main.address}"` or
    /// `"${resource.cert.status.notAfter}"`. A list or a table may have references in it.
    value: Value,
    /// What it is.
    description: Option<String>,
    /// Whether only `regplan output NAME --format raw` (or `json`) shows it. A value that comes from a secret must be
    /// sensitive.
    #[serde(default)]
    sensitive: bool,
}

/// How a block wants its resources to be treated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lifecycle")]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
pub(super) struct LifecycleTable {
    /// Deleting or replacing needs consent by name.
    #[serde(default)]
    protect: bool,
    /// What exists already may be taken over, with the fields of the managers that made it.
    #[serde(default)]
    adopt: bool,
    /// Fields that are left to others: `spec.replicas`, in a larger block
    /// `Deployment/registry:spec.replicas`; list items as the plan prints them
    /// (`containers[registry].image`). Such a field is sent when what holds it is made, and from then on
    /// neither compared nor owned. One that is ours is handed over, and keeps its value.
    #[serde(default)]
    ignore_changes: Vec<String>,
    /// Addresses whose change replaces the block's resources.
    #[serde(default)]
    replace_triggered_by: Vec<String>,
    /// How long things may take.
    timeouts: Option<TimeoutsTable>,
    /// When a resource counts as ready, where the kind's own rule does not do. In a larger block a table says it
    /// for single objects: `{ "Service/web" = "written", "Deployment/web" = { condition = "Available" } }`.
    ready: Option<ReadyKey>,
}

/// How long things may take, as `90s`, `10m` or `1h30m`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Timeouts")]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
pub(super) struct TimeoutsTable {
    /// From the write until the resource is ready.
    ready: Option<String>,
    /// From the delete until the resource is gone.
    delete: Option<String>,
}

/// When resources count as ready.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ReadyKey")]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
pub(super) enum ReadyKey {
    /// One rule for the block.
    Block(ReadyTable),
    /// A rule for each object, by kind and name as in its address.
    #[schemars(schema_with = "by_object")]
    Objects(BTreeMap<String, ReadyTable>),
}

fn by_object(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "patternProperties": { "^[^/]+/.+$": generator.subschema_for::<ReadyTable>() },
        "additionalProperties": false,
    })
}

/// When a resource counts as ready.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Ready")]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
pub(super) enum ReadyTable {
    /// `"written"`: as soon as it is written.
    Word(ReadyWord),
    /// When `status.conditions` has this type with this status.
    Condition(ReadyCondition),
    /// When the field exists and is not empty.
    Field(ReadyField),
}

/// A rule that is one word.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReadyWord {
    /// As soon as it is written.
    Written,
}

/// When `status.conditions` has this type with this status.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
pub(super) struct ReadyCondition {
    /// The condition's type, such as `Ready`.
    condition: String,
    /// The status that it must have: `True` unless said otherwise.
    status: Option<String>,
}

/// When the field exists and is not empty.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read from the tree, where every value knows its place")]
pub(super) struct ReadyField {
    /// The field, as `status.loadBalancer.ingress`.
    field: String,
}

fn dns_label(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": DNS_LABEL,
        "maxLength": 63,
        "x-rule": DNS_LABEL_RULE,
    })
}

fn bucket_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^[A-Za-z0-9][-A-Za-z0-9._]*$",
        "x-rule": "letters, digits, `-`, `.` and `_`, the first one a letter or digit",
    })
}
