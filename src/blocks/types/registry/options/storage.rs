//! The keys that say where images are stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{HOST, OBJECT_NAME, OBJECT_NAME_RULE};
use crate::config::{SecretSource, object_prefix_schema, store_endpoint_schema};

/// More than nothing. A number of bytes without a unit is one of an existing claim, which is no small one: `8` alone is a unit
/// that was forgotten.
const AMOUNT: &str =
    r"^(([0-9]*[1-9][0-9]*(\.[0-9]+)?|0+\.[0-9]*[1-9][0-9]*)([KMGTPE]i|[kMGTPE])|[1-9][0-9]{6,})$";
const AMOUNT_RULE: &str = "a number of bytes with a unit, as in `50Gi`";
const BUCKET_RULE: &str = "3 to 63 lower-case letters, digits, `-` and `.`, and each part between two dots begins and ends with a letter or a digit";
const REGION: &str = "^[A-Za-z0-9][-A-Za-z0-9_.]*$";
const REGION_RULE: &str = "the name of a region, as in `eu-central-1`";

/// Where images are stored: exactly one of these keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::blocks::types::registry) struct Storage {
    /// A volume of the cluster.
    pub(in crate::blocks::types::registry) volume: Option<Volume>,
    /// A bucket of an object store.
    pub(in crate::blocks::types::registry) s3: Option<Bucket>,
}

/// A bucket of an object store that speaks the language of S3. It must be there: the registry does not make it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the keys are those of the file")]
pub(in crate::blocks::types::registry) struct Bucket {
    /// The name of the bucket.
    #[schemars(length(min = 3, max = 63), regex(pattern = HOST), extend("x-rule" = BUCKET_RULE))]
    pub(in crate::blocks::types::registry) bucket: String,
    /// The region of the bucket. Default at a store that is not Amazon's: `us-east-1`, which most of them take.
    #[schemars(regex(pattern = REGION), extend("x-rule" = REGION_RULE))]
    pub(in crate::blocks::types::registry) region: Option<String>,
    /// The URL of a store that is not Amazon's: `https://fra1.digitaloceanspaces.com`, without the bucket.
    #[serde(default)]
    #[schemars(
        schema_with = "store_endpoint_schema",
        extend("x-login" = "the keys are `access_key` and `secret_key`")
    )]
    pub(in crate::blocks::types::registry) endpoint: Option<String>,
    /// What the names of all objects begin with. Registries that share a bucket need one each. Default: nothing.
    #[serde(default)]
    #[schemars(schema_with = "object_prefix_schema")]
    pub(in crate::blocks::types::registry) prefix: Option<String>,
    /// Whether the bucket's name stands in the path of a request, not in its host. Default: so it does with `endpoint`.
    pub(in crate::blocks::types::registry) path_style: Option<bool>,
    /// The access key, with `secret_key`. Both are kept in the Secret `NAME-s3`, and a change of them restarts the pods. Without
    /// them the pods use the role that Amazon gives to their node, or with version 3 of the registry that of their service account.
    pub(in crate::blocks::types::registry) access_key: Option<SecretSource>,
    /// The secret key, with `access_key`.
    pub(in crate::blocks::types::registry) secret_key: Option<SecretSource>,
    /// Whether whoever pulls is sent on to the store, and gets images from there. Then every node and every client must reach
    /// the store, under the name in `endpoint`. Otherwise images go through the registry, and nobody else needs the store.
    #[serde(default)]
    pub(in crate::blocks::types::registry) redirect: bool,
    /// Whether the store is asked to encrypt what it keeps, with keys of its own (AES-256).
    #[serde(default)]
    pub(in crate::blocks::types::registry) encrypt: bool,
}

/// A volume of the cluster. It outlives the registry: deleting its claim needs consent by name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::blocks::types::registry) struct Volume {
    /// How large it is: `50Gi`. Where the storage class allows it, it may grow later, never shrink.
    #[schemars(regex(pattern = AMOUNT), extend("x-rule" = AMOUNT_RULE))]
    pub(in crate::blocks::types::registry) size: String,
    /// The storage class. Default: the cluster's default class.
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(in crate::blocks::types::registry) class: Option<String>,
    /// Who may mount it at the same time: one node, many nodes, one pod. Unless it is `ReadWriteMany`, an
    /// update stops the old pod before it starts the new one.
    #[serde(default)]
    pub(in crate::blocks::types::registry) access_mode: AccessMode,
}

/// Who may mount a volume at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(in crate::blocks::types::registry) enum AccessMode {
    /// One node.
    #[default]
    #[serde(rename = "ReadWriteOnce")]
    OneNode,
    /// Many nodes. The storage class must support it.
    #[serde(rename = "ReadWriteMany")]
    ManyNodes,
    /// One pod.
    #[serde(rename = "ReadWriteOncePod")]
    OnePod,
}

impl AccessMode {
    pub(in crate::blocks::types::registry) fn name(self) -> &'static str {
        match self {
            Self::OneNode => "ReadWriteOnce",
            Self::ManyNodes => "ReadWriteMany",
            Self::OnePod => "ReadWriteOncePod",
        }
    }
}
