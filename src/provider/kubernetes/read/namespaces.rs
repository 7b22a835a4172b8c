//! The namespaces of a cluster and their labels.

use std::collections::BTreeMap;

use serde_json::Value;

use super::survey::{Look, survey};
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::shallow::Shallow;
use crate::resource::{Identity, Problem, ProblemKind, Target};

/// A namespace's name and labels.
type Labelled = (String, BTreeMap<String, String>);

/// The labels of each namespace that is not being deleted, by its name.
///
/// # Errors
/// Where they cannot be listed.
pub(in crate::provider::kubernetes) async fn namespaces(
    cluster: &Kubernetes,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, Problem> {
    let target = Target { identity: Identity::cluster("", "Namespace", ""), version: Some("v1".to_owned()) };
    let Some(served) = cluster.discovery.served(&target).await? else {
        return Err(cluster.unknown_kind(&target).await);
    };
    let (seen, hidden) = survey(cluster, vec![served], None, Look::at_metadata(labelled)).await;
    match hidden.into_iter().next() {
        None => Ok(seen.into_iter().collect()),
        Some((_, reason)) => {
            let message = format!("the namespaces cannot be listed: {reason}");
            Err(Problem::new(ProblemKind::Other, message))
        }
    }
}

fn labelled(_: &Served, Shallow(object): Shallow) -> Option<Labelled> {
    let metadata = object.get("metadata")?;
    if metadata.get("deletionTimestamp").is_some() {
        return None;
    }
    let labels = metadata.get("labels").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    Some((metadata.get("name")?.as_str()?.to_owned(), labels.collect()))
}
