//! Names that are proved by records (`acme.dns01`): cert-manager writes them on a real name server, and a real ACME server reads
//! them there.

use std::time::Duration;

use http::StatusCode;
use regplan::kubernetes::x509::CertificateFacts;
use rustix::process::Signal;

use super::dns::ask;
use super::registry::{PASSWORD, decoded};
use crate::bed::Size;
use crate::bed::dns::STRONG_KEY;
use crate::harness::{Bed, Namespace, Project, wait_until};

tests! { on Size::Processes;
    the_certificate_of_a_registry_and_of_all_names_below_it_is_proved_by_records,
    a_certificate_for_all_names_below_a_domain_is_proved_by_a_record,
    a_key_that_the_name_server_refuses_is_told,
}

/// When cert-manager sees the record, it waits for as long as others may remember that there was none: a minute.
const PATIENCE: Duration = Duration::from_mins(5);

const REGISTRY: &str = r#"
[registry.main]
host = "HOST"
image = "registry:3.1.2"
storage.volume.size = "1Gi"
auth.users.ci = { env = "CI_PASSWORD" }
tls.issuer = "issuer.acme"
ingress.class = "contour"
dns = "dns.zone"
"#;

fn project<'n>(bed: &Bed, ns: &'n Namespace, blocks: &str) -> Project<'n> {
    let records = &bed.facts().records;
    let proof = format!("dns01.rfc2136 = {}", records.provider("ACME_KEY"));
    let project = bed.project(ns, &proof, &blocks.replace("DOMAIN", &bed.domain(ns)));
    project.env("CI_PASSWORD", PASSWORD).env("ACME_KEY", records.secret.as_str())
}

/// Applies it, and looks at the registry with this host. Nothing is left of what proved the domain.
#[track_caller]
fn serves(bed: &Bed, ns: &Namespace, project: &Project<'_>, host: &str) {
    project.regplan(["apply", "--auto-approve"]).limit(PATIENCE).run().success();
    project.expect_settled();
    assert_eq!(bed.first_status(&format!("https://{host}/v2/")), StatusCode::UNAUTHORIZED);
    let root = format!("--ca-file={}", bed.facts().acme_root.display());
    let found = project.run(["verify", "--format=json", "--largest-body=2Mi", &root]).success().json();
    assert_eq!(found["verdict"], "passed", "{found:#}");
    let proof = format!("_acme-challenge.{}", bed.domain(ns));
    wait_until("the end of the proof", || ask(&proof, "TXT").is_empty());
    assert_eq!(ask(host, "A"), bed.facts().address);
}

/// A name and all names below it are proved by the same record set, one after the other.
fn the_certificate_of_a_registry_and_of_all_names_below_it_is_proved_by_records() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let host = bed.domain(&ns);
    let issuer = "tls.issuer = \"issuer.acme\"";
    let registry = REGISTRY.replace(issuer, &format!("{issuer}\ntls.names = [\"*.HOST\"]"));
    let project = project(&bed, &ns, &registry.replace("HOST", "DOMAIN"));
    project.run(["plan"]).success().stdout_contains("proves names by: DNS (rfc2136)");
    serves(&bed, &ns, &project, &host);
    let certificate = ns.field("certificate.cert-manager.io/registry", "/status/conditions").to_string();
    assert!(certificate.contains("Certificate is up to date"), "{certificate}");
    let signed = decoded(ns.field("secret/registry-tls", "/data/tls.crt").as_str().unwrap());
    let mut names = CertificateFacts::of_pem(&signed).unwrap().names;
    names.sort();
    assert_eq!(names, [format!("*.{host}"), host.clone()]);
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(ask(&host, "A"), "");
}

fn a_certificate_for_all_names_below_a_domain_is_proved_by_a_record() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let certificate = r#"
[resource.all]
apiVersion = "cert-manager.io/v1"
kind = "Certificate"
spec = { secretName = "all", dnsNames = ["*.DOMAIN"], issuerRef = { name = "acme" } }
"#;
    let registry = REGISTRY.replace("HOST", "registry.DOMAIN");
    let registry = registry.replace("tls.issuer = \"issuer.acme\"", "tls.secret = \"all\"");
    let project = project(&bed, &ns, &format!("{certificate}{registry}"));
    // Both the proof and the record of the registry are signed in the stronger way.
    let usual = format!("key_name = \"{}\"", bed.facts().records.key);
    project.edit(
        "regplan.toml",
        &usual,
        &format!("key_name = \"{STRONG_KEY}\", algorithm = \"hmac-sha512\""),
    );
    serves(&bed, &ns, &project, &format!("registry.{}", bed.domain(&ns)));
}

fn a_key_that_the_name_server_refuses_is_told() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let certificate = r#"
[resource.c]
apiVersion = "cert-manager.io/v1"
kind = "Certificate"
spec = { secretName = "c", dnsNames = ["DOMAIN"], issuerRef = { name = "acme" } }
"#;
    let key = "bm90IHRoZSBzZWNyZXQ=";
    let project = project(&bed, &ns, certificate).env("ACME_KEY", key);
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("bad authentication").signal(Signal::INT);
    let failed = apply.wait().code(1);
    failed
        .stderr_contains(&format!("{} is not proved by DNS", bed.domain(&ns)))
        .stderr_contains("bad authentication");
    failed.stderr_lacks(key).stdout_lacks(key);
    project.run(["plan"]).success().stdout_contains("is not proved by DNS");
}
