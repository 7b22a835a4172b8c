//! Certificates that a chart has made, and that stay: when do they end?

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::texts::certificates;
use crate::blocks::codes;
use crate::blocks::keys::span_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;
use crate::kubernetes::x509::CertificateFacts;

/// How long before its end a certificate is told of.
const WARNED_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What share of its time a short one has left then.
const LAST_SHARE: i32 = 3;

/// When the first certificate ends that is in a value, where it has ended or ends soon.
pub(super) fn near_end(value: &Value, now: Timestamp) -> Option<Timestamp> {
    let near = certificates(value.as_str()?).into_iter().filter(|found| is_near_end(found, now));
    near.map(|found| found.not_after).min()
}

fn is_near_end(certificate: &CertificateFacts, now: Timestamp) -> bool {
    let whole = certificate.not_after.duration_since(certificate.not_before);
    certificate.not_after.duration_since(now) <= WARNED_BEFORE.min(whole / LAST_SHARE)
}

/// Says that the certificates in these fields end.
pub(super) fn told(block: &Block, ends: &[(String, Timestamp)], now: Timestamp) -> Option<Diagnostic> {
    let (_, first) = ends.iter().min_by_key(|(_, end)| *end)?;
    let day = first.strftime("%Y-%m-%d");
    let message = if *first <= now {
        format!("a certificate that `{}` has made ended on {day}, and stays as it is", block.address)
    } else {
        format!("a certificate that `{}` has made ends on {day}, and stays as it is", block.address)
    };
    let fields = list(ends.iter().map(|(field, _)| field.as_str()));
    Some(Diagnostic::warning(codes::CHART_CERTIFICATE, message).at(span_of(block, ["chart"]), "").help(
        format!(
            "{fields}. To make all that the chart makes at random anew, use `regplan rotate {}`",
            block.address
        ),
    ))
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
