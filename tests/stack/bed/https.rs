//! Requests over TLS to servers of a bed.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::StatusCode;
use http::header::LOCATION;
use http_body_util::StreamBody;
use hyper::body::Frame;
use reqwest::tls::TlsInfo;
use reqwest::{Body, Client};
use sha2::{Digest as _, Sha256};

use crate::plane::Error;

/// How a client says who it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Login<'a> {
    /// Name and password.
    Password(&'a str, &'a str),
    /// A bearer token.
    Token(&'a str),
}

/// Sends `GET`, and returns the status and the text of the answer. The server's certificate has to be signed by this
/// authority (a PEM file), and to be for the name in the URL. Redirects are not followed.
pub(crate) async fn get(
    url: &str,
    authority: &Path,
    login: Option<Login<'_>>,
) -> Result<(StatusCode, String), Error> {
    let request = client(authority)?.get(url);
    let request = match login {
        None => request,
        Some(Login::Password(name, password)) => request.basic_auth(name, Some(password)),
        Some(Login::Token(token)) => request.bearer_auth(token),
    };
    let response = request.send().await?;
    Ok((response.status(), response.text().await?))
}

/// The certificate of the server at this URL, in DER. It has to be signed by one of these authorities (a PEM file with all of
/// them), and to be for the name in the URL. Each call makes a connection of its own.
pub(crate) async fn certificate(url: &str, authorities: &Path) -> Result<Vec<u8>, Error> {
    let response = client(authorities)?.get(url).send().await?;
    let told = response.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
    Ok(told.ok_or("the connection has no certificate")?.to_owned())
}

/// Uploads a blob to a registry at this URL (`https://host/v2/team/app`) in one request, whose body comes in these pieces with a
/// pause before each, and returns the status at the end.
pub(crate) async fn upload_slowly(
    repository: &str,
    authority: &Path,
    (name, password): (&str, &str),
    pieces: &'static [&'static str],
    pause: Duration,
) -> Result<StatusCode, Error> {
    let client = client(authority)?;
    let begun =
        client.post(format!("{repository}/blobs/uploads/")).basic_auth(name, Some(password)).send().await?;
    let location = begun.headers().get(LOCATION).ok_or("the registry begins no upload")?.to_str()?;
    let digest = pieces.iter().fold(Sha256::new(), Sha256::chain_update).finalize();
    let digest = digest.iter().fold(String::from("sha256:"), |text, byte| format!("{text}{byte:02x}"));
    let mut end = begun.url().join(location)?;
    end.query_pairs_mut().append_pair("digest", &digest);
    let frames = stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, Infallible>(Frame::data(Bytes::from_static(piece.as_bytes())))
    });
    let body = Body::wrap(StreamBody::new(frames));
    let ended = client.put(end).basic_auth(name, Some(password)).body(body).send().await?;
    Ok(ended.status())
}

fn client(authorities: &Path) -> Result<Client, Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authorities = reqwest::Certificate::from_pem_bundle(&std::fs::read(authorities)?)?;
    let client = Client::builder().tls_certs_only(authorities).redirect(reqwest::redirect::Policy::none());
    Ok(client.tls_info(true).no_proxy().build()?)
}
