//! The Kubernetes house: client, discovery, lists, dry-runs, writes, watches, readiness.
//!
//! | file | question |
//! |---|---|
//! | `connect`, `proxy`, `certificate` | which server, with which credentials, on which way |
//! | `transport`, `transport_error` | one request: deadlines, repetition, what it means when no answer comes |
//! | `discovery` | which kinds are served, and where |
//! | `list` | many objects in few requests |
//! | `write`, `warning` | server-side apply and delete under their guards |
//! | `problem`, `redact`, `access` | what a refusal means, and whether it is about rights |
//! | `ownership` | `managedFields` |
//! | `managed`, `reassign` | fields that change hands |
//! | `dependents` | what else dies with a namespace or a definition |
//! | `watch`, `wait`, `ready`, `class`, `explain` | when something is ready, and why it is not |

mod access;
mod certificate;
mod connect;
mod definition;
mod dependents;
mod discovery;
mod explain;
mod list;
mod managed;
mod ownership;
mod pages;
mod patience;
mod problem;
mod proxy;
mod reassign;
mod redact;
mod storage_class;
mod transport;
mod transport_error;
mod wait;
mod warning;
mod watch;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use self::access::Access;
pub use self::connect::{Environment, Settings};
use self::discovery::Discovery;
use self::problem::About;
use self::transport::{Call, CallError, Transport};
use self::watch::Hubs;
use super::{CascadeScope, Cluster, Dependents, House, Progress, Reassignment, Verb, Wait, Write, Written};
use crate::resource::{ClusterIdentity, Identity, Live, Problem, ProblemKind, Reading, Stamp, Target};

/// A Kubernetes cluster.
pub struct Kubernetes {
    transport: Transport,
    discovery: Discovery,
    access: Access,
    hubs: Hubs,
    identity: OnceCell<ClusterIdentity>,
}

impl Kubernetes {
    /// Makes a client from the settings. Nothing is sent: whether the server answers shows with the
    /// first question (ask [`Cluster::identity`] first). Credential plugins run here, and may talk to
    /// the terminal.
    ///
    /// Every error is a [`ProblemKind::Settings`].
    pub async fn connect(settings: &Settings) -> Result<Self, Problem> {
        let connection = connect::connection(settings).await?;
        let transport = Transport::new(connection.client, connection.facts, settings.connections);
        Ok(Self {
            discovery: Discovery::new(transport.clone()),
            access: Access::new(transport.clone()),
            hubs: Hubs::new(transport.clone()),
            identity: OnceCell::new(),
            transport,
        })
    }

    /// The server's URL.
    pub fn server(&self) -> &str {
        &self.transport.facts.server
    }

    /// The namespace of the context (`default` where it names none).
    pub fn default_namespace(&self) -> &str {
        &self.transport.facts.namespace
    }

    /// Where server and credentials come from, in words.
    pub fn origin(&self) -> &str {
        &self.transport.facts.origin
    }

    fn unknown_kind(&self, identity: &Identity) -> Problem {
        let message = format!("the server {} does not serve {}", self.server(), identity.group_kind());
        Problem::new(ProblemKind::UnknownKind, message).help("is its CustomResourceDefinition installed?")
    }

    async fn ask_identity(&self) -> Result<ClusterIdentity, Problem> {
        let facts = Arc::clone(&self.transport.facts);
        let path = "/api/v1/namespaces/kube-system";
        let uid = match self.transport.send(&Call::get(path)).await {
            Ok(answer) => Some(ownership::stamp(&answer.body).uid).filter(|uid| !uid.is_empty()),
            Err(failure) => {
                let hidden =
                    matches!(&failure, CallError::Refused(refusal) if matches!(refusal.code, 403 | 404));
                let identity = Identity::cluster("", "Namespace", "kube-system");
                let problem = problem::of(failure, About::new(&identity), &facts);
                if !hidden || problem.kind == ProblemKind::Unauthenticated {
                    return Err(problem);
                }
                None
            }
        };
        Ok(ClusterIdentity { uid, server: facts.server.clone(), ca_digest: facts.ca_digest.clone() })
    }
}

#[async_trait]
impl House for Kubernetes {
    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        list::read(self, targets).await
    }

    async fn preview(&self, write: &Write) -> Result<Written, Problem> {
        write::apply(self, write, true).await
    }

    async fn write(&self, write: &Write) -> Result<Written, Problem> {
        write::apply(self, write, false).await
    }

    async fn delete(&self, target: &Target, stamp: &Stamp) -> Result<(), Problem> {
        write::delete(self, target, stamp).await
    }

    async fn wait(&self, wait: &Wait, progress: Progress<'_>) -> Result<Option<Live>, Problem> {
        wait::wait(self, wait, progress).await
    }

    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
        access::review(self, requests).await
    }
}

#[async_trait]
impl Cluster for Kubernetes {
    async fn identity(&self) -> Result<ClusterIdentity, Problem> {
        self.identity.get_or_try_init(|| self.ask_identity()).await.cloned()
    }

    async fn is_namespaced(&self, target: &Target) -> Result<Option<bool>, Problem> {
        Ok(self.discovery.served(target, false).await?.map(|served| served.namespaced))
    }

    async fn reassign(&self, reassignment: &Reassignment) -> Result<Live, Problem> {
        reassign::reassign(self, reassignment).await
    }

    async fn dependents(&self, scope: &CascadeScope) -> Result<Dependents, Problem> {
        dependents::dependents(self, scope).await
    }
}
