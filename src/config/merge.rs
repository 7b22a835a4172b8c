//! How several files become one tree.
//!
//! Later files win: tables merge deeply, everything else is replaced, and of alternatives
//! (`storage.s3`, `storage.volume`) the later one replaces its sibling. The files of one folder are
//! equals, so that nothing can win: what two of them write is a mistake.

use super::codes;
use super::node::{Node, NodeValue, Table, TableEntry};
use super::outline::{LISTS, Outline, SINGLE_TABLES};
use super::shape::Shape;
use crate::diagnostic::{Diagnostic, Span};

/// Joins a file with another one of the same folder; neither wins.
pub(super) fn join(first: &mut Node, second: Node, mistakes: &mut Vec<Diagnostic>) {
    let (NodeValue::Table(first), NodeValue::Table(second)) = (&mut first.value, second.value) else {
        return;
    };
    for (kind, entry) in second.entries {
        let Some(there) = first.entries.get_mut(&kind) else {
            first.entries.insert(kind, entry);
            continue;
        };
        let Some(entry) = appended(&kind, &mut there.node, entry) else { continue };
        let (NodeValue::Table(blocks), NodeValue::Table(more), false) =
            (&mut there.node.value, &entry.node.value, SINGLE_TABLES.contains(&kind.as_str()))
        else {
            mistakes.push(twice(&format!("[{kind}]"), entry.node.span, there.node.span));
            continue;
        };
        for (name, block) in &more.entries {
            if let Some(there) = blocks.entries.get(name) {
                mistakes.push(twice(&format!("[{kind}.{name}]"), block.node.span, there.node.span));
            } else {
                blocks.entries.insert(name.clone(), block.clone());
            }
        }
    }
}

/// Appends one list of tables (`[[moved]]`) to another. Returns the entry where it is not such a list.
fn appended(kind: &str, there: &mut Node, entry: TableEntry) -> Option<TableEntry> {
    match (&mut there.value, entry) {
        (NodeValue::Array(items), TableEntry { node: Node { value: NodeValue::Array(more), .. }, .. })
            if LISTS.contains(&kind) =>
        {
            items.extend(more);
            None
        }
        (_, entry) => Some(entry),
    }
}

fn twice(what: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::error(codes::DUPLICATE_KEY, format!("`{what}` is written in two files of one folder"))
        .at(again, "again here")
        .at(first, "first here")
        .help("rename or remove one; only a file given by a later `-f` changes what another one says")
}

/// Merges a later file into what there is; the later file wins.
pub(super) fn overlay(base: &mut Node, over: Node, outline: &Outline<'_>) {
    let (NodeValue::Table(base), NodeValue::Table(over)) = (&mut base.value, over.value) else { return };
    for (kind, entry) in over.entries {
        let Some(there) = base.entries.get_mut(&kind) else {
            base.entries.insert(kind, entry);
            continue;
        };
        let Some(entry) = appended(&kind, &mut there.node, entry) else { continue };
        let shape = outline.schema_of(&kind).map(Shape::new);
        if SINGLE_TABLES.contains(&kind.as_str()) {
            merge_deeply(&mut there.node, entry.node, shape.as_ref());
            continue;
        }
        let NodeValue::Table(blocks) = &mut there.node.value else {
            *there = entry;
            continue;
        };
        let NodeValue::Table(more) = entry.node.value else {
            there.node = entry.node;
            continue;
        };
        for (name, block) in more.entries {
            match blocks.entries.get_mut(&name) {
                Some(there) => {
                    replace_siblings(&mut there.node, &block.node, outline.alternatives_of(&kind));
                    merge_deeply(&mut there.node, block.node, shape.as_ref());
                }
                None => {
                    blocks.entries.insert(name, block);
                }
            }
        }
    }
}

/// Merges tables, replaces everything else. A choice of one key (`{ env = … }` or `{ file = … }`) is
/// replaced as a whole where the later file chooses another.
fn merge_deeply(base: &mut Node, over: Node, shape: Option<&Shape<'_>>) {
    let chosen = shape.and_then(Shape::tags);
    match (&mut base.value, over) {
        (NodeValue::Table(table), Node { value: NodeValue::Table(more), span }) => {
            let of = |table: &Table, tag: &&str| table.entries.contains_key(*tag);
            if chosen.is_some_and(|tags| tags.iter().any(|tag| of(&more, tag) && !of(table, tag))) {
                *base = Node { value: NodeValue::Table(more), span };
                return;
            }
            for (key, entry) in more.entries {
                match table.entries.get_mut(&key) {
                    Some(there) if there.node.as_table().is_some() && entry.node.as_table().is_some() => {
                        let below = shape.map(|shape| shape.key(&key));
                        merge_deeply(&mut there.node, entry.node, below.as_ref());
                    }
                    _ => {
                        table.entries.insert(key, entry);
                    }
                }
            }
        }
        (_, over) => *base = over,
    }
}

/// Removes the siblings of the alternatives that a later file names.
fn replace_siblings(base: &mut Node, over: &Node, alternatives: &[&[&str]]) {
    for group in alternatives {
        let named: Vec<_> = group.iter().filter(|path| over.at(path.split('.')).is_some()).collect();
        if !named.is_empty() {
            for path in group.iter().filter(|path| !named.contains(path)) {
                remove(base, path);
            }
        }
    }
}

fn remove(node: &mut Node, path: &str) {
    let NodeValue::Table(table) = &mut node.value else { return };
    match path.split_once('.') {
        None => {
            table.entries.remove(path);
        }
        Some((first, rest)) => {
            if let Some(entry) = table.entries.get_mut(first) {
                remove(&mut entry.node, rest);
            }
        }
    }
}

/// Alternatives that stand in one block together, whatever file they are from.
pub(super) fn conflicts(block: &Node, name: &str, alternatives: &[&[&str]], mistakes: &mut Vec<Diagnostic>) {
    for group in alternatives {
        let there: Vec<_> =
            group.iter().filter_map(|path| Some((path, block.at(path.split('.'))?.span))).collect();
        if let [(first, first_span), others @ ..] = there.as_slice() {
            for (other, span) in others {
                mistakes.push(
                    Diagnostic::error(
                        codes::CONFLICTING_KEYS,
                        format!("`{name}.{first}` and `{name}.{other}` cannot be used together"),
                    )
                    .at(*span, "this one")
                    .at(*first_span, "and this one")
                    .help("keep one of them"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::parse::parse;
    use crate::config::tests::schemas;
    use crate::diagnostic::SourceId;

    fn read(id: u32, text: &str) -> Node {
        let mut mistakes = Vec::new();
        let parsed = parse(SourceId(id), text, &mut mistakes);
        assert_eq!(mistakes, []);
        parsed.root
    }

    fn overlaid(base: &str, over: &str) -> Value {
        let (schemas, mut base) = (schemas(), read(0, base));
        overlay(&mut base, read(1, over), &Outline::new(&schemas));
        base.to_json()
    }

    #[test]
    fn later_files_win_deeply() {
        let merged = overlaid(
            "[project]\nname = 'a'\n[registry.main]\nhost = 'x'\nlabels = { a = '1', b = '2' }\nports = [1, 2]\n",
            "[registry.main]\nlabels.b = '3'\nports = [4]\n[registry.other]\nhost = 'y'\n",
        );
        assert_eq!(
            merged,
            json!({"project": {"name": "a"}, "registry": {
                "main": {"host": "x", "labels": {"a": "1", "b": "3"}, "ports": [4]},
                "other": {"host": "y"},
            }})
        );
    }

    #[test]
    fn lists_of_tables_are_put_together() {
        let one = |name: &str| format!("[[moved]]\nfrom = 'resource.{name}'\nto = 'resource.z'\n");
        let merged = overlaid(&one("a"), &one("b"));
        assert_eq!(merged["moved"][1]["from"], "resource.b");
        let (mut first, mut mistakes) = (read(0, &one("a")), Vec::new());
        join(&mut first, read(1, &one("b")), &mut mistakes);
        assert_eq!((mistakes, first.to_json()), (vec![], merged));
    }

    #[test]
    fn an_alternative_replaces_its_sibling() {
        let merged = overlaid(
            "[registry.main]\nstorage.volume.size = '1Gi'\n",
            "[registry.main]\nstorage.s3.bucket = 'b'\n",
        );
        assert_eq!(merged["registry"]["main"]["storage"], json!({"s3": {"bucket": "b"}}));
    }

    #[test]
    fn a_secret_from_elsewhere_replaces_the_old_source() {
        let merged = overlaid(
            "[registry.main.auth.users]\nci = { env = 'A' }\nx = { generate = { length = 8 } }\n",
            "[registry.main.auth.users]\nci = { file = 'b' }\nx = { generate = { length = 9 } }\n",
        );
        assert_eq!(
            merged["registry"]["main"]["auth"]["users"],
            json!({"ci": {"file": "b"}, "x": {"generate": {"length": 9}}})
        );
    }

    #[test]
    fn in_a_folder_nothing_is_written_twice() {
        let mut first = read(0, "[project]\nname = 'a'\n[registry.main]\nhost = 'x'\n");
        let second =
            read(1, "[project]\nname = 'b'\n[registry.main]\nimage = 'y'\n[registry.other]\nhost = 'z'\n");
        let mut mistakes = Vec::new();
        join(&mut first, second, &mut mistakes);
        assert_eq!(mistakes.len(), 2);
        for mistake in &mistakes {
            assert_eq!(mistake.code, codes::DUPLICATE_KEY);
            assert_eq!(mistake.labels.iter().map(|l| l.span.source.0).collect::<Vec<_>>(), [1, 0]);
        }
        assert!(first.at(["registry", "other", "host"]).is_some());
    }
}
