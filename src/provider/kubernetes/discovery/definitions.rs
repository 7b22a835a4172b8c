//! Definitions (CRDs) that are there and not served: their objects are there as well, and nobody can read them.

use serde_json::Value;

use super::catalogue::{Catalogue, array};
use super::failure::problem;
use super::served::encode;
use crate::kubernetes::kinds::defines;
use crate::provider::kubernetes::transport::{Call, CallError, Transport};
use crate::resource::{GroupKind, Problem, ProblemKind};

const PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Only the columns that `kubectl get` shows, the name first: whole definitions are megabytes.
const TABLE: &str = "application/json;as=Table;g=meta.k8s.io;v=v1";

/// Notes the kinds of the group that a definition names and the server does not serve.
pub(super) async fn note_unserved(transport: &Transport, group: &str, catalogue: &mut Catalogue) {
    // The group of a definition has a dot; no other group can have one.
    if !group.contains('.') {
        return;
    }
    if let Err(failure) = look(transport, group, catalogue).await {
        let cause = problem(transport, failure);
        let message = format!("whether there is a CustomResourceDefinition of it is not known: {cause}");
        let kind = cause.kind;
        let mut problem = Problem::new(kind, message);
        problem.help = if kind == ProblemKind::Forbidden {
            Some("ask for the permission to get and list customresourcedefinitions".to_owned())
        } else {
            cause.help.clone()
        };
        catalogue.skip(group, problem.caused_by(cause));
    }
}

async fn look(transport: &Transport, group: &str, catalogue: &mut Catalogue) -> Result<(), CallError> {
    let call = Call { accept: TABLE, ..Call::get(format!("{PATH}?includeObject=None")) };
    let table = transport.send(&call).await?.body;
    let names = array(&table, "rows").iter().filter_map(|row| row.pointer("/cells/0")?.as_str());
    let of_group = |name: &&str| name.split_once('.').is_some_and(|(_, of)| of == group);
    for name in names.filter(of_group) {
        let definition = match transport.send(&Call::get(format!("{PATH}/{}", encode(name)))).await {
            Ok(answer) => answer.body,
            // It has just gone.
            Err(CallError::Refused(refusal)) if refusal.code == 404 => continue,
            Err(failure) => return Err(failure),
        };
        if let Some(kind) = defines(&definition) {
            let problem = unserved(&kind, name, &definition);
            catalogue.note_unserved(kind, problem);
        }
    }
    Ok(())
}

/// Why the objects of a kind cannot be read whose definition is there.
fn unserved(kind: &GroupKind, name: &str, definition: &Value) -> Problem {
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let serves = |version: &Value| version.get("served") == Some(&Value::Bool(true));
    let (message, help) = if versions.into_iter().flatten().any(serves) {
        (
            format!(
                "its CustomResourceDefinition `{name}` is there, and the server does not serve {kind} yet"
            ),
            format!("run the same command again; if this stays, `kubectl describe crd {name}` says why"),
        )
    } else {
        (
            format!(
                "its CustomResourceDefinition `{name}` serves no version, so its objects may be there and \
                 cannot be read"
            ),
            format!("set `served: true` for a version of `{name}`, then run the same command again"),
        )
    };
    Problem::new(ProblemKind::Unreachable, message).help(help)
}
