//! What comes out of a chart.

use std::path::PathBuf;
use std::time::Duration;

use super::program::Program;
use crate::blocks::{ManifestFile, RenderRequest, Rendered};
use crate::provider::ProgramAccess;

/// How long a rendering may take.
const LIMIT: Duration = Duration::from_mins(1);

/// Renders a chart. With an access its templates look up objects of the cluster. The values go by standard input, where no
/// list of processes shows them.
///
/// # Errors
/// What Helm said is wrong.
pub(super) async fn render(
    program: &Program<'_>,
    request: &RenderRequest,
    access: Option<&ProgramAccess>,
) -> Result<Rendered, String> {
    let RenderRequest { chart, release, namespace, values, kubernetes, apis, with_definitions, .. } = request;
    let mut arguments: Vec<String> =
        vec!["template".into(), release.clone(), chart.path.display().to_string()];
    arguments.extend(["--namespace".into(), namespace.clone(), "--values".into(), "-".into()]);
    if *with_definitions {
        arguments.push("--include-crds".into());
    }
    arguments.extend(kubernetes.iter().flat_map(|version| ["--kube-version".into(), version.clone()]));
    arguments.extend(apis.iter().flat_map(|api| ["--api-versions".into(), api.clone()]));
    arguments.extend(access.into_iter().flat_map(lookups));
    let output = program.run(&arguments, &values.0, LIMIT, access).await?;
    let helm = program.version().await?.to_owned();
    // Reading YAML takes a while, and other renderings wait for this thread.
    let parsed = tokio::task::spawn_blocking(move || Rendered {
        output: ManifestFile::parse(PathBuf::from("helm.yaml"), &output),
        helm,
    });
    parsed.await.map_err(|error| format!("Helm's output could not be read: {error}"))
}

/// The arguments by which templates look up objects of the cluster. Nothing is written. What is there already is no reason to
/// stop: it is ours, or the plan says whose it is.
fn lookups(access: &ProgramAccess) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["--dry-run=server", "--take-ownership", "--disable-openapi-validation"].map(str::to_owned).into();
    if let Some(context) = &access.context {
        arguments.extend(["--kube-context".to_owned(), context.clone()]);
    }
    arguments
}
