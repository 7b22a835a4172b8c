//! Records that a person makes: nothing is sent, and the servers of the zone are asked whether they are there.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::content::{Content, NamedText, Names, Record};
use super::keeper::{Behind, Fault, Keeper, OtherTypes};
use super::object;
use super::rfc2136::{behind_of, found_at, servers_of};
use crate::resource::record_set::RecordValue;
use crate::resource::{Identity, Problem};

/// Of the marker: nobody makes it, so that nothing tells one record from another one.
const UID: &str = "by hand";
/// For how long a person is waited for.
const PATIENCE: Duration = Duration::from_hours(1);

/// What becomes of records that a person has to make.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ManualRecords {
    /// They are waited for.
    #[default]
    Await,
    /// The rest goes on without them.
    Leave,
}

/// What a `spec` says of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settings {
    /// The servers that answer for the zone, where the resolver of this machine does not tell.
    #[serde(default)]
    name_servers: Vec<String>,
}

/// A person.
pub(super) struct Person {
    settings: Settings,
    /// What the person was asked for; `None` before anybody asked.
    asked: Option<Content>,
    manual: ManualRecords,
}

impl Person {
    /// One who was asked for this object, if for any.
    pub(super) fn new(
        settings: Settings,
        identity: &Identity,
        asked: Option<&Value>,
        manual: ManualRecords,
    ) -> Self {
        let asked = asked.and_then(|object| object::content(identity, object, UID.to_owned()).ok());
        Self { settings, asked, manual }
    }

    /// What the servers say. Nobody is asked to change the time to live alone, so it is the one that was asked for.
    async fn found(&self, names: &Names, asked: &Content) -> Result<Content, Problem> {
        let ttl = asked.records.first().map_or(0, |record| record.ttl);
        let values = found_at(&self.servers(&names.zone).await?, names).await?;
        let records = values.into_iter().map(|value| Record { value, ttl, proxied: false });
        Ok(Content { records: records.collect(), marker: asked.marker.clone() })
    }

    async fn servers(&self, zone: &str) -> Result<Vec<String>, Problem> {
        servers_of(&self.settings.name_servers, zone).await
    }
}

/// The records, as files of zones have them.
fn lines(names: &Names, content: &Content) -> String {
    let lines = content.records.iter().map(|Record { value, ttl, .. }| {
        let dot = if matches!(value, RecordValue::Cname(_)) { "." } else { "" };
        format!("{}. {ttl} IN {} {value}{dot}", names.name, value.record_type())
    });
    lines.collect::<Vec<_>>().join("; ")
}

#[async_trait]
impl Keeper for Person {
    /// What the servers say. The marker stands in the state alone. Where they cannot be asked, and nobody is to be waited
    /// for, the person has done what was asked for: there is nothing that we could do instead.
    async fn read(&self, names: &Names) -> Result<Content, Problem> {
        let Some(asked) = &self.asked else { return Ok(Content::default()) };
        match (self.found(names, asked).await, self.manual) {
            (Err(_), ManualRecords::Leave) => Ok(asked.clone()),
            (Err(problem), ManualRecords::Await) => Err(problem.help(
                "check the address, and that TCP to its port is let through; `apply` and `destroy` go on without an \
                 answer with `--skip-manual`",
            )),
            (found, _) => found,
        }
    }

    async fn others(&self, _: &Names) -> Result<OtherTypes, Problem> {
        Ok(Vec::new())
    }

    /// Nothing marks what a person makes.
    async fn texts(&self, _: &str) -> Result<Vec<NamedText>, Problem> {
        Ok(Vec::new())
    }

    async fn try_write(&self, _: &Names, _: &Content) -> Result<(), Problem> {
        Ok(())
    }

    async fn write(&self, _: &Names, _: &Content, _: &Content) -> Result<(), Fault> {
        Ok(())
    }

    /// The person needs some time.
    async fn confirm(&self, _: &Names, _: &Content) -> Result<(), Problem> {
        Ok(())
    }

    fn new_uid(&self) -> String {
        UID.to_owned()
    }

    fn to_do(&self, names: &Names, after: &Content) -> Option<String> {
        Some(format!("make this by hand: {}", lines(names, after)))
    }

    fn before_delete(&self, names: &Names) -> Result<Option<String>, Problem> {
        let asked = self.asked.as_ref().filter(|asked| !asked.records.is_empty());
        Ok(asked.map(|asked| format!("take this away by hand: {}", lines(names, asked))))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn goes_on_without(&self) -> bool {
        self.manual == ManualRecords::Leave
    }

    async fn behind(&self, names: &Names, values: &[RecordValue]) -> Result<Vec<Behind>, Problem> {
        match self.manual {
            ManualRecords::Await => Ok(behind_of(&self.servers(&names.zone).await?, names, values).await),
            ManualRecords::Leave => Ok(Vec::new()),
        }
    }
}
