//! `regplan verify` through everything that stands before a registry: name server, ingress controller, certificates.

use serde_json::Value;

use super::registry::Registry;
use crate::bed::Size;
use crate::harness::{Bed, Namespace};

tests! { on Size::Processes;
    the_whole_chain_passes_every_check,
    a_name_that_leads_nowhere_is_told_with_its_record,
}

/// What came of the checks, by name.
fn outcome(found: &Value, check: &str) -> Value {
    let checks = found["registries"][0]["checks"].as_array().unwrap();
    checks.iter().find(|entry| entry["check"] == check).unwrap().clone()
}

fn the_whole_chain_passes_every_check() {
    let ns = Namespace::absent();
    let registry = Registry::apply(&ns);
    // Nobody tells there how much room the volume has.
    let found = registry.verify(&["--largest-body=101Mi"]).success().json();
    assert_eq!(found["verdict"], "passed", "{found:#}");
    for check in found["registries"][0]["checks"].as_array().unwrap() {
        assert_eq!(check["outcome"], "passed", "{check:#}");
    }
    let name = outcome(&found, "name");
    assert!(name["found"].as_str().unwrap().contains("by the server of its zone"), "{name}");
    let body = outcome(&found, "body");
    assert_eq!(body["found"], "100 MiB in one piece");
    registry.destroy();
}

fn a_name_that_leads_nowhere_is_told_with_its_record() {
    let ns = Namespace::new();
    let bed = Bed::shared();
    let host = format!("{}.{}", ns.prefix(), bed.facts().records.zone);
    let text = format!(
        r#"
[project]
name = "{{project}}"

[registry.main]
host = "{host}"
image = "registry:3.1.2"
namespace = "{{ns}}"
storage.volume.size = "1Gi"
auth.users.ci = {{ env = "CI_PASSWORD" }}
ingress.class = "contour"
tls.secret = "none"
"#
    );
    let project = ns.project().write("regplan.toml", &text).env("CI_PASSWORD", "a long enough password");
    project.run(["plan"]).success().stdout_contains(&ns.fill("Secret {ns}/none is missing"));
    project.apply();
    let found = project.run(["verify", "--format=json"]).code(2).json();
    let name = outcome(&found, "name");
    assert_eq!(name["code"], "no-name", "{name}");
    let record = format!("{host} A {}", bed.facts().address);
    assert!(name["fix"].as_str().unwrap().contains(&record), "{name}");
    // It says how to go on without the name. Contour serves no TLS without the Secret.
    let resolved = format!("--resolve={host}={}", bed.facts().address);
    let found = project.run(["verify", "--format=json", &resolved]).code(2).json();
    assert_eq!(outcome(&found, "name")["outcome"], "not_needed");
    assert_ne!(outcome(&found, "port")["outcome"], "passed", "{found:#}");
}
