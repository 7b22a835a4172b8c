//! TLS with those whom somebody of ours believes: whoever answers, where it is looked what a server shows, or where something else
//! than a certificate says who is at the other end; or those whom a judge of certificates lets pass.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

/// The settings of a client that believes whoever answers. What the server shows goes to `seen`.
///
/// # Errors
/// There is no version of TLS that both sides could speak.
pub fn believing_anybody(seen: &Seen) -> Result<ClientConfig, Error> {
    believing(Arc::new(seen.clone()))
}

/// The settings of a client that believes those whom the judge believes.
///
/// # Errors
/// There is no version of TLS that both sides could speak.
pub fn believing(judge: Arc<dyn Judge>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let config = config.with_safe_default_protocol_versions()?;
    let verifier = Verifier { provider, judge };
    Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// Whether a server is believed by what it shows. That it has the key of its certificate is checked beside that.
pub trait Judge: Debug + Send + Sync {
    /// # Errors
    /// Why it is not believed.
    fn judge(&self, shown: &Shown<'_>) -> Result<(), Error>;
}

/// What a server shows of itself.
pub struct Shown<'s> {
    /// Its own certificate.
    pub leaf: &'s CertificateDer<'s>,
    /// What it sends beside that.
    pub others: &'s [CertificateDer<'s>],
    /// By which name it was asked.
    pub name: &'s ServerName<'s>,
    /// When.
    pub now: UnixTime,
}

/// The certificates that a server has shown. It lets every one pass, and keeps it.
#[derive(Debug, Clone, Default)]
pub struct Seen(Arc<Mutex<Vec<CertificateDer<'static>>>>);

impl Seen {
    /// That of the server first.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Judge for Seen {
    fn judge(&self, shown: &Shown<'_>) -> Result<(), Error> {
        let all = [shown.leaf].into_iter().chain(shown.others);
        let chain = all.map(|certificate| certificate.clone().into_owned()).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(())
    }
}

/// A judge, as the TLS library wants it.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    judge: Arc<dyn Judge>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge.judge(&Shown { leaf, others, name, now })?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
