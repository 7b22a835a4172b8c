//! What comes out of a chart.

use std::path::PathBuf;
use std::time::Duration;

use super::program::Program;
use crate::blocks::{ManifestFile, RenderRequest, Rendered};

/// How long a rendering may take.
const LIMIT: Duration = Duration::from_mins(1);

/// Renders a chart. The values go by standard input, where no list of processes shows them.
///
/// # Errors
/// What Helm said is wrong.
pub(super) async fn render(program: &Program<'_>, request: &RenderRequest) -> Result<Rendered, String> {
    let RenderRequest { chart, release, namespace, values, kubernetes, apis, with_definitions, number: _ } =
        request;
    let mut arguments: Vec<String> =
        vec!["template".into(), release.clone(), chart.path.display().to_string()];
    arguments.extend(["--namespace".into(), namespace.clone(), "--values".into(), "-".into()]);
    if *with_definitions {
        arguments.push("--include-crds".into());
    }
    arguments.extend(kubernetes.iter().flat_map(|version| ["--kube-version".into(), version.clone()]));
    arguments.extend(apis.iter().flat_map(|api| ["--api-versions".into(), api.clone()]));
    let output = program.run(&arguments, &values.0, LIMIT).await?;
    // Reading YAML takes a while, and other renderings wait for this thread.
    let parsed = tokio::task::spawn_blocking(move || Rendered {
        output: ManifestFile::parse(PathBuf::from("helm.yaml"), &output),
    });
    parsed.await.map_err(|error| format!("Helm's output could not be read: {error}"))
}
