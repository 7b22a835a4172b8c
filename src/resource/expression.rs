//! Values that are not known yet: texts that refer to live fields, to secrets, to sensitive variables.
//!
//! The configuration hands such a value on as text with its references between two private marks
//! ([`Reference::mark`]), so that it passes through typed structs, YAML and templates unharmed and
//! needs no second representation. [`Expression::parse`] reads the marks where the object is whole.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::record_set::RecordType;
use super::{Address, BlockAddress, FieldPath};

/// Opens a marked reference: a private-use character that the configuration refuses in its files.
const OPEN: char = '\u{F0A0}';
/// Closes a marked reference.
const CLOSE: char = '\u{F0A1}';

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// A field of a live object.
    Live(LiveReference),
    /// The value of `[secret.NAME]`.
    Secret(String),
    /// The value of a sensitive `[variable.NAME]`.
    Variable(String),
}

/// `registry.main/Service/registry.spec.clusterIP`: an address and a path as one text. Where the address ends is
/// known only when all objects are, because a name may have dots.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveReference {
    /// The text between `${` and `}`.
    pub text: String,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Plain text.
    Literal(String),
    /// A reference, which is replaced by its value when that is known.
    Reference(Reference),
}

/// How the text is encoded when all of it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Not at all.
    #[default]
    Plain,
    /// Base64, as in a Secret's `data`.
    Base64,
    /// As the list of the addresses in it: an address or a name, or the part of a status that has some.
    Addresses,
    /// As the list of those addresses that records of this type take.
    AddressesOf(RecordType),
}

/// A text with references in it; one that is a single reference keeps the type of what it leads to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// The pieces, in order.
    pub parts: Vec<Part>,
    /// How the whole is encoded.
    #[serde(default)]
    pub encoding: Encoding,
}

/// A mark was opened and not closed: the text did not come from the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reference in this text is not closed")]
pub struct Unclosed;

impl Reference {
    /// The reference as text between the private marks.
    pub fn mark(&self) -> String {
        let (tag, text) = match self {
            Self::Live(live) => ('l', &live.text),
            Self::Secret(name) => ('s', name),
            Self::Variable(name) => ('v', name),
        };
        format!("{OPEN}{tag}{text}{CLOSE}")
    }

    fn read(marked: &str) -> Option<Self> {
        let mut chars = marked.chars();
        let tag = chars.next()?;
        let text = chars.as_str().to_owned();
        match tag {
            'l' => Some(Self::Live(LiveReference { text })),
            's' => Some(Self::Secret(text)),
            'v' => Some(Self::Variable(text)),
            _ => None,
        }
    }
}

/// As it stands between `${` and `}`.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live(live) => f.write_str(&live.text),
            Self::Secret(name) => write!(f, "secret.{name}"),
            Self::Variable(name) => write!(f, "var.{name}"),
        }
    }
}

impl LiveReference {
    /// The block that is referred to.
    pub fn block(&self) -> Option<BlockAddress> {
        let head = self.text.split('/').next()?;
        let mut words = head.splitn(3, ['.', '[']);
        let (kind, name) = (words.next()?, words.next()?);
        (!kind.is_empty() && !name.is_empty()).then(|| BlockAddress::new(kind, name))
    }

    /// Splits the text into the address and the path: the longest address that `exists` wins. `None` if none
    /// does, or if what follows is no path.
    pub fn split(&self, exists: impl Fn(&Address) -> bool) -> Option<(Address, FieldPath)> {
        let ends = self.text.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(at, _)| at);
        let mut ends: Vec<usize> = ends.chain([self.text.len()]).collect();
        ends.reverse();
        ends.into_iter().find_map(|end| {
            let (head, rest) = self.text.split_at(end);
            let address: Address = head.parse().ok()?;
            if !exists(&address) {
                return None;
            }
            let path = rest.strip_prefix('.').unwrap_or(rest).parse().ok()?;
            Some((address, path))
        })
    }
}

impl Expression {
    /// Reads the marks of a text; `None` where it has none.
    pub fn parse(text: &str) -> Option<Result<Self, Unclosed>> {
        if !text.contains([OPEN, CLOSE]) {
            return None;
        }
        Some(Self::pieces(text).map(|parts| Self { parts, encoding: Encoding::Plain }))
    }

    fn pieces(text: &str) -> Result<Vec<Part>, Unclosed> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once(OPEN) {
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            let (marked, after) = after.split_once(CLOSE).ok_or(Unclosed)?;
            parts.push(Part::Reference(Reference::read(marked).ok_or(Unclosed)?));
            rest = after;
        }
        if rest.contains(CLOSE) {
            return Err(Unclosed);
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(parts)
    }

    /// Whether a text has a character that only the marks may have.
    pub fn has_mark(text: &str) -> bool {
        text.contains([OPEN, CLOSE])
    }

    /// The references in it.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            Part::Reference(reference) => Some(reference),
            Part::Literal(_) => None,
        })
    }

    /// The one reference that it is, where it is nothing else.
    pub fn sole(&self) -> Option<&Reference> {
        match self.parts.as_slice() {
            [Part::Reference(reference)] => Some(reference),
            _ => None,
        }
    }
}

/// As it stood in the configuration: `http://${registry.main.host}/`.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(&text.replace("${", "$${")),
            Part::Reference(reference) => write!(f, "${{{reference}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(text: &str) -> Reference {
        Reference::Live(LiveReference { text: text.into() })
    }

    #[test]
    fn marks_are_read_back() {
        let reference = live("registry.main/Service/registry.spec.clusterIP");
        let text = format!("http://{}:5000/{}", reference.mark(), Reference::Secret("x".into()).mark());
        let expression = Expression::parse(&text).unwrap().unwrap();
        assert_eq!(expression.references().count(), 2);
        assert_eq!(
            expression.to_string(),
            "http://${registry.main/Service/registry.spec.clusterIP}:5000/${secret.x}"
        );
        assert_eq!(expression.sole(), None);
        assert_eq!(Expression::parse(&reference.mark()).unwrap().unwrap().sole(), Some(&reference));
        assert_eq!(Expression::parse("plain ${text}"), None);
        assert_eq!(Expression::parse("\u{F0A0}x"), Some(Err(Unclosed)));
    }

    #[test]
    fn the_longest_address_that_exists_is_the_address() {
        let reference =
            LiveReference { text: "manifest.a/CustomResourceDefinition/foos.x.y.status[0].z".into() };
        let known: Address = "manifest.a/CustomResourceDefinition/foos.x.y".parse().unwrap();
        let (address, path) = reference.split(|address| *address == known).unwrap();
        assert_eq!((address, path.to_string().as_str()), (known, "status[0].z"));
        assert_eq!(reference.split(|_| false), None);
        assert_eq!(reference.block(), Some(BlockAddress::new("manifest", "a")));
    }

    #[test]
    fn a_block_that_is_one_object_is_followed_by_its_path() {
        let reference = LiveReference { text: "resource.lb.status.loadBalancer.ingress[0].ip".into() };
        let known = Address::block("resource", "lb");
        let (address, path) = reference.split(|address| *address == known).unwrap();
        assert_eq!((address, path.to_string().as_str()), (known, "status.loadBalancer.ingress[0].ip"));
        assert_eq!(reference.block(), Some(BlockAddress::new("resource", "lb")));
    }
}
