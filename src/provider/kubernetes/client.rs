//! The client of one cluster: the way to its server, and what is known of it.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::access::Access;
use super::connect::{Connections, Settings};
use super::discovery::Discovery;
use super::ownership;
use super::problem::{self, About};
use super::read::SeenMarks;
use super::schemas::Schemas;
use super::seen_whole::SeenWhole;
use super::transport::{Call, CallError, Transport};
use super::watch::Hubs;
use crate::resource::{ClusterIdentity, Identity, Problem, ProblemKind, Target};

/// A Kubernetes cluster.
pub struct Kubernetes {
    pub(super) transport: Transport,
    pub(super) discovery: Discovery,
    pub(super) access: Access,
    pub(super) hubs: Hubs,
    pub(super) schemas: Schemas,
    pub(super) seen_marks: SeenMarks,
    pub(super) seen_whole: SeenWhole,
    identity: OnceCell<ClusterIdentity>,
}

impl Kubernetes {
    /// Makes a client from the settings. Nothing is sent: whether the server answers shows with the first
    /// question, which is best [`Cluster::identity`](crate::provider::Cluster::identity). Credential plugins run
    /// here, and may talk to the terminal.
    ///
    /// # Errors
    /// [`ProblemKind::Settings`]: no kubeconfig, a broken one, or credentials that cannot be had.
    pub async fn connect(settings: &Settings) -> Result<Self, Problem> {
        Self::connect_by(settings, &Connections::default()).await
    }

    /// The same by a connection that was made already, where there is one. Each client has places for requests of its own.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect).
    pub async fn connect_by(settings: &Settings, connections: &Connections) -> Result<Self, Problem> {
        let connection = connections.get(settings).await?;
        let transport = Transport::new(
            connection.client,
            connection.server_info,
            settings.connections,
            settings.request_timeout,
        );
        Ok(Self {
            discovery: Discovery::new(transport.clone()),
            access: Access::new(transport.clone()),
            hubs: Hubs::new(transport.clone()),
            schemas: Schemas::new(transport.clone()),
            seen_marks: SeenMarks::default(),
            seen_whole: SeenWhole::default(),
            identity: OnceCell::new(),
            transport,
        })
    }

    /// The server's URL.
    pub fn server(&self) -> &str {
        &self.transport.server_info.server
    }

    /// The namespace of the context (`default` where it names none).
    pub fn default_namespace(&self) -> &str {
        &self.transport.server_info.namespace
    }

    /// Where server and credentials come from, in words.
    pub fn origin(&self) -> &str {
        &self.transport.server_info.origin
    }

    /// What is to be said of a kind that the server does not serve.
    pub(super) async fn unknown_kind(&self, target: &Target) -> Problem {
        let message = format!("the server {} does not serve {}", self.server(), target.identity.group_kind());
        Problem::new(ProblemKind::UnknownKind, message).help(self.discovery.help_for_unserved(target).await)
    }

    /// Whether the server takes objects of these kinds, in their versions; one answer for each, in their order.
    pub(super) async fn served(&self, targets: &[Target]) -> Vec<Result<(), Problem>> {
        let mut answers = Vec::with_capacity(targets.len());
        for target in targets {
            answers.push(match self.discovery.served_exactly(target).await {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err(self.unknown_kind(target).await),
                Err(problem) => Err(problem),
            });
        }
        answers
    }

    /// The context that led to the server; `None` for the service account of a pod.
    pub(super) fn context(&self) -> Option<&str> {
        self.transport.server_info.context.as_deref()
    }

    /// Which cluster this is; asked once.
    pub(super) async fn identity(&self) -> Result<ClusterIdentity, Problem> {
        self.identity.get_or_try_init(|| self.ask_identity()).await.cloned()
    }

    async fn ask_identity(&self) -> Result<ClusterIdentity, Problem> {
        let server_info = Arc::clone(&self.transport.server_info);
        let path = "/api/v1/namespaces/kube-system";
        let uid = match self.transport.send(&Call::get(path)).await {
            Ok(answer) => Some(ownership::stamp(&answer.body).uid).filter(|uid| !uid.is_empty()),
            Err(failure) => {
                let hidden =
                    matches!(&failure, CallError::Refused(refusal) if matches!(refusal.code, 403 | 404));
                let identity = Identity::cluster("", "Namespace", "kube-system");
                let problem = problem::of(failure, About::new(&identity), &server_info);
                if !hidden || problem.kind == ProblemKind::Unauthenticated {
                    return Err(problem);
                }
                None
            }
        };
        Ok(ClusterIdentity {
            uid,
            server: server_info.server.clone(),
            ca_digest: server_info.ca_digest.clone(),
        })
    }
}
