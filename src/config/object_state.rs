//! A state in an object store, as `[state]` says it.

use std::time::Duration;

use schemars::{Schema, SchemaGenerator, json_schema};

use super::encryption::Encryption;

/// Where in an object store a state is, and how it is locked. Credentials are not in it: they come from the environment
/// and from the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectState {
    /// Which store.
    pub store: ObjectStoreKind,
    /// The bucket; of Azure the container.
    pub bucket: String,
    /// What the names of all objects begin with: the project's name unless said otherwise.
    pub prefix: String,
    /// For how long a lock is held without a sign of life.
    pub lock_duration: Duration,
    /// How secret values are kept; `None` where they are not.
    pub encryption: Option<Encryption>,
}

/// Which object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectStoreKind {
    /// S3, or a store that speaks its language.
    S3 {
        /// The region; that of the environment where it is `None`.
        region: Option<String>,
        /// The URL of a store that is not Amazon's.
        endpoint: Option<String>,
        /// Whether the bucket's name stands in the path, not in the host.
        path_style: bool,
    },
    /// Google Cloud Storage.
    Gcs {
        /// The URL of another place of it.
        endpoint: Option<String>,
    },
    /// Azure Blob Storage.
    Azblob {
        /// The storage account.
        account: String,
        /// The URL of another place of it, without the account.
        endpoint: Option<String>,
        /// Whether the account's name stands in the path, not in the host.
        path_style: bool,
    },
}

impl ObjectState {
    /// The store and its bucket in messages: `s3://bucket`.
    pub fn place(&self) -> String {
        match &self.store {
            ObjectStoreKind::S3 { .. } => format!("s3://{}", self.bucket),
            ObjectStoreKind::Gcs { .. } => format!("gs://{}", self.bucket),
            ObjectStoreKind::Azblob { account, .. } => format!("azblob://{account}/{}", self.bucket),
        }
    }
}

/// The schema of what the names of objects begin with.
pub fn object_prefix_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^[-A-Za-z0-9_.=]*[-A-Za-z0-9_=][-A-Za-z0-9_.=]*(/[-A-Za-z0-9_.=]*[-A-Za-z0-9_=][-A-Za-z0-9_.=]*)*$",
        "x-rule": "names of letters, digits, `-`, `_`, `.` and `=`, with a `/` between two of them",
    })
}

/// The schema of the URL of a store.
pub fn store_endpoint_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^https?://[^/]+/?$",
        "x-rule": "a URL without a path: `https://minio.example.com:9000`",
        "x-url": true,
    })
}
