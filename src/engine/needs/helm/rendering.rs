//! What comes out of a chart.

use std::path::PathBuf;
use std::time::Duration;

use super::program::{Program, Said};
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
    let Said { output, remarks } = program.run(&arguments, &values.0, LIMIT, access).await?;
    let skipped_hooks = skipped_hooks(&String::from_utf8_lossy(&remarks));
    let helm = program.version().await?.to_owned();
    // Reading YAML takes a while, and other renderings wait for this thread.
    let parsed = tokio::task::spawn_blocking(move || Rendered {
        output: ManifestFile::parse(PathBuf::from("helm.yaml"), &output),
        helm,
        skipped_hooks,
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

/// How Helm names the annotation of a hook that it leaves out, because it does not know a phase in it: Helm 4, and Helm 3.
/// Source: `manifest_sorter.go` in <https://github.com/helm/helm/tree/main/pkg/release/v1/util>
const SKIPPED: [&str; 2] = ["msg=\"skipping unknown hooks\" hookTypes=", "info: skipping unknown hook: "];

/// The annotations of the hooks that Helm says to have left out.
fn skipped_hooks(remarks: &str) -> Vec<String> {
    let annotation = |line: &str| {
        let (_, text) = SKIPPED.iter().find_map(|words| line.split_once(words))?;
        Some(text.trim().trim_matches('"').to_owned())
    };
    remarks.lines().filter_map(annotation).collect()
}

#[cfg(test)]
mod tests {
    use super::skipped_hooks;

    #[test]
    fn helm_says_which_hooks_it_leaves_out() {
        let remarks = "level=WARN msg=\"other\"\n\
                       level=INFO msg=\"skipping unknown hooks\" hookTypes=pre-instal\n\
                       level=INFO msg=\"skipping unknown hooks\" hookTypes=\"pre-upgrade, post-instal\"\n\
                       manifest_sorter.go:209: info: skipping unknown hook: \"crd-install\"\n";
        assert_eq!(skipped_hooks(remarks), ["pre-instal", "pre-upgrade, post-instal", "crd-install"]);
        assert!(skipped_hooks("").is_empty());
    }
}
