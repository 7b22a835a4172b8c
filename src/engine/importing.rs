//! Reads everything in a namespace, to write it down as a configuration.

use super::{Error, Host, Settings};
use crate::config::ClusterSettings;
use crate::provider::Inventory;
use crate::resource::{Identity, Problem, ProblemKind, Reading, Target};

/// All objects of a namespace. Only gets, lists and discovery are sent; no configuration is needed.
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
    Ok(provider.cluster().inventory(namespace).await?)
}

fn no_namespace(name: &str) -> Problem {
    Problem::new(ProblemKind::NamespaceMissing, format!("there is no namespace `{name}`"))
        .help("`kubectl get namespaces` lists those that there are; `--context` chooses another cluster")
}
