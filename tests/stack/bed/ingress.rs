//! Contour and its Envoy, as the ingress controller of the class `contour`.

use std::net::TcpStream;
use std::path::{Path, PathBuf};

use super::addresses::NODE;
use super::start::Service;
use super::tool;
use crate::plane::program::Start;
use crate::plane::{Error, Facts};

/// A Contour, and the Envoy that it tells what to serve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contour<'a> {
    /// The folder of the programs.
    pub(crate) programs: &'a Path,
    /// The folder of this one.
    pub(crate) folder: &'a Path,
    /// The address at which it says that it is reached.
    pub(crate) address: &'a str,
    /// The first of its own ports. It has five of them.
    pub(crate) first_port: u16,
}

impl Contour<'_> {
    /// The arguments with which Contour runs, but for what it serves.
    pub(crate) fn arguments(self, kubeconfig: &Path) -> Vec<String> {
        let mut args: Vec<String> = vec!["serve".into(), "--insecure".into()];
        args.extend([
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--ingress-status-address={}", self.address),
            "--disable-leader-election".into(),
            // These are in versions of the Gateway API that this Contour does not know.
            "--disable-feature=tlsroutes".into(),
            "--disable-feature=tcproutes".into(),
            "--disable-feature=backendtlspolicies".into(),
        ]);
        for (number, name) in (0..).zip(["http", "xds", "stats", "health", "debug-http"]) {
            args.push(format!("--{name}-address=127.0.0.1"));
            args.push(format!("--{name}-port={}", self.first_port + number));
        }
        args
    }

    /// Where Envoy asks it for its settings.
    pub(crate) fn settings_port(self) -> u16 {
        self.first_port + 1
    }

    /// Envoy's own socket.
    fn admin(self) -> PathBuf {
        self.folder.join("admin.sock")
    }

    /// Writes Envoy's configuration, and returns the arguments with which it runs.
    pub(crate) fn prepare_envoy(self) -> Result<Vec<String>, Error> {
        let configuration = self.folder.join("envoy.json").display().to_string();
        tool::run(
            &self.programs.join("contour").display().to_string(),
            [
                "bootstrap".to_owned(),
                configuration.clone(),
                "--xds-address=127.0.0.1".into(),
                format!("--xds-port={}", self.settings_port()),
                format!("--admin-address={}", self.admin().display()),
                "--namespace=projectcontour".into(),
            ],
        )?;
        let args = ["-c", &configuration, "--service-cluster", "projectcontour", "--service-node", "envoy"];
        let more = ["--concurrency", "2", "--use-dynamic-base-id", "--log-level", "warning"];
        Ok(args.into_iter().chain(more).map(str::to_owned).collect())
    }
}

/// The one that serves Ingresses, with this folder.
fn of_ingresses<'a>(programs: &'a Path, folder: &'a Path) -> Contour<'a> {
    Contour { programs, folder, address: NODE, first_port: 8000 }
}

/// Starts Contour in this folder. Its definitions have to be there.
pub(super) fn start_contour(plane: &Facts, programs: &Path, folder: &Path) -> Result<Service, Error> {
    let contour = of_ingresses(programs, folder);
    let serves = ["--ingress-class-name=contour".to_owned()].into_iter().chain(
        [("http", 80), ("https", 443)].into_iter().flat_map(|(name, port)| {
            [format!("--envoy-service-{name}-address={NODE}"), format!("--envoy-service-{name}-port={port}")]
        }),
    );
    let program = Start::new(programs.join("contour"), folder)
        .args(contour.arguments(&plane.kubeconfig).into_iter().chain(serves))
        .start()?;
    let port = contour.settings_port();
    Ok(Service::new(program, move || TcpStream::connect(("127.0.0.1", port)).is_ok()))
}

/// Starts Envoy in this folder. It opens its ports when there is something to serve.
pub(super) fn start_envoy(programs: &Path, folder: &Path) -> Result<Service, Error> {
    let contour = of_ingresses(programs, folder);
    let program = Start::new(programs.join("envoy"), folder).args(contour.prepare_envoy()?);
    let admin = contour.admin();
    Ok(Service::new(program.start()?, move || admin.exists()))
}
