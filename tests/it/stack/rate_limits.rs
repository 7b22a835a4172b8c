//! What is said where an ACME server takes no more orders for some time: a proxy before the real one answers for it.

use std::fs;
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::bed::Size;
use crate::harness::{Bed, Command, HEAD, Namespace, Project, Running, wait_until};
use crate::plane::pki::{Authority, Validity};

tests! { on Size::Processes;
    a_limit_of_the_acme_server_is_told_with_its_end,
}

/// How Let's Encrypt says it, and until when.
const LIMIT: &str =
    "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s";
const END: &str = "retry after 2030-01-02 03:04:05 UTC";

/// Where pebble takes new orders.
const NEW_ORDER: &str = "/order-plz";

/// An Envoy before the ACME server. It ends when it is dropped.
struct Proxy {
    port: u16,
    address: String,
    folder: tempfile::TempDir,
    running: Option<Running>,
}

impl Proxy {
    /// One that lets everybody order.
    fn start(bed: &Bed) -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), bed.facts().address.clone());
        let authority = Authority::new().unwrap();
        let pair = authority.server_at(&[address.parse().unwrap()], Validity::Current).unwrap();
        fs::write(folder.path().join("authority.pem"), authority.certificate()).unwrap();
        fs::write(folder.path().join("server.pem"), pair.certificate).unwrap();
        fs::write(folder.path().join("server.key"), pair.key).unwrap();
        let port = TcpListener::bind((address.as_str(), 0)).unwrap().local_addr().unwrap().port();
        let mut proxy = Self { port, address, folder, running: None };
        proxy.serve(bed, &json!([to_server()]));
        proxy
    }

    /// The URL of the server's directory.
    fn url(&self) -> String {
        format!("https://{}:{}/dir", self.address, self.port)
    }

    /// Lets nobody order any more.
    fn limit(&mut self, bed: &Bed) {
        self.running.take().unwrap().kill();
        self.serve(bed, &json!([limited(), to_server()]));
    }

    fn serve(&mut self, bed: &Bed, routes: &Value) {
        let settings = self.folder.path().join("envoy.json");
        fs::write(&settings, self.settings(bed, routes).to_string()).unwrap();
        let arguments = ["-c", settings.to_str().unwrap(), "--concurrency", "1", "--use-dynamic-base-id"];
        let envoy = Command::new(bed.facts().programs.join("envoy")).args(arguments);
        let mut running = envoy.args(["--log-level", "warning"]).spawn();
        wait_until("the proxy", || {
            assert!(!running.has_ended(), "{}", running.stderr_so_far());
            TcpStream::connect((self.address.as_str(), self.port)).is_ok()
        });
        self.running = Some(running);
    }

    /// TLS to both sides, and the name under which it was asked: the server puts it into its own links.
    fn settings(&self, bed: &Bed, routes: &Value) -> Value {
        let path = |name: &str| json!({"filename": self.folder.path().join(name)});
        let server: http::Uri = bed.facts().acme.parse().unwrap();
        let at =
            |address: &str, port: u16| json!({"socket_address": {"address": address, "port_value": port}});
        let typed = |name: &str, mut rest: Value| {
            rest["@type"] = json!(format!("type.googleapis.com/envoy.extensions.{name}"));
            rest
        };
        let certificate = json!({"certificate_chain": path("server.pem"), "private_key": path("server.key")});
        let ends_tls = typed(
            "transport_sockets.tls.v3.DownstreamTlsContext",
            json!({"common_tls_context": {"tls_certificates": [certificate]}}),
        );
        let trusted = json!({"trusted_ca": {"filename": bed.facts().acme_authority}});
        let begins_tls = typed(
            "transport_sockets.tls.v3.UpstreamTlsContext",
            json!({"common_tls_context": {"validation_context": trusted}}),
        );
        let router = typed("filters.http.router.v3.Router", json!({}));
        let manager = typed(
            "filters.network.http_connection_manager.v3.HttpConnectionManager",
            json!({
                "stat_prefix": "acme",
                "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
                "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
            }),
        );
        let endpoint =
            json!({"endpoint": {"address": at(server.host().unwrap(), server.port_u16().unwrap())}});
        json!({"static_resources": {
            "listeners": [{
                "address": at(&self.address, self.port),
                "filter_chains": [{
                    "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": ends_tls},
                    "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
                }],
            }],
            "clusters": [{
                "name": "server",
                "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": begins_tls},
                "load_assignment": {"cluster_name": "server", "endpoints": [{"lb_endpoints": [endpoint]}]},
            }],
        }})
    }
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

fn project<'n>(ns: &'n Namespace, proxy: &Proxy, host: &str) -> Project<'n> {
    let text = format!(
        r#"{HEAD}
[issuer.acme]
scope = "namespace"
acme.server = "{}"
acme.email = "ops@example.test"
acme.ca_bundle = "{}"
acme.http01 = {{ class = "contour" }}

[registry.main]
host = "{host}"
image = "registry:3.1.2"
storage.volume.size = "1Gi"
auth.users.ci = {{ env = "CI_PASSWORD" }}
tls.issuer = "issuer.acme"
ingress.class = "contour"
lifecycle.timeouts.ready = "5m"
"#,
        proxy.url(),
        proxy.folder.path().join("authority.pem").display(),
    );
    ns.project().write("regplan.toml", &text).env("CI_PASSWORD", "a long enough password")
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
    let mut proxy = Proxy::start(&bed);
    let host = bed.host(&ns);
    let project = project(&ns, &proxy, &host);
    project.apply();
    project.expect_settled();

    // A certificate that still holds, and is not renewed.
    proxy.limit(&bed);
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
