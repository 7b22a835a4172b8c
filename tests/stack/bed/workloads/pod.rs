//! One pod: it starts, becomes ready, and ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Container, Pod, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, ResourceExt as _};
use regplan::provider::witness::{Seen, believing_anybody};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::root::Root;
use super::sandbox::Sandbox;
use super::status::{self, Phase};
use crate::plane::Error;

/// How long a readiness probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);

/// How old the files of volumes get. A kubelet takes a minute; tests wait for it.
const REFRESH_INTERVAL: Duration = Duration::from_secs(2);

/// A pod that is on the node.
pub(super) struct Played {
    client: Client,
    pod: Pod,
    folder: PathBuf,
    number: u8,
    program: Option<PathBuf>,
    sandbox: Option<Sandbox>,
    restarts: u32,
    /// What was last said of it.
    said: Option<Phase>,
    /// When its files were written.
    refreshed: Instant,
}

/// The image that the pod runs.
pub(super) fn image(pod: &Pod) -> Option<&str> {
    container(pod)?.image.as_deref()
}

fn container(pod: &Pod) -> Option<&Container> {
    pod.spec.as_ref()?.containers.first()
}

impl Played {
    pub(super) fn new(
        client: &Client,
        pod: Pod,
        folder: PathBuf,
        number: u8,
        program: Option<&Path>,
    ) -> Self {
        Self {
            client: client.clone(),
            pod,
            folder,
            number,
            program: program.map(Path::to_owned),
            sandbox: None,
            restarts: 0,
            said: None,
            refreshed: Instant::now(),
        }
    }

    /// Does the next step, and tells the server if something has changed.
    pub(super) async fn look(&mut self) {
        if self.said.as_ref().is_some_and(Phase::is_final) {
            return;
        }
        let phase = self.step().await.unwrap_or_else(|error| Phase::Waiting {
            reason: "CreateContainerError",
            message: error.to_string(),
        });
        if self.said.as_ref() == Some(&phase) {
            return;
        }
        if self.say(&phase).await.is_ok() {
            self.said = Some(phase);
        }
    }

    async fn step(&mut self) -> Result<Phase, Error> {
        let container = container(&self.pod).ok_or("the pod has no container")?;
        let Some(program) = &self.program else {
            let image = container.image.clone().unwrap_or_default();
            let message = format!("no program of the test bed plays the image {image}");
            return Ok(Phase::Waiting { reason: "ImagePullBackOff", message });
        };
        let Some(sandbox) = &mut self.sandbox else {
            let root = Root::prepare(&self.client, &self.pod, container, &self.folder).await?;
            self.sandbox = Some(Sandbox::start(root, program, self.number)?);
            return Ok(Phase::Running { ready: false, restarts: self.restarts });
        };
        if self.refreshed.elapsed() > REFRESH_INTERVAL {
            self.refreshed = Instant::now();
            // Where an object is gone, the container keeps the files that it has.
            let _ = sandbox.root().refresh(&self.client, &self.pod).await;
        }
        let Some(status) = sandbox.exit_status() else {
            let ready = container
                .readiness_probe
                .as_ref()
                .is_none_or(|probe| answers(container, probe, sandbox.address()).unwrap_or(false));
            return Ok(Phase::Running { ready, restarts: self.restarts });
        };
        let policy = self.pod.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
        match (policy, status.success()) {
            (Some("Never"), success) | (Some("OnFailure"), success @ true) => Ok(Phase::Ended { success }),
            _ => {
                let message = sandbox.last_lines("ended");
                self.sandbox = None;
                self.restarts += 1;
                Ok(Phase::Waiting { reason: "CrashLoopBackOff", message })
            }
        }
    }

    async fn say(&self, phase: &Phase) -> Result<(), Error> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.pod.namespace().unwrap_or_default());
        let container = container(&self.pod).ok_or("the pod has no container")?;
        let address = self.sandbox.as_ref().map(Sandbox::address);
        let status = Patch::Merge(status::of_pod(container, phase, address));
        pods.patch_status(&self.pod.name_any(), &PatchParams::default(), &status).await?;
        Ok(())
    }
}

/// Asks a readiness probe.
fn answers(container: &Container, probe: &Probe, address: &str) -> Option<bool> {
    let connect = |port: &IntOrString| {
        let address: SocketAddr = format!("{address}:{}", number(container, port)?).parse().ok()?;
        let stream = TcpStream::connect_timeout(&address, PROBE_TIMEOUT).ok()?;
        stream.set_read_timeout(Some(PROBE_TIMEOUT)).ok()?;
        Some(stream)
    };
    if let Some(probe) = &probe.http_get {
        let stream = connect(&probe.port)?;
        let path = probe.path.as_deref().unwrap_or("/");
        return match probe.scheme.as_deref() {
            Some("HTTPS") => is_well(encrypted(stream)?, path, address),
            _ => is_well(stream, path, address),
        };
    }
    Some(probe.tcp_socket.as_ref().is_none_or(|probe| connect(&probe.port).is_some()))
}

/// Whether the answer to `GET` says so.
fn is_well(mut stream: impl Read + Write, path: &str, address: &str) -> Option<bool> {
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    // `HTTP/1.0 200`
    Some(matches!(answer[9], b'2' | b'3'))
}

/// TLS with whatever certificate the pod shows, as a kubelet takes it.
fn encrypted(stream: TcpStream) -> Option<impl Read + Write> {
    let config = believing_anybody(&Seen::default()).ok()?;
    let name = ServerName::try_from("localhost").ok()?;
    let connection = ClientConnection::new(Arc::new(config), name).ok()?;
    Some(StreamOwned::new(connection, stream))
}

/// A port that may have a name.
fn number(container: &Container, port: &IntOrString) -> Option<i32> {
    match port {
        IntOrString::Int(port) => Some(*port),
        IntOrString::String(name) => {
            let mut ports = container.ports.iter().flatten();
            ports.find(|port| port.name.as_ref() == Some(name)).map(|port| port.container_port)
        }
    }
}
