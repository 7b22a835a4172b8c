//! The server of an object store in which a state is, whichever store that is.

use std::net::SocketAddr;

use crate::harness::{Cloud, CloudStore, ObjectServer, Project, credentials};

/// A server with one bucket.
pub(crate) enum Store {
    Bucket(ObjectServer),
    Cloud(CloudStore),
}

impl Store {
    /// A server of S3.
    pub(crate) fn bucket() -> Self {
        Self::Bucket(ObjectServer::start())
    }

    /// A server that plays this store.
    pub(crate) fn cloud(cloud: Cloud) -> Self {
        Self::Cloud(CloudStore::start(cloud))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Bucket(server) => server.address(),
            Self::Cloud(server) => server.address(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The table `[state]` for this server, with more of its keys.
    pub(crate) fn state(&self, more: &str) -> String {
        match self {
            Self::Bucket(server) => server.state(more),
            Self::Cloud(server) => server.state(more),
        }
    }

    /// Removes an object, if it is there.
    pub(crate) fn remove(&self, name: &str) {
        match self {
            Self::Bucket(server) if server.names().iter().any(|each| each == name) => server.remove(name),
            Self::Bucket(_) => {}
            Self::Cloud(server) => server.remove(name),
        }
    }

    /// The variables of the environment that let in to each of them.
    pub(crate) fn credentials() -> impl Iterator<Item = (&'static str, &'static str)> {
        credentials().into_iter().chain(CloudStore::credentials())
    }

    /// Gives a project all of them. Whoever is at another place does not look at them.
    pub(crate) fn let_in(project: Project<'_>) -> Project<'_> {
        Self::credentials().fold(project, |project, (name, value)| project.env(name, value))
    }
}
