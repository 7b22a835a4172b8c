//! What is in a text: what it stands for, which certificates it holds, and whether these end soon.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::x509::CertificateFacts;

const PEM_BEGIN: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// How long before its end a certificate is told of.
const WARNED_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What share of its time a short one has left then.
const LAST_SHARE: i32 = 3;

/// The text that a text in base64 stands for.
pub fn decoded(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())?;
    String::from_utf8(bytes).ok()
}

/// What stands before the content of the first key or certificate in a text, that content, and what is behind it.
pub fn next_pem(text: &str) -> Option<(&str, &str, &str)> {
    let begin = text.find(PEM_BEGIN)?;
    let body = begin + text[begin..].find('\n')? + 1;
    let end = body + text[body..].find(PEM_END)?;
    Some((&text[..body], &text[body..end], &text[end..]))
}

/// What the certificates in a text say, also where it is encoded.
pub fn certificates(text: &str) -> Vec<CertificateFacts> {
    if let Some(text) = decoded(text) {
        return certificates(&text);
    }
    let begins = text.match_indices(CERTIFICATE).map(|(at, _)| &text[at..]);
    begins.filter_map(|pem| CertificateFacts::of_pem(pem.as_bytes())).collect()
}

/// When the first certificate ends that is in a value, where it has ended or ends soon.
pub fn near_end(value: &Value, now: Timestamp) -> Option<Timestamp> {
    match value {
        Value::String(text) => {
            let near = certificates(text).into_iter().filter(|found| is_near_end(found, now));
            near.map(|found| found.not_after).min()
        }
        Value::Array(items) => items.iter().filter_map(|item| near_end(item, now)).min(),
        Value::Object(table) => table.values().filter_map(|value| near_end(value, now)).min(),
        _ => None,
    }
}

fn is_near_end(certificate: &CertificateFacts, now: Timestamp) -> bool {
    let whole = certificate.not_after.duration_since(certificate.not_before);
    certificate.not_after.duration_since(now) <= WARNED_BEFORE.min(whole / LAST_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_told_of_before_its_end() {
        let mut params = rcgen::CertificateParams::new(vec!["a.example.com".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let year = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem();
        params.not_after = rcgen::date_time_ymd(2026, 1, 31);
        let month = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem();
        let at = |day: &str| format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap();
        let end = |pem: &str, day: &str| near_end(&Value::from(format!("x: y\n{pem}")), at(day));
        assert_eq!(end(&year, "2026-11-27"), None);
        assert_eq!(end(&year, "2026-12-10"), Some(at("2027-01-01")));
        assert_eq!(end(&year, "2028-01-01"), Some(at("2027-01-01")));
        assert_eq!((end(&month, "2026-01-15"), end(&month, "2026-01-25")), (None, Some(at("2026-01-31"))));
        assert_eq!(end("nothing", "2026-01-25"), None);
    }
}
