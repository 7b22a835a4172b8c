//! How deep an object may be nested.
//!
//! Everything that walks through an object needs room on the stack for each level, and a stack that overflows ends the
//! program. So the depth is limited where text becomes an object. A server keeps up to 10,000 levels; what people
//! write, and the fields of large definitions, stay below a hundred.

use serde::Deserialize;
use serde::de::Error as _;

/// The most levels of an object that is sent.
pub const DEEPEST_SENT: usize = 256;
/// The most levels of an object that is read. What was sent comes back with its field owners, a few levels deeper.
pub const DEEPEST_READ: usize = 512;
/// The levels that the JSON reader takes by itself.
const USUAL: usize = 127;

/// Reads JSON of no more than [`DEEPEST_READ`] levels.
///
/// # Errors
/// The text is no JSON, is nested deeper, or holds something else.
pub fn from_json<'de, T: Deserialize<'de>>(json: &'de [u8]) -> serde_json::Result<T> {
    serde_json::from_slice(json).or_else(|error| {
        let depth = depth_of(json);
        if depth <= USUAL {
            return Err(error);
        }
        if depth > DEEPEST_READ {
            return Err(serde_json::Error::custom(too_deep(DEEPEST_READ)));
        }
        let mut reader = serde_json::Deserializer::from_slice(json);
        reader.disable_recursion_limit();
        let value = T::deserialize(&mut reader)?;
        reader.end().map(|()| value)
    })
}

/// That something is nested deeper than so many levels.
pub fn too_deep(levels: usize) -> String {
    format!("it is nested deeper than {levels} levels")
}

/// How many levels of lists and maps a JSON text has. It need not be whole.
pub fn depth_of(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn lists(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn levels_are_counted_outside_of_texts() {
        assert_eq!(depth_of(b"1"), 0);
        assert_eq!(depth_of(br#"{"a[[": "]{\"[[", "b": [[], {}]}"#), 3);
        assert_eq!(depth_of(lists(9000).as_bytes()), 9000);
        assert_eq!(depth_of(b"]]]["), 1);
    }

    #[test]
    fn what_is_deep_is_read_and_what_is_too_deep_is_refused() {
        for depth in [1, USUAL, USUAL + 1, DEEPEST_READ] {
            assert!(from_json::<Value>(lists(depth).as_bytes()).is_ok(), "{depth}");
        }
        for depth in [DEEPEST_READ + 1, 9000, 1_000_000] {
            let error = from_json::<Value>(lists(depth).as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "it is nested deeper than 512 levels", "{depth}");
        }
        for broken in [format!("{}x", lists(200)), "[".repeat(200), "{".to_owned()] {
            assert!(from_json::<Value>(broken.as_bytes()).is_err());
        }
    }
}
