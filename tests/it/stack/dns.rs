//! Records in a zone that takes updates, on a real name server.

use std::fs;

use http::StatusCode;
use serde_json::json;

use crate::bed::{Records, Size};
use crate::harness::{Bed, Cluster, Command, HEAD, Namespace, Project, Running, program, wait_until};

tests! { on Size::Processes;
    an_update_needs_the_right_key,
    external_dns_makes_and_removes_the_record_of_an_ingress,
    a_registry_gets_its_name_and_its_certificate_in_one_apply,
}

fn an_update_needs_the_right_key() {
    let ns = Namespace::absent();
    let records = Bed::shared().facts().records.clone();
    let name = format!("{}.{}", ns.prefix(), records.zone);
    let wrong = Records { secret: "bm90IHRoZSBzZWNyZXQ=".into(), ..records.clone() };
    update(&wrong, &name).code(2).stderr_contains("BADSIG");
    assert_eq!(addresses(&records, &name), "");
    update(&records, &name).success();
    assert_eq!(addresses(&records, &name), "192.0.2.1");
}

/// Adds an address by `nsupdate`.
pub(super) fn update(records: &Records, name: &str) -> crate::harness::Output {
    let Records { server, key, secret, .. } = records;
    Command::new(program("nsupdate"))
        .args(["-y".into(), format!("hmac-sha256:{key}:{secret}")])
        .stdin(format!("server {server}\nupdate add {name} 5 A 192.0.2.1\nsend\n"))
        .run()
}

/// The addresses of a name, a line each.
fn addresses(records: &Records, name: &str) -> String {
    ask_at(&records.server, name, "A")
}

/// The values that a name of the zone has of this type, a line each.
pub(super) fn ask(name: &str, record_type: &str) -> String {
    ask_at(&Bed::shared().facts().records.server, name, record_type)
}

/// The same at this server.
pub(super) fn ask_at(server: &str, name: &str, record_type: &str) -> String {
    let server = format!("@{server}");
    let answer = Command::new(program("dig")).args(["+short", record_type, name, &server]).run().success();
    answer.stdout().trim().to_owned()
}

fn external_dns_makes_and_removes_the_record_of_an_ingress() {
    let bed = Bed::shared();
    let ns = Namespace::new();
    let records = bed.facts().records.clone();
    let host = format!("{}.{}", ns.prefix(), records.zone);
    let mut external_dns = external_dns(&bed, &ns, "ingress");
    ns.apply(&ingress(&host));
    wait_until("the record", || {
        assert!(!external_dns.has_ended(), "{}", external_dns.stderr_so_far());
        addresses(&records, &host) == bed.facts().address
    });
    ns.kubectl(["delete", "ingress", "web"]).run().success();
    wait_until("the end of the record", || addresses(&records, &host).is_empty());
}

/// Runs it for what a namespace has of this source, until the value is dropped.
pub(super) fn external_dns(bed: &Bed, ns: &Namespace, source: &str) -> Running {
    let Records { zone, server, key, secret } = &bed.facts().records;
    Command::new(bed.facts().programs.join("external-dns"))
        .args([format!("--kubeconfig={}", Cluster::shared().kubeconfig().display())])
        .args([format!("--source={source}")])
        .args(["--interval=1s", "--policy=sync", "--registry=txt"])
        .args([format!("--namespace={}", ns.name()), format!("--txt-owner-id={}", ns.prefix())])
        .args(["--provider=rfc2136", "--rfc2136-port=53", "--rfc2136-axfr"])
        .args([format!("--rfc2136-host={server}"), format!("--rfc2136-zone={zone}")])
        .args([format!("--rfc2136-tsig-keyname={key}"), format!("--rfc2136-tsig-secret={secret}")])
        .args(["--rfc2136-tsig-secret-alg=hmac-sha256"])
        .spawn()
}

fn ingress(host: &str) -> String {
    let backend = json!({ "service": { "name": "web", "port": { "number": 80 } } });
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": { "name": "web" },
        "spec": {
            "ingressClassName": "contour",
            "rules": [{ "host": host, "http": { "paths": [{ "path": "/", "pathType": "Prefix", "backend": backend }] } }],
        },
    })
    .to_string()
}

/// The ACME server asks for the very name that the apply makes: first the Ingress, then the record of its address, then
/// the certificate.
fn a_registry_gets_its_name_and_its_certificate_in_one_apply() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let host = format!("{}.{}", ns.prefix(), bed.facts().records.zone);
    let text = format!(
        r#"
[registry.main]
host = "{host}"
image = "registry:3.1.2"
storage.volume.size = "1Gi"
auth.users.ci = {{ env = "CI_PASSWORD" }}
tls.issuer = "issuer.acme"
ingress.class = "contour"
dns = "dns.zone"
"#
    );
    let project = with_zone_and_issuer(&bed, &ns, &text).env("CI_PASSWORD", "a long enough password");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("registry.main/Ingress/registry.status.loadBalancer.ingress");
    project.apply();
    project.expect_settled();
    assert_eq!(addresses(&bed.facts().records, &host), bed.facts().address);
    assert_eq!(bed.first_status(&format!("https://{host}/v2/")), StatusCode::UNAUTHORIZED);
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(addresses(&bed.facts().records, &host), "");
}

/// A project with these blocks, and with a zone, `dns.zone`, and an issuer, `issuer.acme`, that proves names at the ingress
/// controller.
pub(super) fn with_zone_and_issuer<'n>(bed: &Bed, ns: &'n Namespace, blocks: &str) -> Project<'n> {
    let Records { zone, server, key, secret } = bed.facts().records.clone();
    let text = format!(
        r#"{HEAD}
[dns.zone]
zone = "{zone}"
rfc2136 = {{ server = "{server}", key_name = "{key}", key = {{ env = "TSIG_KEY" }} }}

[issuer.acme]
scope = "namespace"
acme.server = "{}"
acme.email = "ops@example.test"
acme.ca_bundle = "acme.pem"
acme.http01 = {{ class = "contour" }}
{blocks}"#,
        bed.facts().acme
    );
    let project = ns.project().write("regplan.toml", &text).env("TSIG_KEY", secret);
    fs::copy(&bed.facts().acme_authority, project.path("acme.pem")).unwrap();
    project
}
