//! `[issuer.NAME]`, and the certificates of registries that name one: signed by a real ACME server and by authorities
//! that cert-manager makes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use http::StatusCode;
use regplan::kubernetes::x509::{CertificateFacts, Signatory};
use serde_json::{Value, json};

use super::registry::decoded;
use crate::bed::{Size, https};
use crate::harness::{Bed, Cluster, HEAD, LetsEncrypt, Namespace, Project, block_on, change, wait_for};
use crate::plane::Error;
use crate::plane::pki::{Authority, Pair};

tests! { on Size::Processes;
    an_acme_server_signs_the_certificate_of_a_registry,
    an_authority_that_is_made_here_signs,
    an_authority_out_of_a_secret_signs,
    a_certificate_signs_itself,
    another_issuer_signs_anew_while_the_old_certificate_stays,
    the_way_from_staging_to_production_is_one_word_and_no_moment_without_a_certificate,
    cert_manager_knows_the_fields_of_each_provider_of_records,
    why_a_certificate_is_not_signed_is_told,
    each_state_of_the_webhook_is_named_while_it_is_waited_for,
    a_webhook_that_is_not_asked_is_told_by_the_plan,
}

const REGISTRY: &str = r#"
[registry.main]
host = "HOST"
image = "registry:3.1.2"
storage.volume.size = "1Gi"
auth.users.ci = { env = "CI_PASSWORD" }
tls.issuer = "issuer.first"
ingress.class = "contour"
"#;

const MADE_HERE: &str = "\n[issuer.first]\nscope = \"namespace\"\nca = { common_name = \"first root\" }\n";

fn project<'n>(ns: &'n Namespace, bed: &Bed, blocks: &str) -> Project<'n> {
    let text = format!("{HEAD}{blocks}{REGISTRY}").replace("HOST", &bed.host(ns));
    ns.project().write("regplan.toml", &text).env("CI_PASSWORD", "a long enough password")
}

/// A registry whose certificate this ACME server signs, which is trusted by this authority.
fn project_at_acme<'n>(ns: &'n Namespace, bed: &Bed, server: &str, authority: &Path) -> Project<'n> {
    let project = project(ns, bed, &acme_issuer(server));
    fs::copy(authority, project.path("acme.pem")).unwrap();
    project
}

/// An issuer at this ACME server, which is trusted by the authority in `acme.pem`.
fn acme_issuer(server: &str) -> String {
    format!(
        "\n[issuer.first]\nscope = \"namespace\"\nacme.server = \"{server}\"\nacme.email = \"ops@example.test\"\n\
         acme.ca_bundle = \"acme.pem\"\nacme.http01 = {{ class = \"contour\" }}\n",
    )
}

fn an_acme_server_signs_the_certificate_of_a_registry() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let project = project_at_acme(&ns, &bed, &bed.facts().acme, &bed.facts().acme_authority);
    project
        .run(["plan"])
        .success()
        .stdout_contains("certificate of issuer.first")
        .stdout_lacks("cert-manager has");
    project.apply();
    project.expect_settled();
    let url = format!("https://{}/v2/", bed.host(&ns));
    assert_eq!(bed.first_status(&url), StatusCode::UNAUTHORIZED);
    // Nobody can send a password in clear.
    assert_eq!(status_in_clear(&bed.host(&ns)), 301);
    project.run(["drift"]).code(0);
}

/// The status of the answer at port 80.
fn status_in_clear(host: &str) -> u16 {
    let mut stream = TcpStream::connect((host, 80)).unwrap();
    write!(stream, "GET /v2/ HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

fn an_authority_that_is_made_here_signs() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let outputs = "\n[output.root]\nvalue = \"${issuer.first.root}\"\n\n[output.end]\n\
                   value = \"${registry.main/Certificate.cert-manager.io/registry.status.notAfter}\"\n\n[output.renewal]\n\
                   value = \"${registry.main/Certificate.cert-manager.io/registry.status.renewalTime}\"\n";
    let project = project(&ns, &bed, &format!("{MADE_HERE}{outputs}"));
    project.run(["output"]).success().stdout_contains("root = (not known: it is not there yet)");
    project.apply().stdout_contains("BEGIN CERTIFICATE");
    project.expect_settled();
    let root = project.run(["output", "root", "--format=raw"]).success();
    fs::write(project.path("root.pem"), root.stdout()).unwrap();
    let told = |output: &str| {
        let told = project.run(["output", output, "--format=raw"]).success();
        told.stdout().parse::<jiff::Timestamp>().unwrap()
    };
    assert!(jiff::Timestamp::now() < told("renewal") && told("renewal") < told("end"));
    // The root is what makes clients trust the registry; regplan itself knows it from the issuer.
    let verified = project.run(["verify", "--only=chain", "--only=issuer", "--format=json"]).success();
    verified.stdout_contains("signed by the authority of issuer.first");
    let trusted = project.run(["verify", "--only=chain", "--ca-file=root.pem", "--format=json"]).success();
    trusted.stdout_contains("which this machine trusts");
    let data = |secret: &str, key: &str| ns.field(&format!("secret/{secret}"), &format!("/data/{key}"));
    assert_eq!(data("registry-tls", "ca.crt"), data("first-root", "tls.crt"));
    // What trusts this root would trust no other one.
    let destroyed = project.run(["destroy", "--auto-approve"]).any();
    destroyed.stdout_contains("first-root");
    assert!(ns.find("certificate.cert-manager.io/first-root").is_some());
}

/// The Secret comes late. The plan knows of it where the issuer is in one namespace; where cert-manager looks for those of a
/// `ClusterIssuer`, only cert-manager knows.
fn an_authority_out_of_a_secret_signs() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let issuer = "\n[output.root]\nvalue = \"${issuer.first.root}\"\n\n[issuer.first]\nname = \"{prefix}\"\n\
                  scope = \"namespace\"\nca.secret = \"{prefix}\"\n";
    let project = project(&ns, &bed, issuer);
    let secret = ns.prefix();
    let plan = project.run(["plan", "--format=json"]).success().json();
    let change = change(&plan, &format!("issuer.first/Issuer.cert-manager.io/{secret}"));
    let missing = format!("spec.ca.secretName: Secret {}/{secret} is missing", ns.name());
    assert_eq!(change["warnings"], json!([missing]), "{change:#}");
    project.edit("regplan.toml", "scope = \"namespace\"", "scope = \"cluster\"");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until(&format!("secrets \"{secret}\" not found"));
    let authority = Authority::new().unwrap();
    let object = tls_secret(&secret, &authority);
    let there = ["apply", "--namespace=cert-manager", "--filename=-"];
    Cluster::shared().kubectl(there).stdin(object).run().success();
    let applied = apply.wait().success();
    applied.stdout_contains(&format!("signs: the authority in the Secret cert-manager/{secret}"));
    project.expect_settled();
    let leaf = stored(&ns);
    let root = CertificateFacts::of_pem(authority.certificate().as_bytes()).unwrap();
    assert_eq!((leaf.issuer, leaf.names), (root.issuer, vec![bed.host(&ns)]));
    // That name could be anybody's. This looks at the signature.
    let verified = project.run(["verify", "--only=chain", "--only=issuer", "--format=json"]).success();
    verified.stdout_contains("signed by the authority of issuer.first");
    let output = project.run(["output", "root", "--format=raw"]).success();
    assert_eq!(output.stdout().trim(), authority.certificate().trim());
}

/// A Secret with the certificate and the key of an authority.
fn tls_secret(name: &str, authority: &Authority) -> String {
    let Pair { certificate, key } = authority.pair();
    json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": name},
        "stringData": {"tls.crt": certificate, "tls.key": key}})
    .to_string()
}

/// The certificate in the Secret of the registry, in PEM.
#[track_caller]
fn stored_text(ns: &Namespace) -> Vec<u8> {
    decoded(ns.field("secret/registry-tls", "/data/tls.crt").as_str().unwrap())
}

/// What it says.
#[track_caller]
fn stored(ns: &Namespace) -> CertificateFacts {
    CertificateFacts::of_pem(&stored_text(ns)).unwrap()
}

fn a_certificate_signs_itself() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let project = project(&ns, &bed, "\n[issuer.first]\nscope = \"namespace\"\nself_signed = true\n");
    project.apply();
    project.expect_settled();
    let leaf = stored(&ns);
    assert!(leaf.is_self_signed, "{leaf:?}");
    assert_eq!(leaf.names, [bed.host(&ns)]);
    // What cert-manager notes as its root is itself.
    assert_eq!(
        ns.field("secret/registry-tls", "/data/ca.crt"),
        ns.field("secret/registry-tls", "/data/tls.crt")
    );
    // Nothing trusts it that was not told to.
    fs::write(project.path("own.pem"), stored_text(&ns)).unwrap();
    let refused = project.run(["verify", "--only=chain", "--only=issuer"]).code(2);
    refused.stdout_contains("x chain           it has signed itself").stdout_contains("+ issuer ");
    project.run(["verify", "--only=chain", "--ca-file=own.pem"]).success();
}

fn another_issuer_signs_anew_while_the_old_certificate_stays() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let second = MADE_HERE.replace("first", "second");
    let project = project(&ns, &bed, &format!("{MADE_HERE}{second}"));
    project.apply();
    let (uid, old) =
        (ns.field("secret/registry-tls", "/metadata/uid"), ns.field("secret/registry-tls", "/data/tls.crt"));
    project.edit("regplan.toml", "tls.issuer = \"issuer.first\"", "tls.issuer = \"issuer.second\"");
    project.run(["plan"]).success().stdout_contains("spec.issuerRef.name: \"first\" -> \"second\"");
    project.apply();
    project.expect_settled();
    assert_eq!(ns.field("secret/registry-tls", "/metadata/uid"), uid);
    assert_ne!(ns.field("secret/registry-tls", "/data/tls.crt"), old);
}

/// One word in the file leads from Let's Encrypt's server for trials to the one that counts. Meanwhile the registry is asked all the
/// time, and each connection gets a certificate that holds: of the one authority, and then of the other.
fn the_way_from_staging_to_production_is_one_word_and_no_moment_without_a_certificate() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let lets_encrypt = LetsEncrypt::start(&bed);
    let project = project_at_acme(&ns, &bed, "letsencrypt-staging", &lets_encrypt.authority());
    project.apply();
    let roots = project.path("roots.pem");
    let [trials, real] =
        [lets_encrypt.root_of_trials(), &lets_encrypt.root()].map(|path| fs::read(path).unwrap());
    fs::write(&roots, [trials, real].concat()).unwrap();
    let url = format!("https://{}/v2/", bed.host(&ns));
    let trial = wait_for("the certificate of trials", || signatory(&url, lets_encrypt.root_of_trials()).ok());
    let uid = ns.field("secret/registry-tls", "/metadata/uid");
    let account_of_trials = account(&ns, "first-staging");

    project.edit("regplan.toml", "\"letsencrypt-staging\"", "\"letsencrypt\"");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("spec.issuerRef.name: \"first-staging\" -> \"first\"")
        .stdout_contains("another issuer signs it anew, and the certificate that is there serves")
        .stdout_contains("1 to add, 1 to change, 0 to replace, 1 to destroy");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    let mut served = Vec::new();
    while !apply.has_ended() {
        let signatory = signatory(&url, &roots).unwrap_or_else(|error| {
            panic!("no certificate that holds, after {served:?}: {error}\n{}", apply.stdout_so_far())
        });
        if served.last() != Some(&signatory) {
            served.push(signatory);
        }
    }
    apply.wait().success();
    let real = wait_for("the certificate that counts", || signatory(&url, &lets_encrypt.root()).ok());
    assert_eq!(served.first(), Some(&trial), "the old one served when the apply began");
    served.push(real.clone());
    served.dedup();
    assert_eq!(served, [trial, real], "each was served, and none came back");
    project.expect_settled();
    assert_eq!(ns.field("secret/registry-tls", "/metadata/uid"), uid, "it is the same Secret");
    assert_ne!(account(&ns, "first"), account_of_trials, "the key of trials signs nothing that counts");
    assert!(ns.find("issuer.cert-manager.io/first-staging").is_none());
}

/// Who has signed what is served there, by a connection of its own. One of these authorities must be behind it.
fn signatory(url: &str, authorities: &Path) -> Result<Signatory, Error> {
    let certificate = block_on(https::certificate(url, authorities))?;
    Ok(CertificateFacts::of_der(&certificate).ok_or("no certificate")?.issuer)
}

/// The key by which an issuer's account is known to its server.
#[track_caller]
fn account(ns: &Namespace, issuer: &str) -> Value {
    let issuer = format!("issuer.cert-manager.io/{issuer}");
    let name = ns.field(&issuer, "/spec/acme/privateKeySecretRef/name");
    ns.field(&format!("secret/{}", name.as_str().unwrap()), "/data/tls.key")
}

/// The dry-run of each issuer is held against the definitions of cert-manager, and its webhook looks at it.
fn cert_manager_knows_the_fields_of_each_provider_of_records() {
    let _bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let key = "{ env = \"KEY\" }";
    let providers = [
        ("rfc2136", format!("{{ server = \"192.0.2.1\", key_name = \"k\", key = {key} }}")),
        ("cloudflare", format!("{{ api_token = {key} }}")),
        ("digitalocean", format!("{{ token = {key} }}")),
        (
            "route53",
            format!("{{ region = \"eu-west-1\", access_key_id = \"A\", secret_access_key = {key} }}"),
        ),
        (
            "azure",
            format!(
                "{{ subscription_id = \"s\", resource_group = \"g\", tenant_id = \"t\", client_id = \"c\", client_secret = {key} }}"
            ),
        ),
        ("google", format!("{{ project = \"p\", service_account = {key} }}")),
        ("webhook", "{ group = \"acme.example.com\", solver = \"s\", config = { a = 1 } }".to_owned()),
    ];
    let issuers = providers.each_ref().map(|(provider, keys)| {
        format!(
            "\n[issuer.{provider}]\nscope = \"namespace\"\nacme.server = \"https://acme.example.com/dir\"\n\
             acme.dns01.{provider} = {keys}\n"
        )
    });
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{}", issuers.concat()));
    // What it stands for is base64, as rfc2136 wants it.
    let plan = project.env("KEY", "aGVsbG8=").run(["plan", "--format=json"]).success().json();
    for (provider, _) in providers {
        let issuer = change(&plan, &format!("issuer.{provider}/Issuer.cert-manager.io/{provider}"));
        assert_eq!(issuer["action"], "create", "{issuer:#}");
        assert_eq!(issuer["fidelity"]["kind"], "dry_run", "{issuer:#}");
    }
}

/// The one certificate has no issuer, and the other one is for a name without an address. Both are waited for at once.
fn why_a_certificate_is_not_signed_is_told() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let certificates = r#"
[resource.c]
apiVersion = "cert-manager.io/v1"
kind = "Certificate"
spec = { secretName = "c", dnsNames = ["c.example.test"], issuerRef = { name = "nobody" } }
lifecycle.timeouts.ready = "20s"

[resource.nowhere]
apiVersion = "cert-manager.io/v1"
kind = "Certificate"
spec = { secretName = "nowhere", dnsNames = ["NOWHERE"], issuerRef = { name = "first" } }
depends_on = ["issuer.first"]
# On a busy machine it takes a while until somebody has looked for the name.
lifecycle.timeouts.ready = "90s"
"#;
    let nowhere = format!("{}.{}", ns.prefix(), bed.facts().records.zone);
    let text = format!("{HEAD}{}{certificates}", acme_issuer(&bed.facts().acme));
    let project = ns.project().write("regplan.toml", &text.replace("NOWHERE", &nowhere));
    fs::copy(&bed.facts().acme_authority, project.path("acme.pem")).unwrap();
    let causes = ["not found", &format!("{nowhere} is not proved by HTTP: "), "no such host"];
    let mut running = project.regplan(["apply", "--auto-approve"]).spawn();
    running.until("no such host");
    let failed = running.wait().code(1);
    // The plan says it too, with what to do left to the reader: the objects are as they were applied.
    let (plan, drift) = (project.run(["plan"]).success(), project.run(["drift"]).code(2));
    for cause in causes {
        failed.stderr_contains(cause);
        plan.stdout_contains(cause);
        drift.stdout_contains(cause);
    }
}

const ISSUER: &str = r#"
[resource.issuer]
apiVersion = "cert-manager.io/v1"
kind = "Issuer"
spec.selfSigned = {}
"#;

/// The shared cert-manager works. So this namespace has a webhook of its own in front of it, which begins as each one does:
/// without a Service, then without pods, then without an authority. No selector of namespaces leaves out what is in none: the
/// issuers of the whole cluster that other tests make.
fn each_state_of_the_webhook_is_named_while_it_is_waited_for() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let hook = r#"depends_on = ["resource.hook"]

[resource.hook]
apiVersion = "admissionregistration.k8s.io/v1"
kind = "ValidatingWebhookConfiguration"
metadata.name = "{ns}-front"

[[resource.hook.webhooks]]
name = "webhook.cert-manager.io"
admissionReviewVersions = ["v1"]
sideEffects = "None"
rules = [{ apiGroups = ["cert-manager.io"], apiVersions = ["v1"], operations = ["CREATE"], resources = ["*"], scope = "Namespaced" }]
namespaceSelector.matchLabels = { "kubernetes.io/metadata.name" = "{ns}" }
clientConfig.service = { namespace = "{ns}", name = "webhook", path = "/validate" }
"#;
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{ISSUER}{hook}"));
    let mut running = project.regplan(["apply", "--auto-approve"]).spawn();
    running.until("cert-manager has no Service for its webhook");
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "webhook"},
        "spec": {"ports": [{"name": "https", "port": 443}]}});
    ns.apply(&service.to_string());
    running.until("whose Service leads to no pod that answers");
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "webhook", "labels": {"kubernetes.io/service-name": "webhook"}},
        "endpoints": [{"addresses": [bed.facts().address], "conditions": {"ready": true}}],
        "ports": [{"name": "https", "port": bed.facts().webhook_port, "protocol": "TCP"}],
    });
    ns.apply(&slice.to_string());
    running.until("that the API server does not trust");
    ns.kubectl(["delete", "validatingwebhookconfiguration", &format!("{}-front", ns.name())]).run().success();
    running.wait().success();
    assert!(ns.find("issuer.cert-manager.io/issuer").is_some());
}

fn a_webhook_that_is_not_asked_is_told_by_the_plan() {
    let _bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    ns.kubectl(["label", "namespace", &ns.name(), "cert-manager.io/disable-validation=true"]).run().success();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{ISSUER}"));
    project.run(["plan"]).success().stdout_contains("lets a bad request through");
    // It refuses no write, so nothing waits for it.
    project.apply();
}
