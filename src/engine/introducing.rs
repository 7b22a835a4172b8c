//! What the houses beside the cluster are told before they are asked: what is desired of theirs, and what was sent last.

use std::path::Path;

use serde_json::Value;

use crate::graph::Graph;
use crate::provider::Introduction;
use crate::resource::is_house_group;
use crate::state::{State, StoredResource};

/// What is told. Of a configuration that is not known, nothing is desired.
pub(super) fn introduction<'f>(state: &State, graph: Option<&Graph>, folder: &'f Path) -> Introduction<'f> {
    let desired = graph.into_iter().flat_map(Graph::resources);
    let desired = desired.filter(|desired| is_house_group(&desired.identity.group));
    Introduction {
        recorded: recorded(state),
        desired: desired.map(|desired| desired.object.clone()).collect(),
        folder,
    }
}

fn recorded(state: &State) -> Vec<Value> {
    let of_houses = state.resources.values().filter(|resource| is_house_group(&resource.identity.group));
    let last = |resource: &StoredResource| {
        let sent = resource.applied.as_ref().and_then(|applied| applied.sent_object.as_ref());
        sent.or(resource.found.as_ref())?.object().ok()
    };
    of_houses.filter_map(last).collect()
}
