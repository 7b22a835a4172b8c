//! Where a key belongs that the table it stands in does not know.
//!
//! In TOML a key belongs to the last header above it. What is written at the end of a block, below the
//! header of one of its tables, falls into that table. That is the most usual mistake, and hard to see.

use crate::config::codes;
use crate::config::node::Node;
use crate::config::shape::Shape;
use crate::diagnostic::nearest::{nearest, suggest};
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::FieldPath;

/// What is known of the tables around the one that is checked.
#[derive(Debug, Clone, Default)]
pub(in crate::config) struct KeyContext<'a> {
    /// Keys of the table itself that its schema does not have: `depends_on`, `lifecycle`.
    pub(in crate::config) extra: &'a [&'a str],
    /// The table that this one lies in.
    pub(in crate::config) enclosing: Option<EnclosingTable<'a>>,
    /// Other tables at the top, with their keys.
    pub(in crate::config) beside: Vec<(FieldPath, Shape<'a>)>,
}

/// The table that a checked table lies in.
#[derive(Debug, Clone)]
pub(in crate::config) struct EnclosingTable<'a> {
    /// Its place in the whole.
    pub(in crate::config) at: FieldPath,
    /// Its schema.
    pub(in crate::config) shape: Shape<'a>,
    /// Keys that its schema does not have.
    pub(in crate::config) extra: &'a [&'a str],
}

impl KeyContext<'_> {
    /// The nearest table above that knows the key.
    pub(super) fn above(
        &self,
        at: &FieldPath,
        shape: &Shape<'_>,
        table: &FieldPath,
        key: &str,
    ) -> Option<FieldPath> {
        let mut up = table.parent();
        while let Some(path) = up {
            let here = shape.at(&path);
            let extra = path.segments().is_empty() && self.extra.contains(&key);
            if here.known().contains_key(key) || extra {
                return Some(at.join_all(&path));
            }
            up = path.parent();
        }
        let EnclosingTable { at, shape, extra } = self.enclosing.as_ref()?;
        (shape.known().contains_key(key) || extra.contains(&key)).then(|| at.clone())
    }

    /// Any table that knows the key: above, below, elsewhere in the block, beside it.
    pub(super) fn of(
        &self,
        at: &FieldPath,
        shape: &Shape<'_>,
        table: &FieldPath,
        key: &str,
    ) -> Option<FieldPath> {
        if let Some(above) = self.above(at, shape, table, key) {
            return Some(above);
        }
        if let Some(below) = shape.at(table).knows_below(key) {
            return Some(at.join_all(table).join_all(&below));
        }
        // A key that is nearly one of this table is misspelt rather than misplaced.
        let known = shape.at(table).known();
        if nearest(key, known.into_keys()).is_some() {
            return None;
        }
        if let Some(elsewhere) = shape.knows_below(key) {
            return Some(at.join_all(&elsewhere));
        }
        let beside = self.beside.iter().find(|(_, shape)| shape.known().contains_key(key));
        beside.map(|(path, _)| path.clone())
    }
}

/// The mistake for a key that stands in `from` and belongs to `owner`.
pub(super) fn misplaced(
    body: &Node,
    table: &FieldPath,
    key: &str,
    from: &FieldPath,
    owner: &FieldPath,
) -> Option<Diagnostic> {
    let node = body.find(table)?;
    let entry = node.as_table()?.entries.get(key)?;
    if encloses(node.span, entry.key_span) {
        let message = format!("`{from}` has no key `{key}`; `{owner}` has one");
        let mistake = Diagnostic::error(codes::MISPLACED_KEY, message).at(entry.key_span, "");
        return Some(mistake.help(format!("delete it, or move it to `{owner}`")));
    }
    let message = format!("`{key}` fell into `{from}`; `{owner}` knows it");
    let mut mistake = Diagnostic::error(codes::MISPLACED_KEY, message).at(entry.key_span, "");
    let below_header = owner.contains(from) && owner != from;
    if below_header && node.span != entry.key_span {
        mistake = mistake.at(node.span, "everything below this belongs to it");
    }
    Some(mistake.help(if below_header {
        format!("move it above the first table of `{owner}`, to the lines right below `[{owner}]`")
    } else if from.contains(owner) {
        format!("write `{}`", owner.seen_from(from).key(key))
    } else {
        format!("move it to `[{owner}]`")
    }))
}

/// Whether a table is written in braces around its keys, and not below a header.
fn encloses(table: Span, key: Span) -> bool {
    table.source == key.source && table.start < key.start && key.end < table.end
}

/// The mistake for a key that no table knows.
pub(super) fn unknown_key(table: &FieldPath, key: &str, known: &[&str]) -> Diagnostic {
    Diagnostic::error(codes::UNKNOWN_KEY, format!("`{table}` has no key `{key}`")).help(suggest(
        key,
        known.iter().copied(),
        "it has no keys of its own",
    ))
}
