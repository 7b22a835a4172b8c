//! The keys of `[registry.NAME]`. Their documentation here is that of `docs/configuration.md`.

mod exposure;
mod storage;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::blocks::block_type::BlockRef;
use crate::blocks::types::dns::{DnsBlock, ZoneKeys};
use crate::config::SecretSource;
pub(super) use exposure::{Gateway, GatewayPorts, Ingress, KeyRotation, LoadBalancer, NodePort, Tls};
pub(super) use storage::{AccessMode, Bucket, Storage, Volume};

/// A private Docker registry: a Deployment of the distribution registry with its storage, users, Service
/// and Ingress.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Registry")]
pub(in crate::blocks) struct Options {
    /// The name under which the registry is reached, without scheme and port: `registry.example.com`.
    /// Docker uses it as the first part of an image's name.
    #[schemars(length(max = 253), regex(pattern = HOST), extend("x-rule" = HOST_RULE))]
    pub(super) host: String,
    /// The registry's image, with a tag, a digest or both: `registry:3.1.1`, `registry:3.1.1@sha256:…`.
    #[schemars(regex(pattern = r"^\S+$"), extend("x-rule" = "an image with a tag or a digest"))]
    pub(super) image: String,
    /// The major version of the registry, which decides where it looks for its configuration: 2 or 3.
    /// Default: what the image's tag says; 3 where it says nothing.
    #[schemars(range(min = 2, max = 3))]
    pub(super) version: Option<u8>,
    /// How many pods serve the registry. More than one needs a bucket (`storage.s3`), or a volume that many nodes can mount
    /// (`storage.volume.access_mode = "ReadWriteMany"`).
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1000))]
    pub(super) replicas: u32,
    /// The name of the objects. It must not change afterwards: that would make a new, empty registry.
    /// Default: `registry` for the block `registry.main`, and `registry-NAME` for every other, so that
    /// adding a block never renames the objects of another.
    #[schemars(length(max = 40), regex(pattern = NAME), extend("x-rule" = NAME_RULE))]
    pub(super) name: Option<String>,
    /// The namespace of the objects. It is made where it is missing. Default: `[cluster] namespace`, or
    /// `default` without one.
    #[schemars(length(max = 63), regex(pattern = LABEL), extend("x-rule" = LABEL_RULE))]
    pub(super) namespace: Option<String>,
    /// Where images are stored.
    pub(super) storage: Storage,
    /// Who may use the registry.
    #[serde(default)]
    pub(super) auth: Auth,
    /// What concerns the registry's own HTTP server.
    #[serde(default)]
    pub(super) http: Http,
    /// The registry is reached through an Ingress. Without this table and without `gateway`, `load_balancer` and
    /// `node_port` it is reached within the cluster alone.
    pub(super) ingress: Option<Ingress>,
    /// The registry is reached through a Gateway.
    pub(super) gateway: Option<Gateway>,
    /// The registry is reached through a load balancer of its own. Needs `tls`.
    pub(super) load_balancer: Option<LoadBalancer>,
    /// The registry is reached at a port of the nodes. Needs `tls`, unless everybody may use it.
    pub(super) node_port: Option<NodePort>,
    /// Encryption between clients and the registry.
    pub(super) tls: Option<Tls>,
    /// The record by which `host` is found: the address of a block (`"dns.main"`), or its keys here. A block that has a name
    /// must be that of `host`; one that says no name, but a zone and a provider, makes the record lead to where the registry
    /// is reached, and so do the keys here.
    pub(super) dns: Option<RecordKey>,
    /// What each pod asks for and may use.
    #[serde(default)]
    pub(super) resources: Resources,
    /// Labels, by key, for every object and for the pods.
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    /// Annotations, by key, for every object and for the pods. A change restarts the pods.
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
    /// Labels that a node must have to run a pod, by key.
    #[serde(default)]
    pub(super) node_selector: BTreeMap<String, String>,
}

/// Where the record of the host is made.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RecordKey {
    /// As this block says.
    Named(BlockRef<DnsBlock>),
    /// As these keys say: `{ zone = "example.com", cloudflare = { api_token = { env = "TOKEN" } } }`.
    Here(Box<ZoneKeys>),
}

fn one() -> u32 {
    1
}

const LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
const LABEL_RULE: &str = "at most 63 lower-case letters, digits and `-`, neither first nor last a `-`";
const NAME: &str = "^[a-z]([-a-z0-9]*[a-z0-9])?$";
const NAME_RULE: &str =
    "at most 40 lower-case letters, digits and `-`, beginning with a letter, not ending with a `-`";
const HOST: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const HOST_RULE: &str = "a domain name in lower case, without scheme, port and path";
const OBJECT_NAME: &str = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
const OBJECT_NAME_RULE: &str = "the name of a Kubernetes object";

/// Who may use the registry: exactly one of these keys.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    /// Users with the sources of their passwords: `alice = { env = "ALICE_PASSWORD" }`. Each may pull,
    /// push and delete. The passwords are stored as bcrypt hashes; a hash that still fits its password is kept.
    /// A generated password stands in the Secret `NAME-users`.
    #[serde(default)]
    pub(super) users: BTreeMap<String, SecretSource>,
    /// An htpasswd file with bcrypt hashes (`htpasswd -B`). A relative path starts at the folder of the
    /// file that names it.
    #[schemars(extend("x-path" = true))]
    pub(super) htpasswd: Option<PathBuf>,
    /// Whether anybody who reaches the registry may pull, push and delete. A registry without users is
    /// refused unless this is true.
    #[serde(default)]
    pub(super) anonymous: bool,
}

/// The registry's own HTTP server.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    /// What uploads in progress are signed with; all pods share it. Default: a random text that is made
    /// once and kept in the Secret `NAME-http`.
    pub(super) secret: Option<SecretSource>,
}

/// What each pod asks for and may use.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resources {
    /// What a node must have to spare: `{ cpu = "100m", memory = "128Mi" }`.
    #[serde(default)]
    pub(super) requests: BTreeMap<String, String>,
    /// What a pod may use at most.
    #[serde(default)]
    pub(super) limits: BTreeMap<String, String>,
}
