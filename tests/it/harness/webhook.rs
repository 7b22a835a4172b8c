//! An admission webhook of a test's own: a real one, which the API server calls over TLS.

use std::convert::Infallible;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::cluster::{block_on, runtime};
use super::tls::Tls;
use super::{Namespace, wait_until};
use crate::plane::pki::{Authority, Validity};

/// The label that an injecting webhook puts on everything.
pub(crate) const INJECTED: &str = "regplan.test/injected";

/// The name of the object by which it is found out that the API server knows the webhook.
const PROBE: &str = "webhook-probe";

/// What a webhook does to the objects that it is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Conduct {
    /// It adds a label, and a container to what has pods.
    Inject,
    /// It refuses the object of this name with these words.
    Reject {
        /// The object's name.
        name: &'static str,
        /// What it says.
        words: &'static str,
    },
    /// It refuses the object of this name, and quotes it, as it is and as it was.
    Quote {
        /// The object's name.
        name: &'static str,
    },
    /// It lets all pass, and says that it does other things besides: the API server then keeps dry-runs
    /// from it by refusing them.
    SideEffects,
    /// Nobody answers where it should be.
    Silent,
}

/// A webhook that is registered for some resources of one namespace until it is dropped.
#[must_use = "it answers until it is dropped"]
pub(crate) struct Webhook<'n> {
    ns: &'n Namespace,
    kind: &'static str,
    _server: Option<AbortOnDropHandle<()>>,
}

impl<'n> Webhook<'n> {
    /// One that is asked about these resources (`configmaps`, `deployments`), the first of which tells when
    /// the API server has taken notice.
    #[track_caller]
    pub(crate) fn start(ns: &'n Namespace, resources: &[&str], conduct: Conduct) -> Self {
        let authority = Authority::new().unwrap();
        let tls = Tls::new(&authority.server(Validity::Current).unwrap());
        let listener = block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = match conduct {
            // The port is free again, and nobody listens there.
            Conduct::Silent => None,
            _ => Some(AbortOnDropHandle::new(runtime().spawn(serve(listener, tls, conduct)))),
        };
        let kind = match conduct {
            Conduct::Inject => "MutatingWebhookConfiguration",
            _ => "ValidatingWebhookConfiguration",
        };
        let webhook = Self { ns, kind, _server: server };
        webhook.register(port, &authority, resources);
        if matches!(conduct, Conduct::SideEffects) {
            webhook.claim_side_effects();
        }
        let probe = probe(ns, resources[0]);
        wait_until("the API server to call the webhook", || webhook.is_known(&probe, conduct));
        webhook
    }

    fn register(&self, port: u16, authority: &Authority, resources: &[&str]) {
        let configuration = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": self.kind,
            "metadata": { "name": self.ns.prefix() },
            "webhooks": [{
                "name": format!("{}.regplan.test", self.ns.prefix()),
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "timeoutSeconds": 5,
                "clientConfig": {
                    "url": format!("https://127.0.0.1:{port}/"),
                    "caBundle": BASE64_STANDARD.encode(authority.certificate()),
                },
                "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": self.ns.name() } },
                "rules": [{
                    "apiGroups": ["*"],
                    "apiVersions": ["*"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": resources,
                }],
            }],
        });
        self.ns.apply(&configuration.to_string());
    }

    /// Nobody can register such a webhook any more, but those that were before are still there, and obeyed.
    /// So it is written where the API server keeps it; both words have the same length.
    fn claim_side_effects(&self) {
        let etcd = self.ns.cluster().facts().etcd.clone().expect("this takes a cluster whose etcd is known");
        let config = kube::Config::new(etcd.parse().unwrap());
        let client = block_on(async { kube::Client::try_from(config).unwrap() });
        let ask = |what: &str, body: Value| {
            let request = Request::post(format!("/v3/kv/{what}")).body(body.to_string().into_bytes());
            block_on(client.request::<Value>(request.unwrap())).unwrap()
        };
        let key = format!("/registry/validatingwebhookconfigurations/{}", self.ns.prefix());
        let key = BASE64_STANDARD.encode(key);
        let found = ask("range", json!({ "key": key }));
        let stored = BASE64_STANDARD.decode(found["kvs"][0]["value"].as_str().unwrap()).unwrap();
        let at = stored.windows(4).rposition(|bytes| bytes == b"None").unwrap();
        let changed = [&stored[..at], b"Some", &stored[at + 4..]].concat();
        ask("put", json!({ "key": key, "value": BASE64_STANDARD.encode(changed) }));
    }

    fn is_known(&self, probe: &Value, conduct: Conduct) -> bool {
        let create = self.ns.kubectl(["create", "--filename=-", "--dry-run=server", "--output=json"]);
        let created = create.stdin(probe.to_string()).run().any();
        match conduct {
            Conduct::Inject => created.stdout().contains(INJECTED),
            Conduct::SideEffects => created.stderr().contains("does not support dry run"),
            Conduct::Silent => created.stderr().contains("failed calling webhook"),
            Conduct::Reject { .. } | Conduct::Quote { .. } => created.stderr().contains("denied the request"),
        }
    }
}

impl Drop for Webhook<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let delete = ["delete", self.kind, "{prefix}", "--ignore-not-found", "--wait=false"];
            let _ = self.ns.kubectl(delete).run().any();
        }
    }
}

/// An object that the API server is asked about in a dry-run.
fn probe(ns: &Namespace, resource: &str) -> Value {
    let metadata = json!({ "name": PROBE, "namespace": ns.name() });
    let labels = json!({ "app": PROBE });
    match resource {
        "configmaps" => json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata }),
        "secrets" => json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata }),
        "deployments" => json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
            "spec": {
                "selector": { "matchLabels": labels },
                "template": {
                    "metadata": { "labels": labels },
                    "spec": { "containers": [{ "name": "a", "image": "a" }] },
                },
            },
        }),
        other => panic!("there is no probe for {other}"),
    }
}

async fn serve(listener: TcpListener, tls: Tls, conduct: Conduct) {
    let mut connections = JoinSet::new();
    let tls = Arc::new(tls);
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, Arc::clone(&tls), conduct));
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, tls: Arc<Tls>, conduct: Conduct) {
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(|request: Request<Incoming>| async move {
        let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
        let review: Value = serde_json::from_slice(&body).unwrap_or_default();
        let answer = Full::new(Bytes::from(answer(&review["request"], conduct).to_string()));
        let response = Response::builder().header("content-type", "application/json").body(answer);
        Ok::<_, Infallible>(response.unwrap())
    });
    // The API server may hang up whenever it likes.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

fn answer(request: &Value, conduct: Conduct) -> Value {
    let is_called = |name: &str| [name, PROBE].iter().any(|name| request["name"] == **name);
    let mut response = json!({ "uid": request["uid"], "allowed": true });
    match conduct {
        Conduct::Inject => {
            response["patchType"] = json!("JSONPatch");
            response["patch"] = json!(BASE64_STANDARD.encode(injection(&request["object"]).to_string()));
        }
        Conduct::Reject { name, words } if is_called(name) => {
            response["allowed"] = json!(false);
            response["status"] = json!({ "message": words });
        }
        Conduct::Quote { name } if is_called(name) => {
            let words = format!("it is {}, and was {}", request["object"], request["oldObject"]);
            response["allowed"] = json!(false);
            response["status"] = json!({ "message": words });
        }
        _ => {}
    }
    json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response })
}

/// Adds the label and the container, where they are not there yet.
fn injection(object: &Value) -> Value {
    let mut patch = Vec::new();
    if object["metadata"].get("labels").is_none() {
        patch.push(json!({ "op": "add", "path": "/metadata/labels", "value": {} }));
    }
    let label = INJECTED.replace('/', "~1");
    patch.push(json!({ "op": "add", "path": format!("/metadata/labels/{label}"), "value": "yes" }));
    let containers = object.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    if containers.is_some_and(|all| all.iter().all(|container| container["name"] != "sidecar")) {
        let sidecar = json!({ "name": "sidecar", "image": "sidecar:1" });
        patch.push(json!({ "op": "add", "path": "/spec/template/spec/containers/-", "value": sidecar }));
    }
    Value::Array(patch)
}
