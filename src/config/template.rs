//! Texts with `${…}` in them, split into pieces. What a reference means is not known here.

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Plain text; `$${` in it has become `${`.
    Literal(String),
    /// What stands between `${` and `}`, without the space around it; not empty.
    Reference(&'t str),
    /// A `${` without its `}`, or with nothing between them: what is wrong with it.
    Wrong(&'static str),
}

/// Splits a text.
pub(super) fn split(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if let Some(before) = rest[..at].strip_suffix('$') {
            literal.push_str(before);
            literal.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        literal.push_str(&rest[..at]);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        let after = &rest[at + 2..];
        let Some(end) = end(after) else {
            pieces.push(Piece::Wrong("a `${` is not closed"));
            return pieces;
        };
        let inner = after[..end].trim();
        pieces.push(if inner.is_empty() {
            Piece::Wrong("there is nothing between `${` and `}`")
        } else {
            Piece::Reference(inner)
        });
        rest = &after[end + 1..];
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

/// Where the closing brace stands: on the same line, and not within quotes.
fn end(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(at),
            '{' if !quoted => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Piece::{Literal, Reference, Wrong};
    use super::*;

    #[test]
    fn texts_are_split() {
        assert_eq!(split("plain $x {y}"), [Literal("plain $x {y}".into())]);
        assert_eq!(split("${ var.a }"), [Reference("var.a")]);
        assert_eq!(
            split("a${b}c${d}"),
            [Literal("a".into()), Reference("b"), Literal("c".into()), Reference("d")]
        );
        assert_eq!(split("a $${HOME} ${b}"), [Literal("a ${HOME} ".into()), Reference("b")]);
        assert_eq!(split("${a[\"}\"]}"), [Reference("a[\"}\"]")]);
        assert_eq!(split(""), []);
    }

    #[test]
    fn what_is_not_closed_or_empty_is_wrong() {
        for text in ["${", "${a", "${a\n}", "${}", "${ }", "x ${a ${b}"] {
            assert!(split(text).iter().any(|piece| matches!(piece, Wrong(_))), "{text}");
        }
    }
}
