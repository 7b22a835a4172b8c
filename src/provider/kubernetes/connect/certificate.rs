//! Until when a client certificate is valid.
//!
//! An API server answers an expired client certificate with a bare 401. Only the certificate itself can
//! tell that from a wrong one, so its end is read here.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// The end of the first certificate in PEM text; `None` where there is none or it cannot be read.
pub(super) fn expiry_of_pem(pem: &[u8]) -> Option<Timestamp> {
    let der = CertificateDer::pem_slice_iter(pem).next()?.ok()?;
    let certificate = Certificate::from_der(&der).ok()?;
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl ca -selfsign -startdate 20190102030405Z -enddate 20200102030405Z`; its key is gone.
    const EXPIRED: &str = include_str!("testdata/expired.pem");

    /// A certificate that ends in this year, as `rcgen` makes it: before 2050 with two digits for the year.
    fn ending_in(year: i32) -> String {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 12, 31);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn the_end_of_a_certificate_is_found() {
        let end = expiry_of_pem(EXPIRED.as_bytes()).unwrap();
        assert_eq!(end.to_string(), "2020-01-02T03:04:05Z");
        for year in [2049, 2050, 2099] {
            let end = expiry_of_pem(ending_in(year).as_bytes()).unwrap();
            assert_eq!(end.to_string(), format!("{year}-12-31T00:00:00Z"));
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        assert_eq!(expiry_of_pem(b"nothing"), None);
        let cut = "-----BEGIN CERTIFICATE-----\nMIL/\n-----END CERTIFICATE-----\n";
        assert_eq!(expiry_of_pem(cut.as_bytes()), None);
    }
}
