//! Where the records are written, and with which key.

use std::path::Path;

use serde_json::{Value, json};

use super::options::DnsKeys;
use crate::config::SecretSource;

/// The way in which the house of record sets gets the records into DNS.
pub(super) struct Way<'k> {
    /// Its key in the block, and its field in the object.
    pub(super) name: &'static str,
    /// Who keeps the zone, for readers of a plan.
    pub(super) place: &'k str,
    /// The key with which the records are written.
    pub(super) secret: Option<WaySecret<'k>>,
    /// What else the object says.
    rest: Value,
}

/// Where the key comes from with which the records are written. Only that gets into an object, and never the key.
pub(super) struct WaySecret<'k> {
    pub(super) source: &'k SecretSource,
    /// Where that stands in the block.
    pub(super) keys: [&'static str; 2],
    /// Where it stands in the object, below the name of the way.
    pub(super) field: &'static str,
}

impl DnsKeys {
    /// The names of the ways that are given.
    pub(super) fn given_ways(&self) -> Vec<&'static str> {
        let all = [
            ("rfc2136", self.rfc2136.is_some()),
            ("cloudflare", self.cloudflare.is_some()),
            ("digitalocean", self.digitalocean.is_some()),
            ("external_dns", self.external_dns.is_some()),
            ("manual", self.manual.is_some()),
        ];
        all.into_iter().filter_map(|(name, is_given)| is_given.then_some(name)).collect()
    }

    /// The way of the house, if one is given.
    pub(super) fn way(&self) -> Option<Way<'_>> {
        let server = self.rfc2136.as_ref().map(|server| {
            let rest = json!({
                "server": server.server, "keyName": server.key_name, "algorithm": server.algorithm,
            });
            Way {
                name: "rfc2136",
                place: &server.server,
                secret: Some(WaySecret { source: &server.key, keys: ["rfc2136", "key"], field: "key" }),
                rest: with_servers(rest, &server.name_servers),
            }
        });
        let cloudflare = self.cloudflare.as_ref().map(|cloudflare| Way {
            name: "cloudflare",
            place: "Cloudflare",
            secret: Some(WaySecret {
                source: &cloudflare.api_token,
                keys: ["cloudflare", "api_token"],
                field: "apiToken",
            }),
            rest: with_servers(at(cloudflare.url.as_deref()), &cloudflare.name_servers),
        });
        let digitalocean = self.digitalocean.as_ref().map(|digitalocean| Way {
            name: "digitalocean",
            place: "DigitalOcean",
            secret: Some(WaySecret {
                source: &digitalocean.token,
                keys: ["digitalocean", "token"],
                field: "token",
            }),
            rest: with_servers(at(digitalocean.url.as_deref()), &digitalocean.name_servers),
        });
        let manual = self.manual.as_ref().map(|manual| Way {
            name: "manual",
            place: "by hand",
            secret: None,
            rest: with_servers(json!({}), &manual.name_servers),
        });
        server.or(cloudflare).or(digitalocean).or(manual)
    }
}

fn at(url: Option<&str>) -> Value {
    url.map_or_else(|| json!({}), |url| json!({"url": url}))
}

fn with_servers(mut settings: Value, servers: &[String]) -> Value {
    if !servers.is_empty() {
        settings["nameServers"] = json!(servers);
    }
    settings
}

impl Way<'_> {
    /// What the object says of it. The path of a file starts at this folder, which may be another one elsewhere.
    pub(super) fn settings(&self, folder: &Path) -> Value {
        let mut settings = self.rest.clone();
        if let Some(secret) = &self.secret {
            settings[secret.field] = match secret.source {
                SecretSource::File(path) => json!({"file": path.strip_prefix(folder).unwrap_or(path)}),
                other => json!(other),
            };
        }
        settings
    }
}
