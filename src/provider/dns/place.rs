//! Where a record set lies: what its `spec` says beside its records.

use serde::Deserialize;
use serde_json::Value;

use super::rfc2136;

/// Where a record set lies, and how it is written there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    /// The zone.
    pub(super) zone: String,
    /// A name server that takes updates.
    pub(super) rfc2136: Option<rfc2136::Settings>,
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
        self.rfc2136.as_ref().map_or("nobody", |settings| settings.server.as_str())
    }
}
