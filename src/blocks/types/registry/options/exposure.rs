//! The keys that say how the registry is reached from outside the cluster.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LABEL, LABEL_RULE, OBJECT_NAME, OBJECT_NAME_RULE};
use crate::blocks::block_type::BlockRef;
use crate::blocks::ingress_controllers::Controller;
use crate::blocks::types::issuer::IssuerBlock;

/// How the registry is reached from outside the cluster.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::blocks::types::registry) struct Ingress {
    /// The ingress class: `nginx`. Default: the cluster's default class.
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(in crate::blocks::types::registry) class: Option<String>,
    /// Which controller serves the class, and so which annotations carry `body_size` and `timeouts`. Default: the one of
    /// which the class tells. Where that cannot be read, or is not known, the one that the class is named after (`contour`,
    /// `traefik`, `haproxy`, and every class with `nginx` in its name is that of ingress-nginx), ingress-nginx without a
    /// class, and none for any other class.
    pub(in crate::blocks::types::registry) controller: Option<Controller>,
    /// How large the body of a request may be, in nginx's notation (`512m`, `2g`); `0` is without limit.
    /// An image layer is one body.
    #[serde(default = "no_limit")]
    #[schemars(
        regex(pattern = "^[0-9]+[kKmMgG]?$"),
        extend("x-rule" = "a whole number with `k`, `m`, `g` or nothing, as in `512m`")
    )]
    pub(in crate::blocks::types::registry) body_size: String,
    /// How long the controller waits for the registry.
    #[serde(default)]
    pub(in crate::blocks::types::registry) timeouts: IngressTimeouts,
    /// Annotations of the Ingress, by key. They win over those that regplan sets.
    #[serde(default)]
    pub(in crate::blocks::types::registry) annotations: BTreeMap<String, String>,
}

fn no_limit() -> String {
    "0".to_owned()
}

/// How long the ingress controller waits for the registry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Timeouts")]
pub(in crate::blocks::types::registry) struct IngressTimeouts {
    /// Between two reads from the registry, in seconds.
    #[serde(default = "quarter_of_an_hour")]
    #[schemars(range(min = 1, max = 86400))]
    pub(in crate::blocks::types::registry) read: u32,
    /// Between two writes to the registry, in seconds.
    #[serde(default = "quarter_of_an_hour")]
    #[schemars(range(min = 1, max = 86400))]
    pub(in crate::blocks::types::registry) send: u32,
}

fn quarter_of_an_hour() -> u32 {
    900
}

impl Default for IngressTimeouts {
    fn default() -> Self {
        Self { read: quarter_of_an_hour(), send: quarter_of_an_hour() }
    }
}

/// A route of the Gateway API that leads to the registry. It has no time limit, so that a long push is not ended.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::blocks::types::registry) struct Gateway {
    /// The class of a Gateway that is made for this registry. Without it, `name` says which Gateway is used that is there.
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(in crate::blocks::types::registry) class: Option<String>,
    /// With `class`: the ports of its listeners. Default: 80 and 443. Traefik takes those of its entry points alone, which are 8000 and
    /// 8443 in its chart; clients reach it at 443 all the same.
    pub(in crate::blocks::types::registry) ports: Option<GatewayPorts>,
    /// The Gateway's name. Default with `class`: that of the other objects.
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(in crate::blocks::types::registry) name: Option<String>,
    /// The Gateway's namespace. Default: that of the registry.
    #[schemars(length(max = 63), regex(pattern = LABEL), extend("x-rule" = LABEL_RULE))]
    pub(in crate::blocks::types::registry) namespace: Option<String>,
    /// Without `class`: the listener through which the registry is reached. It ends TLS with a certificate of its own, unless
    /// everybody may use the registry. Default: `https`.
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(in crate::blocks::types::registry) listener: Option<String>,
    /// Without `class`: the listener for plain HTTP whose requests are sent on to HTTPS. Default: none.
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(in crate::blocks::types::registry) redirect_from: Option<String>,
    /// With `class`: annotations of the Gateway, by key.
    #[serde(default)]
    pub(in crate::blocks::types::registry) annotations: BTreeMap<String, String>,
}

/// The ports of the listeners of a Gateway that is made.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::blocks::types::registry) struct GatewayPorts {
    /// For plain HTTP, which is sent on to HTTPS where there is `tls`.
    #[schemars(range(min = 1, max = 65535))]
    pub(in crate::blocks::types::registry) http: u16,
    /// For HTTPS.
    #[schemars(range(min = 1, max = 65535))]
    pub(in crate::blocks::types::registry) https: u16,
}

impl Default for GatewayPorts {
    fn default() -> Self {
        Self { http: 80, https: 443 }
    }
}

impl Gateway {
    /// The listener of a Gateway that is there.
    pub(in crate::blocks::types::registry) fn listener(&self) -> &str {
        self.listener.as_deref().unwrap_or("https")
    }
}

/// A load balancer before the pods, which end TLS themselves.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::blocks::types::registry) struct LoadBalancer {
    /// The class of load balancers. It cannot change afterwards. Default: the cluster's default class.
    #[schemars(length(min = 1))]
    pub(in crate::blocks::types::registry) class: Option<String>,
    /// Who may come in: ranges of addresses, as in `10.0.0.0/8`. Default: everybody.
    #[serde(default)]
    pub(in crate::blocks::types::registry) source_ranges: Vec<String>,
    /// Annotations of the Service, by key: what the cloud is told.
    #[serde(default)]
    pub(in crate::blocks::types::registry) annotations: BTreeMap<String, String>,
}

/// A port of every node. The pods end TLS themselves.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::blocks::types::registry) struct NodePort {
    /// The port, out of `range`. Default: a free one, which the server chooses.
    #[schemars(range(min = 1, max = 65535))]
    pub(in crate::blocks::types::registry) port: Option<u16>,
    /// The ports that the cluster gives to Services: `--service-node-port-range` of its API server, as in `30000-32767`, which is
    /// the default.
    #[schemars(regex(pattern = PORT_RANGE), extend("x-rule" = PORT_RANGE_RULE))]
    pub(in crate::blocks::types::registry) range: Option<String>,
    /// Annotations of the Service, by key.
    #[serde(default)]
    pub(in crate::blocks::types::registry) annotations: BTreeMap<String, String>,
}

const PORT_RANGE: &str = "^[1-9][0-9]{0,4}-[1-9][0-9]{0,4}$";
const PORT_RANGE_RULE: &str = "the first port, `-` and the last one, as in `30000-32767`";

impl NodePort {
    /// The usual range.
    /// Source: `--service-node-port-range` in <https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/>
    const USUAL: RangeInclusive<u16> = 30000..=32767;

    /// The ports that the cluster gives to Services; `None` where what the block says of them is no range.
    pub(in crate::blocks::types::registry) fn range(&self) -> Option<RangeInclusive<u16>> {
        let Some(text) = &self.range else { return Some(Self::USUAL) };
        let (first, last) = text.split_once('-')?;
        let range = first.parse().ok()?..=last.parse().ok()?;
        (!range.is_empty()).then_some(range)
    }
}

/// Encryption between clients and the registry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::blocks::types::registry) struct Tls {
    /// The Secret with certificate and key (type `kubernetes.io/tls`), in the registry's namespace: one that is there, or
    /// with `issuer` the one in which its certificate is kept (`NAME-tls` unless said).
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(in crate::blocks::types::registry) secret: Option<String>,
    /// Who signs the certificate: `issuer.letsencrypt`. Without it the Secret is somebody else's.
    pub(in crate::blocks::types::registry) issuer: Option<BlockRef<IssuerBlock>>,
    /// `issuer`: further names in the certificate.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(in crate::blocks::types::registry) names: Vec<String>,
    /// `issuer`: for how long a certificate is asked for, in hours and minutes (`2160h`). What the issuer gives decides: Let's
    /// Encrypt has times of its own.
    #[schemars(regex(pattern = HOURS), extend("x-rule" = HOURS_RULE))]
    pub(in crate::blocks::types::registry) duration: Option<String>,
    /// `issuer`: how long before its end a certificate is renewed, in hours and minutes; a third of its time unless said.
    #[schemars(regex(pattern = HOURS), extend("x-rule" = HOURS_RULE))]
    pub(in crate::blocks::types::registry) renew_before: Option<String>,
    /// `issuer`: whether a renewed certificate gets a new key.
    #[serde(default)]
    pub(in crate::blocks::types::registry) key_rotation: KeyRotation,
}

/// Whether a renewed certificate gets a new key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::blocks::types::registry) enum KeyRotation {
    /// It does.
    #[default]
    Always,
    /// It keeps its key, for clients that pin it.
    Never,
}

/// How a time of a certificate is written.
const HOURS: &str = "^[0-9]+h([0-9]+m)?$";
const HOURS_RULE: &str = "hours and minutes, as in `2160h`";
