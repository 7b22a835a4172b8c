//! A registry behind a Gateway that somebody else has made, of a real controller.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::gateway::{Controller, MOVED, make_class, outcome, passes};
use super::registry::{PASSWORD, pull, push};
use crate::bed::Size;
use crate::bed::image::Image;
use crate::harness::{Bed, HEAD, Namespace, Project};

tests! { on Size::Processes;
    a_gateway_of_others_takes_a_registry_in_when_its_owner_lets_it,
}

/// The ports of the listeners. Those of other Gateways are the usual ones.
const HTTPS: u16 = 444;
const HTTP: u16 = 81;

/// What whoever keeps the Gateway applies. It takes routes of its own namespace alone. Contour gives a name to the listener with the
/// closest `hostname`, whatever its port.
const EDGE: &str = r#"
[issuer.edge]
scope = "namespace"
ca = { common_name = "root of the edge" }

[output.root]
value = "${issuer.edge.root}"

[resource.certificate]
apiVersion = "cert-manager.io/v1"
kind = "Certificate"
spec = { secretName = "edge-tls", dnsNames = ["*.ZONE"], issuerRef = { name = "edge" } }

[resource.public]
apiVersion = "gateway.networking.k8s.io/v1"
kind = "Gateway"
spec.gatewayClassName = "{prefix}"

[[resource.public.spec.listeners]]
name = "http"
port = HTTP_PORT
protocol = "HTTP"
hostname = "*.ZONE"
allowedRoutes.namespaces = { from = "Same" }

[[resource.public.spec.listeners]]
name = "https"
port = HTTPS_PORT
protocol = "HTTPS"
hostname = "*.ZONE"
tls = { certificateRefs = [{ name = "edge-tls" }] }
allowedRoutes.namespaces = { from = "Same" }
"#;

/// The other side, which may read the Gateway and nothing more of it.
const REGISTRY: &str = r#"
[registry.main]
host = "HOST"
image = "registry:3.1.2"
storage.volume.size = "1Gi"
auth.users.ci = { env = "CI_PASSWORD" }
gateway = { name = "public", namespace = "EDGE", redirect_from = "http" }
"#;

fn a_gateway_of_others_takes_a_registry_in_when_its_owner_lets_it() {
    let bed = Bed::shared().with_cert_manager();
    let (ns, edge) = (Namespace::new(), Namespace::new());
    let host = bed.domain(&ns);
    make_class(&edge);
    let (owner, project) = (owner(&bed, &edge, [HTTP, HTTPS]), project(&bed, &ns, &edge));
    let _controller = Controller::start(&bed, &edge, &owner, 8020);
    let gateway = edge.fill("Gateway.gateway.networking.k8s.io {ns}/public");

    // It is not there, and the plan says so before anything is written.
    project.run(["plan"]).success().stdout_contains(&format!("{gateway} is missing"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("the controller of the Gateway public has not looked at it yet");
    // It is there, and lets nobody in.
    owner.apply();
    apply.until("NotAllowedByListeners").until("`allowedRoutes` of the listener");
    let refused = project.run(["plan"]).success();
    refused.stderr_contains("the listener `https` of Gateway.gateway.networking.k8s.io");
    refused
        .stderr_contains("takes routes of its own namespace alone")
        .stderr_contains("the listener `http` of");
    // Its owner lets the registry in, and the same run goes on.
    let let_in =
        ns.fill(r#"{ from = "Selector", selector.matchLabels."kubernetes.io/metadata.name" = "{ns}" }"#);
    owner.rewrite("regplan.toml", &owner.read("regplan.toml").replace(r#"{ from = "Same" }"#, &let_in));
    owner.apply();
    apply.wait().success();
    project.expect_settled();
    project.run(["plan"]).success().stderr_lacks("the listener");

    // The name leads to where the Gateway says that it is.
    project.edit(
        "regplan.toml",
        "redirect_from = \"http\" }",
        "redirect_from = \"http\" }\ndns = \"dns.zone\"",
    );
    project.apply();
    project.expect_settled();
    passes(&project, &["--only=name".into()]);
    let trusted = trusted(&owner);
    let at = |port: u16, to: u16| format!("--resolve={host}:{port}={}:{to}", bed.facts().address);
    let args = [at(443, HTTPS + MOVED), at(80, HTTP + MOVED), "--largest-body=2Mi".into()];
    let authority = format!("--ca-file={}", trusted.join("ca.crt").display());
    let found = passes(&project, &[&args[..], &[authority]].concat());
    assert_eq!(outcome(&found, "redirect")["found"], "301 to https");
    pushes_and_pulls(&project, &format!("{host}:{}", HTTPS + MOVED), &trusted);

    project.run(["destroy", "--auto-approve"]).success();
    assert!(ns.find("httproute/registry").is_none());
    let listeners = edge.field("gateway.gateway.networking.k8s.io/public", "/status/listeners");
    assert!(
        listeners.as_array().is_some_and(|all| all.len() == 2),
        "its owner has it as before: {listeners}"
    );
}

/// The project of whoever keeps the Gateway `public`, with these ports of its listeners.
pub(super) fn owner<'n>(bed: &Bed, edge: &'n Namespace, [http, https]: [u16; 2]) -> Project<'n> {
    let text = format!("{HEAD}{EDGE}")
        .replace("ZONE", &bed.facts().records.zone)
        .replace("HTTP_PORT", &http.to_string())
        .replace("HTTPS_PORT", &https.to_string());
    edge.project().write("regplan.toml", &text)
}

/// The project of the registry, without a record of its name.
fn project<'n>(bed: &Bed, ns: &'n Namespace, edge: &Namespace) -> Project<'n> {
    let records = &bed.facts().records;
    let text = format!("{HEAD}{}{REGISTRY}", records.block())
        .replace("HOST", &bed.domain(ns))
        .replace("EDGE", &edge.name());
    let project = ns.project().write("regplan.toml", &text);
    project.env("TSIG_KEY", records.secret.as_str()).env("CI_PASSWORD", PASSWORD)
}

/// A folder with the root that signs for the Gateway.
fn trusted(owner: &Project<'_>) -> PathBuf {
    let folder = owner.path("trusted");
    fs::create_dir(&folder).unwrap();
    let root = owner.run(["output", "root", "--format=raw"]).success();
    fs::write(folder.join("ca.crt"), root.stdout()).unwrap();
    folder
}

/// Pushes an image as other programs do, and pulls the same one.
#[track_caller]
fn pushes_and_pulls(project: &Project<'_>, server: &str, trusted: &Path) {
    let (here, back, name) = (project.path("image"), project.path("back"), format!("{server}/team/app:1"));
    Image::empty().write(&here).unwrap();
    push(&here, &name, trusted);
    pull(&name, &back, trusted);
    let manifest = |folder: &Path| -> Value {
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap()
    };
    assert_eq!(manifest(&back), manifest(&here));
}
