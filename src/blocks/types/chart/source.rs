//! Which chart the keys name.

use super::options::ChartKeys;
use super::presets::Preset;
use crate::blocks::block_type::Defaults;
use crate::blocks::codes;
use crate::blocks::facts::{ChartOrigin, ChartSource};
use crate::blocks::keys::span_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;

/// How a chart in a registry of OCI artifacts begins.
const OCI: &str = "oci://";
/// What stands before the digest of a chart in a registry.
const DIGEST: &str = "@sha256:";

/// The chart; `None` where the keys contradict each other, or leave open which version is meant.
pub(super) fn read(
    block: &Block,
    keys: &ChartKeys,
    defaults: Defaults<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<ChartSource> {
    match meant(block, keys, defaults) {
        Ok(source) => {
            mistakes.extend(without_registry(block, keys, &source.origin));
            Some(source)
        }
        Err(mistake) => {
            mistakes.push(mistake);
            None
        }
    }
}

/// The chart that is meant.
fn meant(block: &Block, keys: &ChartKeys, defaults: Defaults<'_>) -> Result<ChartSource, Diagnostic> {
    let preset = keys.preset.filter(|_| keys.chart.is_none()).map(Preset::defaults);
    let chart = keys.chart.as_deref().or(preset.as_ref().map(|preset| preset.chart));
    let chart = chart.ok_or_else(|| no_chart(block))?;
    let repo = keys.repo.as_deref().or(preset.as_ref().and_then(|preset| preset.repo));
    let tried = preset.as_ref().and_then(|preset| preset.version);
    let version = keys.version.clone().or(tried.map(str::to_owned));
    let origin = origin(block, chart, repo, defaults)?;
    if let (ChartOrigin::Path(_), Some(_)) = (&origin, &keys.version) {
        return Err(version_of_a_path(block));
    }
    if chart.starts_with('-') {
        let message = format!("`{chart}` is the name of no chart");
        return Err(Diagnostic::error(codes::BAD_VALUE, message).at(span_of(block, ["chart"]), ""));
    }
    if let Some(range) = version.as_deref().filter(|version| !is_exact(version)) {
        return Err(several_versions(block, range));
    }
    let is_pinned = version.is_some() || keys.sha256.is_some() || chart.contains(DIGEST);
    if !is_pinned && !matches!(origin, ChartOrigin::Path(_)) {
        return Err(no_version(block));
    }
    let sha256 = keys.sha256.as_ref().map(|digest| digest.to_ascii_lowercase());
    let (plain_http, ca_file) = (keys.plain_http, keys.ca_file.clone());
    Ok(ChartSource { origin, version, sha256, plain_http, ca_file })
}

/// Where the chart comes from.
fn origin(
    block: &Block,
    chart: &str,
    repo: Option<&str>,
    defaults: Defaults<'_>,
) -> Result<ChartOrigin, Diagnostic> {
    Ok(match repo {
        Some(_) if chart.starts_with(OCI) => {
            let message = "`repo` names a repository, and `chart` is in a registry already";
            return Err(Diagnostic::error(codes::CONFLICTING_KEYS, message)
                .at(span_of(block, ["repo"]), "")
                .help("take `repo` out"));
        }
        Some(url) => {
            ChartOrigin::Repository { url: url.trim_end_matches('/').to_owned(), name: chart.to_owned() }
        }
        None if chart.starts_with(OCI) => ChartOrigin::Oci(chart.to_owned()),
        None => {
            let folder = defaults.sources.folder(span_of(block, ["chart"]).source);
            ChartOrigin::Path(folder.join(chart))
        }
    })
}

fn no_chart(block: &Block) -> Diagnostic {
    let message = format!("`{}` does not say which chart is meant", block.address);
    Diagnostic::error(codes::BAD_VALUE, message)
        .at(block.span, "")
        .help("add `chart`, or `preset`, as in `preset = \"cert-manager\"`")
}

fn version_of_a_path(block: &Block) -> Diagnostic {
    let message = "`version` says nothing about a chart on this machine";
    Diagnostic::error(codes::USELESS_KEY, message)
        .at(span_of(block, ["version"]), "")
        .help("take it out; or, for a chart of a repository, name that with `repo`")
}

fn several_versions(block: &Block, range: &str) -> Diagnostic {
    let message = format!("`{range}` stands for several versions of the chart");
    Diagnostic::error(codes::CHART_NOT_PINNED, message)
        .at(span_of(block, ["version"]), "")
        .help("name one, as in `1.2.3`")
}

fn no_version(block: &Block) -> Diagnostic {
    let message = format!("`{}` does not say which version of the chart is meant", block.address);
    Diagnostic::error(codes::CHART_NOT_PINNED, message)
        .at(span_of(block, ["chart"]), "")
        .help("add `version`: without it, a plan would change with every release of the chart")
}

/// The mistakes of keys that are about registries, where the chart is in none.
fn without_registry(block: &Block, keys: &ChartKeys, origin: &ChartOrigin) -> Vec<Diagnostic> {
    if matches!(origin, ChartOrigin::Oci(_)) {
        return Vec::new();
    }
    let given = [("plain_http", keys.plain_http), ("ca_file", keys.ca_file.is_some())];
    let useless = given.into_iter().filter(|(_, is_given)| *is_given);
    useless
        .map(|(key, _)| {
            let message = format!("`{key}` is about charts of registries (`oci://…`)");
            Diagnostic::error(codes::USELESS_KEY, message)
                .at(span_of(block, [key]), "")
                .help("take it out; a repository by plain HTTP is named by its URL")
        })
        .collect()
}

/// Whether a version names one: `1.2.3`, `v1.2.3-rc.1+build`. Everything else is a range to Helm.
fn is_exact(version: &str) -> bool {
    let numbers = version.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = numbers.split('.').collect();
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.len() == 3 && numbers.iter().all(is_number) && !version.contains([' ', ',', '|'])
}

/// The chart's name, for readers of a plan.
pub(super) fn short_name(source: &ChartSource) -> String {
    let last = |text: &str| text.trim_end_matches('/').rsplit('/').next().unwrap_or(text).to_owned();
    match &source.origin {
        ChartOrigin::Path(path) => path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned()),
        ChartOrigin::Oci(reference) => {
            last(reference.split_once('@').map_or(reference.as_str(), |(before, _)| before))
        }
        ChartOrigin::Repository { name, .. } => name.clone(),
    }
}
