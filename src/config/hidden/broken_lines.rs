//! Values of unknown keys in a file that is no TOML, or that has a key twice: the tree does not have all of them, so they
//! are looked for line by line.

use std::ops::Range;

use crate::config::login::hides;
use crate::config::markers::URL;
use crate::config::outline::{LISTS, Outline, SINGLE_TABLES};
use crate::config::shape::Shape;

/// What follows unknown keys, up to the next key or header; and so where the key takes a URL, and a login may stand there.
pub(super) fn of(text: &str, outline: &Outline<'_>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut header, mut start) = (Vec::new(), 0);
    let (mut is_unknown, mut is_login) = (false, false);
    for line in text.split_inclusive('\n') {
        let value = match Line::of(line) {
            Line::Header(path) => {
                (header, is_unknown, is_login) = (path, false, false);
                None
            }
            Line::Key { path, value } => {
                let path = [header.as_slice(), path.as_slice()].concat();
                is_unknown = !is_known(&path, outline);
                is_login = may_have_login(&path, &line[value..], outline);
                Some(value)
            }
            Line::Other => Some(0),
        };
        found.extend(value.filter(|_| is_unknown || is_login).map(|value| start + value..start + line.len()));
        start += line.len();
    }
    found
}

/// What a line is by itself.
enum Line<'t> {
    Header(Vec<&'t str>),
    /// A key, and where the text after its `=` begins.
    Key {
        path: Vec<&'t str>,
        value: usize,
    },
    /// It goes on with a value, or is empty.
    Other,
}

impl<'t> Line<'t> {
    fn of(line: &'t str) -> Self {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix('[') {
            let name = name.trim_start_matches('[').split([']', '#']).next().unwrap_or_default();
            return Self::Header(parts(name));
        }
        match line.split_once('=') {
            Some((key, value)) if is_key(key) => {
                Self::Key { path: parts(key), value: line.len() - value.trim_start_matches(' ').len() }
            }
            _ => Self::Other,
        }
    }
}

/// Whether this is a key, and not a value that has a `=` in it.
fn is_key(text: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || "_-.\"' \t".contains(char);
    let text = text.trim();
    !text.is_empty() && text.chars().all(is_part)
}

fn parts(path: &str) -> Vec<&str> {
    path.split('.').map(|part| part.trim().trim_matches(['"', '\''])).collect()
}

/// Whether the schemas know a key, or let users name it.
fn is_known(path: &[&str], outline: &Outline<'_>) -> bool {
    let Some((kind, below)) = path.split_first() else { return false };
    let Some(shape) = outline.schema_of(kind).map(Shape::new) else { return false };
    if SINGLE_TABLES.contains(kind) || LISTS.contains(kind) {
        return is_known_below(&shape, below);
    }
    match below {
        [] | [_] => true,
        [_, "lifecycle", rest @ ..] => is_known_below(&Shape::new(&outline.lifecycle), rest),
        [_, first, ..] if outline.block(kind).is_some_and(|block| block.common_keys.contains(first)) => true,
        [_, rest @ ..] => is_known_below(&shape, rest),
    }
}

/// Whether the key takes a URL, and a login may be in this text.
fn may_have_login(path: &[&str], value: &str, outline: &Outline<'_>) -> bool {
    let Some((kind, below)) = path.split_first() else { return false };
    let is_single = SINGLE_TABLES.contains(kind) || LISTS.contains(kind);
    let below = if is_single { below } else { below.get(1..).unwrap_or_default() };
    let Some(shape) = outline.schema_of(kind).map(Shape::new) else { return false };
    let shape = below.iter().fold(shape, |shape, key| shape.key(key));
    shape.has(URL) && hides(&shape, value.trim().trim_matches(['"', '\'']))
}

fn is_known_below(shape: &Shape<'_>, path: &[&str]) -> bool {
    let Some((key, below)) = path.split_first() else { return true };
    let is_refused = shape.is_closed() && !shape.known().contains_key(key);
    !is_refused && is_known_below(&shape.key(key), below)
}
