//! An object of a chart, and what was found out about its fields.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::resource::{Ending, FieldPath, Phase};

/// An object of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChartObject {
    /// The object, as Helm printed it and the block changes it.
    pub(super) object: Value,
    /// The template that it comes from.
    pub(super) template: Option<String>,
    /// The fields that the chart makes anew each time.
    pub(super) unstable: Vec<Unstable>,
    /// The fields that carry a secret.
    pub(super) secret: Vec<FieldPath>,
    /// How it is run; `None` for what is there for ever.
    pub(super) hook: Option<HookNotes>,
}

/// What the annotations of a hook say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HookNotes {
    /// When it runs.
    pub(super) phases: BTreeSet<Phase>,
    /// Its place among the others of the same phase.
    pub(super) weight: i64,
    /// After which endings it is deleted.
    pub(super) deleted_after: BTreeSet<Ending>,
}

/// A field that the chart makes anew each time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unstable {
    /// Where it is.
    pub(super) path: FieldPath,
    /// What stands before and behind the random part of a text.
    pub(super) frame: Option<Frame>,
    /// What has become of it.
    pub(super) kept: Kept,
}

/// What is the same in all renderings at both ends of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    before: String,
    behind: String,
}

/// What has become of a field that a chart makes anew each time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Kept {
    /// It has the value that it has in the cluster.
    #[default]
    Live,
    /// It has a new value.
    Nothing,
    /// The cluster could not be asked, and this is why.
    Unknown(String),
}

impl Frame {
    /// That of two texts. It ends at a character that is no letter and no digit: two random texts may begin alike.
    pub(super) fn of(one: &str, other: &str) -> Self {
        let is_edge = |letter: char| !letter.is_alphanumeric();
        let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
        let before: String = same.map(|(letter, _)| letter).collect();
        let before = before.rfind(is_edge).map_or("", |at| &before[..at]).to_owned();
        let same = one.chars().rev().zip(other.chars().rev()).take_while(|(one, other)| one == other);
        let mut behind: Vec<char> = same.map(|(letter, _)| letter).collect();
        behind.reverse();
        let behind: String = behind.into_iter().skip_while(|letter| !is_edge(*letter)).collect();
        Self { before, behind }
    }

    /// Whether a text has the same ends.
    pub(super) fn fits(&self, value: &Value) -> bool {
        let Value::String(text) = value else { return true };
        text.len() >= self.before.len() + self.behind.len()
            && text.starts_with(&self.before)
            && text.ends_with(&self.behind)
    }
}
