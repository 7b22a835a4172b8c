//! The plan file: its content, and how a changed or forged one is recognised.
//!
//! The content comes with three texts. The *digest* identifies the plan: it is made of the preconditions, the
//! bindings and the plan's own digest, and of no text that is worded for people. The *checksum* is that of
//! the content as it is in the file, and finds damage. The *seal* covers both, and can be made only with the
//! state's key.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::binding::Binding;
use super::preconditions::Preconditions;
use super::snapshot::PlanSnapshot;
use crate::plan::{Action, Change, Plan};
use crate::resource::{Address, FieldPath, Key, digest, from_json};

/// The version of the file's format. Every change of the format raises it, since whoever applies a file must
/// understand all of it. A file of another version is refused, and not converted: its approval is about what
/// that version compared, which another version cannot check. The user can plan again.
pub const PLAN_FILE_FORMAT: u32 = 2;

/// The purpose that is sealed with a whole file, so that no seal of a part can take its place.
const PURPOSE: &str = "plan file";

/// A plan in a file, to be approved and applied later. It holds no secret value. Digests of secrets are made
/// with the state's key, so that no guess can be checked against them without it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanFile {
    content: Content,
    digest: String,
    checksum: String,
    seal: String,
    /// The text of the whole file, as it was written.
    text: String,
}

/// The content of a plan file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    /// When the plan was made.
    made: Timestamp,
    /// What must be the same when the plan is applied.
    preconditions: Preconditions,
    /// The binding of each approved change.
    bindings: BTreeMap<Address, Binding>,
    /// The plan as it was shown to the user.
    snapshot: PlanSnapshot,
    /// The place in the configuration of each key that the plan names: file and line (from 1).
    places: BTreeMap<String, (String, usize)>,
}

/// A whole file: its content and the texts that come with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope<'a> {
    #[serde(rename = "format_version")]
    _format_version: u32,
    digest: String,
    checksum: String,
    seal: String,
    #[serde(borrow)]
    content: &'a RawValue,
}

/// The field that every version of the format has.
#[derive(Deserialize)]
struct Head<'a> {
    format_version: Option<u64>,
    #[serde(borrow)]
    seal: Option<&'a RawValue>,
}

/// By what a plan file of any version is told from other files.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(rename = "format_version")]
    _format_version: u64,
    #[serde(borrow, rename = "seal")]
    _seal: &'a RawValue,
    #[serde(borrow, rename = "content")]
    _content: &'a RawValue,
}

/// Why a file is no plan file that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is not a plan file, or only a part of one.
    #[error("it is not a plan file: {0}")]
    Unreadable(String),
    /// It has another version of the format.
    #[error("its format has version {found}, and this regplan knows version {PLAN_FILE_FORMAT}")]
    Format {
        /// Which one.
        found: u64,
    },
    /// Its content is not what was written.
    #[error("it was changed since it was written")]
    Changed,
}

impl PlanFile {
    /// Makes the file of a plan.
    ///
    /// # Errors
    /// None that is known: everything in it can be written as JSON.
    pub fn new(
        plan: &Plan,
        preconditions: Preconditions,
        places: BTreeMap<String, (String, usize)>,
        key: &Key,
    ) -> serde_json::Result<Self> {
        let bound = plan.changes.iter().filter(|change| is_bound(change));
        let content = Content {
            made: Timestamp::now(),
            preconditions,
            bindings: bound.map(|change| (change.address.clone(), Binding::of(change, key))).collect(),
            snapshot: PlanSnapshot::of(plan),
            places,
        };
        let content_text = serde_json::to_string_pretty(&content)?;
        let (plan_digest, checksum) = (content.digest(), digest(&content_text));
        let seal = sealed(key, &plan_digest, &checksum);
        let text = format!(
            "{{\n\"format_version\": {PLAN_FILE_FORMAT},\n\"digest\": \"{plan_digest}\",\n\
             \"checksum\": \"{checksum}\",\n\"seal\": \"{seal}\",\n\"content\": {content_text}\n}}\n"
        );
        Ok(Self { content, digest: plan_digest, checksum, seal, text })
    }

    /// The digest that the history names it by. Two files of the same plan have the same digest.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What must be the same when the plan is applied.
    pub fn preconditions(&self) -> &Preconditions {
        &self.content.preconditions
    }

    /// The binding of each approved change.
    pub(super) fn bindings(&self) -> &BTreeMap<Address, Binding> {
        &self.content.bindings
    }

    /// The place of a configuration key when the plan was made: file and line (from 1).
    pub fn place(&self, key: &str) -> Option<&(String, usize)> {
        self.content.places.get(key)
    }

    /// Whether its seal was made with the state's key. If so, the file is genuine and unchanged.
    pub fn is_sealed_by(&self, key: &Key) -> bool {
        self.seal == sealed(key, &self.digest, &self.checksum)
    }

    /// The plan, only to be shown: it cannot be applied.
    pub fn plan(&self) -> Plan {
        let Preconditions { project, lineage, serial, cluster, .. } = self.preconditions();
        self.content.snapshot.plan(project, lineage, *serial, cluster)
    }

    /// The fields that could not be checked when the plan was made.
    pub fn unchecked(&self) -> impl Iterator<Item = (&Address, &FieldPath, &str)> {
        self.content.snapshot.unchecked()
    }

    /// The text of the file.
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// Whether the text is a plan file of any version, be it damaged or not.
    pub fn is_one(text: &str) -> bool {
        from_json(text.as_bytes()).is_ok_and(|Outline { .. }: Outline<'_>| true)
    }

    /// Reads it, and makes sure that it is whole. Whether it is genuine is for
    /// [`is_sealed_by`](Self::is_sealed_by) to say.
    ///
    /// # Errors
    /// The text is no plan file, is damaged, or has another version of the format.
    pub fn from_text(text: &str) -> Result<Self, Damage> {
        let unreadable = |error: serde_json::Error| Damage::Unreadable(error.to_string());
        let head: Head<'_> = from_json(text.as_bytes()).map_err(unreadable)?;
        match (head.format_version, head.seal) {
            (Some(version), Some(_)) if version == u64::from(PLAN_FILE_FORMAT) => {}
            (Some(found), Some(_)) => return Err(Damage::Format { found }),
            _ => return Err(Damage::Unreadable("it has no format version and no seal".to_owned())),
        }
        let file: Envelope<'_> = from_json(text.as_bytes()).map_err(unreadable)?;
        if digest(file.content.get()) != file.checksum {
            return Err(Damage::Changed);
        }
        let content: Content = from_json(file.content.get().as_bytes()).map_err(unreadable)?;
        if content.digest() != file.digest {
            return Err(Damage::Changed);
        }
        let Envelope { digest, checksum, seal, .. } = file;
        Ok(Self { content, digest, checksum, seal, text: text.to_owned() })
    }
}

impl Content {
    /// Identifies the plan by its meaning: neither the time at which it was made nor its wording is in the
    /// digest.
    fn digest(&self) -> String {
        let Self { preconditions, bindings, snapshot, .. } = self;
        digest(&json!([preconditions, bindings, snapshot.digest()]).to_string())
    }
}

fn sealed(key: &Key, digest: &str, checksum: &str) -> String {
    key.seal(PURPOSE, &format!("{digest}\n{checksum}"))
}

/// Whether an approval covers this change: it changes the cluster, or at least the state.
pub(super) fn is_bound(change: &Change) -> bool {
    change.action.writes() || change.action == Action::Forget || change.moved_from.is_some()
}
