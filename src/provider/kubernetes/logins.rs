//! Whether the pods of a registry take a login: each of them is asked, by a forwarded port.
//!
//! Nothing else reaches one pod from everywhere. The server's own proxy keeps the header with the password for itself.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::access::Resource;
use super::client::Kubernetes;
use super::discovery::encode;
use super::problem::{self, About};
use super::transport::{Call, chain};
use crate::kubernetes::pull_login::{LoginLack, LoginPods, PullLogin, Scheme, encoded, right_to_ask};
use crate::provider::Verb;
use crate::provider::witness::{Seen, believing_anybody};
use crate::resource::{Identity, Problem, ProblemKind};

/// The name by which a pod is spoken to at a forwarded port.
const LOCAL: &str = "localhost";
/// For how long one pod is asked.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is lacking until each pod takes the login; `None` where nothing is.
///
/// # Errors
/// The pods may not be listed, or not be reached.
pub(super) async fn login_lacks(
    cluster: &Kubernetes,
    login: &PullLogin,
) -> Result<Option<LoginLack>, Problem> {
    for pod in pods(cluster, &login.pods).await? {
        let lacking = match pod {
            Found::Running(pod) => lacks(cluster, login, &pod).await?,
            Found::Starting(pod) => Some(LoginLack::NotAsked(format!("pod {pod} is not running yet"))),
        };
        if lacking.is_some() {
            return Ok(lacking);
        }
    }
    Ok(None)
}

/// Whether our rights allow to find the pods of a namespace and to ask them. A port is forwarded by a WebSocket, which begins as a
/// GET: every server wants `get` for it, and servers from Kubernetes 1.35 on want `create` as well.
///
/// # Errors
/// The server answers no review.
pub(super) async fn may_ask_pods(cluster: &Kubernetes, namespace: &str) -> Result<bool, Problem> {
    let pods = Resource { group: "", version: "v1", plural: "pods", subresource: "" };
    let forwarded = Resource { subresource: "portforward", ..pods };
    for (verb, resource) in [(Verb::List, pods), (Verb::Get, forwarded), (Verb::Create, forwarded)] {
        if !cluster.access.may_in(verb, resource, namespace).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A pod that is there to stay.
enum Found {
    Running(String),
    Starting(String),
}

async fn pods(cluster: &Kubernetes, wanted: &LoginPods) -> Result<Vec<Found>, Problem> {
    let LoginPods { namespace, selector, .. } = wanted;
    let path = format!("/api/v1/namespaces/{}/pods?labelSelector={}", encode(namespace), encode(selector));
    let list = cluster.transport.send(&Call::get(path)).await.map_err(|failure| {
        let identity = Identity::namespaced("", "Pod", namespace.as_str(), "");
        let problem = problem::of(failure, About::new(&identity), &cluster.transport.server_info);
        let message =
            format!("the pods of the registry cannot be listed in the namespace {namespace}: {problem}");
        Problem { message, ..problem }
    })?;
    let items = list.body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(items.iter().filter_map(found).collect())
}

fn found(pod: &Value) -> Option<Found> {
    let name = pod.pointer("/metadata/name")?.as_str()?.to_owned();
    if pod.pointer("/metadata/deletionTimestamp").is_some() {
        return None;
    }
    match pod.pointer("/status/phase").and_then(Value::as_str) {
        Some("Running") => Some(Found::Running(name)),
        Some("Succeeded" | "Failed") => None,
        _ => Some(Found::Starting(name)),
    }
}

/// What one pod answers, where that is not yes.
async fn lacks(cluster: &Kubernetes, login: &PullLogin, pod: &str) -> Result<Option<LoginLack>, Problem> {
    let LoginPods { namespace, .. } = &login.pods;
    match timeout(PATIENCE, ask(cluster, login, pod)).await {
        Err(_) => Ok(Some(LoginLack::NotAsked(format!("pod {pod} gives no answer")))),
        Ok(Ok(StatusCode::OK)) => Ok(None),
        Ok(Ok(StatusCode::UNAUTHORIZED)) => {
            Ok(Some(LoginLack::NotTaken(format!("pod {pod} does not take the user `{}` yet", login.user))))
        }
        Ok(Ok(status)) => Ok(Some(LoginLack::NotTaken(format!("pod {pod} answers {status}")))),
        Ok(Err(NoAnswer::Forbidden(why))) => {
            let message =
                format!("whether pod {namespace}/{pod} takes the user `{}` is not known: {why}", login.user);
            Err(Problem::new(ProblemKind::Forbidden, message).help(right_to_ask(namespace)))
        }
        Ok(Err(NoAnswer::Other(why))) => {
            Ok(Some(LoginLack::NotAsked(format!("pod {pod} cannot be asked: {why}"))))
        }
    }
}

/// Why a pod has not answered.
enum NoAnswer {
    Forbidden(String),
    Other(String),
}

impl<E: std::error::Error + 'static> From<E> for NoAnswer {
    fn from(error: E) -> Self {
        Self::Other(chain(&error))
    }
}

/// The status of `GET /v2/` with the login.
async fn ask(cluster: &Kubernetes, login: &PullLogin, pod: &str) -> Result<StatusCode, NoAnswer> {
    let LoginPods { namespace, port, scheme, .. } = &login.pods;
    let pods: Api<Pod> = Api::namespaced(cluster.transport.client(), namespace);
    let mut forwarder = pods.portforward(pod, &[*port]).await.map_err(|error| match error {
        kube::Error::Api(status) if status.code == 403 => NoAnswer::Forbidden(status.message.clone()),
        other => NoAnswer::from(other),
    })?;
    let Some(stream) = forwarder.take_stream(*port) else {
        return Err(NoAnswer::Other("its port is not forwarded".to_owned()));
    };
    let status = match scheme {
        Scheme::Http => talk(stream, login).await,
        Scheme::Https => talk(encrypt(stream).await?, login).await,
    };
    forwarder.abort();
    status
}

/// Makes TLS of a forwarded port. That leads to the pod and nowhere else, so whatever certificate it shows is taken: it is that of
/// the name under which others reach the registry, and its authority may be known to nobody here.
async fn encrypt<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Result<TlsStream<S>, NoAnswer> {
    let config = believing_anybody(&Seen::default())?;
    let name = ServerName::try_from(LOCAL)?;
    Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
}

/// What the other end of a connection answers.
async fn talk<S>(stream: S, login: &PullLogin) -> Result<StatusCode, NoAnswer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let both = encoded(&login.user, &login.password);
    let request = Request::get("/v2/")
        .header(HOST, LOCAL)
        .header(AUTHORIZATION, format!("Basic {both}"))
        .body(Empty::<Bytes>::new())?;
    // The connection does its work only while it is polled.
    let answer = tokio::select! {
        answer = sender.send_request(request) => answer?,
        ended = connection => {
            ended?;
            return Err(NoAnswer::Other("it has closed the connection".to_owned()));
        }
    };
    Ok(answer.status())
}
