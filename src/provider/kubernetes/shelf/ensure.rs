//! Makes what must be there before a state is used.

use http::Method;
use serde_json::Value;

use super::cluster_shelf::ClusterShelf;
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::transport::{Call, CallError, JSON};
use crate::resource::{Identity, Problem, ProblemKind};

/// What is there now: an object of a cluster, or of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ensured {
    /// What it is called: `Role regplan-state/shop.reader`, `s3://states/shop/key`.
    pub name: String,
    /// Since when.
    pub made: Made,
}

/// Since when an object is there as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It was there before.
    Before,
    /// It was made.
    Now,
    /// It was there, and gave other rights.
    Changed,
}

impl ClusterShelf {
    /// Makes the objects that are not there, and gives Roles the rules that they must have.
    ///
    /// # Errors
    /// Our rights do not allow it, or the cluster cannot be reached. What was made before stays.
    pub async fn ensure(&self, manifests: &[Value]) -> Result<Vec<Ensured>, Problem> {
        let mut ensured = Vec::new();
        for manifest in manifests {
            ensured.push(self.ensure_one(manifest).await?);
        }
        Ok(ensured)
    }

    async fn ensure_one(&self, manifest: &Value) -> Result<Ensured, Problem> {
        let Some(object) = Addressed::of(manifest) else {
            return Err(Problem::new(ProblemKind::Other, "a manifest of the state has no name"));
        };
        let made =
            self.make(&object, manifest).await.map_err(|failure| self.not_made(failure, &object.identity))?;
        Ok(Ensured { name: object.identity.to_string(), made })
    }

    async fn make(&self, object: &Addressed, manifest: &Value) -> Result<Made, CallError> {
        let transport = self.objects.transport();
        let found = match transport.send(&Call::get(object.path())).await {
            Ok(answer) => answer.body,
            // Who may not look may still be allowed to make it.
            Err(CallError::Refused(unseen)) if matches!(unseen.code, 403 | 404) => {
                let call = Call::write(Method::POST, object.collection.clone(), JSON, manifest);
                return match transport.send(&call).await {
                    Ok(_) => Ok(Made::Now),
                    // Nobody has seen whether this Role gives the rights that it must.
                    Err(CallError::Refused(taken))
                        if taken.code == 409 && unseen.code == 403 && manifest.get("rules").is_some() =>
                    {
                        Err(CallError::Refused(unseen))
                    }
                    Err(CallError::Refused(taken)) if taken.code == 409 => Ok(Made::Before),
                    Err(failure) => Err(failure),
                };
            }
            Err(failure) => return Err(failure),
        };
        if found.get("rules") == manifest.get("rules") {
            return Ok(Made::Before);
        }
        let mut body = manifest.clone();
        body["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"].clone();
        transport.send(&Call::write(Method::PUT, object.path(), JSON, &body)).await?;
        Ok(Made::Changed)
    }

    fn not_made(&self, failure: CallError, identity: &Identity) -> Problem {
        let problem = problem::of(failure, About::new(identity), &self.objects.transport().server_info);
        if problem.kind != ProblemKind::Forbidden {
            return problem;
        }
        problem.help(
            "let somebody with these rights run `regplan state init`, or apply what `regplan state init --print` prints; \
             only who has the rights of a Role can make it",
        )
    }
}

/// An object of a manifest, and where the server has it.
struct Addressed {
    identity: Identity,
    collection: String,
}

impl Addressed {
    fn of(manifest: &Value) -> Option<Self> {
        let text = |pointer| manifest.pointer(pointer).and_then(Value::as_str);
        let (api_version, kind, name) = (text("/apiVersion")?, text("/kind")?, text("/metadata/name")?);
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let api = if group.is_empty() { "/api" } else { "/apis" };
        let plural = format!("{}s", kind.to_lowercase());
        let (identity, collection) = match text("/metadata/namespace") {
            Some(namespace) => (
                Identity::namespaced(group, kind, namespace, name),
                format!("{api}/{api_version}/namespaces/{namespace}/{plural}"),
            ),
            None => (Identity::cluster(group, kind, name), format!("{api}/{api_version}/{plural}")),
        };
        Some(Self { identity, collection })
    }

    fn path(&self) -> String {
        format!("{}/{}", self.collection, self.identity.name)
    }
}
