//! Kubeconfig files, for the administrator and for tests with other tokens or servers.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Error;

/// A kubeconfig with one context; what is not set is left out of the file.
#[derive(Debug, Clone, Default)]
#[must_use]
pub(crate) struct Kubeconfig {
    server: String,
    authority: Option<PathBuf>,
    user: serde_json::Map<String, Value>,
    context: Option<String>,
}

impl Kubeconfig {
    /// For this server. Nothing is said yet on whom to trust and how to log in.
    pub(crate) fn new(server: impl Into<String>) -> Self {
        Self { server: server.into(), ..Self::default() }
    }

    /// Trusts certificates that are signed by this one (a PEM file).
    pub(crate) fn authority(mut self, certificate: impl Into<PathBuf>) -> Self {
        self.authority = Some(certificate.into());
        self
    }

    /// Logs in with a bearer token.
    pub(crate) fn token(mut self, token: impl Into<String>) -> Self {
        self.user.insert("token".into(), Value::String(token.into()));
        self
    }

    /// Logs in with a client certificate and its key (PEM files).
    pub(crate) fn certificate(mut self, certificate: &Path, key: &Path) -> Self {
        self.user.insert("client-certificate".into(), json!(certificate));
        self.user.insert("client-key".into(), json!(key));
        self
    }

    /// Calls the context (and its cluster and user) by this name instead of `test`.
    pub(crate) fn context(mut self, name: impl Into<String>) -> Self {
        self.context = Some(name.into());
        self
    }

    /// Writes it as JSON. JSON is also YAML, so every reader of a kubeconfig takes it.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        let name = self.context.as_deref().unwrap_or("test");
        let mut cluster = json!({ "server": self.server });
        if let Some(authority) = &self.authority {
            cluster["certificate-authority"] = json!(authority);
        }
        let file = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{ "name": name, "cluster": cluster }],
            "contexts": [{ "name": name, "context": { "cluster": name, "user": name } }],
            "users": [{ "name": name, "user": self.user }],
        });
        Ok(fs::write(path, serde_json::to_vec_pretty(&file)?)?)
    }
}
