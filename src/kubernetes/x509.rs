//! What an X.509 certificate says: for whom it is, who signed it, and for how long it holds.

use std::net::IpAddr;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_cert::Certificate;
use x509_cert::der::asn1::AnyRef;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::time::Time;

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The common name of its subject; empty where it has none.
    pub subject: String,
    /// Who signed it.
    pub issuer: Signatory,
    /// The names and addresses of servers that it is for.
    pub names: Vec<String>,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// Whether it names itself as the one who signed it.
    pub is_self_signed: bool,
    /// Whether it is one of an authority (`CA:TRUE`), which may sign others.
    pub is_authority: bool,
}

/// Who signed a certificate, as the certificate says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signatory {
    /// The common name; empty where there is none.
    pub name: String,
    /// The organisation; empty where there is none.
    pub organization: String,
}

impl CertificateFacts {
    /// What a certificate in DER says; `None` for what is none.
    pub fn of_der(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let body = certificate.tbs_certificate();
        let validity = body.validity();
        Some(Self {
            subject: common_name(body.subject()),
            issuer: Signatory { name: common_name(body.issuer()), organization: organization(body.issuer()) },
            // Names that cannot be read are no reason to say nothing of the rest.
            names: body
                .get_extension::<SubjectAltName>()
                .ok()
                .flatten()
                .map_or_else(Vec::new, |(_, names)| names.0.iter().filter_map(name_of).collect()),
            not_before: moment(validity.not_before)?,
            not_after: moment(validity.not_after)?,
            is_self_signed: body.subject() == body.issuer(),
            is_authority: body
                .get_extension::<BasicConstraints>()
                .ok()
                .flatten()
                .is_some_and(|(_, constraints)| constraints.ca),
        })
    }

    /// What the first certificate in PEM text says; `None` where there is none, or it cannot be read.
    pub fn of_pem(pem: &[u8]) -> Option<Self> {
        Self::of_der(&first_der(pem)?)
    }
}

/// For whom a certificate is and who signed it, in the bytes by which authorities are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedNames {
    /// For whom it is.
    pub subject: Vec<u8>,
    /// Who signed it.
    pub issuer: Vec<u8>,
}

impl EncodedNames {
    /// The names in a certificate in DER; `None` for what is none.
    pub fn of_der(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let body = certificate.tbs_certificate();
        Some(Self { subject: encoded(body.subject())?, issuer: encoded(body.issuer())? })
    }
}

/// A name without the header of its sequence, as a `TrustAnchor` has it.
fn encoded(name: &Name) -> Option<Vec<u8>> {
    let der = name.to_der().ok()?;
    Some(AnyRef::from_der(&der).ok()?.value().to_vec())
}

/// The first certificate in PEM text, in DER; `None` where there is none.
pub fn first_der(pem: &[u8]) -> Option<Vec<u8>> {
    Some(CertificateDer::pem_slice_iter(pem).next()?.ok()?.to_vec())
}

/// `Let's Encrypt, R11`, or the one of both that there is.
impl std::fmt::Display for Signatory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.organization.as_str(), self.name.as_str()) {
            ("", "") => f.write_str("somebody without a name"),
            ("", one) | (one, "") => f.write_str(one),
            (organization, name) => write!(f, "{organization}, {name}"),
        }
    }
}

fn common_name(name: &Name) -> String {
    name.common_name().ok().flatten().map(|text| text.value().into_owned()).unwrap_or_default()
}

fn organization(name: &Name) -> String {
    name.organization().ok().flatten().map(|text| text.value().into_owned()).unwrap_or_default()
}

fn name_of(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from);
            let address = four.or_else(|| <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from))?;
            Some(address.to_string())
        }
        _ => None,
    }
}

fn moment(time: Time) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl ca -selfsign -startdate 20190102030405Z -enddate 20200102030405Z`; its key is gone.
    const EXPIRED: &str = include_str!("testdata/expired.pem");

    /// A certificate that ends in this year, as `rcgen` makes it: before 2050 with two digits for the year.
    fn ending_in(year: i32) -> String {
        let names = vec!["a.example.com".to_owned(), "192.0.2.7".to_owned()];
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 12, 31);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn the_end_of_a_certificate_is_found() {
        let end = CertificateFacts::of_pem(EXPIRED.as_bytes()).unwrap().not_after;
        assert_eq!(end.to_string(), "2020-01-02T03:04:05Z");
        for year in [2049, 2050, 2099] {
            let end = CertificateFacts::of_pem(ending_in(year).as_bytes()).unwrap().not_after;
            assert_eq!(end.to_string(), format!("{year}-12-31T00:00:00Z"));
        }
    }

    #[test]
    fn names_and_the_one_who_signed_are_found() {
        let found = CertificateFacts::of_pem(ending_in(2099).as_bytes()).unwrap();
        assert_eq!(found.names, ["a.example.com", "192.0.2.7"]);
        assert!(found.is_self_signed);
        assert_eq!(found.issuer.to_string(), "rcgen self signed cert");
        assert_eq!(Signatory::default().to_string(), "somebody without a name");
    }

    #[test]
    fn what_is_no_certificate_says_nothing() {
        assert_eq!(CertificateFacts::of_pem(b"nothing"), None);
        let cut = "-----BEGIN CERTIFICATE-----\nMIL/\n-----END CERTIFICATE-----\n";
        assert_eq!(CertificateFacts::of_pem(cut.as_bytes()), None);
    }
}
