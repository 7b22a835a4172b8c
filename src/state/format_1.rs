//! Reads states and revisions of format 1. A journal needs no reader of its own: its lines have only gained
//! fields since.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::format::Content;
use super::model::State;
use super::old_logins;
use super::revision::{HeadOnly, Revision, RevisionHead};
use super::stored_desired::StoredDesired;
use super::version::StateVersion;
use crate::resource::{Address, FieldPath, from_json};

impl Content for State {
    fn from_format_1(file: &[u8]) -> serde_json::Result<Self> {
        state(from_json(file)?)
    }

    fn in_todays_form(mut self) -> Self {
        old_logins::leave_state(&mut self);
        self
    }
}

impl Content for Revision {
    fn from_format_1(file: &[u8]) -> serde_json::Result<Self> {
        let RevisionOfFormat1 { head, state: then, desired, mut withheld, .. } = from_json(file)?;
        let desired = desired.into_iter().map(|(address, object)| {
            let withheld = withheld.remove(&address).unwrap_or_default();
            (address, StoredDesired::from_object(object, withheld))
        });
        Ok(Self { head, state: state(then)?, desired: desired.collect() })
    }

    fn in_todays_form(mut self) -> Self {
        old_logins::leave_revision(&mut self);
        self
    }
}

impl Content for StateVersion {
    fn from_format_1(file: &[u8]) -> serde_json::Result<Self> {
        from_json(file)
    }
}

impl Content for HeadOnly {
    fn from_format_1(file: &[u8]) -> serde_json::Result<Self> {
        from_json(file)
    }
}

/// A revision, as format 1 laid it out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevisionOfFormat1 {
    #[serde(rename = "format_version")]
    _format_version: u32,
    head: RevisionHead,
    state: Value,
    #[serde(default)]
    desired: BTreeMap<Address, Value>,
    #[serde(default)]
    withheld: BTreeMap<Address, Vec<FieldPath>>,
}

/// In format 1 the version of the format was one of the state's own fields.
fn state(mut file: Value) -> serde_json::Result<State> {
    if let Value::Object(fields) = &mut file {
        fields.remove("format_version");
    }
    serde_json::from_value(file)
}

#[cfg(test)]
mod tests;
