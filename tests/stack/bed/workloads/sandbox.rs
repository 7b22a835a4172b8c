//! The process of a pod, in a network and a folder of its own.

use std::fs::{self, File};
use std::path::Path;
use std::process::ExitStatus;

use super::super::addresses::{self, BRIDGE, BRIDGE_NAME, NODE};
use super::super::tool::ip;
use super::root::Root;
use crate::plane::Error;
use crate::plane::program::{Program, Start};

/// Mounts what the container sees, and then becomes its program. Its arguments: the folder of the container, its
/// user, the program, pairs of folders to mount, `--`, and the program's own arguments.
const BECOME: &str = r#"
set -e
root=$1 user=$2 program=$3
shift 3
mount --bind "$program" "$root/program"
while [ "$1" != -- ]; do
  mount --bind "$1" "$root$2"
  shift 2
done
shift
exec chroot --userspec="$user" "$root" /program "$@"
"#;

/// A process that runs, or has run. It ends when this value is dropped, and its network with it.
pub(super) struct Sandbox {
    program: Program,
    network: Network,
    root: Root,
}

impl Sandbox {
    pub(super) fn start(root: Root, program: &Path, number: u8) -> Result<Self, Error> {
        let network = Network::create(number)?;
        File::create(root.folder.join("program"))?;
        fs::write(root.folder.join("etc/resolv.conf"), format!("nameserver {NODE}\n"))?;
        let folder = root.folder.parent().unwrap_or(&root.folder);
        let start = Start::new("nsenter", folder)
            .args([network.path().as_str(), "--", "unshare", "--mount", "sh", "-c", BECOME, "sh"])
            .args([root.folder.as_os_str(), root.user.as_ref(), program.as_os_str()])
            .args(root.binds.iter().flat_map(|(from, to)| [from.as_os_str(), to.as_os_str()]))
            .args(["--"])
            .args(&root.args);
        let start = root.env.iter().fold(start, |start, (name, value)| start.env(name, value));
        let start = start.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        Ok(Self { program: start.start()?, network, root })
    }

    /// What it sees.
    pub(super) fn root(&self) -> &Root {
        &self.root
    }

    /// Its address in the cluster.
    pub(super) fn address(&self) -> &str {
        &self.network.address
    }

    /// How it has ended, once it has.
    pub(super) fn exit_status(&mut self) -> Option<ExitStatus> {
        self.program.exit_status()
    }

    /// What happened to it, and the end of its log.
    pub(super) fn last_lines(&self, what: &str) -> String {
        self.program.last_lines(what)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.program.kill();
    }
}

/// A network namespace with one card, on the bridge of the pods.
struct Network {
    name: String,
    address: String,
}

impl Network {
    fn create(number: u8) -> Result<Self, Error> {
        let network = Self { name: format!("pod{number}"), address: addresses::pod(number) };
        let Self { name, address } = &network;
        ip(&format!("netns add {name}"))?;
        ip(&format!("link add {name} type veth peer name eth0 netns {name}"))?;
        ip(&format!("link set {name} master {BRIDGE_NAME} up"))?;
        ip(&format!("-n {name} link set lo up"))?;
        ip(&format!("-n {name} address add {address}/24 dev eth0"))?;
        ip(&format!("-n {name} link set eth0 up"))?;
        ip(&format!("-n {name} route add default via {BRIDGE}"))?;
        Ok(network)
    }

    /// How `nsenter` is told of it.
    fn path(&self) -> String {
        format!("--net=/run/netns/{}", self.name)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // What is left of it ends with the bed.
        let _ = ip(&format!("netns delete {}", self.name));
    }
}
