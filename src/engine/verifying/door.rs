//! The registry's door: requests to it, one connection each.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Collected, Full, Limited};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::hearing::Hearing;
use super::network::{Network, NoConnection};
use super::tls::{self, Seen, Trust};
use crate::kubernetes::pull_login::encoded;
use crate::resource::asked;
use crate::verify::{Answer, Fault, codes};

/// How long an answer may take after all was sent.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);
/// The largest answer that is read.
const LARGEST: usize = 1 << 20;
const AGENT: &str = concat!("regplan-verify/", env!("CARGO_PKG_VERSION"));
/// What a large body is made of.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Call {
    method: Method,
    url: Url,
    headers: Vec<(HeaderName, String)>,
    content: Content,
    authorization: Option<HeaderValue>,
}

#[derive(Debug, Clone)]
enum Content {
    Bytes(Bytes),
    /// So many bytes without meaning.
    Zeros(u64),
}

impl Call {
    pub(super) fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: Vec::new(), content: Content::Bytes(Bytes::new()), authorization: None }
    }

    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, media_type: &str, content: impl Into<Bytes>) -> Self {
        self.content = Content::Bytes(content.into());
        self.header(CONTENT_TYPE, media_type)
    }

    pub(super) fn zeros(mut self, bytes: u64) -> Self {
        self.content = Content::Zeros(bytes);
        self.header(CONTENT_TYPE, "application/octet-stream")
    }

    /// With this name and password, where there is one.
    pub(super) fn by(mut self, login: Option<&Login>) -> Self {
        self.authorization = login.map(Login::header);
        self
    }

    fn request(&self) -> Option<Request<Body>> {
        let target = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request =
            Request::builder().method(&self.method).uri(target).header(HOST, host).header(USER_AGENT, AGENT);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(value) = &self.authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let body = match &self.content {
            Content::Bytes(bytes) => Full::new(bytes.clone()).boxed_unsync(),
            Content::Zeros(bytes) => Zeros(*bytes).boxed_unsync(),
        };
        request.body(body).ok()
    }
}

/// A name and its password.
#[derive(Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// Without the password.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Login {
    fn header(&self) -> HeaderValue {
        // Base64 has no character that a header does not take.
        let mut value = HeaderValue::try_from(format!("Basic {}", encoded(&self.user, &self.password)))
            .unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// So many bytes without meaning, made as they are sent.
struct Zeros(u64);

impl hyper::body::Body for Zeros {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = ZEROS.len().min(usize::try_from(self.0).unwrap_or(usize::MAX));
        self.0 -= next as u64;
        let frame = ZEROS.get(..next).filter(|bytes| !bytes.is_empty());
        Poll::Ready(frame.map(|bytes| Ok(Frame::data(Bytes::from_static(bytes)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }

    fn is_end_stream(&self) -> bool {
        self.0 == 0
    }
}

/// The way to one registry.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) network: Arc<Network>,
    /// Who is believed to be it, where secrets are sent.
    pub(super) trust: Trust,
    /// When nothing is waited for any more.
    pub(super) deadline: Instant,
}

impl Door {
    /// The same, which waits for this long at least.
    pub(super) fn at_least_for(&self, time: Duration) -> Self {
        Self { deadline: self.deadline.max(Instant::now() + time), ..self.clone() }
    }

    /// The answer to a call. Without `trust` whoever answers is believed, so no secret is sent there.
    pub(super) async fn ask_anybody(&self, call: Call) -> Result<Answer, Fault> {
        let call = Call { authorization: None, ..call };
        self.send(&call, &Trust::Anybody).await
    }

    /// The answer of the server that is meant.
    pub(super) async fn ask(&self, call: &Call) -> Result<Answer, Fault> {
        self.send(call, &self.trust).await
    }

    async fn send(&self, call: &Call, trust: &Trust) -> Result<Answer, Fault> {
        // What takes long is sending; an answer comes soon after that.
        let patience = match call.content {
            Content::Bytes(_) => PATIENCE,
            Content::Zeros(_) => Duration::MAX,
        };
        let limit = self.deadline.saturating_duration_since(Instant::now()).min(patience);
        let question = || format!("{} {}", call.method, call.url.path());
        let outcome = |answer: &Result<Result<Answer, Fault>, _>| match answer {
            Ok(Ok(answer)) => answer.status.to_string(),
            _ => "no answer of use".to_owned(),
        };
        match asked(question, timeout(limit, exchange(&self.network, call, trust)), outcome).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::new(
                codes::NO_ANSWER,
                format!("no answer came to {} {} in {} s", call.method, call.url.path(), limit.as_secs()),
                "give it more time (`--timeout`), or look what holds it up: the log of the registry's pods, and of what \
                 stands before them",
            )),
        }
    }
}

async fn exchange(network: &Network, call: &Call, trust: &Trust) -> Result<Answer, Fault> {
    let host = call.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = call.url.port_or_known_default().unwrap_or_default();
    let stream = network.connect(host, port).await.map_err(|why| no_connection(host, port, &why))?;
    // Small requests go out at once.
    let _ = stream.set_nodelay(true);
    let stream = Hearing::new(stream);
    if call.url.scheme() == "http" {
        return talk(stream, call).await;
    }
    match tls::encrypt(stream, host, trust, &Seen::default()).await {
        Ok(stream) => talk(stream, call).await,
        Err(error) => Err(no_tls(host, &error)),
    }
}

async fn talk<S>(stream: S, call: &Call) -> Result<Answer, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: &hyper::Error| {
        let what = format!("{} {}", call.method, call.url.path());
        let told = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        Fault::new(
            codes::BROKEN_OFF,
            format!("the connection was broken off at {what}: {told}"),
            "look what stands before the registry and ends connections: limits for bodies and for times",
        )
    };
    let Some(request) = call.request() else {
        let reason = format!("`{}` cannot be asked for", call.url);
        return Err(Fault::new(codes::OTHER_LOCATION, reason, "look what changes `Location`"));
    };
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let _connection = AbortOnDropHandle::new(tokio::spawn(async move {
        // What goes wrong is told by the answer.
        let _ = connection.await;
    }));
    let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
    Ok(answer(response).await)
}

async fn answer(response: Response<Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let length = body.size_hint().exact();
    // Of an answer that is too long, or breaks off, the head is enough to be judged.
    let body = match length {
        Some(0) => Bytes::new(),
        _ => Limited::new(body, LARGEST).collect().await.map(Collected::to_bytes).unwrap_or_default(),
    };
    Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_vec() }
}

/// What it means that there is no connection.
pub(super) fn no_connection(host: &str, port: u16, why: &NoConnection) -> Fault {
    match why {
        NoConnection::Unnamed(said) => Fault::new(
            codes::NO_NAME,
            format!("this machine does not know {host}: {said}"),
            format!("make its record, or say where it is: `--resolve {host}=ADDRESS`"),
        )
        .by(codes::NO_NAME),
        NoConnection::Unreachable(addresses) => {
            let said: Vec<String> =
                addresses.iter().map(|(address, said)| format!("{address}: {said}")).collect();
            Fault::new(
                codes::NO_CONNECTION,
                format!("nothing answers for {host} at port {port} ({})", said.join("; ")),
                format!(
                    "look whether what lets requests in (the ingress controller, the Gateway, the load balancer) runs and is \
                     reached from here; where only this machine is kept out, go through it: `kubectl port-forward` and `--resolve {host}:{port}=127.0.0.1:PORT`"
                ),
            )
        }
    }
}

/// What it means that a server takes the connection, and shows nothing of itself in this time.
pub(super) fn silent(host: &str, limit: Duration) -> Fault {
    Fault::new(
        codes::NO_ANSWER,
        format!("{host} takes the connection, and says nothing of TLS in {} s", limit.as_secs()),
        "look what holds it up: whether what ends TLS runs, and whether its port is the one of TLS; or give it more time \
         (`--timeout`)",
    )
}

/// What it means that TLS does not come about.
pub(super) fn no_tls(host: &str, error: &std::io::Error) -> Fault {
    Fault::new(
        codes::NO_TLS,
        format!("{host} does not speak TLS as it should: {error}"),
        "look whether the Secret of `tls` is there: some controllers serve no TLS without it; and which server answers",
    )
}
