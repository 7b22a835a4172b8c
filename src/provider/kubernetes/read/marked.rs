//! Which objects carry our annotations, beside those that were asked for: a state that is older than the cluster does
//! not know them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::Value;

use super::survey::{Look, survey};
use crate::kubernetes::field_manager;
use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT, PROTECT, protects};
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::pages::{Item as _, Page, Pages};
use crate::provider::kubernetes::shallow::Shallow;
use crate::provider::{Marked, MarkedObjects};
use crate::resource::{Identity, Problem, Target};

/// How many lists are prepared at once; how many are under way is the transport's business.
const AT_ONCE: usize = 16;
/// For how long a list is asked for again that gets no answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A type of objects, in one namespace or in all.
type Group = (Served, Option<String>);

/// What whole lists have shown. Nobody asks for a list again to see the annotations in it.
#[derive(Debug, Default)]
pub(in crate::provider::kubernetes) struct SeenMarks(Mutex<HashMap<Group, Vec<Marked>>>);

impl SeenMarks {
    /// Keeps what a whole list has shown.
    pub(super) fn keep(&self, served: &Served, namespace: Option<&str>, found: Vec<Marked>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((served.clone(), namespace.map(str::to_owned)), found);
    }

    fn of(&self, group: &Group) -> Option<Vec<Marked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(group).cloned()
    }
}

/// What carries our annotations among the objects of the types and in the namespaces of these targets.
///
/// What cannot be listed shows nothing: whoever may read single objects is not asked for more rights.
pub(in crate::provider::kubernetes) async fn marked(cluster: &Kubernetes, targets: &[Target]) -> Vec<Marked> {
    let mut groups: HashSet<Group> = HashSet::new();
    for target in targets {
        if let Ok(Some(served)) = cluster.discovery.served(target).await {
            let namespace = target.identity.namespace.clone().filter(|_| served.namespaced);
            groups.insert((served, namespace));
        }
    }
    let lists = groups.into_iter().map(|group| async move {
        match cluster.seen_marks.of(&group) {
            Some(found) => found,
            None => list(cluster, &group).await,
        }
    });
    let mut found: Vec<Marked> = stream::iter(lists).buffer_unordered(AT_ONCE).concat().await;
    found.sort_by(|a, b| a.identity.cmp(&b.identity));
    found
}

async fn list(cluster: &Kubernetes, (served, namespace): &Group) -> Vec<Marked> {
    let mut found = Vec::new();
    let mut pages = Pages::of_metadata(served, namespace.as_deref(), PATIENCE);
    // A list that is cut off, or expires on its way, shows what it has shown.
    while let Ok(Some(Page::Items(items, _))) = pages.next::<Shallow>(&cluster.transport).await {
        found.extend(items.into_iter().filter_map(|mut item| mark(served, item.object())));
    }
    found
}

/// All objects in the cluster that carry the annotations of a project. A kind that cannot be listed is named with the
/// reason.
///
/// # Errors
/// Where not even the kinds can be found out.
pub(in crate::provider::kubernetes) async fn all_marked(
    cluster: &Kubernetes,
    project: &str,
) -> Result<MarkedObjects, Problem> {
    let (kinds, mut hidden) = cluster.discovery.kinds().await?;
    let served = kinds.len();
    let (seen, unlisted) =
        survey(cluster, kinds, None, Look::at_metadata(|served, Shallow(item)| mark(served, &item))).await;
    let looked_at = served - unlisted.len();
    hidden.extend(unlisted);
    hidden.sort();
    let mut seen: Vec<Marked> = seen.into_iter().filter(|one| one.project == project).collect();
    seen.sort_by(|a, b| a.identity.cmp(&b.identity));
    Ok(MarkedObjects { seen, looked_at, hidden, partly: Vec::new() })
}

/// What the object says of itself; `None` where it carries no annotation of ours, or only copies of them.
pub(super) fn mark(served: &Served, object: &Value) -> Option<Marked> {
    let metadata = object.get("metadata")?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).map(str::to_owned);
    let annotation = |key: &str| metadata.get("annotations")?.get(key)?.as_str().map(str::to_owned);
    let project = annotation(PROJECT).filter(|project| !is_copy(metadata, project))?;
    let identity = Identity {
        group: served.group.clone(),
        kind: served.kind.clone(),
        namespace: text("namespace"),
        name: text("name")?,
    };
    let (lineage, address) = (annotation(LINEAGE), annotation(ADDRESS));
    let is_protected = protects(annotation(PROTECT).as_deref());
    Some(Marked {
        identity,
        uid: text("uid")?,
        project,
        lineage,
        address,
        protect: is_protected,
        object: None,
    })
}

/// Whether the annotations were copied from another object: controllers copy them to what they make (the `ReplicaSets`
/// of a Deployment), and so does whoever makes a second object from the first. We never wrote such an object.
fn is_copy(metadata: &Value, project: &str) -> bool {
    let manager = field_manager(project);
    let is_ours = |entry: &Value| entry.get("manager").and_then(Value::as_str) == Some(&manager);
    match metadata.get("managedFields").and_then(Value::as_array) {
        Some(managers) if !managers.is_empty() => !managers.iter().any(is_ours),
        // Somebody has cleared the list of managers.
        _ => metadata.get("ownerReferences").is_some(),
    }
}
