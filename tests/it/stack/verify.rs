//! `regplan verify` through everything that stands before a registry: name server, ingress controller, certificates.

use serde_json::{Value, json};

use super::dns::{ask_at, update};
use super::registry::Registry;
use crate::bed::Size;
use crate::harness::{Bed, Namespace, Project, wait_until};

tests! { on Size::Processes;
    the_whole_chain_passes_every_check,
    a_name_that_leads_nowhere_is_told_with_its_record,
    a_name_is_compared_with_what_the_cluster_says_of_itself,
    servers_of_a_zone_that_do_not_agree_are_named,
}

/// What came of the checks, by name.
fn outcome(found: &Value, check: &str) -> Value {
    let checks = found["registries"][0]["checks"].as_array().unwrap();
    checks.iter().find(|entry| entry["check"] == check).unwrap().clone()
}

/// A registry at this host, which is exposed in this way.
fn project<'n>(ns: &'n Namespace, host: &str, exposed: &str) -> Project<'n> {
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
{exposed}
"#
    );
    ns.project().write("regplan.toml", &text).env("CI_PASSWORD", "a long enough password")
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
    let project = project(&ns, &host, "ingress.class = \"contour\"\ntls.secret = \"none\"");
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

/// No controller serves this class, so the Ingress says what the test has it say.
fn a_name_is_compared_with_what_the_cluster_says_of_itself() {
    let (bed, ns) = (Bed::shared(), Namespace::new());
    let host = bed.host(&ns);
    let there = &bed.facts().address;
    let project = project(&ns, &host, "ingress.class = \"nobody\"");
    let name = |code| {
        let found = project.run(["verify", "--format=json", "--only=name"]).code(code).json();
        let [reason, fix] =
            ["reason", "fix"].map(|key| outcome(&found, "name")[key].as_str().unwrap_or_default().to_owned());
        if code != 0 {
            let text = project.run(["verify", "--only=name"]).code(code);
            text.stdout_contains(&reason).stdout_contains(&format!("fix: {fix}"));
        }
        (outcome(&found, "name"), reason, fix)
    };
    // That all servers agree does not make them right.
    let is_not_known = |why: &str, what_next: &str| {
        let (found, reason, fix) = name(3);
        assert_eq!(found["outcome"], "skipped", "{found:#}");
        assert!(
            reason.starts_with(&format!("{host} leads to {there}, by the server of its zone")),
            "{reason}"
        );
        assert!(reason.contains(why) && fix.contains(what_next), "{found:#}");
    };
    is_not_known("is not known: there is no Ingress", "regplan plan");
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "registry"},
        "spec": {"ingressClassName": "nobody", "defaultBackend": {"service": {"name": "registry", "port": {"number": 5000}}}},
    });
    ns.apply(&ingress.to_string());
    is_not_known("/registry says no address", &format!("`--resolve {host}=ADDRESS`"));
    let says = |address: Value| {
        ns.patch_status("ingress/registry", &json!({"loadBalancer": {"ingress": [address]}}));
    };
    let nowhere = format!("nowhere-{host}.{}", bed.facts().records.zone);
    says(json!({"hostname": nowhere}));
    is_not_known(&format!("is at {nowhere}, and that has no address"), "until that name has an address");
    says(json!({"ip": "192.0.2.9"}));
    let (found, reason, fix) = name(2);
    assert_eq!(found["code"], "other-address", "{found:#}");
    assert!(reason.starts_with(&format!("{host} leads to {there}, and ")), "{reason}");
    assert!(reason.ends_with("/registry is at 192.0.2.9"), "{reason}");
    assert!(fix.starts_with(&format!("change the record: {host} A 192.0.2.9;")), "{fix}");
    says(json!({"ip": there}));
    assert_eq!(name(0).0["outcome"], "passed");
}

/// The second server has not heard of the new record.
fn servers_of_a_zone_that_do_not_agree_are_named() {
    let (bed, ns) = (Bed::shared(), Namespace::new());
    let (followed, follower) = (&bed.facts().followed, &bed.facts().follower);
    let host = format!("{}.{}", ns.prefix(), followed.zone);
    let project = project(&ns, &host, "ingress.class = \"nobody\"");
    wait_until("the first transfer", || !ask_at(follower, &followed.zone, "SOA").is_empty());
    update(followed, &host).success();
    let found = project.run(["verify", "--format=json", "--only=name"]).code(2).json();
    let name = outcome(&found, "name");
    assert_eq!(name["code"], "names-disagree", "{name:#}");
    let [first, second] = ["ns1", "ns2"].map(|server| format!("{server}.{}", followed.zone));
    let reason = format!("{first} says that {host} leads to 192.0.2.1, and {second} says nowhere");
    assert_eq!(name["reason"], reason.as_str());
    let fix = name["fix"].as_str().unwrap();
    assert!(fix.starts_with("wait until all servers of the zone have the new record"), "{fix}");
    let text = project.run(["verify", "--only=name"]).code(2);
    text.stdout_contains(&reason).stdout_contains(&format!("fix: {fix}"));
}
