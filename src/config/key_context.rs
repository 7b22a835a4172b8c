//! Where a key belongs that stands where nobody knows it.
//!
//! In TOML a key belongs to the last header above it. What is written at the end of a block, below the
//! header of one of its tables, falls into that table: the usual mistake, and a puzzling one.

use super::codes;
use super::shape::Shape;
use super::validate::{Check, joined};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::suggest;
use crate::resource::FieldPath;

/// Tables outside of the one that is checked.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyContext<'a> {
    /// Keys of the table itself that its schema does not have: `depends_on`, `lifecycle`.
    pub(super) extra: &'a [&'a str],
    /// The table that this one lies in, with its keys.
    pub(super) enclosing: Option<(FieldPath, Shape<'a>, &'a [&'a str])>,
    /// Other tables at the top, with their keys.
    pub(super) beside: Vec<(FieldPath, Shape<'a>)>,
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
                return Some(joined(at, &path));
            }
            up = path.parent();
        }
        let (path, enclosing, extra) = self.enclosing.as_ref()?;
        (enclosing.known().contains_key(key) || extra.contains(&key)).then(|| path.clone())
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
            return Some(joined(&joined(at, table), &below));
        }
        // A word that is nearly known here is a slip of the finger rather than of the place.
        let known = shape.at(table).known();
        if crate::diagnostic::nearest::nearest(key, known.into_keys()).is_some() {
            return None;
        }
        if let Some(elsewhere) = shape.knows_below(key) {
            return Some(joined(at, &elsewhere));
        }
        let beside = self.beside.iter().find(|(_, shape)| shape.known().contains_key(key));
        beside.map(|(path, _)| path.clone())
    }
}

/// A key that stands in `from` and belongs to `home`.
pub(super) fn misplaced(
    check: &Check<'_>,
    table: &FieldPath,
    key: &str,
    from: &FieldPath,
    home: &FieldPath,
) -> Option<Diagnostic> {
    let node = check.body.find(table)?;
    let entry = node.as_table()?.entries.get(key)?;
    let message = format!("`{key}` fell into `{from}`; `{home}` knows it");
    let mut mistake = Diagnostic::error(codes::MISPLACED_KEY, message).at(entry.key_span, "");
    let below_header = home.contains(from) && home != from;
    if below_header && node.span != entry.key_span {
        mistake = mistake.at(node.span, "everything below this belongs to it");
    }
    Some(mistake.help(if below_header {
        format!("move it above the first table of `{home}`, to the lines right below `[{home}]`")
    } else if from.contains(home) {
        let rest = home.segments().iter().skip(from.segments().len());
        let path = rest.fold(FieldPath::root(), |path, segment| path.join(segment.clone()));
        format!("write `{}`", path.key(key))
    } else {
        format!("move it to `[{home}]`")
    }))
}

/// A key that nobody knows.
pub(super) fn unknown_key(table: &FieldPath, key: &str, known: &[&str]) -> Diagnostic {
    Diagnostic::error(codes::UNKNOWN_KEY, format!("`{table}` has no key `{key}`")).help(suggest(
        key,
        known.iter().copied(),
        "it has no keys of its own",
    ))
}
