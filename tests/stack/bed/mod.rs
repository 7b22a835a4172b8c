//! The test bed: a cluster with what stands around a registry in a real one, all of it real programs. A DNS server,
//! an ACME authority, an ingress controller, cert-manager; and pods that run.
//!
//! A bed lives in namespaces of its own ([`namespaces`]): network, mounts and processes. So it listens on ports 53, 80
//! and 443 of addresses of its own, several beds can run on one machine, and when its first process ends, the kernel
//! ends everything else and takes back every mount, also after SIGKILL.
//!
//! The tests of a bed run inside these namespaces. To them its programs are as near as those of the plane to the
//! other tests.

pub(crate) mod acme;
mod addresses;
mod certificates;
mod charts;
mod cloud;
pub(crate) mod dns;
pub(crate) mod https;
pub(crate) mod image;
pub(crate) mod ingress;
pub(crate) mod namespaces;
pub(crate) mod node;
mod start;
mod tool;
mod workloads;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::{Deserialize, Serialize};

pub(crate) use start::Bed;

use crate::plane::{Error, parent_death};

/// The environment variable with the size of the bed in which this process runs.
pub(crate) const SIZE: &str = "REGPLAN_TEST_BED_SIZE";

/// What runs the pods of a bed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Size {
    /// Plain processes, of a few programs that the bed knows.
    Processes,
    /// A kubelet with containerd, in containers.
    Node,
    /// The same, for one long test alone. Its cluster is empty at the beginning: ingress controller and cert-manager are
    /// what the test installs, from images that the node has, and a cloud gives Services their address.
    Journey,
}

impl Size {
    /// All of them, the smaller ones first.
    pub(crate) const ALL: [Self; 3] = [Self::Processes, Self::Node, Self::Journey];

    /// Its name, as the environment and messages have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Node => "node",
            Self::Journey => "journey",
        }
    }

    /// The size of the bed in which this process runs. `None` outside of a bed.
    pub(crate) fn of_this_process() -> Option<Self> {
        let name = std::env::var(SIZE).ok()?;
        Self::ALL.into_iter().find(|size| size.name() == name)
    }

    /// The arguments of `build.sh` by which it builds what a bed of this size needs.
    fn build_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Processes => &["--processes"],
            Self::Node | Self::Journey => &[],
        }
    }

    /// The address to which its names lead: of what stands before the registries.
    fn ingress(self) -> &'static str {
        match self {
            Self::Processes | Self::Node => addresses::NODE,
            Self::Journey => addresses::BALANCER,
        }
    }

    /// Whether its pods are containers on a node.
    fn has_node(self) -> bool {
        matches!(self, Self::Node | Self::Journey)
    }
}

/// The facts about a running bed, beside those about its plane.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The folder of its programs, charts and definitions.
    pub(crate) programs: PathBuf,
    /// The address of its node, and of the DNS server.
    pub(crate) address: String,
    /// A zone in which every name leads to the ingress controller, or to where one will be.
    pub(crate) zone: String,
    /// The address to which these names lead.
    pub(crate) ingress: String,
    /// The address to which the names of Let's Encrypt lead. Nothing listens there until a test starts it.
    pub(crate) lets_encrypt: String,
    /// An address at which nothing listens either, for what is reached through a Gateway.
    pub(crate) gateway: String,
    /// A zone that is empty, and takes updates.
    pub(crate) records: Records,
    /// Another one, of which a second server has a copy. It lags: it asks for what has changed when it is told to.
    pub(crate) followed: Records,
    /// The address of that second server.
    pub(crate) follower: String,
    /// The port of that address at which cert-manager's webhook listens.
    pub(crate) webhook_port: u16,
    /// The URL of the ACME authority's directory.
    pub(crate) acme: String,
    /// The certificate of the authority that signed the ACME server's own, as a PEM file.
    pub(crate) acme_authority: PathBuf,
    /// The root of what the ACME authority signs, as a PEM file.
    pub(crate) acme_root: PathBuf,
}

/// A zone that takes dynamic updates (RFC 2136).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Records {
    /// Its name.
    pub(crate) zone: String,
    /// The address of its server, on port 53.
    pub(crate) server: String,
    /// The name of the TSIG key (HMAC-SHA256) that may transfer and change it.
    pub(crate) key: String,
    /// The secret of that key, in base64.
    pub(crate) secret: String,
}

impl Facts {
    /// Where they are, beside the facts about the plane.
    fn path(folder: &Path) -> PathBuf {
        folder.join("bed.json")
    }

    /// Reads those of the bed whose plane has this folder.
    pub(crate) fn load(folder: &Path) -> Result<Self, Error> {
        let path = Self::path(folder);
        let text = fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    fn save(&self, folder: &Path) -> Result<(), Error> {
        Ok(fs::write(Self::path(folder), serde_json::to_vec_pretty(self)?)?)
    }
}

/// Builds the programs that are missing, with progress on standard error, and returns their folder.
pub(crate) fn build(size: Size) -> Result<PathBuf, Error> {
    let output = parent_death::command(script("build.sh"))
        .args(size.build_arguments())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("tests/stack/build.sh failed ({}); its messages are above", output.status).into());
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}

/// Fails where this machine cannot run a bed, and says why.
pub(crate) fn probe() -> Result<(), Error> {
    let output = parent_death::command(script("probe.sh")).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stdout).trim_end().into())
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stack").join(name)
}
