//! The namespaces of a bed: how a process gets into new ones, and what it first sets up in them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::addresses::{BRIDGE, NODE};
use super::tool::{ip, mount};
use super::{SIZE, Size};
use crate::plane::{Error, parent_death};

/// A command that runs this executable once more, as the first process of a bed. It ends with this process.
pub(crate) fn command(size: Size, args: impl IntoIterator<Item = OsString>) -> Result<Command, Error> {
    let mut command = parent_death::command("unshare");
    command
        .args(["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=KILL", "--"])
        .arg(std::env::current_exe()?)
        .args(args)
        .env(SIZE, size.name())
        // In memory of the bed's own, where nothing is left.
        .env("TMPDIR", MEMORY);
    Ok(command)
}

const MEMORY: &str = "/dev/shm";

/// The file with the name server.
const RESOLVER: &str = "/etc/resolv.conf";

/// Sets up the namespaces that this process is in. Nothing of it is seen outside.
pub(super) fn set_up() -> Result<(), Error> {
    set_up_mounts()?;
    set_up_network()
}

/// Folders of the bed's own for data and sockets, and its own name server.
fn set_up_mounts() -> Result<(), Error> {
    // Where the file is a link, what it leads to may be hidden by the mounts.
    let resolver = fs::canonicalize(RESOLVER).unwrap_or_else(|_| PathBuf::from(RESOLVER));
    // Pods get mounts of this process, and nobody outside does.
    mount(["--make-rshared", "/"])?;
    mount(["-t", "tmpfs", "-o", "mode=1777", "tmpfs", MEMORY])?;
    mount(["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"])?;
    let own = Path::new(MEMORY).join("resolv.conf");
    fs::write(&own, "nameserver 127.0.0.1\n")?;
    if !resolver.exists() {
        fs::create_dir_all(resolver.parent().ok_or("the name server's file has no folder")?)?;
        fs::write(&resolver, "")?;
    }
    mount([Path::new("--bind"), &own, &resolver])
}

/// The node's address, a route, so that programs which look for the machine's address find that, and the bridge of
/// the pods.
fn set_up_network() -> Result<(), Error> {
    ip("link set lo up")?;
    ip("link add node0 type veth peer name node1")?;
    ip(&format!("address add {NODE}/24 dev node0"))?;
    ip("link set node0 up")?;
    ip("link set node1 up")?;
    ip("route add default dev node0")?;
    ip("link add pods0 type bridge")?;
    ip(&format!("address add {BRIDGE}/24 dev pods0"))?;
    ip("link set pods0 up")
}
