//! Certificates: the plane's own authority, and what it signs.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

use super::Error;

const DAY: Duration = Duration::from_hours(24);

/// A certificate authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// The certificate.
    pub(crate) certificate: String,
    /// The key, in PKCS #8.
    pub(crate) key: String,
}

/// Whether a certificate can be used today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    /// It can.
    Current,
    /// It ended years ago.
    Expired,
    /// It can, and ends in two days after many years.
    Ending,
    /// It begins in many years.
    Later,
}

impl Authority {
    /// A new one, with a key of its own.
    pub(crate) fn new() -> Result<Self, Error> {
        let mut params = named("regplan test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Its certificate, in PEM.
    pub(crate) fn certificate(&self) -> String {
        self.0.pem()
    }

    /// Its certificate and its key.
    pub(crate) fn pair(&self) -> Pair {
        Pair { certificate: self.certificate(), key: self.0.key().serialize_pem() }
    }

    /// A certificate for a server on loopback.
    pub(crate) fn server(&self, validity: Validity) -> Result<Pair, Error> {
        self.server_at(&[IpAddr::from([127, 0, 0, 1])], validity)
    }

    /// A certificate for a server at these addresses.
    pub(crate) fn server_at(&self, addresses: &[IpAddr], validity: Validity) -> Result<Pair, Error> {
        let names = ["localhost".try_into()?, "kubernetes.default.svc".try_into()?];
        let addresses = addresses.iter().copied().map(SanType::IpAddress);
        self.server_of(addresses.chain(names.map(SanType::DnsName)).collect(), validity)
    }

    /// A certificate for a server of this name.
    pub(crate) fn server_named(&self, name: &str, validity: Validity) -> Result<Pair, Error> {
        self.server_of(vec![SanType::DnsName(name.try_into()?)], validity)
    }

    fn server_of(&self, names: Vec<SanType>, validity: Validity) -> Result<Pair, Error> {
        let mut params = named("regplan test server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names = names;
        self.sign(params, validity)
    }

    /// A certificate for an administrator.
    pub(crate) fn administrator(&self, validity: Validity) -> Result<Pair, Error> {
        let mut params = named("admin");
        params.distinguished_name.push(DnType::OrganizationName, "system:masters");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params, validity)
    }

    fn sign(&self, mut params: CertificateParams, validity: Validity) -> Result<Pair, Error> {
        let (begin, end) = (&mut params.not_before, &mut params.not_after);
        match validity {
            Validity::Current => {}
            Validity::Expired => (*begin, *end) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
            Validity::Ending => {
                (*begin, *end) = (date_time_ymd(2020, 1, 1), (SystemTime::now() + 2 * DAY).into());
            }
            Validity::Later => *begin = date_time_ymd(3000, 1, 1),
        }
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// A new key alone, private and public, in PEM: what signs the tokens of service accounts.
pub(super) fn key() -> Result<(String, String), Error> {
    let key = KeyPair::generate()?;
    Ok((key.serialize_pem(), key.public_key_pem()))
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
