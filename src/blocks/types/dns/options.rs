//! The keys of a record set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::blocks::tsig::TsigAlgorithm;
use crate::config::SecretSource;

/// What a name of DNS looks like; how long its parts may be is checked by itself.
const NAME: &str =
    r"^(\*\.)?([A-Za-z0-9_]([-A-Za-z0-9_]*[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([-A-Za-z0-9_]*[A-Za-z0-9_])?\.?$";
const NAME_RULE: &str = "a name of DNS, as in `registry.example.com`; other letters than ASCII as `xn--…`";

/// The records of a name in DNS: where it leads to, or its texts. One of `values` and `target` says what they are, and
/// one of the providers where they are written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Dns")]
pub(in crate::blocks) struct DnsKeys {
    /// The whole name: `registry.example.com`. Without a name the block is the zone alone, in which a registry that names
    /// the block (`dns = "dns.main"`) makes its record; `target` then says where that leads, if not to where the registry
    /// is reached.
    #[schemars(length(max = 253), regex(pattern = NAME), extend("x-rule" = NAME_RULE))]
    pub(super) name: Option<String>,
    /// The zone in which the name lies: `example.com`.
    #[schemars(length(max = 253), regex(pattern = NAME), extend("x-rule" = NAME_RULE))]
    pub(super) zone: String,
    /// The type of the records. Unless said, it follows from the values: A and AAAA for addresses, CNAME for a name.
    #[serde(default, rename = "type")]
    pub(super) record_type: TypeKey,
    /// For how long others may remember the records, in seconds.
    #[serde(default = "usual_ttl")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub(super) ttl: u32,
    /// The values: addresses, one name, or texts.
    #[schemars(length(min = 1))]
    pub(super) values: Option<Vec<String>>,
    /// What the name leads to: the part of a status that has addresses, as in
    /// `"${resource.balancer.status.loadBalancer.ingress}"`, or one of them. Addresses of both families are taken, or else
    /// the name that stands there. `"nodes"` are the addresses of the cluster's nodes, for a cluster without load balancers.
    #[schemars(length(min = 1))]
    pub(super) target: Option<String>,
    /// A name server that takes updates with a key (TSIG), such as BIND.
    pub(super) rfc2136: Option<Rfc2136>,
    /// Cloudflare. Its records are not proxied: a layer of an image may have more than the 100 MB that it lets through.
    pub(super) cloudflare: Option<Cloudflare>,
    /// DNS at `DigitalOcean`.
    pub(super) digitalocean: Option<DigitalOcean>,
    /// external-dns, which must run in the cluster: it makes the records that an object asks for.
    pub(super) external_dns: Option<ExternalDns>,
    /// A person: the plan says which record to make, and the apply waits until it is there.
    pub(super) manual: Option<Manual>,
}

/// A zone, and how the record of one host is made in it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::blocks) struct ZoneKeys {
    /// The zone in which the host lies: `example.com`.
    #[schemars(length(max = 253), regex(pattern = NAME), extend("x-rule" = NAME_RULE))]
    pub(super) zone: String,
    /// The type of the records. Unless said, it follows from where they lead: A and AAAA for addresses, CNAME for a name.
    #[serde(default, rename = "type")]
    pub(super) record_type: TypeKey,
    /// For how long others may remember the records, in seconds.
    #[serde(default = "usual_ttl")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub(super) ttl: u32,
    /// Where the host leads, if not to the ingress controller: an address, a name, the part of a status that has addresses,
    /// or `"nodes"` for the nodes of the cluster.
    #[schemars(length(min = 1))]
    pub(super) target: Option<String>,
    /// A name server that takes updates with a key (TSIG), such as BIND.
    pub(super) rfc2136: Option<Rfc2136>,
    /// Cloudflare.
    pub(super) cloudflare: Option<Cloudflare>,
    /// DNS at `DigitalOcean`.
    pub(super) digitalocean: Option<DigitalOcean>,
    /// external-dns, which must run in the cluster.
    pub(super) external_dns: Option<ExternalDns>,
    /// A person: the plan says which record to make, and the apply waits until it is there.
    pub(super) manual: Option<Manual>,
}

/// The zone alone, as a block of its own has it.
impl From<ZoneKeys> for DnsKeys {
    fn from(keys: ZoneKeys) -> Self {
        let ZoneKeys {
            zone,
            record_type,
            ttl,
            target,
            rfc2136,
            cloudflare,
            digitalocean,
            external_dns,
            manual,
        } = keys;
        Self {
            name: None,
            zone,
            record_type,
            ttl,
            values: None,
            target,
            rfc2136,
            cloudflare,
            digitalocean,
            external_dns,
            manual,
        }
    }
}

fn usual_ttl() -> u32 {
    300
}

/// The type of the records of a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) enum TypeKey {
    /// By what the values are.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    #[serde(rename = "AAAA")]
    Aaaa,
    /// Another name.
    #[serde(rename = "CNAME")]
    Cname,
    /// Texts.
    #[serde(rename = "TXT")]
    Txt,
}

/// Cloudflare.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Cloudflare {
    /// A token that may edit the zone (`Zone.DNS:Edit`, `Zone.Zone:Read`).
    pub(super) api_token: SecretSource,
    /// Another place of the API.
    #[schemars(
        regex(pattern = "^https?://"),
        extend("x-rule" = "a URL", "x-url" = true, "x-login" = "the key is `api_token`")
    )]
    pub(super) url: Option<String>,
    /// The servers that must answer with a change before it counts as done, with their ports. Unless said, those that the
    /// service names for the zone.
    #[serde(default)]
    pub(super) name_servers: Vec<String>,
}

/// external-dns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExternalDns {
    /// How it learns of the records.
    #[serde(default)]
    pub(super) by: AskedBy,
    /// `by = "endpoint"`: the namespace of the object. Default: `[cluster] namespace`; for the record of a registry, that
    /// of the registry.
    #[schemars(length(max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"), extend("x-rule" = "the name of a namespace"))]
    pub(super) namespace: Option<String>,
    /// `by = "endpoint"`: the servers that must answer with the records before they count as done, with their ports. Unless
    /// said, those that the resolver of this machine knows for the zone.
    #[serde(default)]
    pub(super) name_servers: Vec<String>,
}

/// How external-dns learns of the records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AskedBy {
    /// By a `DNSEndpoint`; it must watch these (`--source=crd`).
    #[default]
    Endpoint,
    /// By annotations of what lets requests in (Ingress, route, Service) to a registry that names the block.
    Annotations,
}

/// A person.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Manual {
    /// The servers that are asked whether the record is there, with their ports. Unless said, those that the NS records of
    /// the zone name.
    #[serde(default)]
    pub(super) name_servers: Vec<String>,
}

/// DNS at `DigitalOcean`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DigitalOcean {
    /// A token that may read and write domains.
    pub(super) token: SecretSource,
    /// Another place of the API.
    #[schemars(
        regex(pattern = "^https?://"),
        extend("x-rule" = "a URL", "x-url" = true, "x-login" = "the key is `token`")
    )]
    pub(super) url: Option<String>,
    /// The servers that must answer with a change before it counts as done, with their ports. Unless said, those that the
    /// service names for the zone.
    #[serde(default)]
    pub(super) name_servers: Vec<String>,
}

/// A name server that takes updates with a key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rfc2136 {
    /// The primary server of the zone, with a port if it is not 53: `192.0.2.53:5353`. It is asked by TCP.
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
    /// The servers that must answer with a change before it counts as done, with their ports. Unless said, those that the
    /// NS records of the zone name.
    #[serde(default)]
    pub(super) name_servers: Vec<String>,
}
