//! From text to our tree. All syntax errors of a file are found in one run.

mod repeated_keys;

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::codes;
use super::node::{Node, NodeValue, Table, TableEntry};
use crate::diagnostic::{Diagnostic, SourceId, Span};
use crate::resource::Expression;
use repeated_keys::RepeatedKeys;

/// The most dots that one key may have.
///
/// The TOML reader and everything after it recurse once for each level of tables, so that very deep tables
/// would overflow the stack. The reader limits brackets; dots are limited here.
const MOST_DOTS: usize = 100;

/// What a file says, as far as it could be read.
#[derive(Debug)]
pub(super) struct Parsed {
    /// The tree of what could be read.
    pub(super) root: Node,
    /// The places where the text is not TOML. Keys that are written twice are not among these: they are
    /// mistakes, but the rest of the file is read as it is meant.
    pub(super) broken: Vec<Span>,
    /// Whether a key is written twice. What stands below the second one is not in the tree.
    pub(super) repeats_keys: bool,
}

/// Reads one file; what is wrong with it is pushed.
pub(super) fn parse(source: SourceId, text: &str, mistakes: &mut Vec<Diagnostic>) -> Parsed {
    let whole = Span { source, start: 0, end: 0 };
    if let Some(at) = too_many_dots(text) {
        let span = clamp(source, text, at..at + 1);
        mistakes.push(
            Diagnostic::error(codes::TOO_LARGE, format!("a key has more than {MOST_DOTS} dots")).at(span, ""),
        );
        let root = Node { value: NodeValue::Table(Table::default()), span: whole };
        return Parsed { root, broken: vec![span], repeats_keys: false };
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { source, text, mistakes };
    let root = Node { value: NodeValue::Table(reader.table(document.get_ref())), span: whole };
    let mut broken = Vec::new();
    let mut repeats_keys = false;
    let mut repeated_keys = RepeatedKeys::new(&root, text);
    for error in errors {
        let span = clamp(source, text, error.span().unwrap_or(0..0));
        if error.message() == "duplicate key" {
            // Where a key is missing, the reader makes up an empty one, each time.
            repeats_keys = true;
            let is_made_up = span.start == span.end;
            mistakes.extend(repeated_keys.mistake(span).filter(|_| !is_made_up));
        } else {
            broken.push(span);
            let message = format!("this is not TOML: {}", error.message());
            mistakes.push(Diagnostic::error(codes::SYNTAX, message).at(span, ""));
        }
    }
    Parsed { root, broken, repeats_keys }
}

/// Reads a single value, as `--var` gives it for lists and tables; `None` if it is none.
pub(super) fn parse_value(text: &str, span: Span) -> Option<Node> {
    if too_many_dots(text).is_some() {
        return None;
    }
    let value = DeValue::parse(text).ok()?;
    let mut mistakes = Vec::new();
    let mut reader = Reader { source: span.source, text, mistakes: &mut mistakes };
    let mut node = reader.node(&value);
    respan(&mut node, span);
    mistakes.is_empty().then_some(node)
}

fn respan(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.value {
        NodeValue::Array(items) => items.iter_mut().for_each(|item| respan(item, span)),
        NodeValue::Table(table) => table.entries.values_mut().for_each(|entry| {
            entry.key_span = span;
            respan(&mut entry.node, span);
        }),
        _ => {}
    }
}

struct Reader<'a> {
    source: SourceId,
    text: &'a str,
    mistakes: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>) -> Table {
        let mut entries = std::collections::BTreeMap::new();
        for (key, value) in table {
            let key_span = clamp(self.source, self.text, key.span());
            self.refuse_marks(key.get_ref(), key_span);
            entries.insert(key.get_ref().to_string(), TableEntry { key_span, node: self.node(value) });
        }
        Table { entries }
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>) -> Node {
        let span = clamp(self.source, self.text, value.span());
        let value = match value.get_ref() {
            DeValue::String(text) => {
                self.refuse_marks(text, span);
                NodeValue::String(text.to_string())
            }
            DeValue::Integer(number) => self.integer(number, span),
            DeValue::Float(number) => NodeValue::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(flag) => NodeValue::Boolean(*flag),
            DeValue::Datetime(time) => NodeValue::Datetime(time.to_string()),
            DeValue::Array(items) => NodeValue::Array(items.iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => NodeValue::Table(self.table(table)),
        };
        Node { value, span }
    }

    fn integer(&mut self, number: &DeInteger<'_>, span: Span) -> NodeValue {
        if let Ok(value) = i64::from_str_radix(number.as_str(), number.radix()) {
            return NodeValue::Integer(value);
        }
        // What the reader made up while it recovered from an error has been reported already.
        if !number.as_str().is_empty() {
            self.mistakes.push(
                Diagnostic::error(codes::BAD_VALUE, "this number is too large").at(span, "").help(format!(
                    "whole numbers lie between {} and {}",
                    i64::MIN,
                    i64::MAX
                )),
            );
        }
        NodeValue::Integer(0)
    }

    fn refuse_marks(&mut self, text: &str, span: Span) {
        if Expression::has_mark(text) {
            self.mistakes.push(
                Diagnostic::error(
                    codes::RESERVED_CHARACTER,
                    "the private-use characters U+F0A0 and U+F0A1 cannot stand in a configuration",
                )
                .at(span, "one of them is in here")
                .help("remove them; regplan marks references with them"),
            );
        }
    }
}

/// A span that lies within the text, and begins and ends between characters.
fn clamp(source: SourceId, text: &str, range: Range<usize>) -> Span {
    let start = text.floor_char_boundary(range.start);
    let end = text.ceil_char_boundary(range.end.min(text.len())).max(start);
    Span { source, start, end }
}

/// The byte at which a key has too many dots.
fn too_many_dots(text: &str) -> Option<usize> {
    let mut dots = 0;
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' => {
                dots = 0;
                quote = None;
            }
            b'"' | b'\'' if quote.is_none() => quote = Some(byte),
            _ if quote == Some(byte) => quote = None,
            b'=' | b',' | b'{' | b'}' | b'[' | b']' | b'#' if quote.is_none() => dots = 0,
            // Counted in quotes as well, because what looks like a quote may be part of a longer text. No text
            // needs so many dots.
            b'.' => dots += 1,
            _ => {}
        }
        if dots > MOST_DOTS {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Parsed, Vec<Diagnostic>) {
        let mut mistakes = Vec::new();
        let parsed = parse(SourceId(0), text, &mut mistakes);
        (parsed, mistakes)
    }

    fn excerpt(text: &str, span: Span) -> &str {
        &text[span.start..span.end]
    }

    #[test]
    fn values_know_their_places() {
        let text = "[a]\nb.c = 'x'\nd = [1, 2.5, true, 1979-05-27]\n";
        let (parsed, mistakes) = read(text);
        assert_eq!(mistakes, []);
        let a = parsed.root.at(["a"]).unwrap();
        assert_eq!(excerpt(text, a.span), "[a]");
        let c = parsed.root.at(["a", "b", "c"]).unwrap();
        assert_eq!(excerpt(text, c.span), "'x'");
        assert_eq!(a.to_json()["d"], serde_json::json!([1, 2.5, true, "1979-05-27"]));
    }

    #[test]
    fn all_syntax_errors_are_found() {
        let text = "a = \nb = 1\nc = [1\n\n[t]\nd = 'x\ne = 2\n";
        let (parsed, mistakes) = read(text);
        assert!(mistakes.len() >= 2, "{mistakes:?}");
        assert_eq!(parsed.broken.len(), mistakes.len());
        assert!(mistakes.iter().all(|mistake| mistake.code == codes::SYNTAX));
    }

    #[test]
    fn what_is_written_twice_shows_both_places() {
        for (text, again, first) in [
            ("[a]\nx = 1\n[b]\nx = 1\ny = 2\nx = 3\n", 26, 14..15),
            ("[a.b]\nx = 1\n[ a.b ] # again\ny = 1\n", 12, 0..5),
            ("[a]\nx = { y = 1, y = 2 }\n", 17, 10..11),
        ] {
            let (parsed, mistakes) = read(text);
            assert_eq!(mistakes.len(), 1, "{text}");
            assert_eq!(mistakes[0].code, codes::DUPLICATE_KEY);
            let [second, one] = mistakes[0].labels.as_slice() else { panic!("{mistakes:?}") };
            assert_eq!((second.span.start, one.span.start..one.span.end), (again, first), "{text}");
            assert_eq!(parsed.broken, []);
        }
    }

    #[test]
    fn marks_are_refused_escaped_or_not() {
        for text in ["a = '\u{F0A0}'", "a = \"\\uF0A1\"", "\"\\uF0A1\" = 1"] {
            let (_, mistakes) = read(text);
            assert_eq!(mistakes.len(), 1, "{text}");
            assert_eq!(mistakes[0].code, codes::RESERVED_CHARACTER);
        }
    }

    #[test]
    fn a_number_that_is_too_large_is_said() {
        let (_, mistakes) = read("a = 99999999999999999999999");
        assert_eq!(mistakes[0].code, codes::BAD_VALUE);
    }

    #[test]
    fn endless_keys_end() {
        let (_, mistakes) = read(&format!("{}x = 1", "a.".repeat(100_000)));
        assert_eq!(mistakes[0].code, codes::TOO_LARGE);
    }
}
