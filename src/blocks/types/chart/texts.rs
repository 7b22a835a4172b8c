//! What is in a text: what it stands for, and which certificates it holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::kubernetes::x509::CertificateFacts;

const PEM_BEGIN: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// The text that a text in base64 stands for.
pub(super) fn decoded(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())?;
    String::from_utf8(bytes).ok()
}

/// What stands before the content of the first key or certificate in a text, that content, and what is behind it.
pub(super) fn next_pem(text: &str) -> Option<(&str, &str, &str)> {
    let begin = text.find(PEM_BEGIN)?;
    let body = begin + text[begin..].find('\n')? + 1;
    let end = body + text[body..].find(PEM_END)?;
    Some((&text[..body], &text[body..end], &text[end..]))
}

/// What the certificates in a text say, also where it is encoded.
pub(super) fn certificates(text: &str) -> Vec<CertificateFacts> {
    if let Some(text) = decoded(text) {
        return certificates(&text);
    }
    let begins = text.match_indices(CERTIFICATE).map(|(at, _)| &text[at..]);
    begins.filter_map(|pem| CertificateFacts::of_pem(pem.as_bytes())).collect()
}
