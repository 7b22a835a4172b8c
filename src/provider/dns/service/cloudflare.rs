//! Cloudflare. Source: <https://developers.cloudflare.com/api/resources/dns/subresources/records/>

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::client::Client;
use super::{Added, Api, Listed, quoted, value_of};
use crate::config::SecretSource;
use crate::provider::dns::keeper::Fault;
use crate::resource::record_set::{RecordValue, domain_name};
use crate::resource::{Problem, ProblemKind};

/// Where the API is.
const URL: &str = "https://api.cloudflare.com/client/v4";
/// How many records a page has.
const PAGE: u32 = 100;

/// What a `spec` says of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider::dns) struct Settings {
    /// Where the token comes from.
    pub(in crate::provider::dns) api_token: Option<SecretSource>,
    /// Another place of the API.
    pub(in crate::provider::dns) url: Option<String>,
    /// The servers that answer for the zone, where the service's own word for it is not taken.
    #[serde(default)]
    pub(in crate::provider::dns) name_servers: Vec<String>,
}

/// The zones that a run has asked for, by the place of the API and their names: they stay the same as long as it goes on.
#[derive(Debug, Default)]
pub(in crate::provider::dns) struct Zones(Mutex<HashMap<(String, String), Value>>);

/// Cloudflare, with the right to edit a zone.
pub(in crate::provider::dns) struct Cloudflare {
    client: Client,
    url: String,
    zones: Arc<Zones>,
}

impl Cloudflare {
    /// With this token, or why there is none. A request takes `limit` at most, where that is shorter than usual.
    ///
    /// # Errors
    /// This machine cannot make connections.
    pub(in crate::provider::dns) fn new(
        settings: &Settings,
        token: Result<String, Problem>,
        limit: Option<Duration>,
        zones: Arc<Zones>,
    ) -> Result<Self, Problem> {
        let url = settings.url.as_deref().unwrap_or(URL).to_owned();
        Ok(Self { client: Client::new("Cloudflare", &url, token, limit, words)?, url, zones })
    }

    /// What the service says of a zone. Whoever comes second waits for the answer to the first.
    async fn zone(&self, zone: &str) -> Result<Value, Problem> {
        // Without a token nobody is told what others have found out.
        self.client.ready()?;
        let mut known = self.zones.0.lock().await;
        let key = (self.url.clone(), zone.to_owned());
        if let Some(found) = known.get(&key) {
            return Ok(found.clone());
        }
        let found = self.ask_for_zone(zone).await?;
        known.insert(key, found.clone());
        Ok(found)
    }

    async fn ask_for_zone(&self, zone: &str) -> Result<Value, Problem> {
        let found = self.client.get(&format!("/zones?name={}", encoded(zone))).await?;
        let zones = found.get("result").and_then(Value::as_array).cloned().unwrap_or_default();
        zones.into_iter().find(|found| found["name"].as_str() == Some(zone)).ok_or_else(|| {
            Problem::new(
                ProblemKind::Settings,
                format!("Cloudflare has no zone {zone} that the token may see"),
            )
            .help("check `zone`, and give the token `Zone.Zone:Read` and `Zone.DNS:Edit` for it")
        })
    }

    async fn zone_id(&self, zone: &str) -> Result<String, Problem> {
        let found = self.zone(zone).await?;
        Ok(found["id"].as_str().unwrap_or_default().to_owned())
    }

    /// The records of a zone that this filter lets through.
    async fn records(&self, zone: &str, filter: &str) -> Result<Vec<Listed>, Problem> {
        let id = self.zone_id(zone).await?;
        let mut all = Vec::new();
        let mut page = 1;
        loop {
            let path = format!("/zones/{id}/dns_records?{filter}&page={page}&per_page={PAGE}");
            let found = self.client.get(&path).await?;
            all.extend(found["result"].as_array().into_iter().flatten().filter_map(listed));
            if found["result_info"]["total_pages"].as_u64().unwrap_or(1) <= page {
                return Ok(all);
            }
            page += 1;
        }
    }
}

/// `Record already exists. (81057)`.
fn words(body: &Value) -> Option<String> {
    let errors = body.get("errors")?.as_array()?.iter();
    let said =
        errors.map(|error| format!("{} ({})", error["message"].as_str().unwrap_or_default(), error["code"]));
    Some(said.collect::<Vec<_>>().join(", ")).filter(|words| !words.is_empty())
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn listed(record: &Value) -> Option<Listed> {
    let text = |key: &str| record.get(key).and_then(Value::as_str);
    let record_type = text("type")?.to_owned();
    Some(Listed {
        id: text("id")?.to_owned(),
        name: domain_name(text("name")?).ok()?,
        value: value_of(&record_type, text("content")?),
        record_type,
        ttl: record.get("ttl").and_then(Value::as_u64).and_then(|ttl| u32::try_from(ttl).ok())?,
        proxied: record.get("proxied").and_then(Value::as_bool).unwrap_or_default(),
    })
}

fn body(added: &Added) -> Value {
    let record_type = added.value.record_type();
    let content = match &added.value {
        RecordValue::Txt(text) => quoted(text),
        other => other.to_string(),
    };
    let mut body =
        json!({"type": record_type.name(), "name": added.name, "content": content, "ttl": added.ttl});
    if !matches!(added.value, RecordValue::Txt(_)) {
        body["proxied"] = Value::Bool(false);
    }
    body
}

#[async_trait]
impl Api for Cloudflare {
    fn ready(&self) -> Result<(), Problem> {
        self.client.ready()
    }

    async fn list(&self, zone: &str, name: &str) -> Result<Vec<Listed>, Problem> {
        let mut all = self.records(zone, &format!("name.exact={}", encoded(name))).await?;
        all.retain(|listed| listed.name == name);
        Ok(all)
    }

    async fn texts(&self, zone: &str) -> Result<Vec<Listed>, Problem> {
        self.records(zone, "type=TXT").await
    }

    /// In one step: the deletions are done first.
    async fn change(&self, zone: &str, deleted: &[Listed], added: &[Added]) -> Result<(), Fault> {
        let id = self.zone_id(zone).await.map_err(Fault::NotDone)?;
        let deletes: Vec<Value> = deleted.iter().map(|listed| json!({"id": listed.id})).collect();
        let posts: Vec<Value> = added.iter().map(body).collect();
        let batch = json!({"deletes": deletes, "posts": posts});
        self.client.change(Method::POST, &format!("/zones/{id}/dns_records/batch"), Some(&batch)).await?;
        Ok(())
    }

    async fn servers(&self, zone: &str) -> Result<Vec<String>, Problem> {
        let found = self.zone(zone).await?;
        let servers = found["name_servers"].as_array().into_iter().flatten();
        Ok(servers.filter_map(Value::as_str).map(str::to_owned).collect())
    }
}
