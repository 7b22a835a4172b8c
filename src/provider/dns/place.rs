//! Where a record set lies: what its `spec` says beside its records.

use serde::Deserialize;
use serde_json::Value;

use super::{manual, rfc2136, service};

/// Where a record set lies, and how it is written there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    /// The zone.
    pub(super) zone: String,
    /// A name server that takes updates.
    pub(super) rfc2136: Option<rfc2136::Settings>,
    /// Cloudflare.
    pub(super) cloudflare: Option<service::CloudflareSettings>,
    /// DNS at `DigitalOcean`.
    pub(super) digitalocean: Option<service::DigitalOceanSettings>,
    /// A person.
    pub(super) manual: Option<manual::Settings>,
}

impl Place {
    /// What this `spec` says; `None` where it says no place.
    pub(super) fn of(spec: &Value) -> Option<Self> {
        serde_json::from_value(spec.clone()).ok()
    }

    /// Whether both lead to the same records: how one gets in may differ.
    pub(super) fn is_same_home(&self, other: &Self) -> bool {
        self.zone == other.zone && self.server() == other.server()
    }

    /// Who keeps the zone.
    pub(super) fn server(&self) -> &str {
        if let Some(settings) = &self.rfc2136 {
            return &settings.server;
        }
        match (&self.cloudflare, &self.digitalocean) {
            (Some(settings), _) => settings.url.as_deref().unwrap_or("Cloudflare"),
            (None, Some(settings)) => settings.url.as_deref().unwrap_or("DigitalOcean"),
            (None, None) if self.manual.is_some() => "a person's place",
            (None, None) => "nobody",
        }
    }
}
