//! The words for what the engine reports as data.

use crate::engine::{ClusterMismatch, Error, MissingRights};
use crate::resource::ClusterIdentity;

/// What happened, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Words {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

/// The words for an error of the engine.
pub(super) fn words(error: &Error) -> Words {
    match error {
        Error::Mistakes { mistakes, .. } => Words { message: mistakes.to_string(), help: None },
        Error::Problem(problem) => Words { message: problem.message.clone(), help: problem.help.clone() },
        Error::State(error) => Words::new(error.to_string(), error.help()),
        Error::WrongCluster(mismatch) => wrong_cluster(mismatch),
        Error::MissingRights(missing) => missing_rights(missing),
    }
}

fn wrong_cluster(mismatch: &ClusterMismatch) -> Words {
    let (story, help) = match mismatch {
        ClusterMismatch::Server { pinned, found } => (
            format!("the configuration means the server {pinned}, and this one is {found}"),
            "choose another context, or correct `[cluster] server`",
        ),
        ClusterMismatch::Uid { pinned, found } => (
            format!("the configuration means the cluster {pinned}, and this one is {found}"),
            "choose another context, or correct `[cluster] uid`",
        ),
        ClusterMismatch::UnknownUid { pinned } => (
            format!("the configuration means the cluster {pinned}, and our rights do not show which this is"),
            "ask for the right to get the namespace kube-system, or pin `[cluster] server` instead",
        ),
        ClusterMismatch::State { remembered, found } => (
            format!("the state was made from {}, and this is {}", named(remembered), named(found)),
            "choose the context of that cluster; for a second cluster use a second state (`[state] path`) or \
             another `[project] name`",
        ),
    };
    Words::new(format!("this is the wrong cluster: {story}"), help)
}

/// A cluster, as a message names it.
pub(super) fn named(cluster: &ClusterIdentity) -> String {
    match &cluster.uid {
        Some(uid) => format!("the cluster {uid} at {}", cluster.server),
        None => format!("the cluster at {}", cluster.server),
    }
}

fn missing_rights(MissingRights(missing): &MissingRights) -> Words {
    let missing: Vec<String> =
        missing.iter().map(|(verb, identity)| format!("{} {identity}", verb.name())).collect();
    let message = format!(
        "our rights do not allow all of this, so nothing was done; missing:\n  {}",
        missing.join("\n  ")
    );
    Words::new(message, "ask for these rights, or let somebody apply who has them")
}
