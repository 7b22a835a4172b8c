//! A service that keeps zones, behind an API over HTTP.
//!
//! Such an API has no conditional writes: what stands there is read right before a write and again after it, and what
//! somebody else writes in between is not seen before the next plan.
//!
//! | File | The question that it answers |
//! |---|---|
//! | this one | How does a list of single records become a record set, and the other way round? |
//! | `client` | How is a request sent, repeated and refused? |
//! | `cloudflare`, `digitalocean` | Which requests does the service take? |

mod client;
mod cloudflare;
mod digitalocean;

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::content::{Content, NamedText, Names, Record};
use super::keeper::{Behind, Fault, Keeper, OtherTypes};
use super::rfc2136::behind_of;
use crate::resource::record_set::{RecordType, RecordValue};
use crate::resource::{Problem, ProblemKind};
pub(super) use cloudflare::{Cloudflare, Settings as CloudflareSettings, Zones};
pub(super) use digitalocean::{DigitalOcean, Settings as DigitalOceanSettings};

/// For how long others may remember a marker, in seconds.
const MARKER_TTL: u32 = 300;

/// A record as the service lists it.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// By which it is deleted.
    id: String,
    /// The whole name.
    name: String,
    /// The type, as zone files spell it.
    record_type: String,
    /// The value; `None` for a type that regplan does not write.
    value: Option<RecordValue>,
    ttl: u32,
    /// Whether the service answers in its place, and passes requests on.
    proxied: bool,
}

/// A record that is to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Added {
    name: String,
    value: RecordValue,
    ttl: u32,
}

/// What a service can do.
#[async_trait]
pub(super) trait Api: Send + Sync {
    /// Why nothing can be asked.
    fn ready(&self) -> Result<(), Problem>;

    /// All records with this name.
    async fn list(&self, zone: &str, name: &str) -> Result<Vec<Listed>, Problem>;

    /// All texts (TXT) of the zone.
    async fn texts(&self, zone: &str) -> Result<Vec<Listed>, Problem>;

    /// Whether a change has several steps.
    fn goes_by_steps(&self) -> bool {
        false
    }

    /// Deletes records, and adds others. Where that is not one step, what marks a set as ours is there as long as any of
    /// its records.
    async fn change(&self, zone: &str, deleted: &[Listed], added: &[Added]) -> Result<(), Fault>;

    /// The servers that answer for the zone.
    async fn servers(&self, zone: &str) -> Result<Vec<String>, Problem>;
}

/// A service as the keeper of a zone.
pub(super) struct Service<A> {
    api: A,
    /// The servers that are asked; where there are none, those that the service names.
    name_servers: Vec<String>,
}

impl<A: Api> Service<A> {
    /// A service whose changes count as done when these servers answer with them; without any, those that it names.
    pub(super) fn new(api: A, name_servers: Vec<String>) -> Self {
        Self { api, name_servers }
    }

    async fn servers(&self, zone: &str) -> Result<Vec<String>, Problem> {
        match self.name_servers.as_slice() {
            [] => self.api.servers(zone).await,
            named => Ok(named.to_vec()),
        }
    }

    async fn listed(&self, names: &Names) -> Result<Vec<Listed>, Problem> {
        let mut found = self.api.list(&names.zone, &names.name).await?;
        found.retain(|listed| names.types.iter().any(|own| own.name() == listed.record_type));
        let marker = self.api.list(&names.zone, &names.marker).await?;
        found.extend(marker.into_iter().filter(|listed| listed.record_type == RecordType::Txt.name()));
        Ok(found)
    }
}

fn content(listed: &[Listed], names: &Names) -> Content {
    let records = listed.iter().filter(|listed| listed.name == names.name).filter_map(|listed| {
        Some(Record { value: listed.value.clone()?, ttl: listed.ttl, proxied: listed.proxied })
    });
    let marker = listed.iter().filter(|listed| listed.name == names.marker);
    let marker = marker.filter_map(|listed| Some(listed.value.as_ref()?.to_string()));
    Content { records: records.collect(), marker: marker.collect() }
}

/// What is to be there, record by record.
fn wanted(content: &Content, names: &Names) -> Vec<Added> {
    let marker = content.marker.iter().map(|text| Added {
        name: names.marker.clone(),
        value: RecordValue::Txt(text.clone()),
        ttl: MARKER_TTL,
    });
    let records = content.records.iter().map(|record| Added {
        name: names.name.clone(),
        value: record.value.clone(),
        ttl: record.ttl,
    });
    marker.chain(records).collect()
}

fn is_as(listed: &Listed, added: &Added, names: &Names) -> bool {
    let is_same = listed.name == added.name && listed.value.as_ref() == Some(&added.value) && !listed.proxied;
    is_same && (listed.ttl == added.ttl || listed.name == names.marker)
}

#[async_trait]
impl<A: Api> Keeper for Service<A> {
    async fn read(&self, names: &Names) -> Result<Content, Problem> {
        Ok(content(&self.listed(names).await?, names))
    }

    async fn others(&self, names: &Names) -> Result<OtherTypes, Problem> {
        let all = self.api.list(&names.zone, &names.name).await?;
        let others = all.into_iter().map(|listed| listed.record_type);
        let others: BTreeSet<String> =
            others.filter(|found| !names.types.iter().any(|own| own.name() == found)).collect();
        Ok(others.into_iter().collect())
    }

    async fn texts(&self, zone: &str) -> Result<Vec<NamedText>, Problem> {
        let found = self.api.texts(zone).await?.into_iter();
        Ok(found
            .filter_map(|listed| match listed.value {
                Some(RecordValue::Txt(text)) => Some(NamedText { name: listed.name, text }),
                _ => None,
            })
            .collect())
    }

    async fn try_write(&self, _: &Names, _: &Content) -> Result<(), Problem> {
        self.api.ready()
    }

    async fn write(&self, names: &Names, before: &Content, after: &Content) -> Result<(), Fault> {
        let listed = self.listed(names).await.map_err(Fault::NotDone)?;
        if content(&listed, names) != *before {
            let message = format!("the records of {} are not as they were read", names.name);
            return Err(Fault::NotDone(Problem::new(ProblemKind::Conflict, message)));
        }
        let wanted = wanted(after, names);
        let deleted: Vec<Listed> = listed
            .iter()
            .filter(|listed| !wanted.iter().any(|added| is_as(listed, added, names)))
            .cloned()
            .collect();
        let added: Vec<Added> = wanted
            .iter()
            .filter(|added| !listed.iter().any(|listed| is_as(listed, added, names)))
            .cloned()
            .collect();
        self.api.change(&names.zone, &deleted, &added).await
    }

    fn goes_by_steps(&self) -> bool {
        self.api.goes_by_steps()
    }

    fn help_when_late(&self) -> &'static str {
        "look at the zone at the service; where its servers cannot be asked from here (TCP to port 53), name those that \
         can by `name_servers`, or do not wait for them: `lifecycle.ready = \"written\"`"
    }

    async fn behind(&self, names: &Names, values: &[RecordValue]) -> Result<Vec<Behind>, Problem> {
        Ok(behind_of(&self.servers(&names.zone).await?, names, values).await)
    }
}

/// The value of a record as a service spells it; `None` for a type that regplan does not write.
fn value_of(record_type: &str, text: &str) -> Option<RecordValue> {
    match RecordType::named(record_type)? {
        RecordType::Txt => Some(RecordValue::Txt(unquoted(text))),
        RecordType::A | RecordType::Aaaa | RecordType::Cname => {
            RecordValue::parse(crate::resource::record_set::RECORD_SET, text).ok()
        }
    }
}

/// A text without the quotes in which a service may keep its pieces: `"a" "b"` is `ab`.
fn unquoted(text: &str) -> String {
    let Some(inner) = text.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut whole = String::new();
    let mut letters = inner.split("\" \"").collect::<String>().chars().collect::<Vec<_>>().into_iter();
    while let Some(letter) = letters.next() {
        whole.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    whole
}

/// A text in quotes, in pieces of at most 255 bytes.
fn quoted(text: &str) -> String {
    let mut pieces = vec![String::new()];
    let mut length = 0;
    for letter in text.chars() {
        if length + letter.len_utf8() > 255 {
            pieces.push(String::new());
            length = 0;
        }
        length += letter.len_utf8();
        if let Some(piece) = pieces.last_mut() {
            if matches!(letter, '"' | '\\') {
                piece.push('\\');
            }
            piece.push(letter);
        }
    }
    let pieces: Vec<String> = pieces.into_iter().map(|piece| format!("\"{piece}\"")).collect();
    pieces.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Identity;

    #[test]
    fn a_text_is_read_as_it_was_written() {
        for text in ["v=1; a", "with \"quotes\" and \\", &"x".repeat(600), "é"] {
            assert_eq!(unquoted(&quoted(text)), *text);
        }
        assert_eq!(unquoted("plain"), "plain");
        assert_eq!(quoted(&"x".repeat(300)).matches('"').count(), 4);
    }

    /// A service with one record, which takes no change.
    struct Unchangeable(Listed);

    #[async_trait]
    impl Api for Unchangeable {
        fn ready(&self) -> Result<(), Problem> {
            Ok(())
        }

        async fn list(&self, _: &str, name: &str) -> Result<Vec<Listed>, Problem> {
            Ok([&self.0].into_iter().filter(|listed| listed.name == name).cloned().collect())
        }

        async fn texts(&self, _: &str) -> Result<Vec<Listed>, Problem> {
            Ok(Vec::new())
        }

        async fn change(&self, _: &str, _: &[Listed], _: &[Added]) -> Result<(), Fault> {
            panic!("nothing is to be changed")
        }

        async fn servers(&self, _: &str) -> Result<Vec<String>, Problem> {
            Ok(vec!["ns.of.the.service".to_owned()])
        }
    }

    fn record(text: &str) -> Listed {
        Listed {
            id: "1".into(),
            name: "r.example.com".into(),
            record_type: "A".into(),
            value: value_of("A", text),
            ttl: 60,
            proxied: false,
        }
    }

    #[tokio::test]
    async fn the_service_tells_its_servers_where_nobody_names_others() {
        let asked = async |named: &[&str]| {
            let named = named.iter().map(|name| (*name).to_owned()).collect();
            let service = Service::new(Unchangeable(record("192.0.2.9")), named);
            service.servers("example.com").await.unwrap()
        };
        assert_eq!(asked(&[]).await, ["ns.of.the.service"]);
        assert_eq!(asked(&["127.0.0.1:53"]).await, ["127.0.0.1:53"]);
    }

    #[tokio::test]
    async fn what_is_not_as_it_was_read_is_not_changed() {
        let names =
            Names::of(&Identity::cluster("dns.regplan.dev", "RecordSet", "r.example.com"), "example.com");
        let value = |text: &str| RecordValue::parse(crate::resource::record_set::RECORD_SET, text).unwrap();
        let content = |text: &str| {
            let record = Record { value: value(text), ttl: 60, proxied: false };
            Content { records: BTreeSet::from([record]), marker: BTreeSet::new() }
        };
        let service = Service::new(Unchangeable(record("192.0.2.9")), Vec::new());
        let refused = service.write(&names, &content("192.0.2.1"), &content("192.0.2.2")).await;
        assert!(matches!(refused, Err(Fault::NotDone(problem)) if problem.kind == ProblemKind::Conflict));
    }
}
