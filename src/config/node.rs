//! The tree of a configuration: every value knows its file and its place in it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::Span;
use crate::resource::{FieldPath, Segment};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: NodeValue,
    /// Where it stands (for a table written by its header: the header).
    pub span: Span,
}

/// A value of TOML.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    /// Text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A date or a time, as it is written.
    Datetime(String),
    /// A list.
    Array(Vec<Node>),
    /// A table.
    Table(Table),
}

/// A table of TOML: its keys with their values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The values, by key.
    pub entries: BTreeMap<String, TableEntry>,
}

/// A key of a table: its place and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct TableEntry {
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub node: Node,
}

impl Table {
    /// A key's value.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.get(key).map(|entry| &entry.node)
    }
}

impl Node {
    /// The table that it is.
    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            NodeValue::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The text that it is.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            NodeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// What stands below it under these keys.
    pub fn at<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> Option<&Self> {
        keys.into_iter().try_fold(self, |node, key| node.as_table()?.get(key))
    }

    /// What it is, in words: `text`, `a whole number`.
    pub fn describe(&self) -> &'static str {
        match self.value {
            NodeValue::String(_) => "text",
            NodeValue::Integer(_) => "a whole number",
            NodeValue::Float(_) => "a number",
            NodeValue::Boolean(_) => "true or false",
            NodeValue::Datetime(_) => "a date or time",
            NodeValue::Array(_) => "a list",
            NodeValue::Table(_) => "a table",
        }
    }

    /// The blocks of a type, by name, where this is a whole file.
    pub(super) fn blocks<'n>(
        &'n self,
        kind: &str,
    ) -> impl Iterator<Item = (&'n String, &'n TableEntry)> + use<'n> {
        self.at([kind]).and_then(Self::as_table).into_iter().flat_map(|table| &table.entries)
    }

    /// What a path leads to. An item of a list is found by the keys that it has, or by its `name`.
    pub fn find(&self, path: &FieldPath) -> Option<&Self> {
        path.segments().iter().try_fold(self, Self::step)
    }

    /// What one step leads to.
    pub(super) fn step(&self, segment: &Segment) -> Option<&Self> {
        match (segment, &self.value) {
            (Segment::Key(key), NodeValue::Table(table)) => table.get(key),
            (Segment::Index(index), NodeValue::Array(items)) => items.get(*index),
            (Segment::Item(keys), NodeValue::Array(items)) => items.iter().find(|item| {
                keys.iter().all(|(key, text)| {
                    let key = if key.is_empty() { "name" } else { key };
                    match item.at([key]).map(|node| &node.value) {
                        Some(NodeValue::String(value)) => value == text,
                        Some(NodeValue::Integer(value)) => value.to_string() == *text,
                        _ => false,
                    }
                })
            }),
            _ => None,
        }
    }

    /// The value without its places; dates become text, and a number that JSON has not becomes null.
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::String(text) | NodeValue::Datetime(text) => Value::String(text.clone()),
            NodeValue::Integer(number) => Value::from(*number),
            NodeValue::Float(number) => Value::from(*number),
            NodeValue::Boolean(flag) => Value::Bool(*flag),
            NodeValue::Array(items) => items.iter().map(Self::to_json).collect(),
            NodeValue::Table(table) => {
                table.entries.iter().map(|(key, entry)| (key.clone(), entry.node.to_json())).collect()
            }
        }
    }
}
