//! Parts for tests of an apply: a provider, changes and plans.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::plan::testing::owned;
pub(crate) use crate::plan::testing::plan;
use crate::plan::{Action, Change, Fidelity};
use crate::provider::{Cluster, House, Progress, Provider, Verb, Wait, Write, Written};
use crate::resource::{Address, Desired, Live, Permit, Problem, ProblemKind, Target};

/// A cluster that accepts every write. It never answers the write of an object with the name `silent`, and
/// one with the name `never-ready` does not become ready. Somebody else makes `by-hand`.
pub(crate) struct TakesEveryWrite {
    /// Called with the name of the object before it is written.
    pub(crate) before_write: Box<dyn Fn(&str) + Send + Sync>,
}

impl Default for TakesEveryWrite {
    fn default() -> Self {
        Self { before_write: Box::new(|_| ()) }
    }
}

/// It answers only what an apply of new objects asks for, and has no houses.
#[async_trait]
impl Provider for TakesEveryWrite {
    fn cluster(&self) -> &dyn Cluster {
        panic!("not asked for")
    }

    fn other_house(&self, _: &str) -> Option<&dyn House> {
        panic!("not asked for")
    }

    async fn write(&self, write: &Write) -> Result<Written, Problem> {
        let name = &write.target.identity.name;
        (self.before_write)(name);
        if name == "silent" {
            std::future::pending::<()>().await;
        }
        Ok(Written { live: owned(write.object.clone(), &["data.k"]), warnings: Vec::new() })
    }

    fn goes_on_without(&self, target: &Target) -> bool {
        target.identity.name == "by-hand"
    }

    fn write_under(&self, _: Permit) {}

    async fn wait(&self, wait: &Wait, _: Progress<'_>) -> Result<Option<Arc<Live>>, Problem> {
        if wait.target.identity.name == "never-ready" {
            return Err(Problem::new(ProblemKind::Other, "it is not ready"));
        }
        Ok(None)
    }

    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
        requests.iter().map(|_| Ok(true)).collect()
    }
}

pub(crate) fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "a"}, "data": {"k": "v"}})
}

/// The object as desired, under an address with its name.
pub(crate) fn desired(object: &Value) -> Desired {
    let name = object["metadata"]["name"].as_str().unwrap();
    Desired::new(Address::block("resource", name), object.clone()).unwrap()
}

/// A change that creates the object.
pub(crate) fn create(object: &Value) -> Change {
    creation(desired(object))
}

/// A change that creates what is desired.
pub(crate) fn creation(desired: Desired) -> Change {
    let (address, target) = (desired.address.clone(), desired.target());
    Change {
        send: Some(desired.object.clone()),
        desired: Some(Arc::new(desired)),
        ..Change::new(address, target, Action::Create, Fidelity::DryRun)
    }
}
