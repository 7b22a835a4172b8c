//! What is said where an ACME server takes no more orders for some time: a proxy before the real one answers for it.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::bed::Size;
use crate::harness::{AcmeFront, BY_INGRESS, Bed, HEAD, Namespace, Project, acme_issuer, wait_until};

tests! { on Size::Processes;
    a_limit_of_the_acme_server_is_told_with_its_end,
}

/// How Let's Encrypt says it, and until when.
const LIMIT: &str =
    "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s";
const END: &str = "retry after 2030-01-02 03:04:05 UTC";

/// Where pebble takes new orders.
const NEW_ORDER: &str = "/order-plz";

/// A front of the ACME server that lets everybody order.
fn front(bed: &Bed) -> AcmeFront {
    let facts = bed.facts();
    let at = TcpListener::bind((facts.address.as_str(), 0)).unwrap().local_addr().unwrap();
    let mut front = AcmeFront::new(bed, at, None).server("server", &facts.acme, &facts.acme_authority);
    front.serve(&hosts(&json!([to_server()])));
    front
}

/// Everybody is answered by these routes.
fn hosts(routes: &Value) -> Value {
    json!([{"name": "all", "domains": ["*"], "routes": routes}])
}

/// The way on to the server.
fn to_server() -> Value {
    json!({"match": {"prefix": "/"}, "route": {"cluster": "server"}})
}

/// The answer of a server that takes no more orders. Source: RFC 8555, 6.6
fn limited() -> Value {
    let detail = format!("{LIMIT}, {END}: see https://letsencrypt.org/docs/rate-limits/");
    let problem = json!({"type": "urn:ietf:params:acme:error:rateLimited", "detail": detail, "status": 429});
    let header = |name: &str, value: &str| json!({"header": {"key": name, "value": value}});
    json!({
        "match": {"prefix": NEW_ORDER},
        "direct_response": {"status": 429, "body": {"inline_string": problem.to_string()}},
        "response_headers_to_add": [
            header("Retry-After", "3600"),
            header("Content-Type", "application/problem+json"),
        ],
    })
}

fn project<'n>(ns: &'n Namespace, front: &AcmeFront, host: &str) -> Project<'n> {
    let issuer = acme_issuer(&front.url("/dir"), BY_INGRESS);
    let text = format!(
        r#"{HEAD}{issuer}
[registry.main]
host = "{host}"
image = "registry:3.1.2"
storage.volume.size = "1Gi"
auth.users.ci = {{ env = "CI_PASSWORD" }}
tls.issuer = "issuer.acme"
ingress.class = "contour"
lifecycle.timeouts.ready = "5m"
"#
    );
    let project = ns.project().write("regplan.toml", &text);
    fs::copy(front.authority(), project.path("acme.pem")).unwrap();
    project.env("CI_PASSWORD", "a long enough password")
}

/// Asks for a renewal, as cert-manager's own tool does.
fn renew(ns: &Namespace) {
    let now = jiff::Timestamp::now().to_string();
    let condition = json!({"type": "Issuing", "status": "True", "reason": "ManuallyTriggered",
        "message": "a test asks for it", "lastTransitionTime": now});
    let patch = json!([{"op": "add", "path": "/status/conditions/-", "value": condition}]).to_string();
    let target = "certificate.cert-manager.io/registry";
    ns.kubectl(["patch", target, "--subresource=status", "--type=json", "--patch", &patch]).run().success();
    wait_until("the end of the renewal", || {
        let conditions = ns.field(target, "/status/conditions");
        let all = conditions.as_array().unwrap().iter();
        all.clone().any(|one| one["type"] == "Issuing" && one["reason"] == "Failed")
    });
}

fn a_limit_of_the_acme_server_is_told_with_its_end() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let mut front = front(&bed);
    let host = bed.host(&ns);
    let project = project(&ns, &front, &host);
    project.apply();
    project.expect_settled();

    // A certificate that still holds, and is not renewed.
    front.serve(&hosts(&json!([limited(), to_server()])));
    renew(&ns);
    let drift = project.run(["drift"]).code(2);
    let trusted = format!("--ca-file={}", bed.facts().acme_root.display());
    let verify = project.run(["verify", "--only=expiry", "--format=json", &trusted]).any();
    for told in [drift.stdout(), verify.stdout(), project.run(["plan"]).success().stdout()] {
        assert!(told.contains("could not be renewed") || told.contains("not renewed"), "{told}");
        assert!(joined(told).contains(LIMIT), "{told}");
        assert!(joined(told).contains(END), "{told}");
    }

    // One for another name is not to be had before that, however long it is waited for.
    project.edit("regplan.toml", "ready = \"5m\"", "ready = \"30s\"");
    project.edit("regplan.toml", &format!("host = \"{host}\""), &format!("host = \"another-{host}\""));
    let failed = project.run(["apply", "--auto-approve"]).code(1);
    failed.stderr_contains(LIMIT).stderr_contains(END);
}

/// A text whose lines were broken at the width of a page.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
