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
use super::{Namespace, Port, wait_until};
use crate::plane::pki::{Authority, Validity};

/// The label that an injecting webhook puts on everything.
pub(crate) const INJECTED: &str = "regplan.test/injected";

/// The name of the object whose dry-run shows that the API server calls the webhook.
const PROBE: &str = "webhook-probe";

/// What a webhook does to the objects that it is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Behaviour {
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
    /// It allows everything, and says that it has side effects: the API server then refuses dry-runs.
    SideEffects,
    /// Nobody listens at its address.
    Silent,
}

/// A webhook that is registered for some resources of one namespace until it is dropped.
#[must_use = "it answers until it is dropped"]
pub(crate) struct Webhook<'n> {
    ns: &'n Namespace,
    behaviour: Behaviour,
    kind: &'static str,
    _server: Option<AbortOnDropHandle<()>>,
    _dead: Option<Port>,
}

impl<'n> Webhook<'n> {
    /// Registers one for these resources (`configmaps`, `deployments`), and waits until the API server calls it
    /// for the first of them.
    #[track_caller]
    pub(crate) fn start(ns: &'n Namespace, resources: &[&str], behaviour: Behaviour) -> Self {
        let authority = Authority::new().unwrap();
        let tls = Tls::new(&authority.server(Validity::Current).unwrap());
        let (dead, server, port) = if let Behaviour::Silent = behaviour {
            let dead = Port::take();
            let port = dead.number();
            (Some(dead), None, port)
        } else {
            let listener = block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
            let port = listener.local_addr().unwrap().port();
            (None, Some(AbortOnDropHandle::new(runtime().spawn(serve(listener, tls, behaviour)))), port)
        };
        let kind = match behaviour {
            Behaviour::Inject => "MutatingWebhookConfiguration",
            _ => "ValidatingWebhookConfiguration",
        };
        let webhook = Self { ns, behaviour, kind, _server: server, _dead: dead };
        webhook.register(port, &authority, resources);
        if matches!(behaviour, Behaviour::SideEffects) {
            webhook.declare_side_effects();
        }
        wait_until("the API server to call the webhook", || webhook.is_called_for(resources[0]));
        webhook
    }

    fn register(&self, port: u16, authority: &Authority, resources: &[&str]) {
        let operations: &[&str] = match self.behaviour {
            Behaviour::Quote { .. } => &["CREATE", "UPDATE", "DELETE"],
            _ => &["CREATE", "UPDATE"],
        };
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
                    "operations": operations,
                    "resources": resources,
                }],
            }],
        });
        self.ns.apply(&configuration.to_string());
    }

    /// Says that the webhook has side effects. The API server lets nobody register such a webhook any more, but
    /// it still obeys those that it has. So the word is changed in etcd; the old one and the new one have the
    /// same length.
    fn declare_side_effects(&self) {
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

    /// Whether the answer to a dry-run shows that the API server calls the webhook.
    fn is_called_for(&self, resource: &str) -> bool {
        let path = format!("{}?dryRun=All", self.ns.cluster().collection(&self.ns.name(), resource));
        let (_, answer) = self.ns.cluster().request("POST", &path, Some(&probe(self.ns, resource)));
        let message = answer["message"].as_str().unwrap_or_default();
        match self.behaviour {
            Behaviour::Inject => answer["metadata"]["labels"].get(INJECTED).is_some(),
            Behaviour::SideEffects => message.contains("does not support dry run"),
            Behaviour::Silent => message.contains("failed calling webhook"),
            Behaviour::Reject { .. } | Behaviour::Quote { .. } => message.contains("denied the request"),
        }
    }
}

impl Drop for Webhook<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let target = format!("{}/{}", self.kind, self.ns.prefix());
            self.ns.cluster().begin_delete("", &target);
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

async fn serve(listener: TcpListener, tls: Tls, behaviour: Behaviour) {
    let mut connections = JoinSet::new();
    let tls = Arc::new(tls);
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve_connection(stream, Arc::clone(&tls), behaviour));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection(stream: TcpStream, tls: Arc<Tls>, behaviour: Behaviour) {
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(|request: Request<Incoming>| async move {
        let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
        let review: Value = serde_json::from_slice(&body).unwrap_or_default();
        let answer = Full::new(Bytes::from(answer(&review["request"], behaviour).to_string()));
        let response = Response::builder().header("content-type", "application/json").body(answer);
        Ok::<_, Infallible>(response.unwrap())
    });
    // The API server may hang up whenever it likes.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

fn answer(request: &Value, behaviour: Behaviour) -> Value {
    let is_for = |name: &str| [name, PROBE].iter().any(|name| request["name"] == **name);
    let mut response = json!({ "uid": request["uid"], "allowed": true });
    match behaviour {
        Behaviour::Inject => {
            response["patchType"] = json!("JSONPatch");
            response["patch"] = json!(BASE64_STANDARD.encode(injection(&request["object"]).to_string()));
        }
        Behaviour::Reject { name, words } if is_for(name) => {
            response["allowed"] = json!(false);
            response["status"] = json!({ "message": words });
        }
        Behaviour::Quote { name } if is_for(name) => {
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
