//! The cluster that a test works on: the shared one, or one of its own.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use serde_json::Value;
use tokio::runtime::Runtime;

use super::command::{Command, home};
use super::objects::Types;
use crate::plane::{Facts, Plane};
use crate::supervisor;

/// Where the harness's own asynchronous parts run: clients and proxies.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

static SHARED: LazyLock<Cluster> = LazyLock::new(|| Cluster::of(supervisor::facts()));

/// Runs something asynchronous to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

pub(super) fn runtime() -> &'static Runtime {
    &RUNTIME
}

/// A cluster, and an administrator's ways into it.
#[derive(Clone)]
pub(crate) struct Cluster {
    facts: Arc<Facts>,
    client: kube::Client,
    types: Arc<Types>,
}

impl Cluster {
    /// The one that all tests share: for all but those that stop or break one of its servers.
    pub(crate) fn shared() -> Self {
        SHARED.clone()
    }

    /// A new one for this test alone. It takes some seconds and 500 MB, so few tests should.
    #[track_caller]
    pub(crate) fn own() -> OwnCluster {
        let plane = Plane::start(&Self::shared().facts.programs).unwrap();
        OwnCluster { cluster: Self::of(plane.facts().clone()), plane }
    }

    fn of(facts: Facts) -> Self {
        let client = block_on(client(&facts.kubeconfig));
        Self { facts: Arc::new(facts), client, types: Arc::default() }
    }

    /// Everything that there is to know about it.
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

    /// Runs the kubectl that is pinned with the plane.
    pub(crate) fn kubectl<const N: usize>(&self, args: [&str; N]) -> Command {
        self.program("kubectl").env("KUBECONFIG", self.kubeconfig()).args(args)
    }

    /// One of the programs that are pinned with the plane: kubectl, registry.
    pub(crate) fn program(&self, name: &str) -> Command {
        Command::new(self.facts.program(name)).env("HOME", home(&self.facts.folder))
    }

    /// Sends a request as it is, and returns the status and the answer (null where it is no JSON).
    #[track_caller]
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let content = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let body = body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default();
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

/// A client without the library's retries and without regard to proxies in the environment.
pub(crate) async fn client(kubeconfig: &Path) -> kube::Client {
    let file = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
    let options = kube::config::KubeConfigOptions::default();
    let mut config = kube::Config::from_custom_kubeconfig(file, &options).await.unwrap();
    config.default_retry = false;
    config.proxy_url = None;
    config.try_into().unwrap()
}

/// A cluster of a test's own, whose servers it may stop, start again, freeze and thaw.
pub(crate) struct OwnCluster {
    cluster: Cluster,
    plane: Plane,
}

impl OwnCluster {
    /// The folder with the logs of its programs.
    pub(crate) fn folder(&self) -> PathBuf {
        self.cluster.facts.folder.clone()
    }
}

impl Deref for OwnCluster {
    type Target = Plane;
    fn deref(&self) -> &Plane {
        &self.plane
    }
}

impl DerefMut for OwnCluster {
    fn deref_mut(&mut self) -> &mut Plane {
        &mut self.plane
    }
}

impl AsRef<Cluster> for OwnCluster {
    fn as_ref(&self) -> &Cluster {
        &self.cluster
    }
}

impl AsRef<Cluster> for Cluster {
    fn as_ref(&self) -> &Cluster {
        self
    }
}
