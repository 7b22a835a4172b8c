//! Whom a client believes: authorities, and servers whose own certificate it was given.

use std::collections::BTreeSet;

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

use crate::kubernetes::x509::{CertificateFacts, EncodedNames};

/// The certificates that a client was given to believe.
#[derive(Debug, Clone)]
pub struct Authorities {
    roots: RootCertStore,
    /// The same in DER.
    given: BTreeSet<Vec<u8>>,
}

impl Default for Authorities {
    fn default() -> Self {
        Self { roots: RootCertStore::empty(), given: BTreeSet::new() }
    }
}

impl Extend<CertificateDer<'static>> for Authorities {
    fn extend<I: IntoIterator<Item = CertificateDer<'static>>>(&mut self, certificates: I) {
        for certificate in certificates {
            // What cannot be read is that of nobody.
            let (added, _) = self.roots.add_parsable_certificates([certificate.clone()]);
            if added > 0 {
                self.given.insert(certificate.to_vec());
            }
        }
    }
}

impl FromIterator<CertificateDer<'static>> for Authorities {
    fn from_iter<I: IntoIterator<Item = CertificateDer<'static>>>(certificates: I) -> Self {
        let mut all = Self::default();
        all.extend(certificates);
        all
    }
}

impl Authorities {
    /// These and those.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        let mut all = self.clone();
        all.roots.extend(others.roots.roots.iter().cloned());
        all.given.extend(others.given.iter().cloned());
        all
    }

    /// Whether a server is believed that shows this certificate, with `others` beside it. For which names it is, is not looked at.
    ///
    /// A certificate that was given as it is needs nobody who has signed it, also where it is one of an authority
    /// (`CA:TRUE`), as many that have signed themselves are. Docker and containerd believe such a server as well.
    /// Source: <https://pkg.go.dev/crypto/x509#Certificate.Verify>
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn believe(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        moment: UnixTime,
    ) -> Result<(), Error> {
        if self.given.contains(leaf.as_ref())
            && let Some(facts) = CertificateFacts::of_der(leaf)
        {
            return holds_at(&facts, moment);
        }
        let algorithms = default_provider().signature_verification_algorithms.all;
        let leaf = ParsedCertificate::try_from(leaf)?;
        verify_server_cert_signed_by_trust_anchor(&leaf, &self.roots, others, moment, algorithms)
    }

    /// Whether the names of those who have signed lead from this certificate to one of these, by way of `others`. No signature is looked
    /// at: it is for certificates of which [`believe`](Self::believe) says another fault first.
    pub fn are_named_by(&self, leaf: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> bool {
        let others: Vec<EncodedNames> =
            others.iter().filter_map(|other| EncodedNames::of_der(other)).collect();
        let mut signer = EncodedNames::of_der(leaf).map(|names| names.issuer);
        // With more steps than certificates it would go round in a circle.
        for _ in 0..=others.len() {
            let Some(name) = signer else { return false };
            if self.roots.roots.iter().any(|root| root.subject.as_ref() == name) {
                return true;
            }
            signer = others.iter().find(|other| other.subject == name).map(|other| other.issuer.clone());
        }
        false
    }
}

fn holds_at(facts: &CertificateFacts, moment: UnixTime) -> Result<(), Error> {
    let second = i64::try_from(moment.as_secs()).unwrap_or(i64::MAX);
    if second < facts.not_before.as_second() {
        return Err(CertificateError::NotValidYet.into());
    }
    if second > facts.not_after.as_second() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}
