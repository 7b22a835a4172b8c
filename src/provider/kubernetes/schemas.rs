//! What the server publishes of the fields of its kinds (`OpenAPI` v3): a list of documents, and one for each group and
//! version. Each is read when it is first asked for, and once.
//!
//! The list says which documents there are. For any other path the server has a plain 404, as a proxy or a server that
//! is starting has, and that would be asked again and again.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use super::problem::{self, About};
use super::transport::{Call, CallError, Transport};
use crate::kubernetes::openapi::ObjectSchema;
use crate::resource::{Identity, Problem, Target};

const LIST: &str = "/openapi/v3";

/// A document; `None` where the server has none.
type Document = Result<Option<Arc<Value>>, Problem>;

/// The documents that were asked for, each under its path.
pub(super) struct Schemas {
    transport: Transport,
    list: OnceCell<Document>,
    known: Mutex<HashMap<String, Arc<OnceCell<Document>>>>,
}

impl Schemas {
    pub(super) fn new(transport: Transport) -> Self {
        Self { transport, list: OnceCell::new(), known: Mutex::default() }
    }

    /// The schema of the target's kind in its version; `None` where the server does not publish it.
    pub(super) async fn of(&self, target: &Target) -> Result<Option<ObjectSchema>, Problem> {
        let (kind, Some(version)) = (target.identity.group_kind(), &target.version) else { return Ok(None) };
        let name = match kind.group.as_str() {
            "" => format!("api/{version}"),
            group => format!("apis/{group}/{version}"),
        };
        let list = self.list.get_or_init(|| self.read(LIST.to_owned(), &target.identity)).await.clone()?;
        let paths = list.as_deref().and_then(|list| list.get("paths"));
        if paths.is_none_or(|paths| paths.get(&name).is_none()) {
            return Ok(None);
        }
        let path = format!("{LIST}/{name}");
        let document = Arc::clone(self.known.lock().await.entry(path.clone()).or_default());
        let document = document.get_or_init(|| self.read(path, &target.identity)).await.clone()?;
        Ok(document.and_then(|document| ObjectSchema::of(document, &kind, version)))
    }

    async fn read(&self, path: String, identity: &Identity) -> Document {
        match self.transport.send(&Call::get(path)).await {
            Ok(answer) => Ok(Some(Arc::new(answer.body))),
            Err(CallError::Refused(refusal)) if refusal.code == 404 => Ok(None),
            Err(failure) => Err(problem::of(failure, About::new(identity), &self.transport.server_info)),
        }
    }
}
