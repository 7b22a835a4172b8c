//! A path as text: `spec.template.spec.containers[registry].image`.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::{FieldPath, Segment};

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a field path: {reason}")]
pub struct PathError {
    /// What was read.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'$')
}

/// What stands between brackets without quotes.
fn is_plain_item(text: &str) -> bool {
    !text.is_empty()
        && !text.bytes().all(|b| b.is_ascii_digit())
        && !text.bytes().any(|b| matches!(b, b'[' | b']' | b'"' | b'=' | b',' | b'\n'))
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if is_plain(key) => {
                    if i > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(key)?;
                }
                Segment::Key(key) => write!(f, "[{}]", quoted(key))?,
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Item(keys) => match keys.as_slice() {
                    [(key, text)] if key.is_empty() && is_plain_item(text) => {
                        f.write_str("[")?;
                        f.write_str(text)?;
                        f.write_str("]")?;
                    }
                    _ => {
                        f.write_str("[")?;
                        for (n, (key, text)) in keys.iter().enumerate() {
                            let comma = if n > 0 { "," } else { "" };
                            if text.is_empty() || text.contains(['[', ']', '"', '=', ',']) {
                                write!(f, "{comma}{key}={}", quoted(text))?;
                            } else {
                                write!(f, "{comma}{key}={text}")?;
                            }
                        }
                        f.write_str("]")?;
                    }
                },
            }
        }
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

impl FromStr for FieldPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let fail = |reason| PathError { text: text.to_owned(), reason };
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('[') {
                let (segment, after) = bracket(after).map_err(fail)?;
                segments.push(segment);
                rest = after;
                continue;
            }
            if !segments.is_empty() {
                rest = rest.strip_prefix('.').ok_or(fail("a dot is missing"))?;
            }
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            if key.is_empty() {
                return Err(fail("a key is empty"));
            }
            if key.contains([']', '"']) {
                return Err(fail("a key with other characters must stand in brackets and quotes"));
            }
            segments.push(Segment::Key(key.to_owned()));
            rest = after;
        }
        Ok(Self(segments))
    }
}

/// Reads what follows an opening bracket, up to and with the closing one.
fn bracket(text: &str) -> Result<(Segment, &str), &'static str> {
    if text.starts_with('"') {
        let (key, rest) = string(text)?;
        let rest = rest.strip_prefix(']').ok_or("a closing bracket is missing")?;
        return Ok((Segment::Key(key), rest));
    }
    // `[=81]` is the number 81 in a set.
    if let Some((position, rest)) = text.split_once(']')
        && let Ok(position) = position.parse()
    {
        return Ok((Segment::Index(position), rest));
    }
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['=', ',', ']']).ok_or("a closing bracket is missing")?;
        let (word, after) = rest.split_at(end);
        let (key, value, after) = match after.strip_prefix('=') {
            None => (String::new(), word.to_owned(), after),
            Some(after) if after.starts_with('"') => {
                let (value, after) = string(after)?;
                (word.to_owned(), value, after)
            }
            Some(after) => {
                let end = after.find([',', ']']).ok_or("a closing bracket is missing")?;
                let (value, after) = after.split_at(end);
                (word.to_owned(), value.to_owned(), after)
            }
        };
        if key.is_empty() && value.is_empty() {
            return Err("there is nothing between the brackets");
        }
        keys.push((key, value));
        if let Some(after) = after.strip_prefix(']') {
            return Ok((Segment::Item(keys), after));
        }
        rest = after.strip_prefix(',').ok_or("a closing bracket is missing")?;
    }
}

/// Reads a quoted string (JSON's escapes) at the start of a text.
fn string(text: &str) -> Result<(String, &str), &'static str> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = stream.next().and_then(Result::ok).ok_or("a quoted key is not closed")?;
    Ok((value, &text[stream.byte_offset()..]))
}

impl From<FieldPath> for String {
    fn from(path: FieldPath) -> Self {
        path.to_string()
    }
}

impl TryFrom<String> for FieldPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> FieldPath {
        text.parse().unwrap()
    }

    #[test]
    fn paths_read_back_as_they_are_written() {
        for text in [
            "spec.template.spec.containers[registry].image",
            "metadata.annotations[\"a.b/c\"]",
            "status.loadBalancer.ingress[0].ip",
            "spec.ports[containerPort=80,protocol=TCP].name",
            "data[\"config.yml\"]",
            "metadata.finalizers[=\"a]b\"]",
            "spec.numbers[=81]",
        ] {
            assert_eq!(path(text).to_string(), text);
        }
    }

    fn any_segment() -> impl Strategy<Value = Segment> {
        let text = "[a-c0-9=,\"\\[\\] .]{1,3}";
        prop_oneof![
            text.prop_map(Segment::Key),
            (0..100_usize).prop_map(Segment::Index),
            text.prop_map(|value| Segment::Item(vec![(String::new(), value)])),
            ("[a-c]{1,2}", "[a-c0-9=,\"\\[\\] .]{0,3}", text).prop_map(|(key, value, other)| Segment::Item(
                vec![(key, value), ("other".to_owned(), other)]
            )),
        ]
    }

    proptest! {
        #[test]
        fn every_path_reads_back_as_itself(segments in prop::collection::vec(any_segment(), 0..4)) {
            let whole = FieldPath(segments);
            prop_assert_eq!(&path(&whole.to_string()), &whole);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [".a", "a..b", "a[", "a[]", "a[\"x]", "a]", "a[x", "a[k=\"v]"] {
            assert!(text.parse::<FieldPath>().is_err(), "{text}");
        }
    }
}
