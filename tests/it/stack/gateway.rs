//! A registry behind a Gateway of a real controller, and then one that ends TLS itself.

use std::fs;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::patience::{SILENCE, process_of_pod};
use crate::bed::Size;
use crate::bed::ingress::Contour;
use crate::harness::processes::freeze;
use crate::harness::{Bed, Cluster, Command, Namespace, Project, Running, forward, wait_until};

tests! { on Size::Processes;
    a_gateway_proves_the_name_of_a_registry_that_is_later_reached_by_itself,
}

/// What a Contour for Gateways adds to the number of a port.
pub(super) const MOVED: u16 = 8000;

/// One apply from nothing: the Gateway comes first, its address becomes the record, and through its port 80 the ACME server asks for
/// the proof of the name. Then requests are let in.
fn a_gateway_proves_the_name_of_a_registry_that_is_later_reached_by_itself() {
    let bed = Bed::shared().with_cert_manager();
    let (ns, edge) = (Namespace::new(), Namespace::new());
    let host = bed.domain(&ns);
    make_class(&edge);
    let gateway: IpAddr = bed.facts().gateway.parse().unwrap();
    for port in [80, 443] {
        forward((gateway, port).into(), (gateway, port + MOVED).into());
    }
    let project = project(&ns, &bed, &edge);
    let _controller = Controller::start(&bed, &edge, &project, 8010);
    let plan = project.run(["plan"]).success();
    // Its controller is no pod here, so nothing tells the cluster where it is.
    plan.stdout_contains("is there, but Contour, which serves it, is in none of its usual places");
    plan.stdout_contains(".status.addresses");
    project.apply();
    project.expect_settled();
    let trusted = format!("--ca-file={}", bed.facts().acme_root.display());
    let found = passes(&project, &[trusted.clone(), "--largest-body=2Mi".into()]);
    assert_eq!(outcome(&found, "redirect")["found"], "301 to https");
    wait_until("the end of the proof", || ns.list("httproutes").len() == 2);
    // Envoy gives up after 15 seconds where a route does not say otherwise.
    let frozen = freeze(process_of_pod(&ns), SILENCE);
    passes(&project, &[trusted.clone(), "--only=authentication".into()]);
    assert!(frozen.is_finished(), "the answer came while the registry said nothing");
    frozen.join().unwrap();

    // The same registry, without anything before it. No cloud gives this load balancer an address.
    let gateway =
        project.read("regplan.toml").lines().find(|line| line.starts_with("gateway")).unwrap().to_owned();
    project.edit("regplan.toml", &gateway, "load_balancer = {}");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("the load balancer has no address yet");
    let address = pod_address(&ns);
    ns.patch_status("service/registry-external", &json!({"loadBalancer": {"ingress": [{"ip": address}]}}));
    apply.wait().success();
    project.expect_settled();
    assert!(ns.find("httproute/registry").is_none());
    passes(&project, &["--only=name".into()]);
    let found = passes(
        &project,
        &[
            trusted,
            format!("--resolve={host}:443={address}:5000"),
            format!("--resolve={host}:80={address}:80"),
            "--largest-body=2Mi".into(),
        ],
    );
    assert_eq!(
        outcome(&found, "redirect")["found"],
        "nothing answers at port 80, so nobody sends a password in clear"
    );
}

fn project<'n>(ns: &'n Namespace, bed: &Bed, edge: &Namespace) -> Project<'n> {
    let blocks = format!(
        r#"
[registry.main]
host = "{}"
image = "registry:3.1.2"
storage.volume.size = "1Gi"
auth.users.ci = {{ env = "CI_PASSWORD" }}
tls.issuer = "issuer.acme"
dns = "dns.zone"
gateway = {{ class = "{}", namespace = "{edge}", name = "public" }}
"#,
        bed.domain(ns),
        edge.prefix(),
        edge = edge.name(),
    );
    let proof = format!("http01 = {{ gateway = \"{}/public\" }}", edge.name());
    bed.project(ns, &proof, &blocks).env("CI_PASSWORD", "a long enough password")
}

/// Makes the class of a Gateway of Contour.
pub(super) fn make_class(edge: &Namespace) {
    let class = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": edge.prefix()},
        "spec": {"controllerName": "projectcontour.io/gateway-controller"},
    });
    edge.apply(&class.to_string());
}

/// A Contour for one Gateway, and its Envoy.
pub(super) struct Controller {
    _contour: Running,
    _envoy: Running,
}

impl Controller {
    /// Starts them for the Gateway `public` of this namespace. Contour takes five ports from this one on.
    pub(super) fn start(bed: &Bed, edge: &Namespace, project: &Project<'_>, first_port: u16) -> Self {
        Self::start_for("public", bed, edge, project, first_port)
    }

    /// The same for a Gateway of this name. To a Contour that keeps one Gateway, a route that names no namespace is for that one
    /// wherever it is, if only the names are the same.
    pub(super) fn start_for(
        name: &str,
        bed: &Bed,
        edge: &Namespace,
        project: &Project<'_>,
        first_port: u16,
    ) -> Self {
        let (programs, folder) = (&bed.facts().programs, project.folder());
        let contour = Contour { programs, folder: &folder, address: &bed.facts().gateway, first_port };
        let config = project.path("contour.yaml");
        let gateway = json!({"gateway": {"gatewayRef": {"namespace": edge.name(), "name": name}}});
        fs::write(&config, gateway.to_string()).unwrap();
        let serves = ["--ingress-class-name=none".to_owned(), format!("--config-path={}", config.display())];
        let args = contour.arguments(Cluster::shared().kubeconfig());
        Self {
            _contour: Command::new(programs.join("contour")).args(args).args(serves).spawn(),
            _envoy: Command::new(programs.join("envoy")).args(contour.prepare_envoy().unwrap()).spawn(),
        }
    }
}

/// Looks whether all that is looked at is as it should be.
#[track_caller]
pub(super) fn passes(project: &Project<'_>, args: &[String]) -> Value {
    let found = project.regplan(["verify", "--format=json"]).args(args.to_vec()).run().success().json();
    assert_eq!(found["verdict"], "passed", "{found:#}");
    found
}

/// What came of one of the checks.
pub(super) fn outcome(found: &Value, check: &str) -> Value {
    let checks = found["registries"][0]["checks"].as_array().unwrap();
    checks.iter().find(|entry| entry["check"] == check).unwrap().clone()
}

/// The address of the registry's pod.
fn pod_address(ns: &Namespace) -> String {
    let pods = ns.kubectl(["get", "pods", "-o", "json"]).run().success().json();
    let pods = pods["items"].as_array().unwrap().clone();
    let here = pods.iter().find(|pod| {
        pod["status"]["phase"] == "Running" && pod["metadata"].get("deletionTimestamp").is_none()
    });
    here.unwrap()["status"]["podIP"].as_str().unwrap().to_owned()
}
