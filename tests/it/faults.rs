//! Faults of networks and servers: what is retried, what is not, and that the state stays right.

mod ambiguous;
mod discovery;
mod gone;
mod network;
mod servers;

use crate::harness::{Namespace, Project, Test, config_maps};

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [servers::tests(), gone::tests(), network::tests(), ambiguous::tests(), discovery::tests()].concat()
}

fn project_of(ns: &Namespace, count: usize) -> Project<'_> {
    ns.project().write("regplan.toml", &config_maps(count))
}

/// There is nothing to change, and the state contains exactly the objects in the cluster.
fn is_settled(ns: &Namespace, project: &Project<'_>, count: usize) {
    project.expect_settled();
    let state = project.state();
    let known = state["resources"].as_object().unwrap();
    assert_eq!(known.len(), count, "{state:#}");
    assert!(state.get("in_doubt").is_none() && state.get("unfinished").is_none(), "{state:#}");
    let ours = ns.list("configmap").iter().filter(|name| !name.contains("kube-root-ca")).count();
    assert_eq!(ours, count);
    for (address, resource) in known {
        let name = address.strip_prefix("resource.").unwrap();
        assert_eq!(resource["uid"], ns.field(&format!("configmap/{name}"), "/metadata/uid"), "{address}");
    }
}
