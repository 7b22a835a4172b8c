//! The cluster that all tests share, and an administrator's ways into it.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use serde_json::Value;
use tokio::runtime::Runtime;

use super::command::{Command, home_folder};
use super::objects::Types;
use crate::plane::Facts;
use crate::supervisor;

/// Runs the asynchronous parts of the harness: clients and proxies.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

static SHARED: LazyLock<Cluster> = LazyLock::new(|| Cluster::of(supervisor::facts()));

/// Runs something asynchronous to its end, also inside something else that is run so.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| RUNTIME.block_on(future))
}

pub(super) fn runtime() -> &'static Runtime {
    &RUNTIME
}

/// A running cluster.
#[derive(Clone)]
pub(crate) struct Cluster {
    facts: Arc<Facts>,
    client: kube::Client,
    types: Arc<Types>,
}

impl Cluster {
    /// The one that all tests share. A test that stops a server takes an [`OwnCluster`](super::OwnCluster).
    pub(crate) fn shared() -> Self {
        SHARED.clone()
    }

    pub(super) fn of(facts: Facts) -> Self {
        let client = block_on(client(&facts.kubeconfig));
        Self { facts: Arc::new(facts), client, types: Arc::default() }
    }

    /// The facts about it.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// `https://127.0.0.1:PORT`.
    pub(crate) fn server(&self) -> &str {
        &self.facts.server
    }

    /// An administrator's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.facts.kubeconfig
    }

    /// A client without retries, for use with [`block_on`].
    pub(crate) fn client(&self) -> kube::Client {
        self.client.clone()
    }

    /// The types of its objects.
    pub(super) fn types(&self) -> &Types {
        &self.types
    }

    /// The kubectl that was built with the plane.
    pub(crate) fn kubectl<const N: usize>(&self, args: [&str; N]) -> Command {
        self.program("kubectl").env("KUBECONFIG", self.kubeconfig()).args(args)
    }

    /// One of the programs that were built with the plane: kubectl, registry.
    pub(crate) fn program(&self, name: &str) -> Command {
        Command::new(self.facts.program(name)).env("HOME", home_folder(&self.facts.folder))
    }

    /// Sends a request, and returns the status and the answer (null where it is not JSON).
    #[track_caller]
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.send(method, path, body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default())
    }

    /// The same with a body as it is.
    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, body: Vec<u8>) -> (u16, Value) {
        let content = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content)
            .body(kube::client::Body::from(body))
            .unwrap();
        block_on(async {
            let response = self.client.send(request).await.unwrap();
            let status = response.status().as_u16();
            let bytes = response.into_body().collect_bytes().await.unwrap();
            (status, serde_json::from_slice(&bytes).unwrap_or_default())
        })
    }
}

/// A client that does not retry, and that ignores proxies in the environment.
pub(crate) async fn client(kubeconfig: &Path) -> kube::Client {
    let file = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
    let options = kube::config::KubeConfigOptions::default();
    let mut config = kube::Config::from_custom_kubeconfig(file, &options).await.unwrap();
    config.default_retry = false;
    config.proxy_url = None;
    config.try_into().unwrap()
}

impl AsRef<Cluster> for Cluster {
    fn as_ref(&self) -> &Cluster {
        self
    }
}
