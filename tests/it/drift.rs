//! `regplan drift`: the difference between what was applied and what is there, with rights to read only.

mod additions;
mod findings;
mod output;
mod state;
mod unobserved;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::{Ended, Namespace, Project, Proxy, Test};

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [findings::tests(), additions::tests(), unobserved::tests(), state::tests(), output::tests()].concat()
}

const PASSWORD: &str = r#"
[secret.password]
env = "PASSWORD"

[resource.password]
apiVersion = "v1"
kind = "Secret"
stringData = { password = "${secret.password}" }

[resource.settings]
apiVersion = "v1"
kind = "ConfigMap"
data = { plain = "seen", secret = "password=${secret.password}" }
"#;

const VALUE: &str = "hunter2-and-more";

/// A project with this configuration, which is applied.
fn applied<'n>(ns: &'n Namespace, config: &str) -> Project<'n> {
    let project = ns.project().write("regplan.toml", config).env("PASSWORD", VALUE);
    project.apply();
    project
}

fn counts(proxy: &Proxy) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for seen in proxy.requests() {
        *counts.entry(format!("{} {}", seen.verb, seen.resource)).or_default() += 1;
    }
    counts
}

/// The finding about an address, in JSON.
fn finding(ended: &Ended, address: &str) -> Value {
    let all = ended.json()["resources"].as_array().unwrap().clone();
    let found = all.into_iter().find(|found| found["address"] == address);
    found.unwrap_or_else(|| panic!("nothing is said of {address}: {}", ended.stdout()))
}
