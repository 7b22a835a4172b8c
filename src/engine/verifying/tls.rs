//! TLS: what a server shows of itself, and connections to one that is who it says.

use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls_native_certs::load_native_certs;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(super) use crate::provider::witness::Seen;
use crate::provider::witness::{Judge, Shown, believing, believing_anybody};
use crate::verify::Authorities;

/// The authorities that this machine trusts, and those in these PEM texts.
pub(super) fn authorities(more: &[Vec<u8>]) -> Authorities {
    let more = more.iter().flat_map(|pem| certificates(pem));
    load_native_certs().certs.into_iter().chain(more).collect()
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
    Those(Arc<Authorities>),
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
        Trust::Those(authorities) => believing(Arc::new(Known(Arc::clone(authorities)))),
    };
    let config = config.map_err(std::io::Error::other)?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Believes those whose certificates are for the name that is meant, and lead to these authorities.
#[derive(Debug)]
struct Known(Arc<Authorities>);

impl Judge for Known {
    fn judge(&self, shown: &Shown<'_>) -> Result<(), rustls::Error> {
        self.0.believe(shown.leaf, shown.others, shown.now)?;
        verify_server_name(&ParsedCertificate::try_from(shown.leaf)?, shown.name)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// Whether a client that was given a certificate gets through to the server that has it.
    async fn gets_through(name: &str, is_ca: IsCa, years: (i32, i32)) -> Result<(), String> {
        let (key, mut params) =
            (KeyPair::generate().unwrap(), CertificateParams::new(vec!["a.example.com".into()]).unwrap());
        params.is_ca = is_ca;
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let own = params.self_signed(&key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let server = server.with_no_client_auth().with_single_cert(vec![own.der().clone()], key).unwrap();
        let (here, there) = tokio::io::duplex(1 << 16);
        let serving = tokio::spawn(TlsAcceptor::from(Arc::new(server)).accept(there));
        let trust = Trust::Those(Arc::new([own.der().clone()].into_iter().collect()));
        let outcome = encrypt(here, name, &trust, &Seen::default()).await;
        drop(serving.await);
        outcome.map(drop).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_server_is_believed_by_its_own_certificate() {
        let (authority, years) = (IsCa::Ca(BasicConstraints::Unconstrained), (2020, 2090));
        for is_ca in [IsCa::NoCa, authority] {
            assert_eq!(gets_through("a.example.com", is_ca, years).await, Ok(()), "{is_ca:?}");
            let other = gets_through("b.example.com", is_ca, years).await.unwrap_err();
            assert!(other.contains("not valid for name"), "{other}");
            let ended = gets_through("a.example.com", is_ca, (2019, 2020)).await.unwrap_err();
            assert!(ended.to_lowercase().contains("expired"), "{ended}");
        }
    }
}
