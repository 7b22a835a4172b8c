//! The proxy's network side.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, RETRY_AFTER, TRANSFER_ENCODING,
};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::fault::Fault;
use super::{Notes, Seen};
use crate::harness::pass_on::pass_on;
use crate::harness::tls::Tls;
use crate::plane::Error;

/// hyper takes no boxed errors.
type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Accepts connections and serves them.
pub(super) struct Server {
    listener: TcpListener,
    upstream: Upstream,
    tls: Option<Tls>,
}

/// What a proxy stands before.
#[derive(Clone)]
pub(super) enum Way {
    /// An API server. A request without a token becomes the administrator's.
    Cluster { with_its_token: kube::Client, as_administrator: kube::Client },
    /// An object store at this address.
    Store(SocketAddr),
}

/// What all connections share.
#[derive(Clone)]
struct Upstream {
    way: Way,
    notes: Arc<Mutex<Notes>>,
}

impl Server {
    pub(super) async fn bind(way: Way, notes: Arc<Mutex<Notes>>, tls: Option<Tls>) -> (Self, u16) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (Self { listener, upstream: Upstream { way, notes }, tls }, port)
    }

    /// Serves until it is dropped, and all connections with it.
    pub(super) async fn serve(self) {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = self.listener.accept().await {
            connections.spawn(connect(stream, self.tls.clone(), self.upstream.clone()));
            while connections.try_join_next().is_some() {}
        }
    }
}

async fn connect(stream: TcpStream, tls: Option<Tls>, upstream: Upstream) -> Result<(), Error> {
    // A second handle of the socket, so that the service can reset the connection.
    let stream = stream.into_std()?;
    let hold = Arc::new(stream.try_clone()?);
    let stream = TcpStream::from_std(stream)?;
    match tls {
        None => serve_connection(stream, upstream, hold).await,
        Some(tls) => serve_connection(tls.accept(stream).await?, upstream, hold).await,
    }
}

async fn serve_connection<S>(stream: S, upstream: Upstream, hold: Arc<StdStream>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let (upstream, hold) = (upstream.clone(), Arc::clone(&hold));
        async move { upstream.handle(request, &hold).await.map_err(io::Error::other) }
    });
    Ok(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?)
}

impl Upstream {
    async fn handle(&self, request: Request<Incoming>, hold: &StdStream) -> Result<Response<Body>, Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let seen = Seen::new(&parts, body.clone());
        match self.note(seen) {
            None => self.forward(parts, body).await,
            Some(Fault::Answer { status, retry_after }) => answer(status, retry_after),
            Some(Fault::AnswerText { status, body }) => plain(status, body),
            Some(Fault::Reset) => Err(reset(hold)),
            Some(Fault::LoseAnswer) => {
                self.forward(parts, body).await?.into_body().collect().await?;
                Err(reset(hold))
            }
            Some(Fault::Replace { status, body: other }) => {
                self.forward(parts, body).await?.into_body().collect().await?;
                plain(status, other)
            }
            Some(Fault::HangAfter) => {
                self.forward(parts, body).await?.into_body().collect().await?;
                std::future::pending().await
            }
            Some(Fault::Edit(edit)) => edited(self.forward(parts, body).await?, &*edit).await,
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Delay(time)) => {
                let _held = Held::new(&self.notes);
                tokio::time::sleep(time).await;
                self.forward(parts, body).await
            }
            Some(Fault::Cut(bytes)) => Ok(cut(self.forward(parts, body).await?, bytes)),
            Some(Fault::First(act)) => {
                tokio::task::spawn_blocking(move || act()).await?;
                self.forward(parts, body).await
            }
            Some(Fault::Instead(act)) => {
                tokio::task::spawn_blocking(move || act()).await?;
                std::future::pending().await
            }
            Some(Fault::Then(act)) => {
                self.forward(parts, body).await?.into_body().collect().await?;
                tokio::task::spawn_blocking(move || act()).await?;
                std::future::pending().await
            }
        }
    }

    /// Remembers the request, and returns the fault that applies to it.
    fn note(&self, seen: Seen) -> Option<Fault> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = notes.rules.iter_mut().find_map(|rule| rule.apply_to(&seen));
        notes.seen.push(seen);
        fault
    }

    async fn forward(&self, parts: Parts, body: Bytes) -> Result<Response<Body>, Error> {
        match &self.way {
            Way::Cluster { with_its_token, as_administrator } => {
                let known = parts.headers.contains_key(AUTHORIZATION);
                to_cluster(if known { with_its_token } else { as_administrator }, parts, body).await
            }
            Way::Store(address) => {
                let response = pass_on(*address, Request::from_parts(parts, Full::new(body))).await?;
                Ok(response.map(|body| body.map_err(io::Error::other).boxed_unsync()))
            }
        }
    }
}

async fn to_cluster(client: &kube::Client, mut parts: Parts, body: Bytes) -> Result<Response<Body>, Error> {
    for header in [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, ACCEPT_ENCODING] {
        parts.headers.remove(header);
    }
    let request = Request::from_parts(parts, kube::client::Body::from(body.to_vec()));
    let response = client.send(request).await?;
    Ok(response.map(|body| body.map_err(io::Error::other).boxed_unsync()))
}

/// Counts a delayed request for as long as it is held, however that ends.
struct Held<'n>(&'n Mutex<Notes>);

impl<'n> Held<'n> {
    fn new(notes: &'n Mutex<Notes>) -> Self {
        let mut now = notes.lock().unwrap_or_else(PoisonError::into_inner);
        now.held += 1;
        now.most_held = now.most_held.max(now.held);
        Self(notes)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).held -= 1;
    }
}

fn answer(status: u16, retry_after: Option<u64>) -> Result<Response<Body>, Error> {
    let message = format!("the test's proxy says {status}");
    let body = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure", "code": status, "message": message,
    });
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    if let Some(seconds) = retry_after {
        response = response.header(RETRY_AFTER, seconds);
    }
    let body = Full::new(Bytes::from(body.to_string())).map_err(|never: Infallible| match never {});
    Ok(response.body(body.boxed_unsync())?)
}

fn plain(status: u16, body: String) -> Result<Response<Body>, Error> {
    let body = Full::new(Bytes::from(body)).map_err(|never: Infallible| match never {});
    Ok(Response::builder().status(status).body(body.boxed_unsync())?)
}

async fn edited(
    response: Response<Body>,
    edit: &(dyn Fn(&mut Value) + Send + Sync),
) -> Result<Response<Body>, Error> {
    let (mut parts, body) = response.into_parts();
    let mut content: Value = serde_json::from_slice(&body.collect().await?.to_bytes())?;
    edit(&mut content);
    parts.headers.remove(CONTENT_LENGTH);
    let body = Full::new(Bytes::from(content.to_string())).map_err(|never: Infallible| match never {});
    Ok(Response::from_parts(parts, body.boxed_unsync()))
}

/// Makes the socket's end a reset. The error makes the server close it.
fn reset(hold: &StdStream) -> Error {
    let _ = rustix::net::sockopt::set_socket_linger(hold, Some(std::time::Duration::ZERO));
    "reset by the test's proxy".into()
}

fn cut(response: Response<Body>, mut left: usize) -> Response<Body> {
    response.map(|mut body| {
        let frames = futures::stream::poll_fn(move |context| {
            if left == 0 {
                return Some(Err(io::Error::other("cut by the test's proxy"))).into();
            }
            std::pin::Pin::new(&mut body).poll_frame(context).map_ok(|frame| shorten(frame, &mut left))
        });
        http_body_util::StreamBody::new(frames).boxed_unsync()
    })
}

fn shorten(frame: Frame<Bytes>, left: &mut usize) -> Frame<Bytes> {
    frame.map_data(|mut data| {
        data.truncate(*left);
        *left -= data.len();
        data
    })
}
