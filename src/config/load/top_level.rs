//! The names at the top of a file: `[project]`, `[TYPE.NAME]`, `[[moved]]`.

use crate::config::codes;
use crate::config::markers::SECRET_SOURCE;
use crate::config::node::{Node, NodeValue, Table, TableEntry};
use crate::config::outline::{LISTS, Outline, SINGLE_TABLES};
use crate::config::shape::Shape;
use crate::diagnostic::nearest::{list, nearest};
use crate::diagnostic::{Diagnostic, Span};

/// Checks the names of the tables at the top and of the blocks. What has no name is removed, so that nothing
/// more is said about it.
pub(super) fn check_names(root: &mut Node, outline: &Outline<'_>, mistakes: &mut Vec<Diagnostic>) {
    let NodeValue::Table(table) = &mut root.value else { return };
    let names: Vec<&str> = outline.names().collect();
    let mut wrong = Vec::new();
    for (kind, entry) in &mut table.entries {
        if !names.contains(&kind.as_str()) {
            wrong.push(kind.clone());
            mistakes.push(unknown_top(kind, entry, &names, outline));
            continue;
        }
        if LISTS.contains(&kind.as_str()) {
            if let Some(mistake) = not_a_list(kind, &entry.node) {
                wrong.push(kind.clone());
                mistakes.push(mistake);
            }
            continue;
        }
        let single = SINGLE_TABLES.contains(&kind.as_str());
        let NodeValue::Table(blocks) = &mut entry.node.value else {
            wrong.push(kind.clone());
            let header = if single { format!("[{kind}]") } else { format!("[{kind}.NAME]") };
            mistakes.push(
                Diagnostic::error(
                    codes::WRONG_TYPE,
                    format!("`{kind}` must be a table, not {}", entry.node.describe()),
                )
                .at(entry.node.span, "")
                .help(format!("write `{header}`")),
            );
            continue;
        };
        if !single {
            check_blocks(kind, entry.node.span, blocks, outline, mistakes);
        }
    }
    for kind in wrong {
        table.entries.remove(&kind);
    }
}

/// The mistake for something else that stands where a list of tables should.
fn not_a_list(kind: &str, node: &Node) -> Option<Diagnostic> {
    let is_list = |items: &Vec<Node>| items.iter().all(|item| item.as_table().is_some());
    if matches!(&node.value, NodeValue::Array(items) if is_list(items)) {
        return None;
    }
    let message = format!("`{kind}` must be a list of tables, not {}", node.describe());
    let mistake = Diagnostic::error(codes::WRONG_TYPE, message).at(node.span, "");
    Some(mistake.help(format!("write `[[{kind}]]`, once for each")))
}

/// Checks that the blocks of a type have valid names.
fn check_blocks(
    kind: &str,
    header: Span,
    blocks: &mut Table,
    outline: &Outline<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    // A secret that is written as text is reported as a secret in clear, not as a block without a name.
    let is_secret = outline.schema_of(kind).is_some_and(|schema| Shape::new(schema).has(SECRET_SOURCE));
    let loose = |entry: &TableEntry| !is_secret && entry.node.as_table().is_none();
    if blocks.entries.values().any(loose) {
        let keys: Vec<_> =
            blocks.entries.iter().filter(|(_, entry)| loose(entry)).map(|(key, _)| key.as_str()).collect();
        mistakes.push(
            Diagnostic::error(
                codes::BLOCK_WITHOUT_NAME,
                format!("`[{kind}]` has keys ({}) and no name", list(keys)),
            )
            .at(header, "")
            .help(format!("give the block a name: `[{kind}.main]`")),
        );
        // What looks like blocks here are most likely the tables of the one without a name.
        blocks.entries.clear();
    }
    for (name, entry) in &blocks.entries {
        if !is_name(name) {
            mistakes.push(
                Diagnostic::error(codes::BAD_NAME, format!("`{name}` cannot be the name of a block"))
                    .at(entry.key_span, "")
                    .help("take lower-case letters, digits, and `-` or `_` between them"),
            );
        }
    }
}

/// Whether a block may have this name: `[a-z0-9]([-_a-z0-9]*[a-z0-9])?`.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [name.bytes().next(), name.bytes().last()];
    ends.iter().all(|end| end.is_some_and(plain))
        && name.bytes().all(|byte| plain(byte) || matches!(byte, b'-' | b'_'))
}

/// The mistake for a key at the top that is no known table.
fn unknown_top(key: &str, entry: &TableEntry, names: &[&str], outline: &Outline<'_>) -> Diagnostic {
    if entry.node.as_table().is_some() {
        let help = if let Some(near) = nearest(key, names.iter().copied()) {
            format!("did you mean `{near}`?")
        } else {
            // All of them: who looks for a type of blocks finds it here.
            let known: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("known: {}", known.join(", "))
        };
        return Diagnostic::error(codes::UNKNOWN_BLOCK_TYPE, format!("there is no block type `{key}`"))
            .at(entry.key_span, "")
            .help(help);
    }
    let owner = names.iter().find(|name| {
        let schema = outline.schema_of(name);
        schema.is_some_and(|schema| Shape::new(schema).known().contains_key(key))
    });
    match owner {
        Some(owner) => {
            let header = match *owner {
                single if SINGLE_TABLES.contains(&single) => format!("[{single}]"),
                list if LISTS.contains(&list) => format!("[[{list}]]"),
                blocks => format!("[{blocks}.NAME]"),
            };
            Diagnostic::error(
                codes::MISPLACED_KEY,
                format!("`{key}` stands above every table; `{header}` knows it"),
            )
            .at(entry.key_span, "")
            .help(format!("move it below `{header}`"))
        }
        None => Diagnostic::error(codes::UNKNOWN_KEY, format!("`{key}` stands above every table"))
            .at(entry.key_span, "")
            .help("every key belongs to a table: `[project]`, `[TYPE.NAME]`"),
    }
}
