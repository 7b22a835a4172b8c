//! The requests that a plan and an apply make, and what every write contains.

mod reading;
mod writing;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::{Namespace, Proxy, Seen, Test, config_maps};

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [reading::tests(), writing::tests()].concat()
}

/// How many requests there were of each verb and resource.
fn counts(proxy: &Proxy) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    // How many pages the namespaces take depends on how many tests run at the moment.
    let is_further_page = |seen: &Seen| seen.resource == "namespaces" && seen.query.contains("continue=");
    for seen in proxy.requests().into_iter().filter(|seen| !is_further_page(seen)) {
        let dry = if seen.dry_run { " (dry-run)" } else { "" };
        *counts.entry(format!("{} {}{dry}", seen.verb, seen.resource)).or_default() += 1;
    }
    counts
}

fn expect(proxy: &Proxy, wanted: &[(&str, usize)]) {
    let wanted: BTreeMap<String, usize> =
        wanted.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect();
    assert_eq!(counts(proxy), wanted, "{}", proxy.log());
}

/// The reads for ten objects of two types in two namespaces: discovery, the identity of the cluster, the record of the
/// newest state, the pages of the lists. (A single object of a type and namespace is read with `get` instead of a list.)
const LISTS: &[(&str, usize)] = &[
    ("get /api", 1),
    ("get /apis", 1),
    ("get namespaces", 1),
    ("get newest-state", 1),
    ("list namespaces", 1),
    ("list configmaps", 2),
    ("list serviceaccounts", 2),
];

/// Four and three `ConfigMap`s, and two times two service accounts.
fn two_types_in_two_namespaces() -> String {
    let mut config = config_maps(4);
    let other = "metadata.namespace = \"{prefix}-b\"";
    for (kind, index, place) in
        [("ConfigMap", 10, other), ("ConfigMap", 11, other), ("ConfigMap", 12, other)].into_iter().chain([
            ("ServiceAccount", 20, ""),
            ("ServiceAccount", 21, ""),
            ("ServiceAccount", 22, other),
            ("ServiceAccount", 23, other),
        ])
    {
        let _ = write!(config, "\n[resource.r{index}]\napiVersion = \"v1\"\nkind = \"{kind}\"\n{place}\n");
    }
    config
}

/// More than one page of `ConfigMap`s, with names that come before ours.
fn many_config_maps(ns: &Namespace) {
    let items: Vec<Value> = (0..501)
        .map(|index| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("a{index}")}}))
        .collect();
    let all = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    ns.kubectl(["create", "--filename=-"]).stdin(all).run().success();
}
