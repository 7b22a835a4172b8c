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

    /// Whether texts stand at the name.
    pub(super) fn has_texts(&self) -> bool {
        self.of_type(RecordType::Txt).next().is_some()
    }

    /// Whose it is, if it says so.
    pub(super) fn owner(&self) -> Option<Marker> {
        self.marker.iter().find_map(|text| Marker::read(text))
    }

    /// Whether this stands there on the way from one content to another: all that both have, and nothing that neither has. It
    /// must still say that it is ours.
    pub(super) fn lies_between(&self, before: &Self, after: &Self) -> bool {
        let uids = [before, after].map(|content| content.owner().map(|marker| marker.uid));
        let is_ours = self.owner().is_some_and(|marker| uids.contains(&Some(marker.uid)));
        is_ours
            && is_between(&self.records, &before.records, &after.records)
            && is_between(&self.marker, &before.marker, &after.marker)
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

fn is_between<T: Ord>(found: &BTreeSet<T>, before: &BTreeSet<T>, after: &BTreeSet<T>) -> bool {
    found.iter().all(|one| before.contains(one) || after.contains(one))
        && before.intersection(after).all(|one| found.contains(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_a_change_lies_between_its_ends() {
        let marker = |uid: &str| format!("heritage=regplan,uid={uid}");
        let content = |marker: Option<String>, hosts: &[u8]| Content {
            records: hosts
                .iter()
                .map(|host| RecordValue::A([192, 0, 2, *host].into()))
                .map(|value| Record { value, ttl: 60, proxied: false })
                .collect(),
            marker: marker.into_iter().collect(),
        };
        let ours = || Some(marker("u"));
        let (before, after) = (content(ours(), &[1, 2]), content(ours(), &[2, 3]));
        for hosts in [&[1, 2, 3][..], &[2], &[1, 2], &[2, 3]] {
            assert!(content(ours(), hosts).lies_between(&before, &after), "{hosts:?}");
        }
        for hosts in [&[1, 3][..], &[2, 4], &[]] {
            assert!(!content(ours(), hosts).lies_between(&before, &after), "{hosts:?}");
        }
        assert!(!content(None, &[2]).lies_between(&before, &after), "the marker is gone");
        assert!(!content(Some(marker("x")), &[2]).lies_between(&before, &after), "it is another one's");
        let theirs = content(None, &[1]);
        assert!(content(ours(), &[1]).lies_between(&theirs, &content(ours(), &[2])), "taken over");
        assert!(content(ours(), &[]).lies_between(&before, &Content::default()), "it goes");
    }
}
