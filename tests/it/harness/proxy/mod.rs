//! A proxy of one test between regplan (or kubectl) and the API server, or between regplan and an object store. It remembers
//! all requests, and can make some of them fail as networks and servers do.

mod fault;
mod seen;
mod server;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::task::AbortOnDropHandle;

use super::Cluster;
use super::cluster::{block_on, client, runtime};
use crate::plane::kubeconfig::Kubeconfig;
use crate::plane::pki::{Authority, Validity};

use super::tls::Tls;
use fault::Rule;
pub(crate) use fault::RuleBuilder;
pub(crate) use seen::{RECORD, Seen};
use server::{Server, Way};

/// The requests that a proxy has seen, and its rules.
#[derive(Default)]
struct Notes {
    seen: Vec<Seen>,
    rules: Vec<Rule>,
    /// How many delayed requests wait now.
    held: usize,
    /// How many waited at the same time at most.
    most_held: usize,
}

/// A proxy that serves until it is dropped.
#[must_use = "it serves until it is dropped"]
pub(crate) struct Proxy {
    notes: Arc<Mutex<Notes>>,
    folder: tempfile::TempDir,
    url: String,
    _server: AbortOnDropHandle<()>,
}

impl Proxy {
    /// A proxy for plain HTTP.
    #[track_caller]
    pub(crate) fn start(cluster: &Cluster) -> Self {
        Self::start_with(cluster, None)
    }

    /// A proxy for TLS, with a certificate that expired years ago.
    #[track_caller]
    pub(crate) fn expired(cluster: &Cluster) -> Self {
        Self::start_with(cluster, Some(Validity::Expired))
    }

    /// A proxy for TLS, with a valid certificate.
    #[track_caller]
    pub(crate) fn tls(cluster: &Cluster) -> Self {
        Self::start_with(cluster, Some(Validity::Current))
    }

    /// A proxy for plain HTTP before an object store at this address. It has no kubeconfig.
    #[track_caller]
    pub(crate) fn before(store: SocketAddr) -> Self {
        let notes = Arc::new(Mutex::new(Notes::default()));
        let bound = block_on(Server::bind(Way::Store(store), Arc::clone(&notes), None));
        Self::serving(bound, "http", notes, tempfile::tempdir().unwrap())
    }

    #[track_caller]
    fn start_with(cluster: &Cluster, tls: Option<Validity>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let notes = Arc::new(Mutex::new(Notes::default()));
        let facts = cluster.facts();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let tls = tls.map(|validity| {
            let authority = Authority::new().unwrap();
            std::fs::write(folder.path().join("authority.pem"), authority.certificate()).unwrap();
            Tls::new(&authority.server(validity).unwrap())
        });
        // A request with a token is passed on with it. A request without one (kubectl sends none over plain
        // HTTP) is passed on as the administrator's.
        let anonymous = folder.path().join("anonymous");
        Kubeconfig::new(&facts.server).authority(&facts.authority).write(&anonymous).unwrap();
        let bound = block_on(async {
            let (with_its_token, as_administrator) =
                (client(&anonymous).await, client(&facts.kubeconfig).await);
            Server::bind(Way::Cluster { with_its_token, as_administrator }, Arc::clone(&notes), tls).await
        });
        let proxy = Self::serving(bound, scheme, notes, folder);
        proxy.known_here().token(&facts.token).write(&proxy.kubeconfig()).unwrap();
        proxy
    }

    fn serving(
        (server, port): (Server, u16),
        scheme: &str,
        notes: Arc<Mutex<Notes>>,
        folder: tempfile::TempDir,
    ) -> Self {
        let server = AbortOnDropHandle::new(runtime().spawn(server.serve()));
        Self { notes, folder, url: format!("{scheme}://127.0.0.1:{port}"), _server: server }
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A kubeconfig that leads through the proxy, with the administrator's token.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// A kubeconfig that leads through the proxy with another token.
    #[track_caller]
    pub(crate) fn kubeconfig_with_token(&self, token: &str) -> PathBuf {
        let path = self.folder.path().join("other.kubeconfig");
        self.known_here().token(token).write(&path).unwrap();
        path
    }

    fn known_here(&self) -> Kubeconfig {
        let kubeconfig = Kubeconfig::new(&self.url);
        let authority = self.folder.path().join("authority.pem");
        if authority.exists() { kubeconfig.authority(authority) } else { kubeconfig }
    }

    /// The requests so far, in the order in which they came.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.notes().seen.clone()
    }

    /// How many requests there were of this verb and resource (`*` is any); see [`Seen`].
    pub(crate) fn count(&self, verb: &str, resource: &str) -> usize {
        self.notes().seen.iter().filter(|seen| seen.is(verb, resource)).count()
    }

    /// The requests that changed something, or tried to: all writes but dry-runs and reviews.
    pub(crate) fn writes(&self) -> Vec<Seen> {
        self.notes().seen.iter().filter(|seen| seen.is_write()).cloned().collect()
    }

    /// The requests, one line each, for messages.
    pub(crate) fn log(&self) -> String {
        let lines: Vec<_> = self.notes().seen.iter().map(Seen::to_string).collect();
        lines.join("\n")
    }

    /// Forgets the requests so far.
    pub(crate) fn forget(&self) {
        let mut notes = self.notes();
        notes.seen.clear();
        notes.most_held = notes.held;
    }

    /// How many delayed requests waited at the same time at most.
    pub(crate) fn most_held(&self) -> usize {
        self.notes().most_held
    }

    /// Begins a rule about requests of this verb and resource (`*` is any). The last call on the builder names
    /// the fault. A newer rule comes before an older one.
    pub(crate) fn on(&self, verb: &str, resource: &str) -> RuleBuilder<'_> {
        RuleBuilder::new(self, verb, resource)
    }

    /// Removes all rules: every request reaches the server again.
    pub(crate) fn clear_faults(&self) {
        self.notes().rules.clear();
    }

    fn add(&self, rule: Rule) {
        self.notes().rules.insert(0, rule);
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<Path> for Proxy {
    fn as_ref(&self) -> &Path {
        self.folder.path()
    }
}
