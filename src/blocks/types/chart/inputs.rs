//! From what a chart is rendered. As long as that is the same, what differs changes with the time alone.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::ChartSpec;
use super::request::Renderings;
use crate::blocks::block_type::CompileContext;
use crate::blocks::facts::{Fact, RenderRequest};
use crate::resource::hex;

/// The digest of all that a chart is rendered from, and of what the block changes in it. Secrets are not in it, and nothing
/// of the cluster but its version: other programs bring new kinds at any time.
///
/// `None` where it does not say enough: templates look up objects, the chart's content was not read, or it is not certain
/// which fields carry a secret.
pub(super) fn digest(
    spec: &ChartSpec,
    renderings: &Renderings,
    context: &CompileContext<'_>,
) -> Option<String> {
    let needs = renderings.needs();
    let rendered = needs.iter().map(|need| match context.facts.get(need) {
        Some(Fact::Rendered(rendered)) => Some(rendered),
        _ => None,
    });
    // All of them: where other secrets cannot be tried, a change of one would look like one of the time.
    let rendered: Vec<_> = rendered.collect::<Option<_>>()?;
    let RenderRequest { chart, release, namespace, kubernetes, with_definitions, lookup, .. } =
        renderings.first();
    if *lookup {
        return None;
    }
    let patches: Vec<_> = spec.patches.iter().map(super::patch::Patch::described).collect();
    let whole = json!({
        "chart": chart.sha256.as_ref()?,
        "release": release,
        "namespace": namespace,
        "values": renderings.open_values(),
        "kubernetes": kubernetes,
        "definitions": with_definitions,
        "patches": patches,
        "helm": rendered.first()?.helm,
    });
    Some(format!("sha256:{}", hex(&Sha256::digest(whole.to_string()))))
}
