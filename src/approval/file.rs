//! The plan file: what it holds, and whether it still holds that.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::binding::Binding;
use super::preconditions::Preconditions;
use super::snapshot::PlanSnapshot;
use crate::plan::{Action, Change, Plan};
use crate::resource::{Address, FieldPath, Key, digest};

/// The version of the file's format. It moves with every change of what is in it, since whoever applies a
/// file must understand all of it.
pub const PLAN_FILE_FORMAT: u32 = 1;

/// What keeps the seal of a whole file apart from those of its parts.
const PURPOSE: &str = "plan file";

/// A plan that was kept, to be approved and applied. It holds no secret value, and no digest of one that
/// could be guessed at without the key, which stays with the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    format_version: u32,
    /// When the plan was made.
    pub made: Timestamp,
    /// What the whole plan is bound to.
    pub preconditions: Preconditions,
    /// What each change is bound by.
    pub(super) bindings: BTreeMap<Address, Binding>,
    snapshot: PlanSnapshot,
    /// Where in the configuration the keys stand that the plan names: file and line (from 1).
    pub places: BTreeMap<String, (String, usize)>,
    /// The digest of all of the above: the file's name in the history.
    digest: String,
    /// The digest, sealed: only who has the state's key can write a file that is applied.
    seal: String,
}

/// Why a file is no plan file that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is none, or a part of one.
    #[error("it is no plan file: {0}")]
    Unreadable(String),
    /// Another version of the format.
    #[error("its format has version {found}, and this regplan knows version {PLAN_FILE_FORMAT}")]
    Format {
        /// Which one.
        found: u64,
    },
    /// It does not say any more what it said when it was written.
    #[error("it was changed since it was written")]
    Changed,
}

impl PlanFile {
    /// Keeps a plan.
    pub fn new(
        plan: &Plan,
        preconditions: Preconditions,
        places: BTreeMap<String, (String, usize)>,
        key: &Key,
    ) -> Self {
        let bound = plan.changes.iter().filter(|change| is_bound(change));
        let mut file = Self {
            format_version: PLAN_FILE_FORMAT,
            made: Timestamp::now(),
            preconditions,
            bindings: bound.map(|change| (change.address.clone(), Binding::of(change, key))).collect(),
            snapshot: PlanSnapshot::of(plan),
            places,
            digest: String::new(),
            seal: String::new(),
        };
        file.digest = file.content_digest();
        file.seal = key.seal(PURPOSE, &file.digest);
        file
    }

    /// The digest by which the history knows it.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether it was written by somebody who has the state's key, and is as it was then.
    pub fn is_sealed_by(&self, key: &Key) -> bool {
        self.seal == key.seal(PURPOSE, &self.digest)
    }

    /// The plan, for showing alone.
    pub fn plan(&self) -> Plan {
        let Preconditions { project, lineage, serial, cluster, .. } = &self.preconditions;
        self.snapshot.plan(project, lineage, *serial, cluster)
    }

    /// The fields that could not be checked when the plan was made.
    pub fn unchecked(&self) -> impl Iterator<Item = (&Address, &FieldPath, &str)> {
        self.snapshot.unchecked()
    }

    /// As text.
    ///
    /// # Errors
    /// None that is known: everything in it can be written as JSON.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Reads it, and makes sure that it is whole. Whether it is genuine is for
    /// [`is_sealed_by`](Self::is_sealed_by) to say.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_text(text: &str) -> Result<Self, Damage> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| Damage::Unreadable(error.to_string()))?;
        let found = value.get("format_version").and_then(Value::as_u64);
        match found {
            Some(version) if version == u64::from(PLAN_FILE_FORMAT) && value.get("seal").is_some() => {}
            Some(found) if value.get("seal").is_some() => return Err(Damage::Format { found }),
            _ => return Err(Damage::Unreadable("it has no format version and no seal".to_owned())),
        }
        let file: Self =
            serde_json::from_value(value).map_err(|error| Damage::Unreadable(error.to_string()))?;
        if file.digest == file.content_digest() { Ok(file) } else { Err(Damage::Changed) }
    }

    /// The digest that a file with this content would have, whatever it says of it itself. Anybody can compute
    /// it: it tells files apart and finds damage; the seal is what cannot be forged.
    ///
    /// # Errors
    /// Where it is no plan file.
    pub fn digest_of_text(text: &str) -> Result<String, Damage> {
        let file: Self = serde_json::from_str(text).map_err(|error| Damage::Unreadable(error.to_string()))?;
        Ok(file.content_digest())
    }

    fn content_digest(&self) -> String {
        let blank = Self { digest: String::new(), seal: String::new(), ..self.clone() };
        // What cannot be written has no digest that a file could have.
        serde_json::to_string(&blank).map(|text| digest(&text)).unwrap_or_default()
    }
}

/// Whether an approval is about this change: it does something, be it to our memory alone.
pub(super) fn is_bound(change: &Change) -> bool {
    change.action.writes() || change.action == Action::Forget || change.moved_from.is_some()
}
