//! One server-side apply as a request: its guard, its dry form, and what a refusal of it means.

use http::Method;
use serde_json::{Map, Value};

use super::undeclared;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::{Served, encode};
use crate::provider::kubernetes::problem::{self, About, NOT_DECLARED};
use crate::provider::kubernetes::read::check_namespace;
use crate::provider::kubernetes::transport::{Answer, Call, CallError, Repeat};
use crate::provider::kubernetes::{ownership, warning};
use crate::provider::{Guard, Verb, Write, Written};
use crate::resource::{Identity, Problem, ProblemKind};

const APPLY: &str = "application/apply-patch+yaml";

/// A write to a kind that the server serves.
pub(super) struct ApplyRequest<'a> {
    pub(super) cluster: &'a Kubernetes,
    pub(super) served: Served,
    pub(super) write: &'a Write,
}

impl<'a> ApplyRequest<'a> {
    /// Finds out how the server speaks of the kind.
    ///
    /// # Errors
    /// A kind that is not served, or not in the version of the target.
    pub(super) async fn new(cluster: &'a Kubernetes, write: &'a Write) -> Result<Self, Problem> {
        let identity = &write.target.identity;
        let served = cluster.discovery.served_exactly(&write.target).await?;
        let Some(served) = served else { return Err(cluster.unknown_kind(&write.target).await) };
        check_namespace(&served, identity)?;
        Ok(Self { cluster, served, write })
    }

    pub(super) fn identity(&self) -> &'a Identity {
        &self.write.target.identity
    }

    /// Writes.
    pub(super) async fn send(&self) -> Result<Written, CallError> {
        self.exchange(&self.call(&self.write.guard, "")).await
    }

    /// What writing under this guard would come to. Nothing is changed, so it may be repeated freely.
    pub(super) async fn send_dry(&self, guard: &Guard) -> Result<Written, CallError> {
        let call = Call { repeat: Repeat::Freely, ..self.call(guard, "&dryRun=All") };
        self.exchange(&call).await
    }

    fn call(&self, guard: &Guard, query: &str) -> Call {
        let path = format!(
            "{}?fieldManager={}&force=true&fieldValidation=Strict{query}",
            self.served.object(self.identity()),
            encode(&self.write.manager),
        );
        Call::write(Method::PATCH, path, APPLY, &guarded(self.write, &self.served, guard))
    }

    async fn exchange(&self, call: &Call) -> Result<Written, CallError> {
        let Answer { headers, body } = self.cluster.transport.send(call).await?;
        Ok(Written { live: ownership::live(body), warnings: warning::texts(&headers) })
    }

    /// What a failure means, rights looked up where it may be about them.
    pub(super) async fn explained(&self, failure: CallError) -> Problem {
        let Self { cluster, served, write } = self;
        let identity = self.identity();
        let about = About { identity, sent: Some(&write.object) };
        let existing = matches!(write.guard, Guard::Absent)
            && matches!(&failure, CallError::Refused(refusal) if refusal.code == 409);
        let mut problem = problem::of(failure, about, &cluster.transport.server_info);
        if existing && problem.kind == ProblemKind::Conflict {
            problem.message = format!("{identity} exists already, and was to be created");
        }
        if problem.causes.iter().any(|(_, reason, _)| reason == NOT_DECLARED) {
            // Without the schema the server's own words must do.
            let schema = cluster.schemas.of(&write.target).await.ok().flatten();
            problem.help = schema.and_then(|schema| undeclared::help(&problem, &schema)).or(problem.help);
        }
        let verbs: &[Verb] = match write.guard {
            Guard::Absent => &[Verb::Patch, Verb::Create],
            Guard::At(_) => &[Verb::Patch],
        };
        cluster.access.confirm(problem, verbs, served, identity).await
    }
}

/// The object with its guard in its metadata.
fn guarded(write: &Write, served: &Served, guard: &Guard) -> Value {
    let identity = &write.target.identity;
    let mut body = write.object.as_object().cloned().unwrap_or_default();
    body.insert("apiVersion".to_owned(), served.api_version().into());
    body.insert("kind".to_owned(), served.kind.clone().into());
    let mut metadata: Map<String, Value> = match body.remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    };
    for key in ["managedFields", "uid", "resourceVersion"] {
        metadata.remove(key);
    }
    metadata.insert("name".to_owned(), identity.name.clone().into());
    match &identity.namespace {
        Some(namespace) if served.namespaced => {
            metadata.insert("namespace".to_owned(), namespace.clone().into());
        }
        _ => {
            metadata.remove("namespace");
        }
    }
    match guard {
        // No object has the version 1, and one that does not exist accepts any: this creates or fails.
        Guard::Absent => {
            metadata.insert("resourceVersion".to_owned(), "1".into());
        }
        // The version alone would create the object anew where it has been deleted; the uid prevents that.
        Guard::At(stamp) => {
            metadata.insert("uid".to_owned(), stamp.uid.clone().into());
            metadata.insert("resourceVersion".to_owned(), stamp.version.clone().into());
        }
    }
    body.insert("metadata".to_owned(), Value::Object(metadata));
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Stamp, Target};
    use serde_json::json;

    fn write(object: Value) -> Write {
        let target = Target { identity: Identity::namespaced("", "ConfigMap", "a", "c"), version: None };
        Write { target, object, guard: Guard::Absent, manager: "regplan:x".into() }
    }

    fn served() -> Served {
        Served {
            group: String::new(),
            version: "v1".into(),
            kind: "ConfigMap".into(),
            plural: "configmaps".into(),
            namespaced: true,
        }
    }

    #[test]
    fn every_write_carries_its_guard() {
        let write =
            write(json!({"metadata": {"uid": "old", "managedFields": [], "labels": {"a": "b"}}, "data": {}}));
        assert_eq!(
            guarded(&write, &served(), &Guard::Absent),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {},
                   "metadata": {"name": "c", "namespace": "a", "resourceVersion": "1", "labels": {"a": "b"}}})
        );
        let stamp = Stamp { uid: "u".into(), version: "7".into() };
        let body = guarded(&write, &served(), &Guard::At(stamp));
        assert_eq!(body["metadata"]["uid"], "u");
        assert_eq!(body["metadata"]["resourceVersion"], "7");
    }
}
