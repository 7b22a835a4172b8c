//! What lives in a namespace, or is of a kind: the metadata only, never the objects themselves.

use serde_json::Value;

use super::survey::{Look, survey};
use crate::kubernetes::certificates::issuer_of_kept;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::{Lookup, Served};
use crate::provider::kubernetes::shallow::Shallow;
use crate::provider::{CascadeScope, Dependent, Dependents};
use crate::resource::{Identity, Problem};

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
    let (mut seen, unlisted) = survey(cluster, kinds, namespace, Look::at_metadata(dependent)).await;
    hidden.extend(unlisted);
    seen.sort_by(|a, b| a.identity.cmp(&b.identity));
    hidden.sort();
    // Some objects are served in more than one group (events).
    let mut uids = std::collections::HashSet::new();
    seen.retain(|one| uids.insert(one.uid.clone()));
    Ok(Dependents { seen, hidden })
}

/// What has no uid is computed (metrics) and no object.
fn dependent(served: &Served, Shallow(item): Shallow) -> Option<Dependent> {
    let metadata = item.get("metadata")?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).map(str::to_owned);
    let owners = metadata.get("ownerReferences").and_then(Value::as_array).into_iter().flatten();
    let identity = Identity {
        group: served.group.clone(),
        kind: served.kind.clone(),
        namespace: text("namespace"),
        name: text("name")?,
    };
    Some(Dependent {
        issuer: issuer_of_kept(&identity, metadata),
        identity,
        uid: text("uid").filter(|uid| !uid.is_empty())?,
        owners: owners.filter_map(|owner| Some(owner.get("uid")?.as_str()?.to_owned())).collect(),
    })
}
