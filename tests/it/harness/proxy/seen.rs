//! A request in the terms of Kubernetes.

use std::fmt;

use bytes::Bytes;
use http::Method;
use http::request::Parts;
use serde_json::Value;

/// A request that the proxy saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `apply` (server-side), `delete`,
    /// `deletecollection`.
    pub(crate) verb: String,
    /// `configmaps`, `deployments.apps`, `deployments.apps/status`; [`RECORD`] for the record of the newest state. For other
    /// requests, the path.
    pub(crate) resource: String,
    /// The namespace in the path.
    pub(crate) namespace: Option<String>,
    /// The object's name in the path.
    pub(crate) name: Option<String>,
    /// Whether it is a dry-run.
    pub(crate) dry_run: bool,
    /// The path, unchanged.
    pub(crate) path: String,
    /// The query, unchanged.
    pub(crate) query: String,
    /// The value of `Authorization`.
    pub(crate) authorization: Option<String>,
    /// The body, unchanged.
    pub(crate) body: Bytes,
}

/// What the record of the newest state is called among the resources. It is a `ConfigMap`, and rules about these are about
/// those of projects.
pub(crate) const RECORD: &str = "newest-state";

fn is_record(target: &Target) -> bool {
    let is_named = target.name.as_ref().is_some_and(|name| name.starts_with("regplan-"));
    target.resource == "configmaps" && target.namespace.as_deref() == Some("default") && is_named
}

impl Seen {
    pub(super) fn new(parts: &Parts, body: Bytes) -> Self {
        let path = parts.uri.path().to_owned();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let target = Target::parse(&path);
        let verb = verb(&parts.method, &target, &query, header("content-type").unwrap_or_default());
        let resource = if is_record(&target) { RECORD.to_owned() } else { target.resource };
        Self {
            verb: verb.to_owned(),
            resource,
            namespace: target.namespace,
            name: target.name,
            dry_run: query.contains("dryRun="),
            authorization: header("authorization").map(str::to_owned),
            path,
            query,
            body,
        }
    }

    /// Whether it is of this verb and resource; `*` is any.
    pub(crate) fn is(&self, verb: &str, resource: &str) -> bool {
        let fits = |wanted: &str, value: &str| wanted == "*" || wanted == value;
        fits(verb, &self.verb) && fits(resource, &self.resource)
    }

    /// Whether it changes something of a project or of others. Dry-runs and access reviews do not, and the record of the
    /// newest state is regplan's own.
    pub(crate) fn is_write(&self) -> bool {
        let reads = matches!(self.verb.as_str(), "get" | "list" | "watch");
        !reads && !self.dry_run && !self.resource.contains("reviews.") && self.resource != RECORD
    }

    /// The body as JSON; null where it is not JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if let Some(namespace) = &self.namespace {
            write!(f, " -n {namespace}")?;
        }
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        if self.dry_run { f.write_str(" (dry-run)") } else { Ok(()) }
    }
}

#[derive(Debug, Default)]
struct Target {
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
}

impl Target {
    /// Splits a path of the API. Any other path counts as a resource.
    fn parse(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (group, rest) = match parts.as_slice() {
            ["api", _, rest @ ..] => ("", rest),
            ["apis", group, _, rest @ ..] => (*group, rest),
            _ => ("", [].as_slice()),
        };
        let (namespace, rest) = match rest {
            // A namespace itself is an object too, and `namespaces/x/status` is a part of it.
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() && !is_part(rest) => {
                (Some(*namespace), rest)
            }
            _ => (None, rest),
        };
        let Some((resource, rest)) = rest.split_first() else {
            return Self { resource: path.to_owned(), ..Self::default() };
        };
        let dot = if group.is_empty() { "" } else { "." };
        let part = rest.get(1).map(|part| format!("/{part}")).unwrap_or_default();
        Self {
            resource: format!("{resource}{dot}{group}{part}"),
            namespace: namespace.map(str::to_owned),
            name: rest.first().map(|name| (*name).to_owned()),
        }
    }
}

fn is_part(rest: &[&str]) -> bool {
    matches!(rest, ["status" | "finalize"])
}

fn verb(method: &Method, target: &Target, query: &str, content: &str) -> &'static str {
    let whole = target.name.is_none() && !target.resource.starts_with('/');
    match method.as_str() {
        "GET" if query.contains("watch=true") || query.contains("watch=1") => "watch",
        "GET" if whole => "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" if content.starts_with("application/apply-patch") => "apply",
        "PATCH" => "patch",
        "DELETE" if whole => "deletecollection",
        "DELETE" => "delete",
        _ => "get",
    }
}
