//! A gateway in front of an object server that passes no condition of a write on, as old ones do.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::ObjectServer;
use super::cluster::{block_on, runtime};

/// A gateway that serves until it is dropped.
#[must_use = "it serves until it is dropped"]
pub(crate) struct ForgetfulGateway {
    url: String,
    _server: AbortOnDropHandle<()>,
}

impl ForgetfulGateway {
    pub(crate) fn start(server: &ObjectServer) -> Self {
        // It signs the requests anew: what was signed with the condition fits no more.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Arc::new(server.client());
        let listener = block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        Self { url, _server: AbortOnDropHandle::new(runtime().spawn(serve(listener, client))) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

async fn serve(listener: TcpListener, client: Arc<AmazonS3>) {
    while let Ok((stream, _)) = listener.accept().await {
        let client = Arc::clone(&client);
        tokio::spawn(async move {
            let service = service_fn(|request| pass_on(request, Arc::clone(&client)));
            // A client that closes its connection ends nothing else.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn pass_on(
    request: Request<Incoming>,
    client: Arc<AmazonS3>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let name = head.uri.path().trim_start_matches('/').split_once('/').unwrap_or_default().1;
    let (method, path) = (head.method, Path::from(name));
    let answer = match method {
        Method::PUT => {
            let body = body.collect().await.unwrap().to_bytes();
            client.put(&path, PutPayload::from(body)).await.map(|done| (done.e_tag, Bytes::new()))
        }
        Method::DELETE => client.delete(&path).await.map(|()| (None, Bytes::new())),
        _ => read(&client, &path).await,
    };
    Ok(match answer {
        Ok((e_tag, body)) => Response::builder()
            .header("etag", e_tag.unwrap_or_default())
            .header("last-modified", "Thu, 26 Nov 2026 20:00:00 GMT")
            .body(Full::new(body))
            .unwrap(),
        Err(_) => Response::builder().status(StatusCode::NOT_FOUND).body(Full::default()).unwrap(),
    })
}

async fn read(client: &AmazonS3, path: &Path) -> object_store::Result<(Option<String>, Bytes)> {
    let found = client.get(path).await?;
    let e_tag = found.meta.e_tag.clone();
    Ok((e_tag, found.bytes().await?))
}
