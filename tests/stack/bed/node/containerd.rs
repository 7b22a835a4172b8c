//! containerd, with folders and sockets of its own.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::addresses;
use super::super::start::Service;
use super::super::tool;
use super::SANDBOX;
use crate::plane::Error;
use crate::plane::program::Start;

/// The folder in which Debian has the plugins for the network.
const NETWORK_PLUGINS: &str = "/usr/lib/cni";

/// The address at which it is reached, in this folder.
pub(super) fn socket(folder: &Path) -> PathBuf {
    folder.join("containerd.sock")
}

/// Starts it in this folder. It trusts registries whose certificates this root has signed.
pub(super) fn start(programs: &Path, root: &Path, folder: &Path) -> Result<Service, Error> {
    write_network(&folder.join("network"))?;
    write_trust(&folder.join("registries/_default"), root)?;
    let configuration = folder.join("containerd.toml");
    fs::write(&configuration, settings(folder))?;
    let path = std::env::var("PATH").unwrap_or_default();
    let start = Start::new(programs.join("containerd"), folder)
        .args(["--config".as_ref(), configuration.as_os_str()])
        // It finds its shim beside itself, and runc where Debian has it.
        .env("PATH", format!("{}:{path}:/usr/sbin", programs.display()));
    let (programs, folder) = (programs.to_owned(), folder.to_owned());
    let program = start.clone().start()?;
    let is_ready = move || ctr(&programs, &folder, &["version".as_ref()]).is_ok();
    Ok(Service::new(program, is_ready).or_again(start))
}

/// Gives it the images of an archive.
pub(super) fn import(programs: &Path, folder: &Path, archive: &Path) -> Result<(), Error> {
    ctr(programs, folder, &["images".as_ref(), "import".as_ref(), archive])
}

fn ctr(programs: &Path, folder: &Path, args: &[&Path]) -> Result<(), Error> {
    let socket = socket(folder);
    let own: [&Path; 4] = ["--address".as_ref(), &socket, "--namespace".as_ref(), "k8s.io".as_ref()];
    tool::run(&programs.join("ctr").to_string_lossy(), own.into_iter().chain(args.iter().copied())).map(drop)
}

fn settings(folder: &Path) -> String {
    let path = folder.display();
    let socket = socket(folder);
    let socket = socket.display();
    format!(
        r#"version = 3
root = "{path}/root"
state = "{path}/state"

[grpc]
address = "{socket}"

[plugins."io.containerd.internal.v1.opt"]
path = "{path}/opt"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{SANDBOX}"

[plugins."io.containerd.cri.v1.images".registry]
config_path = "{path}/registries"

[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{NETWORK_PLUGINS}"]
conf_dir = "{path}/network"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.nri.v1.nri"]
disable = true
"#
    )
}

/// Pods are on the bridge of the bed.
fn write_network(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder)?;
    let bridge = serde_json::json!({
        "type": "bridge",
        "bridge": addresses::BRIDGE_NAME,
        "isGateway": true,
        "hairpinMode": true,
        "ipam": {
            "type": "host-local",
            "dataDir": folder.join("addresses"),
            "ranges": [[{ "subnet": addresses::PODS }]],
            "routes": [{ "dst": "0.0.0.0/0" }],
        },
    });
    let ports = serde_json::json!({ "type": "portmap", "capabilities": { "portMappings": true } });
    let list = serde_json::json!({ "cniVersion": "1.0.0", "name": "bed", "plugins": [bridge, ports] });
    Ok(fs::write(folder.join("10-bed.conflist"), list.to_string())?)
}

/// `_default` is for every registry. The file is read at each pull.
fn write_trust(folder: &Path, root: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder)?;
    Ok(fs::write(folder.join("hosts.toml"), format!("ca = \"{}\"\n", root.display()))?)
}
