//! `DigitalOcean`. Source: <https://docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records>

use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::{Added, Api, Listed, value_of};
use crate::config::SecretSource;
use crate::provider::dns::keeper::Fault;
use crate::resource::Problem;
use crate::resource::record_set::{RecordValue, domain_name};

/// Where the API is.
const URL: &str = "https://api.digitalocean.com";
/// How many records a page has.
const PAGE: u32 = 200;
/// The name of the zone itself.
const APEX: &str = "@";

/// What a `spec` says of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::dns) struct Settings {
    /// Where the token comes from.
    pub(in crate::provider::dns) token: Option<SecretSource>,
    /// Another place of the API.
    pub(in crate::provider::dns) url: Option<String>,
    /// The servers that answer for the zone, where the service's own word for it is not taken.
    #[serde(default)]
    pub(in crate::provider::dns) name_servers: Vec<String>,
}

/// `DigitalOcean`, with the right to write domains.
pub(in crate::provider::dns) struct DigitalOcean(Client);

impl DigitalOcean {
    /// With this token, or why there is none. A request takes `limit` at most, where that is shorter than usual.
    ///
    /// # Errors
    /// This machine cannot make connections.
    pub(in crate::provider::dns) fn new(
        settings: &Settings,
        token: Result<String, Problem>,
        limit: Option<Duration>,
    ) -> Result<Self, Problem> {
        let url = settings.url.as_deref().unwrap_or(URL);
        Ok(Self(Client::new("DigitalOcean", url, token, limit, words)?))
    }

    /// The records of a zone that this filter lets through.
    async fn records(&self, zone: &str, filter: &str) -> Result<Vec<Value>, Problem> {
        let mut all = Vec::new();
        let mut page = 1;
        loop {
            let path = format!("{}?{filter}&page={page}&per_page={PAGE}", path(zone));
            let found = self.0.get(&path).await?;
            all.extend(found["domain_records"].as_array().cloned().unwrap_or_default());
            if found["links"]["pages"]["next"].is_null() {
                return Ok(all);
            }
            page += 1;
        }
    }

    async fn delete(&self, zone: &str, listed: &Listed) -> Result<(), Fault> {
        let path = format!("{}/{}", path(zone), listed.id);
        self.0.change(Method::DELETE, &path, None).await.map(drop)
    }

    async fn add(&self, zone: &str, added: &Added) -> Result<(), Fault> {
        let data = match &added.value {
            RecordValue::Cname(name) => format!("{name}."),
            other => other.to_string(),
        };
        let body = json!({
            "type": added.value.record_type().name(), "name": relative(&added.name, zone), "data": data,
            "ttl": added.ttl,
        });
        self.0.change(Method::POST, &path(zone), Some(&body)).await.map(drop)
    }
}

/// `The resource you were accessing could not be found. (not_found)`.
fn words(body: &Value) -> Option<String> {
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    Some(format!("{} ({})", text("message")?, text("id")?))
}

fn path(zone: &str) -> String {
    format!("/v2/domains/{}/records", encoded(zone))
}

/// The filter for one name.
fn named(name: &str) -> String {
    format!("name={}", encoded(name))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The name as it is seen from its zone.
fn relative<'n>(name: &'n str, zone: &str) -> &'n str {
    name.strip_suffix(zone).map_or(name, |before| before.strip_suffix('.').unwrap_or(APEX))
}

/// The whole name.
fn whole(name: &str, zone: &str) -> Option<String> {
    let whole = if name == APEX { zone.to_owned() } else { format!("{name}.{zone}") };
    domain_name(&whole).ok()
}

fn listed(record: &Value, zone: &str) -> Option<Listed> {
    let text = |key: &str| record.get(key).and_then(Value::as_str);
    let record_type = text("type")?.to_owned();
    let data = text("data").map(|data| if data == APEX { zone } else { data });
    Some(Listed {
        id: record.get("id")?.to_string(),
        name: whole(text("name")?, zone)?,
        value: value_of(&record_type, data?),
        record_type,
        ttl: record.get("ttl").and_then(Value::as_u64).and_then(|ttl| u32::try_from(ttl).ok())?,
        proxied: false,
    })
}

/// One request of a change.
enum Step<'c> {
    Add(&'c Added),
    Delete(&'c Listed),
}

/// The requests of a change, in their order. An address is added before another one goes, so that the name is never without; an
/// alias can stand beside nothing, so that the name is without records for a moment. The marker is the first to come and the
/// last to go.
fn steps<'c>(deleted: &'c [Listed], added: &'c [Added]) -> Vec<Step<'c>> {
    let is_marker = |name: &str| name.starts_with("_regplan");
    let is_alias = |value: Option<&RecordValue>| matches!(value, Some(RecordValue::Cname(_)));
    let takes_alias = added.iter().any(|added| is_alias(Some(&added.value)))
        || deleted.iter().any(|listed| is_alias(listed.value.as_ref()));
    let (new_markers, new): (Vec<_>, Vec<_>) = added.iter().partition(|added| is_marker(&added.name));
    let (old_markers, old): (Vec<_>, Vec<_>) = deleted.iter().partition(|listed| is_marker(&listed.name));
    let (new, old) = (new.into_iter().map(Step::Add), old.into_iter().map(Step::Delete));
    let records: Vec<Step<'_>> =
        if takes_alias { old.chain(new).collect() } else { new.chain(old).collect() };
    let begin = new_markers.into_iter().map(Step::Add);
    begin.chain(records).chain(old_markers.into_iter().map(Step::Delete)).collect()
}

#[async_trait]
impl Api for DigitalOcean {
    fn ready(&self) -> Result<(), Problem> {
        self.0.ready()
    }

    async fn list(&self, zone: &str, name: &str) -> Result<Vec<Listed>, Problem> {
        let found = self.records(zone, &named(name)).await?;
        let listed = found.iter().filter_map(|record| listed(record, zone));
        Ok(listed.filter(|listed| listed.name == name).collect())
    }

    fn goes_by_steps(&self) -> bool {
        true
    }

    async fn texts(&self, zone: &str) -> Result<Vec<Listed>, Problem> {
        let found = self.records(zone, "type=TXT").await?;
        Ok(found.iter().filter_map(|record| listed(record, zone)).collect())
    }

    /// Record by record. What fails after the first one leaves a part done.
    async fn change(&self, zone: &str, deleted: &[Listed], added: &[Added]) -> Result<(), Fault> {
        let mut is_begun = false;
        for step in steps(deleted, added) {
            let done = match step {
                Step::Add(added) => self.add(zone, added).await,
                Step::Delete(listed) => self.delete(zone, listed).await,
            };
            done.map_err(|fault| match fault {
                Fault::NotDone(problem) if is_begun => Fault::Lost(problem),
                fault => fault,
            })?;
            is_begun = true;
        }
        Ok(())
    }

    async fn servers(&self, zone: &str) -> Result<Vec<String>, Problem> {
        let found = self.records(zone, &named(zone)).await?;
        let servers = found.iter().filter(|record| record["type"].as_str() == Some("NS"));
        Ok(servers.filter_map(|record| record["data"].as_str()).map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_their_zone() {
        assert_eq!(relative("a.b.example.com", "example.com"), "a.b");
        assert_eq!(relative("example.com", "example.com"), "@");
        assert_eq!(whole("@", "example.com").as_deref(), Some("example.com"));
        assert_eq!(whole("a.b", "example.com").as_deref(), Some("a.b.example.com"));
        let record = json!({"id": 7, "type": "CNAME", "name": "a", "data": "@", "ttl": 60});
        assert_eq!(
            listed(&record, "example.com").unwrap().value,
            Some(RecordValue::Cname("example.com".into()))
        );
    }

    #[test]
    fn a_type_that_is_not_written_here_has_no_value() {
        assert_eq!(value_of("MX", "mail.example.com"), None);
        assert_eq!(value_of("TXT", "\"a\""), Some(RecordValue::Txt("a".into())));
    }
}
