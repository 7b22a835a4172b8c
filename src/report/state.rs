//! The state, as text and as JSON.

use serde_json::{Value, json};

use crate::report::drift::text::interruption;
use crate::report::format::escape::escape;
use crate::report::format::styled::{Label, Styled};
use crate::resource::{Address, to_the_second};
use crate::state::{OpenRun, Readiness, Revision, State, StoredResource};

/// The version of the JSON of a state and of a whole revision. It is raised when an existing key changes its meaning or is
/// removed.
pub const STATE_FORMAT_VERSION: &str = "1";

/// The state in short: which one it is, and what it knows, one line for each resource. `open_run` is what has become of a
/// last run that has not recorded its end.
pub fn state_text(state: &State, open_run: &OpenRun) -> Styled {
    let mut text = Styled::default();
    let mut line = |name: &str, value: &str| {
        text.push(Label::Dim, format!("{name:<10}")).line(Label::Plain, escape(value));
    };
    line("project", &state.project);
    line("lineage", &state.lineage.to_string());
    line("serial", &state.serial.to_string());
    line("revision", &state.revision.to_string());
    match &state.cluster {
        Some(cluster) => line("cluster", &cluster.server),
        None => line("cluster", "none yet"),
    }
    if let Some(run) = &state.unfinished {
        line("last run", &interruption(run, open_run));
    }
    for doubt in &state.in_doubt {
        line("in doubt", &doubt.address.to_string());
    }
    text.end();
    let width = state.resources.keys().map(|address| address.to_string().chars().count()).max().unwrap_or(0);
    for (address, resource) in &state.resources {
        text.push(Label::Strong, format!("{:width$}", address.to_string()));
        text.push(Label::Dim, format!("  {}", escape(&resource.identity.to_string())));
        text.line(Label::Warning, remark(resource).map(|remark| format!("  {remark}")).unwrap_or_default());
    }
    text
}

/// All of the state as JSON. It has no secret.
pub fn state_json(state: &State) -> Value {
    with_version(json!(state))
}

/// All of a revision as JSON. It has no secret.
pub fn whole_revision_json(revision: &Revision) -> Value {
    with_version(json!(revision))
}

/// What the state knows as JSON: the address of each resource, and its object.
pub fn state_list_json(state: &State) -> Value {
    let resources = state.resources.iter();
    let resources = resources.map(|(address, known)| json!({"address": address, "identity": known.identity}));
    with_version(json!({
        "project": state.project,
        "lineage": state.lineage,
        "serial": state.serial,
        "resources": resources.collect::<Vec<_>>(),
    }))
}

/// All that the state knows of these resources, as JSON.
pub fn state_resources_json<'s>(
    resources: impl IntoIterator<Item = (&'s Address, &'s StoredResource)>,
) -> Value {
    let resources = resources.into_iter();
    let resources = resources.map(|(address, known)| json!({"address": address, "resource": known}));
    with_version(json!({ "resources": resources.collect::<Vec<_>>() }))
}

fn with_version(mut json: Value) -> Value {
    json["format_version"] = STATE_FORMAT_VERSION.into();
    json
}

/// What is special about a resource.
fn remark(resource: &StoredResource) -> Option<String> {
    match &resource.readiness {
        Readiness::NotReady { since } => Some(format!("not ready since {}", to_the_second(*since))),
        Readiness::Completed { .. } => Some("completed".to_owned()),
        Readiness::Ready => resource.protect.then(|| "protected".to_owned()),
    }
}
