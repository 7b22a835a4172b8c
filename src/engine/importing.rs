//! Reads everything in a namespace, to write it down as a configuration.

use super::{Error, Host, Settings};
use crate::config::ClusterSettings;
use crate::kubernetes::schema_defaults;
use crate::provider::{Cluster, Inventory};
use crate::resource::{Identity, Problem, ProblemKind, Reading, Target, is_builtin_group};

/// All objects of a namespace, without what the definitions of custom resources fill in. Only gets, lists and discovery are sent; no configuration is needed.
///
/// # Errors
/// The cluster cannot be reached, or the namespace is not there.
#[tracing::instrument(skip(host, settings))]
pub async fn inventory(host: &Host, settings: &Settings, namespace: &str) -> Result<Inventory, Error> {
    let connection = settings.connection(&ClusterSettings::default())?;
    let provider = host.providers.connect(&connection).await?;
    let identity = Identity::cluster("", "Namespace", namespace);
    let readings = provider.read(&[Target { identity, version: None }]).await;
    match readings.into_iter().next() {
        Some(Reading::Absent) => return Err(no_namespace(namespace).into()),
        Some(Reading::Unreadable(problem)) if problem.kind != ProblemKind::Forbidden => {
            return Err(problem.into());
        }
        // Whoever may work only inside a namespace need not be able to look at it.
        Some(Reading::Unreadable(_) | Reading::Present(_)) | None => {}
    }
    let mut inventory = provider.cluster().inventory(namespace).await?;
    take_out_defaults(&mut inventory, provider.cluster()).await;
    Ok(inventory)
}

/// Takes what their definitions fill in out of custom resources. Where a server publishes no schema, all of it stays:
/// that is true as well, only longer.
async fn take_out_defaults(inventory: &mut Inventory, cluster: &dyn Cluster) {
    for live in &mut inventory.seen {
        let Some(target) = Target::of(&live.object) else { continue };
        if is_builtin_group(&target.identity.group) {
            continue;
        }
        if let Ok(Some(schema)) = cluster.schema(&target).await {
            schema_defaults::take_out_defaults(&mut live.object, &schema);
        }
    }
}

fn no_namespace(name: &str) -> Problem {
    Problem::new(ProblemKind::NamespaceMissing, format!("there is no namespace `{name}`"))
        .help("`kubectl get namespaces` lists those that there are; `--context` chooses another cluster")
}
