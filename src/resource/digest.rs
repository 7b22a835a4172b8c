//! Digests: plain ones of public texts, and keyed ones of secrets.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// SHA-256 of a text, with `sha256:` before it. Only for public texts: whoever has the digest of a secret can
/// try guesses against it.
pub fn digest(text: &str) -> String {
    digest_bytes(text.as_bytes())
}

/// The same of bytes.
pub(crate) fn digest_bytes(content: &[u8]) -> String {
    named("sha256", &Sha256::digest(content))
}

/// 32 random bytes. Without them, nobody can try guesses against a digest that was made with them.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; Key::LENGTH]);

impl Key {
    const LENGTH: usize = 32;

    /// A new one.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// HMAC-SHA-256 of a text, with `hmac:` before it. Equal texts that are sealed for different purposes have
    /// different digests.
    pub fn seal(&self, purpose: &str, text: &str) -> String {
        let sum = match Hmac::<Sha256>::new_from_slice(&self.0) {
            Ok(mac) => mac.chain_update(purpose).chain_update([0]).chain_update(text).finalize().into_bytes(),
            // HMAC takes a key of any length.
            Err(_) => return String::new(),
        };
        named("hmac", &sum)
    }

    /// As it is kept: hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// Reads what [`to_hex`](Self::to_hex) wrote.
    pub fn from_hex(text: &str) -> Option<Self> {
        if !text.is_ascii() || text.len() != 2 * Self::LENGTH {
            return None;
        }
        let mut bytes = [0; Self::LENGTH];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// Never the key itself: this type's values may end in logs.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

fn named(algorithm: &str, sum: &[u8]) -> String {
    let mut text = String::with_capacity(algorithm.len() + 1 + 2 * sum.len());
    text.push_str(algorithm);
    text.push(':');
    push_hex(&mut text, sum);
    text
}

/// Bytes as hexadecimal digits, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(&mut text, bytes);
    text
}

/// Digit by digit: a large plan has a hundred thousand digests, and a formatter takes most of their time.
fn push_hex(text: &mut String, bytes: &[u8]) {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_outlives_being_written_and_shows_in_no_log() {
        let key = Key::random();
        assert_eq!(Key::from_hex(&key.to_hex()), Some(key.clone()));
        assert!(!format!("{key:?}").contains(&key.to_hex()));
        for wrong in ["", "00", &"g".repeat(64), &"ü".repeat(32)] {
            assert_eq!(Key::from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_sealed_depends_on_key_purpose_and_text() {
        let (one, other) = (Key::random(), Key::random());
        let sealed = one.seal("a", "text");
        assert_eq!(one.seal("a", "text"), sealed);
        assert_ne!(other.seal("a", "text"), sealed);
        assert_ne!(one.seal("b", "text"), sealed);
        assert_ne!(one.seal("at", "ext"), sealed);
    }
}
