//! TLS: what a server shows of itself, and connections to one that is who it says.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::load_native_certs;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(super) use crate::provider::witness::Seen;
use crate::provider::witness::believing_anybody;

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
    let config = match trust {
        Trust::Anybody => believing_anybody(seen),
        Trust::Roots(roots) => believing(roots),
    };
    let config = config.map_err(std::io::Error::other)?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// The settings of a client that believes those whose certificates lead to these authorities.
fn believing(roots: &Arc<RootCertStore>) -> Result<ClientConfig, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(Arc::clone(roots)).with_no_client_auth())
}
