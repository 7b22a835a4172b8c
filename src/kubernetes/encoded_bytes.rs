//! Bytes that stand in an object as base64.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// What base64 stands for, as the server decodes it: with line breaks, and with any last bits that stand for nothing.
/// `None` for what it refuses.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    const AS_THE_SERVER: GeneralPurpose =
        GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));
    AS_THE_SERVER.decode(text.replace(['\n', '\r'], "")).ok()
}
