//! The keys of an issuer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::blocks::tsig::TsigAlgorithm;
use crate::config::{SecretSource, path_schema};

/// What a name must be that Kubernetes takes as a DNS label.
const DNS_LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
const DNS_LABEL_RULE: &str = "at most 63 lower-case letters, digits and `-`, neither first nor last a `-`";
/// What the name of an object must be.
const OBJECT_NAME: &str = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
const OBJECT_NAME_RULE: &str = "lower-case letters, digits, `-` and `.`, at both ends a letter or a digit";

/// Who signs certificates: an `Issuer` or a `ClusterIssuer` of cert-manager, which must be in the cluster, or come
/// with a chart of this configuration. A registry names it by `tls.issuer`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Issuer")]
pub(in crate::blocks) struct IssuerKeys {
    /// Whether it signs for all namespaces, or for its own alone.
    #[serde(default)]
    pub(super) scope: Scope,
    /// The name of the object. Default: the name of the block.
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(super) name: Option<String>,
    /// `scope = "namespace"`: its namespace. Default: `[cluster] namespace`.
    #[schemars(length(max = 63), regex(pattern = DNS_LABEL), extend("x-rule" = DNS_LABEL_RULE))]
    pub(super) namespace: Option<String>,
    /// `scope = "cluster"`: the namespace of cert-manager, in which such an issuer looks for Secrets.
    #[serde(default = "cert_manager")]
    #[schemars(length(max = 63), regex(pattern = DNS_LABEL), extend("x-rule" = DNS_LABEL_RULE))]
    pub(super) cert_manager_namespace: String,
    /// An ACME server, such as Let's Encrypt.
    pub(super) acme: Option<Acme>,
    /// An authority of one's own, for networks that Let's Encrypt cannot see.
    pub(super) ca: Option<Authority>,
    /// Whether each certificate signs itself. Nothing trusts such a one by itself.
    #[serde(default)]
    pub(super) self_signed: bool,
}

fn cert_manager() -> String {
    "cert-manager".to_owned()
}

/// For which namespaces an issuer signs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scope {
    /// For all.
    #[default]
    Cluster,
    /// For its own.
    Namespace,
}

/// An ACME server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acme {
    /// The server: `letsencrypt`, `letsencrypt-staging` (for trials: nothing trusts its certificates, and its limits
    /// are generous), or the URL of another one's directory.
    #[schemars(
        regex(pattern = "^(letsencrypt|letsencrypt-staging|https://.+)$"),
        extend("x-rule" = "`letsencrypt`, `letsencrypt-staging`, or the URL of a directory (`https://…`)", "x-url" = true)
    )]
    pub(super) server: String,
    /// Where the server writes to when something is wrong with a certificate.
    #[schemars(regex(pattern = "^[^@ ]+@[^@ ]+$"), extend("x-rule" = "an address, as in `ops@example.com`"))]
    pub(super) email: Option<String>,
    /// A file with the certificates (PEM) by which a server of one's own is trusted.
    #[serde(default)]
    #[schemars(schema_with = "optional_path")]
    pub(super) ca_bundle: Option<PathBuf>,
    /// The Secret in which cert-manager keeps the key of the account. Default: one for each server, so that no key is used at
    /// two of them. It is `NAME-account` for Let's Encrypt, `NAME-staging-account` for its staging (`NAME-account-staging`
    /// where the block has a `name`), and `NAME-account-…` with an ending from the URL for any other server. Whoever changes
    /// it begins with a new account.
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(super) account_key: Option<String>,
    /// A name is proved by an answer at port 80, which the server asks for.
    pub(super) http01: Option<Http01>,
    /// A name is proved by a DNS record. The only way to certificates for `*.example.com`, and for names that the
    /// server cannot reach.
    pub(super) dns01: Option<Dns01>,
}

/// Who answers at port 80.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Http01 {
    /// The ingress class: `nginx`. Without `class` and `gateway` the answer goes to every controller.
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(super) class: Option<String>,
    /// A Gateway, as `NAME` or `NAMESPACE/NAME`, with a listener for plain HTTP.
    #[schemars(
        regex(pattern = "^([a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"),
        extend("x-rule" = "`NAME` or `NAMESPACE/NAME`")
    )]
    pub(super) gateway: Option<String>,
}

/// Who keeps the DNS zone. One of the providers must be named.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Dns01 {
    /// The zones for which this way is taken: `example.com`. Needed beside `http01`, which then proves all other names.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(super) zones: Vec<String>,
    /// A name server that takes updates with a key (TSIG), such as BIND.
    pub(super) rfc2136: Option<Rfc2136>,
    /// Cloudflare.
    pub(super) cloudflare: Option<Cloudflare>,
    /// DNS at `DigitalOcean`.
    pub(super) digitalocean: Option<DigitalOcean>,
    /// Amazon Route 53.
    pub(super) route53: Option<Route53>,
    /// Azure DNS.
    pub(super) azure: Option<Azure>,
    /// Google Cloud DNS.
    pub(super) google: Option<Google>,
    /// A webhook of cert-manager for another provider, which must be in the cluster.
    pub(super) webhook: Option<Webhook>,
}

/// A name server that takes updates with a key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rfc2136 {
    /// The server, with a port if it is not 53: `192.0.2.53:5353`.
    #[schemars(length(min = 1))]
    pub(super) server: String,
    /// The name of the key.
    #[schemars(length(min = 1))]
    pub(super) key_name: String,
    /// How the key signs.
    #[serde(default)]
    pub(super) algorithm: TsigAlgorithm,
    /// The key, in base64, as it stands in the server's configuration.
    pub(super) key: SecretSource,
}

/// Cloudflare.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Cloudflare {
    /// A token that may edit the zone (`Zone.DNS:Edit`, `Zone.Zone:Read`).
    pub(super) api_token: SecretSource,
}

/// DNS at `DigitalOcean`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DigitalOcean {
    /// A token that may write domains.
    pub(super) token: SecretSource,
}

/// Amazon Route 53. Without keys, the rights come from the account of cert-manager's pods.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Route53 {
    /// The region.
    #[schemars(length(min = 1))]
    pub(super) region: String,
    /// The id of the zone; found by the name unless said.
    pub(super) hosted_zone_id: Option<String>,
    /// A role that is taken.
    pub(super) role: Option<String>,
    /// The id of the access key.
    pub(super) access_key_id: Option<String>,
    /// The access key.
    pub(super) secret_access_key: Option<SecretSource>,
}

/// Azure DNS. Without `client_secret`, the rights come from the identity of cert-manager's pods.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Azure {
    /// The subscription of the zone.
    #[schemars(length(min = 1))]
    pub(super) subscription_id: String,
    /// Its resource group.
    #[schemars(length(min = 1))]
    pub(super) resource_group: String,
    /// The zone.
    pub(super) zone: Option<String>,
    /// The tenant.
    pub(super) tenant_id: Option<String>,
    /// The id of the application.
    pub(super) client_id: Option<String>,
    /// The password of the application.
    pub(super) client_secret: Option<SecretSource>,
}

/// Google Cloud DNS. Without `service_account`, the rights come from the account of cert-manager's pods.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Google {
    /// The project of the zone.
    #[schemars(length(min = 1))]
    pub(super) project: String,
    /// The key of a service account, as JSON.
    pub(super) service_account: Option<SecretSource>,
}

/// A webhook of cert-manager.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Webhook {
    /// The API group of the webhook.
    #[schemars(length(min = 1))]
    pub(super) group: String,
    /// Its name for the provider.
    #[schemars(length(min = 1))]
    pub(super) solver: String,
    /// What it wants to know beside.
    #[serde(default)]
    #[schemars(schema_with = "any_table")]
    pub(super) config: BTreeMap<String, Value>,
}

/// An authority of one's own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Authority {
    /// A Secret (type `kubernetes.io/tls`) with the authority's certificate and key, in the namespace in which the issuer
    /// looks for Secrets. Without it cert-manager makes an authority and keeps it in the Secret `NAME-root`: machines
    /// that pull have to trust its certificate.
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(super) secret: Option<String>,
    /// The name in the certificate of an authority that is made here.
    #[schemars(length(min = 1, max = 64))]
    pub(super) common_name: Option<String>,
    /// How long an authority that is made here is valid, in hours and minutes; ten years unless said.
    #[schemars(
        regex(pattern = "^[0-9]+h([0-9]+m)?$"),
        extend("x-rule" = "hours and minutes, as in `8760h`")
    )]
    pub(super) duration: Option<String>,
}

/// A table with any content.
fn any_table(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": true })
}

/// A path that need not be there.
fn optional_path(generator: &mut SchemaGenerator) -> Schema {
    path_schema(generator)
}
