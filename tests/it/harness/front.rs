//! What stands before a registry in a cluster: it ends TLS, as an ingress controller does. It can also do that wrong.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::block_on;
use super::cluster::runtime;
use super::pass_on::pass_on;
use super::tls::Tls;
use crate::plane::pki::Pair;

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// The folder of a store.
const STORE: &str = "/store";

/// What a front does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Nothing.
    Nothing,
    /// It takes no body with more bytes.
    BodyLimit(u64),
    /// It says that an upload goes on at `http://`.
    PlainLocation,
    /// It says that an upload goes on at another host.
    OtherHost,
    /// Plain HTTP leads to the registry.
    NoRedirect,
    /// It takes away what a refusal says.
    NoChallenge,
    /// It gives up waiting for the registry where a push ends.
    GatewayTimeout,
    /// It finds no registry.
    NoBackend,
    /// It knows nothing of this host.
    OtherServer,
    /// It lets nobody begin a push, since there were too many requests.
    TooMany,
    /// It hangs up when a part of a layer comes.
    HangsUp,
    /// It answers with this status when it is asked for the first time.
    SaysAtFirst(u16),
    /// It lets everybody in.
    Open,
    /// It says that everything was deleted, and deletes nothing.
    KeepsAll,
    /// It changes what is pulled.
    OtherContent,
    /// It gives no answer to who asks for a manifest by its tag.
    Hangs,
    /// It takes every password, also a wrong one.
    TakesAnyPassword,
    /// It refuses a password, and quotes it.
    Quotes,
    /// It sends pulls of layers on to a store. That takes no password; the registry behind it takes this one.
    SendsOn(&'static str),
}

/// A server with TLS, and one without, before a registry. They end when it is dropped.
#[must_use = "it serves until it is dropped"]
pub(crate) struct Front {
    https: u16,
    http: u16,
    _servers: [AbortOnDropHandle<()>; 2],
}

impl Front {
    /// One before the registry at this port, with this certificate.
    #[track_caller]
    pub(crate) fn start(registry: u16, pair: &Pair, wrong: Wrong) -> Self {
        Self::with(registry, &[pair], wrong)
    }

    /// One that shows the first of these certificates to the first who comes, and the second one to all others.
    #[track_caller]
    pub(crate) fn turning(registry: u16, pairs: [&Pair; 2]) -> Self {
        Self::with(registry, &pairs, Wrong::Nothing)
    }

    fn with(registry: u16, pairs: &[&Pair], wrong: Wrong) -> Self {
        let way = Arc::new(Way { registry, wrong, was_asked: AtomicBool::new(false) });
        let (https, secure) = serve(Arc::clone(&way), pairs.iter().map(|pair| Tls::new(pair)).collect());
        let (http, plain) = serve(way, Vec::new());
        Self { https, http, _servers: [secure, plain] }
    }

    /// The arguments by which it is found under this name.
    pub(crate) fn resolve(&self, host: &str) -> [String; 2] {
        let at = |port: u16, to: u16| format!("--resolve={host}:{port}=127.0.0.1:{to}");
        [at(443, self.https), at(80, self.http)]
    }
}

/// Serves with these certificates, each for one connection and the last one for all that come then; without any, in clear.
fn serve(way: Arc<Way>, tls: Vec<Tls>) -> (u16, AbortOnDropHandle<()>) {
    let listener = block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = runtime().spawn(async move {
        let mut connections = JoinSet::new();
        let mut turns = tls.iter().chain(std::iter::repeat_with(|| tls.last()).map_while(|last| last));
        while let Ok((stream, _)) = listener.accept().await {
            let (way, tls) = (Arc::clone(&way), turns.next().cloned());
            connections.spawn(async move {
                match tls {
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            connection(stream, way, "https").await;
                        }
                    }
                    None => connection(stream, way, "http").await,
                }
            });
            while connections.try_join_next().is_some() {}
        }
    });
    (port, AbortOnDropHandle::new(server))
}

async fn connection<S>(stream: S, way: Arc<Way>, scheme: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let way = Arc::clone(&way);
        async move {
            if way.wrong == Wrong::HangsUp && request.method() == Method::PATCH {
                return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
            }
            Ok(way.answer(request, scheme).await)
        }
    });
    // Clients may hang up whenever they like.
    let _ = server::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

struct Way {
    registry: u16,
    wrong: Wrong,
    was_asked: AtomicBool,
}

impl Way {
    async fn answer(&self, request: Request<Incoming>, scheme: &str) -> Response<Body> {
        let host = request.headers()[HOST].to_str().unwrap().to_owned();
        let is_of_store = request.uri().path().starts_with(STORE);
        if scheme == "http" && is_of_store {
            return self.stored(request).await;
        }
        if scheme == "http" && self.wrong != Wrong::NoRedirect {
            let to = format!("https://{host}{}", request.uri());
            return said(Response::builder().status(301).header(LOCATION, to), "");
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let length = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let status =
            |status: StatusCode| said(Response::builder().status(status).header("server", "front"), "no");
        match self.wrong {
            Wrong::BodyLimit(limit) if length > Some(limit) => return status(StatusCode::PAYLOAD_TOO_LARGE),
            Wrong::GatewayTimeout if method == Method::PUT => return status(StatusCode::GATEWAY_TIMEOUT),
            Wrong::SaysAtFirst(code) if !self.was_asked.swap(true, Ordering::Relaxed) => {
                return status(StatusCode::from_u16(code).unwrap());
            }
            Wrong::NoBackend => return status(StatusCode::SERVICE_UNAVAILABLE),
            Wrong::OtherServer => return status(StatusCode::NOT_FOUND),
            Wrong::TooMany if method == Method::POST => return status(StatusCode::TOO_MANY_REQUESTS),
            Wrong::KeepsAll if method == Method::DELETE => return status(StatusCode::ACCEPTED),
            Wrong::Hangs if method == Method::HEAD && path.contains("/manifests/run-") => {
                return std::future::pending().await;
            }
            Wrong::Quotes => {
                if let Some(login) = login(&request) {
                    let errors = json!({"errors": [{"code": "DENIED", "message": format!("not {login}")}]});
                    return said(Response::builder().status(StatusCode::FORBIDDEN), &errors.to_string());
                }
            }
            Wrong::SendsOn(_) if method == Method::GET && path.contains("/blobs/sha256:") => {
                let to = format!("http://{host}{STORE}{path}");
                return said(Response::builder().status(307).header(LOCATION, to), "");
            }
            _ => {}
        }
        let has_password = request.headers().contains_key(AUTHORIZATION);
        let mut response = self.forward(request, scheme).await;
        match self.wrong {
            Wrong::PlainLocation => relocate(&mut response, &format!("http://{host}")),
            Wrong::OtherHost => relocate(&mut response, "https://registry.svc:5000"),
            Wrong::NoChallenge => drop(response.headers_mut().remove(WWW_AUTHENTICATE)),
            Wrong::Open if response.status() == StatusCode::UNAUTHORIZED => {
                *response.status_mut() = StatusCode::OK;
            }
            Wrong::TakesAnyPassword if has_password && response.status() == StatusCode::UNAUTHORIZED => {
                *response.status_mut() = StatusCode::OK;
            }
            Wrong::OtherContent if method == Method::GET && path.contains("/blobs/") => {
                let mut changed = said(Response::builder(), "something else");
                std::mem::swap(changed.headers_mut(), response.headers_mut());
                changed.headers_mut().remove(CONTENT_LENGTH);
                return changed;
            }
            _ => {}
        }
        response
    }

    /// What a store answers, which looks into the request for the right to read, and wants no other.
    async fn stored(&self, mut request: Request<Incoming>) -> Response<Body> {
        let Wrong::SendsOn(login) = self.wrong else { return said(Response::builder().status(404), "") };
        if request.headers().contains_key(AUTHORIZATION) {
            return said(Response::builder().status(400), "only one way to say who asks is allowed");
        }
        *request.uri_mut() = request.uri().path().trim_start_matches(STORE).parse().unwrap();
        let login = format!("Basic {}", STANDARD.encode(login));
        request.headers_mut().insert(AUTHORIZATION, login.parse().unwrap());
        self.forward(request, "https").await
    }

    /// The registry's own answer.
    async fn forward(&self, mut request: Request<Incoming>, scheme: &str) -> Response<Body> {
        request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_str(scheme).unwrap());
        match pass_on(([127, 0, 0, 1], self.registry).into(), request).await {
            Ok(response) => response.map(http_body_util::BodyExt::boxed_unsync),
            Err(error) => said(Response::builder().status(502), &error.to_string()),
        }
    }
}

fn said(response: http::response::Builder, text: &str) -> Response<Body> {
    let body =
        Full::new(Bytes::copy_from_slice(text.as_bytes())).map_err(|never| match never {}).boxed_unsync();
    response.body(body).unwrap()
}

/// The name and the password in a request.
fn login(request: &Request<Incoming>) -> Option<String> {
    let login = request.headers().get(AUTHORIZATION)?.to_str().unwrap().strip_prefix("Basic ")?;
    Some(String::from_utf8(STANDARD.decode(login).unwrap()).unwrap())
}

/// Gives a `Location` this beginning.
fn relocate(response: &mut Response<Body>, to: &str) {
    if let Some(location) = response.headers().get(LOCATION) {
        let location = location.to_str().unwrap();
        let path = location.find("/v2/").map_or(location, |at| &location[at..]);
        let location = HeaderValue::from_str(&format!("{to}{path}")).unwrap();
        response.headers_mut().insert(LOCATION, location);
    }
}
