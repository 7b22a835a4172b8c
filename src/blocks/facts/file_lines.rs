//! The line at which a field of an object stands in its file.

use granit_parser::{Event, Parser};

use super::encoding::decode;
use crate::resource::{FieldPath, NAMING_KEYS, Segment};

/// Where the values of a file of YAML or JSON documents stand.
#[derive(Debug)]
pub struct FileLines {
    documents: Vec<Node>,
}

/// A value and its line: that of its key, where it has one.
#[derive(Debug)]
struct Node {
    line: usize,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    /// It stands somewhere else (an alias).
    Elsewhere,
}

impl FileLines {
    /// Reads the bytes of a file. `None` where they are no text of documents that one reader can follow: JSON objects
    /// behind one another, for example.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = decode(bytes).ok()?;
        let mut builder = Builder::default();
        for event in Parser::new_from_str(&text) {
            let (event, span) = event.ok()?;
            builder.take(event, span.start.line());
        }
        Some(Self { documents: builder.documents })
    }

    /// The line (from 1) of a field, or of the nearest thing above it that stands in the file. `document_line` is where
    /// its document begins; `item` leads to the object in lists of objects (from 1).
    pub fn line_of(&self, document_line: usize, item: &[usize], path: &FieldPath) -> Option<usize> {
        let mut node = self.documents.iter().find(|document| document.line == document_line)?;
        for number in item {
            node = node.key("items")?.item_at(number.checked_sub(1)?)?;
        }
        for segment in path.segments() {
            match node.step(segment) {
                Some(below) => node = below,
                None => break,
            }
        }
        Some(node.line)
    }
}

impl Node {
    fn key(&self, key: &str) -> Option<&Self> {
        let Kind::Map(entries) = &self.kind else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    fn item_at(&self, index: usize) -> Option<&Self> {
        let Kind::List(items) = &self.kind else { return None };
        items.get(index)
    }

    fn step(&self, segment: &Segment) -> Option<&Self> {
        match segment {
            Segment::Key(key) => self.key(key),
            Segment::Index(index) => self.item_at(*index),
            Segment::Item(keys) => self.item_named(keys),
        }
    }

    /// The item of a list with these keys; an empty key is the item itself, or its most usual name.
    fn item_named(&self, keys: &[(String, String)]) -> Option<&Self> {
        let Kind::List(items) = &self.kind else { return None };
        let has = |item: &Self, key: &str, text: &str| item.key(key).is_some_and(|value| value.is(text));
        if let [(key, text)] = keys
            && key.is_empty()
        {
            let by_name = |name: &&str| items.iter().find(|item| has(item, name, text));
            return items.iter().find(|item| item.is(text)).or_else(|| NAMING_KEYS.iter().find_map(by_name));
        }
        // The server adds keys that have a default, so not all of them need to be written.
        items
            .iter()
            .find(|item| keys.iter().all(|(key, text)| item.key(key).is_none_or(|value| value.is(text))))
    }

    fn is(&self, text: &str) -> bool {
        matches!(&self.kind, Kind::Scalar(value) if value == text)
    }
}

/// Puts the events of a reader together.
#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    /// What is begun and not ended, the outermost first.
    open: Vec<Open>,
}

struct Open {
    node: Node,
    /// The key that waits for its value, and its line.
    key: Option<(String, usize)>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, line: usize) {
        match event {
            Event::MappingStart(..) => self.begin(line, Kind::Map(Vec::new())),
            Event::SequenceStart(..) => self.begin(line, Kind::List(Vec::new())),
            Event::Scalar(text, ..) => self.add(Node { line, kind: Kind::Scalar(text.into_owned()) }),
            Event::Alias(_) | Event::UnresolvedAlias(_) => self.add(Node { line, kind: Kind::Elsewhere }),
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some(open) = self.open.pop() {
                    self.add(open.node);
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, line: usize, kind: Kind) {
        self.open.push(Open { node: Node { line, kind }, key: None });
    }

    /// Adds a whole value to what is around it.
    fn add(&mut self, mut node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        match (&mut open.node.kind, open.key.take(), &node.kind) {
            (Kind::List(items), _, _) => items.push(node),
            (Kind::Map(entries), Some((key, line)), _) => {
                node.line = line;
                entries.push((key, node));
            }
            (Kind::Map(_), None, Kind::Scalar(key)) => open.key = Some((key.clone(), node.line)),
            // A key that is no text: no object of Kubernetes has one. Its value is found by nobody.
            (Kind::Map(_), None, _) => open.key = Some((String::new(), node.line)),
            (Kind::Scalar(_) | Kind::Elsewhere, _, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# two objects\napiVersion: v1\nkind: Service\nspec:\n  ports:\n    - name: http\n      port: 80\n    - {name: https, port: 443}\n---\nkind: List\nitems:\n- kind: A\n- kind: B\n  data:\n    text: |\n      one\n      two\n    next: &a 1\n";

    #[test]
    fn each_field_has_its_own_line() {
        let lines = FileLines::read(FILE.as_bytes()).unwrap();
        let line =
            |document, item: &[usize], path: &str| lines.line_of(document, item, &path.parse().unwrap());
        assert_eq!(line(2, &[], "kind"), Some(3));
        assert_eq!(line(2, &[], "spec.ports[http].port"), Some(7));
        assert_eq!(line(2, &[], "spec.ports[port=443,protocol=TCP].port"), Some(8));
        assert_eq!(line(2, &[], "spec.ports[1].name"), Some(8));
        assert_eq!(line(2, &[], "spec.ports[other].port"), Some(5), "the list, where the item is not there");
        assert_eq!(line(10, &[2], "data.text"), Some(15));
        assert_eq!(line(10, &[2], "data.next"), Some(18));
        assert_eq!(line(10, &[3], "data"), None);
        assert_eq!(line(9, &[], "kind"), None);
    }

    #[test]
    fn json_has_lines_too_and_what_cannot_be_followed_has_none() {
        let lines = FileLines::read(b"{\n  \"kind\": \"A\",\n  \"data\": {\n    \"a\": 1}}\n").unwrap();
        assert_eq!(lines.line_of(1, &[], &"data.a".parse().unwrap()), Some(4));
        assert!(FileLines::read(b"{\"a\": 1}\n{\"b\": [}\n").is_none());
    }
}
