//! `[registry.NAME]`: what is applied, what each change of the block changes, and what stays.

mod bucket;
mod exposure;
mod namespaces;
mod rollout;
mod secrets;
mod settings;
mod storage;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::harness::{Namespace, Project, Test, changes};

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [
        exposure::tests(),
        rollout::tests(),
        storage::tests(),
        bucket::tests(),
        settings::tests(),
        namespaces::tests(),
        secrets::tests(),
    ]
    .concat()
}

const PASSWORD: &str = "a long enough password";

const ALICE: &str = "wonderland 1865";

const CONFIG_CHECKSUM: &str = "/spec/template/metadata/annotations/regplan.dev~1config-checksum";

const DEPLOYMENT: &str = "registry.main/Deployment/registry";

const HTPASSWD: &str = "registry.main/Secret/registry-htpasswd";

const REGISTRY: &str = r#"
[project]
name = "{project}"

[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
namespace      = "{ns}"
storage.volume = { size = "1Gi" }

[registry.main.auth.users]
ci = { env = "CI_PASSWORD" }
"#;

/// [`REGISTRY`] with more keys.
fn with_keys(keys: &str) -> String {
    REGISTRY.replace("\n[registry.main.auth.users]", &format!("{keys}\n\n[registry.main.auth.users]"))
}

/// A project with this configuration, and the password of `ci`.
fn registry<'n>(ns: &'n Namespace, config: &str) -> Project<'n> {
    ns.project().write("regplan.toml", config).env("CI_PASSWORD", PASSWORD)
}

/// The changes of the plan: `ADDRESS ACTION`, or `ADDRESS FIELD` for every field of an update.
fn planned(project: &Project<'_>) -> Vec<String> {
    let plan = project.run(["plan", "--format=json"]).success().json();
    let mut found = Vec::new();
    for change in changes(&plan) {
        let (address, action) = (change["address"].as_str().unwrap(), change["action"].as_str().unwrap());
        match action {
            "none" => {}
            "update" => {
                let fields = change["fields"].as_array().unwrap().iter();
                found.extend(fields.map(|field| format!("{address} {}", field["path"].as_str().unwrap())));
            }
            _ => found.push(format!("{address} {action}")),
        }
    }
    found
}

/// The text under a key of a Secret.
fn secret(ns: &Namespace, name: &str, key: &str) -> String {
    let value = ns.field(&format!("secret/{name}"), &format!("/data/{key}"));
    String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap()
}

/// The objects of the registries in a namespace, with their resource versions.
fn versions(ns: &Namespace) -> BTreeMap<String, String> {
    let kinds = "sa,cm,secret,pvc,deployment,service,ingress,pdb";
    let all = ns.kubectl(["get", kinds, "--selector=app.kubernetes.io/name=registry", "-o", "json"]);
    let all = all.run().success().json();
    let text = |item: &Value, pointer: &str| item.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let items = all["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            let name = format!("{}/{}", text(item, "/kind"), text(item, "/metadata/name"));
            (name, text(item, "/metadata/resourceVersion"))
        })
        .collect()
}

/// The rendered object of this kind and name.
fn rendered(project: &Project<'_>, kind: &str, name: &str) -> Value {
    let list = project.run(["render", "--format=json"]).success().json();
    let items = list["items"].as_array().unwrap();
    let found = items.iter().find(|item| item["kind"] == kind && item["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name} in {list}")).clone()
}
