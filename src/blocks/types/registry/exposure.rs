//! How the registry is reached: its Service, and what leads to it from outside the cluster.
//!
//! A way has its keys in `options/exposure.rs`, its place in `way.rs`, its objects in a file here, and what no schema can
//! say of it in `rules/ways.rs`.

mod gateway;
mod ingress;
mod service;

use std::collections::BTreeMap;

use serde_json::Value;

use super::common::{Registry, path};
use super::way::Way;
use super::{certificate, record, workload};
use crate::blocks::draft::Draft;

/// The objects by which the registry is reached.
pub(super) fn objects(registry: &Registry<'_>) -> Vec<Draft> {
    let mut drafts = vec![service::internal(registry)];
    drafts.extend(match registry.spec.way() {
        Way::Cluster => Vec::new(),
        Way::Ingress(options) => ingress::objects(registry, options),
        Way::Gateway(options) => gateway::objects(registry, options),
        Way::LoadBalancer(options) => vec![service::balanced(registry, options)],
        Way::NodePort(options) => vec![service::at_nodes(registry, options)],
    });
    drafts
}

/// Puts annotations of the block, from the table with this key, on an object of this way.
fn annotate(
    registry: &Registry<'_>,
    mut draft: Draft,
    way: &str,
    annotations: &BTreeMap<String, String>,
) -> Draft {
    for (key, value) in annotations {
        let at = path(&["metadata", "annotations", key]);
        at.set(&mut draft.object, Value::from(value.as_str()));
        draft = registry.set_by(draft, at, &[way, "annotations", key]);
    }
    draft
}

/// An object that lets requests in. It also asks for its record, where others make that.
fn lets_in(registry: &Registry<'_>, mut draft: Draft) -> Draft {
    for (key, value) in record::annotations(registry) {
        let at = path(&["metadata", "annotations", &key]);
        if at.get(&draft.object).is_none() {
            at.set(&mut draft.object, Value::from(value));
            draft = registry.from(draft, at, &["dns"]);
        }
    }
    after_pods(registry, draft)
}

/// An object by which somebody gets an answer: nobody is to come in while there are still pods of an earlier plan, which may know
/// no users, or while something else than the registry's own certificate answers. But where only the Ingress tells to which
/// address the name leads, it comes before the certificate.
fn after_pods(registry: &Registry<'_>, mut draft: Draft) -> Draft {
    draft.depends_on.push(workload::address(registry));
    if !record::waits_for_ingress(registry) {
        draft.depends_on.extend(certificate::address(registry));
    }
    draft
}
