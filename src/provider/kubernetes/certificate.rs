//! Until when a client certificate is valid.
//!
//! An API server answers an expired client certificate with a bare 401. Only the certificate itself can
//! tell that from a wrong one, so its end is read here: the one field of X.509 that we need.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The end of the first certificate in PEM text; `None` where there is none or it cannot be read.
pub(super) fn expiry_of_pem(pem: &[u8]) -> Option<Timestamp> {
    let certificate = CertificateDer::pem_slice_iter(pem).next()?.ok()?;
    expiry(&certificate)
}

/// The end of a certificate in DER.
fn expiry(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate, _) = element(der)?;
    let (_, mut tbs, _) = element(certificate)?;
    let (tag, _, after) = element(tbs)?;
    if tag == 0xa0 {
        tbs = after; // the version, left out in version 1
    }
    for _ in 0..3 {
        tbs = element(tbs)?.2; // serial number, signature algorithm, issuer
    }
    let (_, validity, _) = element(tbs)?;
    let (_, _, rest) = element(validity)?;
    let (tag, time, _) = element(rest)?;
    instant(tag, std::str::from_utf8(time).ok()?)
}

/// Tag, content, and what follows the first element.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let digits = rest.get(..usize::from(first & 0x7f))?;
        if digits.len() > 4 {
            return None;
        }
        let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
        (length, rest.get(digits.len()..)?)
    };
    Some((tag, rest.get(..length)?, rest.get(length..)?))
}

/// `UTCTime` (tag 0x17, two digits for the year) or `GeneralizedTime` (0x18).
fn instant(tag: u8, text: &str) -> Option<Timestamp> {
    let full = match tag {
        0x17 => format!("{}{text}", if text.get(..2)?.parse::<u8>().ok()? < 50 { "20" } else { "19" }),
        0x18 => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", &full).ok()?;
    Some(time.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl ca -selfsign -startdate 20190102030405Z -enddate 20200102030405Z`; its key is gone.
    const EXPIRED: &str = include_str!("testdata/expired.pem");

    #[test]
    fn the_end_of_a_certificate_is_found() {
        let end = expiry_of_pem(EXPIRED.as_bytes()).unwrap();
        assert_eq!(end.to_string(), "2020-01-02T03:04:05Z");
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        assert_eq!(expiry_of_pem(b"nothing"), None);
        assert_eq!(expiry(&[0x30, 0x82, 0xff]), None);
        assert_eq!(instant(0x17, "491231235959Z").unwrap().to_string(), "2049-12-31T23:59:59Z");
    }
}
