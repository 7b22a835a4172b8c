//! The plan file: what it holds, and whether it still holds that.
//!
//! Three texts stand around the content. The *digest* names the plan: it is made of what the plan is bound to,
//! what each change is bound by and the plan's own digest, and of nothing that is worded for people. The
//! *checksum* is that of the content as it stands in the file, and finds damage. The *seal* covers both, and can
//! be made only with the state's key.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::binding::Binding;
use super::preconditions::Preconditions;
use super::snapshot::PlanSnapshot;
use crate::plan::{Action, Change, Plan};
use crate::resource::{Address, FieldPath, Key, digest};

/// The version of the file's format. It moves with every change of what is in it, since whoever applies a
/// file must understand all of it. A file of another version is refused, and not converted: what it was
/// approved by is what that version compared, and another one cannot check it. Planning again is no loss.
pub const PLAN_FILE_FORMAT: u32 = 2;

/// What keeps the seal of a whole file apart from those of its parts.
const PURPOSE: &str = "plan file";

/// A plan that was kept, to be approved and applied. It holds no secret value, and no digest of one that
/// could be guessed at without the key, which stays with the state.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanFile {
    content: Content,
    digest: String,
    checksum: String,
    seal: String,
    /// The whole file, as it was written.
    text: String,
}

/// What a plan file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    /// When the plan was made.
    made: Timestamp,
    /// What the whole plan is bound to.
    preconditions: Preconditions,
    /// What each change is bound by.
    bindings: BTreeMap<Address, Binding>,
    /// What was shown.
    snapshot: PlanSnapshot,
    /// Where in the configuration the keys stand that the plan names: file and line (from 1).
    places: BTreeMap<String, (String, usize)>,
}

/// A file around its content.
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

/// What every version of the format has.
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

    /// The digest by which the history knows it. Two files of the same plan have the same one.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What the whole plan is bound to.
    pub fn preconditions(&self) -> &Preconditions {
        &self.content.preconditions
    }

    /// What each change is bound by.
    pub(super) fn bindings(&self) -> &BTreeMap<Address, Binding> {
        &self.content.bindings
    }

    /// Where a key of the configuration stood when the plan was made: file and line (from 1).
    pub fn place(&self, key: &str) -> Option<&(String, usize)> {
        self.content.places.get(key)
    }

    /// Whether it was written by somebody who has the state's key, and is as it was then.
    pub fn is_sealed_by(&self, key: &Key) -> bool {
        self.seal == sealed(key, &self.digest, &self.checksum)
    }

    /// The plan, for showing alone.
    pub fn plan(&self) -> Plan {
        let Preconditions { project, lineage, serial, cluster, .. } = self.preconditions();
        self.content.snapshot.plan(project, lineage, *serial, cluster)
    }

    /// The fields that could not be checked when the plan was made.
    pub fn unchecked(&self) -> impl Iterator<Item = (&Address, &FieldPath, &str)> {
        self.content.snapshot.unchecked()
    }

    /// As text.
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// Whether the text is a plan file of any version, be it damaged or not.
    pub fn is_one(text: &str) -> bool {
        serde_json::from_str(text).is_ok_and(|Outline { .. }: Outline<'_>| true)
    }

    /// Reads it, and makes sure that it is whole. Whether it is genuine is for
    /// [`is_sealed_by`](Self::is_sealed_by) to say.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_text(text: &str) -> Result<Self, Damage> {
        let unreadable = |error: serde_json::Error| Damage::Unreadable(error.to_string());
        let head: Head<'_> = serde_json::from_str(text).map_err(unreadable)?;
        match (head.format_version, head.seal) {
            (Some(version), Some(_)) if version == u64::from(PLAN_FILE_FORMAT) => {}
            (Some(found), Some(_)) => return Err(Damage::Format { found }),
            _ => return Err(Damage::Unreadable("it has no format version and no seal".to_owned())),
        }
        let file: Envelope<'_> = serde_json::from_str(text).map_err(unreadable)?;
        if digest(file.content.get()) != file.checksum {
            return Err(Damage::Changed);
        }
        let content: Content = serde_json::from_str(file.content.get()).map_err(unreadable)?;
        if content.digest() != file.digest {
            return Err(Damage::Changed);
        }
        let Envelope { digest, checksum, seal, .. } = file;
        Ok(Self { content, digest, checksum, seal, text: text.to_owned() })
    }
}

impl Content {
    /// Tells this plan from others by what it means: when it was made, and how it is worded, are not in it.
    fn digest(&self) -> String {
        let Self { preconditions, bindings, snapshot, .. } = self;
        digest(&json!([preconditions, bindings, snapshot.digest()]).to_string())
    }
}

fn sealed(key: &Key, digest: &str, checksum: &str) -> String {
    key.seal(PURPOSE, &format!("{digest}\n{checksum}"))
}

/// Whether an approval is about this change: it does something, be it to our memory alone.
pub(super) fn is_bound(change: &Change) -> bool {
    change.action.writes() || change.action == Action::Forget || change.moved_from.is_some()
}
