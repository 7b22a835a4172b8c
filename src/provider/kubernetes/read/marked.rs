//! Which objects carry our marks, in the whole cluster.

use serde_json::Value;

use super::survey::survey;
use crate::kubernetes::field_manager;
use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT, PROTECT};
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::{Marked, MarkedObjects};
use crate::resource::{Identity, Problem, Target};

/// The objects of a project. A kind that cannot be listed is named with the reason.
///
/// # Errors
/// Where not even the kinds can be found out.
pub(in crate::provider::kubernetes) async fn marked(
    cluster: &Kubernetes,
    project: &str,
) -> Result<MarkedObjects, Problem> {
    let (kinds, mut hidden) = cluster.discovery.kinds().await?;
    let (seen, unlisted) = survey(cluster, kinds, None, marks).await;
    hidden.extend(unlisted);
    hidden.sort();
    let mut seen: Vec<Marked> = seen.into_iter().filter(|one| one.project == project).collect();
    seen.sort_by(|a, b| a.target.identity.cmp(&b.target.identity));
    Ok(MarkedObjects { seen, hidden })
}

fn marks(served: &Served, item: &Value) -> Option<Marked> {
    let metadata = item.get("metadata")?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).map(str::to_owned);
    let mark = |key: &str| metadata.get("annotations")?.get(key)?.as_str();
    let identity = Identity {
        group: served.group.clone(),
        kind: served.kind.clone(),
        namespace: text("namespace"),
        name: text("name")?,
    };
    let project = mark(PROJECT).filter(|project| !is_copy(metadata, project))?;
    Some(Marked {
        project: project.to_owned(),
        target: Target { identity, version: Some(served.version.clone()) },
        uid: text("uid").filter(|uid| !uid.is_empty())?,
        lineage: mark(LINEAGE)?.to_owned(),
        address: mark(ADDRESS)?.to_owned(),
        protect: mark(PROTECT).is_some_and(|value| value != "false"),
    })
}

/// Whether the marks were copied from another object: controllers copy annotations to what they make (the `ReplicaSets`
/// of a Deployment), and so does whoever makes a second object from the first. We never wrote such an object.
fn is_copy(metadata: &Value, project: &str) -> bool {
    let items = |key: &str| metadata.get(key).and_then(Value::as_array).into_iter().flatten();
    let is_controlled =
        items("ownerReferences").any(|owner| owner.get("controller") == Some(&Value::Bool(true)));
    let manager = field_manager(project);
    let is_ours = |entry: &Value| entry.get("manager").and_then(Value::as_str) == Some(&manager);
    match items("managedFields").next() {
        Some(_) => !items("managedFields").any(is_ours),
        // Somebody has cleared the list of managers.
        None => is_controlled,
    }
}
