//! Requests over TLS to servers of a bed.

use std::path::Path;

use http::StatusCode;

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
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = reqwest::Certificate::from_pem(&std::fs::read(authority)?)?;
    let client = reqwest::Client::builder()
        .tls_certs_only([authority])
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    let request = client.get(url);
    let request = match login {
        None => request,
        Some(Login::Password(name, password)) => request.basic_auth(name, Some(password)),
        Some(Login::Token(token)) => request.bearer_auth(token),
    };
    let response = request.send().await?;
    Ok((response.status(), response.text().await?))
}
