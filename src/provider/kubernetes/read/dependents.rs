//! What lives in a namespace, or is of a kind: names and owners only, never the objects themselves.

use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::Value;

use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::{Lookup, Served};
use crate::provider::kubernetes::pages::{Page, Pages};
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::shallow::Shallow;
use crate::provider::kubernetes::transport::CallError;
use crate::provider::{CascadeScope, Dependent, Dependents};
use crate::resource::{GroupKind, Identity, Problem, ProblemKind};

/// How many lists are prepared at once; how many are under way is the transport's business.
const AT_ONCE: usize = 16;
/// For how long a kind is asked for that the server cannot list. Of all kinds that are installed one is often
/// broken, because the server behind it is down; its objects are then said not to be seen.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the server shows of it. A kind that cannot be listed is named with the reason.
///
/// # Errors
/// Where not even the kinds can be found out.
pub(in crate::provider::kubernetes) async fn dependents(
    cluster: &Kubernetes,
    scope: &CascadeScope,
) -> Result<Dependents, Problem> {
    let (kinds, mut hidden, namespace) = match scope {
        CascadeScope::Namespace(name) => {
            let (kinds, hidden) = cluster.discovery.namespaced().await?;
            (kinds, hidden, Some(name.as_str()))
        }
        CascadeScope::Kind(kind) => match cluster.discovery.lookup(kind).await? {
            Lookup::Served(served) => (served.into_iter().take(1).collect(), Vec::new(), None),
            Lookup::Unknown => (Vec::new(), Vec::new(), None),
            Lookup::Unreadable(problem) => (Vec::new(), vec![(kind.clone(), problem.message)], None),
        },
    };
    let lists = kinds.into_iter().map(|served| async move {
        let found = list(cluster, &served, namespace).await;
        (served, found)
    });
    let mut lists = stream::iter(lists).buffer_unordered(AT_ONCE);
    let mut seen: Vec<Dependent> = Vec::new();
    while let Some((served, result)) = lists.next().await {
        match result {
            Ok(found) => seen.extend(found),
            Err(problem) => hidden.push((group_kind(&served), reason(&problem))),
        }
    }
    seen.sort_by(|a, b| a.identity.cmp(&b.identity));
    hidden.sort();
    // Some objects are served in more than one group (events).
    let mut uids = std::collections::HashSet::new();
    seen.retain(|one| uids.insert(one.uid.clone()));
    Ok(Dependents { seen, hidden })
}

fn group_kind(served: &Served) -> GroupKind {
    GroupKind { group: served.group.clone(), kind: served.kind.clone() }
}

fn reason(problem: &Problem) -> String {
    match problem.kind {
        ProblemKind::Forbidden => "no permission to read it".to_owned(),
        _ => problem.message.clone(),
    }
}

async fn list(
    cluster: &Kubernetes,
    served: &Served,
    namespace: Option<&str>,
) -> Result<Vec<Dependent>, Problem> {
    let mut all = Vec::new();
    let mut pages = Pages::of_metadata(served, namespace, PATIENCE);
    loop {
        match pages.next::<Shallow>(&cluster.transport).await {
            Ok(None) => return Ok(all),
            Ok(Some(Page::Items(items, _))) => {
                all.extend(items.iter().filter_map(|Shallow(item)| dependent(served, item)));
            }
            Ok(Some(Page::Expired)) => {
                all.clear();
                pages = Pages::of_metadata(served, namespace, PATIENCE);
            }
            // A kind that has no list has no objects that are stored, and one that is gone has none at all.
            Err(CallError::Refused(refusal)) if refusal.code == 405 => return Ok(all),
            Err(CallError::Refused(refusal)) if refusal.code == 404 => {
                return cluster.discovery.not_found(&group_kind(served)).await.map_or(Ok(all), Err);
            }
            Err(failure) => {
                let identity = Identity::cluster(served.group.as_str(), served.kind.as_str(), "");
                return Err(problem::of(failure, About::new(&identity), &cluster.transport.server_info));
            }
        }
    }
}

/// What has no uid is computed (metrics) and no object.
fn dependent(served: &Served, item: &Value) -> Option<Dependent> {
    let metadata = item.get("metadata")?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).map(str::to_owned);
    let owners = metadata.get("ownerReferences").and_then(Value::as_array).into_iter().flatten();
    Some(Dependent {
        identity: Identity {
            group: served.group.clone(),
            kind: served.kind.clone(),
            namespace: text("namespace"),
            name: text("name")?,
        },
        uid: text("uid").filter(|uid| !uid.is_empty())?,
        owners: owners.filter_map(|owner| Some(owner.get("uid")?.as_str()?.to_owned())).collect(),
    })
}
