//! Contour and its Envoy, as the ingress controller of the class `contour`.

use std::net::TcpStream;
use std::path::Path;

use super::addresses::NODE;
use super::start::Service;
use super::tool;
use crate::plane::program::Start;
use crate::plane::{Error, Facts};

/// Where Envoy asks Contour for its settings.
const SETTINGS: u16 = 8001;
/// Where Contour says whether it is well.
const HEALTH: u16 = 8003;

/// Starts Contour in this folder. Its definitions have to be there.
pub(super) fn start_contour(plane: &Facts, programs: &Path, folder: &Path) -> Result<Service, Error> {
    let mut args: Vec<String> = vec!["serve".into(), "--insecure".into()];
    args.extend([
        format!("--kubeconfig={}", plane.kubeconfig.display()),
        "--ingress-class-name=contour".into(),
        format!("--ingress-status-address={NODE}"),
        "--disable-leader-election".into(),
        // The bed installs no definitions of the Gateway API.
        "--disable-feature=tlsroutes".into(),
        "--disable-feature=tcproutes".into(),
        "--disable-feature=backendtlspolicies".into(),
    ]);
    for (name, address, port) in [
        ("xds", "127.0.0.1", SETTINGS),
        ("health", "127.0.0.1", HEALTH),
        ("stats", "127.0.0.1", 8002),
        ("http", "127.0.0.1", 8000),
        ("debug-http", "127.0.0.1", 6060),
        ("envoy-service-http", NODE, 80),
        ("envoy-service-https", NODE, 443),
    ] {
        args.push(format!("--{name}-address={address}"));
        args.push(format!("--{name}-port={port}"));
    }
    let program = Start::new(programs.join("contour"), folder).args(args).start()?;
    Ok(Service::new(program, || TcpStream::connect(("127.0.0.1", SETTINGS)).is_ok()))
}

/// Starts Envoy in this folder. It opens its ports when there is something to serve.
pub(super) fn start_envoy(programs: &Path, folder: &Path) -> Result<Service, Error> {
    let configuration = folder.join("envoy.json");
    let admin = folder.join("admin.sock");
    tool::run(
        &programs.join("contour").display().to_string(),
        [
            "bootstrap".to_owned(),
            configuration.display().to_string(),
            "--xds-address=127.0.0.1".into(),
            format!("--xds-port={SETTINGS}"),
            format!("--admin-address={}", admin.display()),
            "--namespace=projectcontour".into(),
        ],
    )?;
    let program = Start::new(programs.join("envoy"), folder).args([
        "-c".into(),
        configuration.into_os_string(),
        "--service-cluster".into(),
        "projectcontour".into(),
        "--service-node".into(),
        "envoy".into(),
        "--concurrency".into(),
        "2".into(),
        "--use-dynamic-base-id".into(),
        "--log-level".into(),
        "warning".into(),
    ]);
    Ok(Service::new(program.start()?, move || admin.exists()))
}
