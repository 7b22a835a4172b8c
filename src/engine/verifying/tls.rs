//! TLS: what a server shows of itself, and connections to one that is who it says.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_native_certs::load_native_certs;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The authorities that this machine trusts, and those in these PEM texts.
pub(super) fn roots(more: &[Vec<u8>]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(load_native_certs().certs);
    for pem in more {
        roots.add_parsable_certificates(certificates(pem));
    }
    roots
}

/// The certificates in PEM text, as far as they can be read.
pub(super) fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
}

/// Who is believed to be the server.
#[derive(Clone)]
pub(super) enum Trust {
    /// Whoever answers. Nothing that is secret may be sent there.
    Anybody,
    /// One whose certificate leads to these authorities.
    Roots(Arc<RootCertStore>),
}

/// Makes TLS of a connection. What the server has shown goes to `seen`.
pub(super) async fn encrypt<S>(
    stream: S,
    host: &str,
    trust: &Trust,
    seen: &Seen,
) -> std::io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let config = config.with_safe_default_protocol_versions().map_err(std::io::Error::other)?;
    let config = match trust {
        Trust::Roots(roots) => config.with_root_certificates(Arc::clone(roots)).with_no_client_auth(),
        Trust::Anybody => {
            let witness = Witness { provider, seen: seen.clone() };
            config.dangerous().with_custom_certificate_verifier(Arc::new(witness)).with_no_client_auth()
        }
    };
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// The certificates that a server has shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Vec<CertificateDer<'static>>>>);

impl Seen {
    pub(super) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Lets every certificate pass, and keeps it. That the server has its key is checked.
#[derive(Debug)]
struct Witness {
    provider: Arc<CryptoProvider>,
    seen: Seen,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = [leaf].into_iter().chain(others).map(|shown| shown.clone().into_owned()).collect();
        *self.seen.0.lock().unwrap_or_else(PoisonError::into_inner) = chain;
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
