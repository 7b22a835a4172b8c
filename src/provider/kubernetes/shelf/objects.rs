//! One request for one object, and what its refusal means.

use http::Method;
use serde_json::{Value, json};

use super::names::{Kind, Names, Place};
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::transport::{Call, CallError, JSON, Transport};
use crate::resource::{Problem, ProblemKind};
use crate::state::{Item, ItemVersion, Over, ShelfError};

/// What makes a server leave out all of an object but its metadata.
const METADATA_ALONE: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// The objects of a state on its server.
#[derive(Clone)]
pub(super) struct Objects {
    transport: Transport,
    pub(super) names: Names,
}

impl Objects {
    pub(super) fn new(transport: Transport, names: Names) -> Self {
        Self { transport, names }
    }

    /// The way to the server.
    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The object; `None` where there is none.
    pub(super) async fn get(&self, place: &Place) -> Result<Option<Value>, ShelfError> {
        self.read(place, JSON).await
    }

    /// Its metadata alone.
    pub(super) async fn metadata(&self, place: &Place) -> Result<Option<Value>, ShelfError> {
        self.read(place, METADATA_ALONE).await
    }

    async fn read(&self, place: &Place, accept: &'static str) -> Result<Option<Value>, ShelfError> {
        let call = Call { accept, ..Call::get(path(place)) };
        match self.transport.send(&call).await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(CallError::Refused(refusal)) if problem::is_absence(&refusal, &place.identity()) => Ok(None),
            Err(failure) => Err(ShelfError::Failed(Box::new(self.problem(failure, place, "get")))),
        }
    }

    /// Writes the object, if what is there now is what is expected.
    pub(super) async fn put(
        &self,
        place: &Place,
        body: Value,
        over: Over<'_>,
    ) -> Result<ItemVersion, ShelfError> {
        match over {
            Over::Nothing => self.write(Method::POST, collection(place), &body, place, "create").await,
            Over::Version(version) => {
                let mut body = body;
                body["metadata"]["resourceVersion"] = version.0.clone().into();
                self.write(Method::PUT, path(place), &body, place, "update").await
            }
        }
    }

    async fn write(
        &self,
        method: Method,
        path: String,
        body: &Value,
        place: &Place,
        verb: &str,
    ) -> Result<ItemVersion, ShelfError> {
        let path = format!("{path}?fieldManager=regplan-state");
        match self.transport.send(&Call::write(method, path, JSON, body)).await {
            Ok(answer) => Ok(version(&answer.body)),
            Err(failure) => Err(self.not_written(failure, place, verb)),
        }
    }

    /// Removes the object, if it has this version. One that is gone already is no error.
    pub(super) async fn delete(&self, place: &Place, version: &ItemVersion) -> Result<(), ShelfError> {
        let body = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": { "resourceVersion": version.0 },
        });
        match self.transport.send(&Call::write(Method::DELETE, path(place), JSON, &body)).await {
            Ok(_) => Ok(()),
            Err(CallError::Refused(refusal)) if problem::is_absence(&refusal, &place.identity()) => Ok(()),
            Err(failure) => Err(self.not_written(failure, place, "delete")),
        }
    }

    fn not_written(&self, failure: CallError, place: &Place, verb: &str) -> ShelfError {
        let is_definite = problem::is_definite(&failure);
        if let CallError::Refused(refusal) = &failure {
            // An update of what is not there any more says 404.
            let is_gone = problem::is_absence(refusal, &place.identity());
            if refusal.code == 409 || is_gone {
                return ShelfError::Taken;
            }
        }
        let problem = Box::new(self.problem(failure, place, verb));
        if is_definite { ShelfError::Failed(problem) } else { ShelfError::Unanswered(problem) }
    }

    fn problem(&self, failure: CallError, place: &Place, verb: &str) -> Problem {
        let identity = place.identity();
        let problem = problem::of(failure, About::new(&identity), &self.transport.server_info);
        match problem.kind {
            ProblemKind::Forbidden => {
                let help = self.missing_right(place, verb);
                problem.help(help)
            }
            ProblemKind::NamespaceMissing => not_initialised(),
            _ => problem,
        }
    }

    fn missing_right(&self, place: &Place, verb: &str) -> String {
        let Names { namespace, state } = &self.names;
        let right = format!(
            "the permission to {verb} {} is missing in the namespace `{namespace}`",
            place.kind.plural()
        );
        if verb != "get" && *place == self.names.of(Item::Key) {
            return format!(
                "{right}: no Role gives it, because whoever changes the key makes all plan files void; let somebody who \
                 may run `regplan state init` do this"
            );
        }
        let role = match (place.kind, verb) {
            (Kind::ConfigMap, "get") => "reader",
            // The secret values of revisions are in Secrets as well, and are for writers alone.
            (Kind::Secret, "get") if *place == self.names.of(Item::Key) => "planner",
            _ => "writer",
        };
        format!(
            "{right}: the Role `{state}.{role}` gives it, which `regplan state init` has made; let somebody bind you to it"
        )
    }
}

/// Nobody has made what a state needs.
pub(super) fn not_initialised() -> Problem {
    Problem::new(ProblemKind::Other, "the state is not initialised").help(
        "run `regplan state init` once for the project, with the rights to make its namespace and its Roles; \
         `regplan state init --print` shows what it makes",
    )
}

/// The version of an object that was read.
pub(super) fn version(object: &Value) -> ItemVersion {
    ItemVersion(object["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned())
}

fn collection(place: &Place) -> String {
    let Place { kind, namespace, .. } = place;
    let api = if kind.group().is_empty() { "/api" } else { "/apis" };
    format!("{api}/{}/namespaces/{namespace}/{}", kind.api_version(), kind.plural())
}

fn path(place: &Place) -> String {
    format!("{}/{}", collection(place), place.name)
}
