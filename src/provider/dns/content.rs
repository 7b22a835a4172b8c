//! What stands in DNS at the two names of a record set: its own, and that of its marker.

use std::collections::BTreeSet;

use super::marker::Marker;
use crate::resource::record_set::{RecordType, RecordValue, marker_name};
use crate::resource::{Identity, digest};

/// The names of a record set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    /// The zone.
    pub(super) zone: String,
    /// Its own name.
    pub(super) name: String,
    /// The name of its marker.
    pub(super) marker: String,
    /// The types that belong to it.
    pub(super) types: &'static [RecordType],
}

impl Names {
    /// Those of an object in this zone.
    pub(super) fn of(identity: &Identity, zone: &str) -> Self {
        Self {
            zone: zone.to_owned(),
            name: identity.name.clone(),
            marker: marker_name(&identity.kind, &identity.name),
            types: RecordType::of_kind(&identity.kind),
        }
    }
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    /// Its value.
    pub(super) value: RecordValue,
    /// For how long others may remember it, in seconds.
    pub(super) ttl: u32,
    /// Whether the keeper of the zone answers with addresses of its own, and passes requests on.
    pub(super) proxied: bool,
}

/// A text (TXT) and the name at which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedText {
    /// The name.
    pub(super) name: String,
    /// The text.
    pub(super) text: String,
}

/// What stands at the two names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Content {
    /// The records of the types that belong to the set.
    pub(super) records: BTreeSet<Record>,
    /// The texts at the name of the marker.
    pub(super) marker: BTreeSet<String>,
}

impl Content {
    /// Whether nothing stands there.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.marker.is_empty()
    }

    /// The values of the records.
    pub(super) fn values(&self) -> BTreeSet<&RecordValue> {
        self.records.iter().map(|record| &record.value).collect()
    }

    /// The types of the records.
    pub(super) fn types(&self) -> BTreeSet<RecordType> {
        self.records.iter().map(|record| record.value.record_type()).collect()
    }

    /// The records of a type.
    pub(super) fn of_type(&self, record_type: RecordType) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.value.record_type() == record_type)
    }

    /// Whether a name leads to another one.
    pub(super) fn is_alias(&self) -> bool {
        self.of_type(RecordType::Cname).next().is_some()
    }

    /// Whose it is, if it says so.
    pub(super) fn owner(&self) -> Option<Marker> {
        self.marker.iter().find_map(|text| Marker::read(text))
    }

    /// Another text whenever something of it is another one.
    pub(super) fn version(&self) -> String {
        let records = self.records.iter().map(|Record { value, ttl, proxied }| {
            let way = if *proxied { " proxied" } else { "" };
            format!("{} {ttl} {:?}{way}", value.record_type(), value.to_string())
        });
        let marker = self.marker.iter().map(|text| format!("marker {text:?}"));
        digest(&records.chain(marker).collect::<Vec<_>>().join("\n"))
    }
}
