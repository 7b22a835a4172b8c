//! What external-dns is told to read, where a block brings it.

use super::options::ChartKeys;
use super::presets::Preset;

/// Which objects external-dns reads that this block brings; `None` for any other chart, and where files of values, arguments or
/// patches may say it.
pub(super) fn record_sources(keys: &ChartKeys) -> Option<Vec<String>> {
    let may_be_elsewhere =
        !keys.values_files.is_empty() || !keys.patch.is_empty() || keys.values.contains_key("extraArgs");
    let preset = keys.preset.filter(|preset| *preset == Preset::ExternalDns && !may_be_elsewhere)?;
    let usual = preset.defaults().values;
    let sources = keys.values.get("sources").or_else(|| usual.get("sources"))?.as_array()?;
    sources.iter().map(|source| source.as_str().map(str::to_owned)).collect()
}
