//! From the bytes of a file to its text.

use std::borrow::Cow;

use super::read_error::ReadError;

const BOM: char = '\u{FEFF}';

/// The text of a file in UTF-8, or in UTF-16 that says so by its byte order mark. Marks are left out, also those
/// at later lines, where files were put behind one another.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf_16(rest, u16::from_le_bytes)?),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf_16(rest, u16::from_be_bytes)?),
        _ => Cow::Borrowed(std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.split(|byte| *byte == b'\n').count();
            ReadError::new(None, format!("it is not UTF-8: the first wrong byte is in line {line}"))
        })?),
    };
    if !text.contains(BOM) {
        return Ok(text);
    }
    let text = text.strip_prefix(BOM).unwrap_or(&text);
    Ok(Cow::Owned(text.replace("\n\u{FEFF}", "\n")))
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ReadError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text = char::decode_utf16(pairs.iter().copied().map(unit)).collect::<Result<String, _>>();
    match text {
        Ok(text) if rest.is_empty() => Ok(text),
        _ => Err(ReadError::new(None, "it begins as UTF-16 and is not UTF-16".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_kubectl_decodes_is_decoded() {
        let text = "a: ä\n---\nb: 🦀\n";
        let units = |convert: fn(u16) -> [u8; 2]| -> Vec<u8> {
            [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(convert).collect()
        };
        assert_eq!(decode(text.as_bytes()).unwrap(), text);
        assert_eq!(decode(format!("\u{FEFF}{text}").as_bytes()).unwrap(), text);
        assert_eq!(decode(&units(u16::to_le_bytes)).unwrap(), text);
        assert_eq!(decode(&units(u16::to_be_bytes)).unwrap(), text);
        assert_eq!(
            decode("a: 1\n---\n\u{FEFF}b: \u{FEFF}\n".as_bytes()).unwrap(),
            "a: 1\n---\nb: \u{FEFF}\n"
        );
    }

    #[test]
    fn what_is_no_text_is_said() {
        let message = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
        assert_eq!(message(b"a\n\xE4"), ": it is not UTF-8: the first wrong byte is in line 2");
        assert_eq!(message(b"\xFF\xFEa"), ": it begins as UTF-16 and is not UTF-16");
    }
}
