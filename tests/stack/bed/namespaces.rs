//! The namespaces of a bed: how a process gets into new ones, and what it first sets up in them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::addresses::{BRIDGE, BRIDGE_NAME, FOLLOWER, GATEWAY, LETS_ENCRYPT, NODE};
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

/// A folder in memory.
const MEMORY: &str = "/dev/shm";

/// Folders in which a kubelet and the network's plugins write, wherever they are told to.
const WRITTEN: [&str; 2] = ["/var/lib", "/var/log"];

/// Settings of the kernel that a kubelet wants, and sets. They are the machine's.
const SETTINGS: [(&str, &str); 6] = [
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];

/// The file with the name server.
const RESOLVER: &str = "/etc/resolv.conf";

/// Sets up the namespaces that this process is in. Nothing of it is seen outside.
pub(super) fn set_up(size: Size) -> Result<(), Error> {
    set_up_mounts()?;
    if size.has_node() {
        keep_the_machine_as_it_is()?;
    }
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

/// Lets a kubelet write where nobody else sees it: to a layer over the machine's folders, and to files in the place of
/// the kernel's settings.
fn keep_the_machine_as_it_is() -> Result<(), Error> {
    for (number, folder) in WRITTEN.into_iter().enumerate() {
        let [upper, work] = ["upper", "work"].map(|name| format!("{MEMORY}/written-{number}/{name}"));
        fs::create_dir_all(&upper)?;
        fs::create_dir_all(&work)?;
        let layers = format!("lowerdir={folder},upperdir={upper},workdir={work}");
        mount(["-t", "overlay", "-o", &layers, "overlay", folder])?;
    }
    for (number, (setting, value)) in SETTINGS.into_iter().enumerate() {
        let own = format!("{MEMORY}/setting-{number}");
        fs::write(&own, format!("{value}\n"))?;
        mount(["--bind", &own, &format!("/proc/sys/{setting}")])?;
    }
    Ok(())
}

/// The node's addresses, a route, so that programs which look for the machine's address find that, and the bridge of
/// the pods.
fn set_up_network() -> Result<(), Error> {
    ip("link set lo up")?;
    ip("link add node0 type veth peer name node1")?;
    ip(&format!("address add {NODE}/24 dev node0"))?;
    for more in [LETS_ENCRYPT, GATEWAY, FOLLOWER] {
        ip(&format!("address add {more}/32 dev lo"))?;
    }
    ip("link set node0 up")?;
    ip("link set node1 up")?;
    ip("route add default dev node0")?;
    ip(&format!("link add {BRIDGE_NAME} type bridge"))?;
    ip(&format!("address add {BRIDGE}/24 dev {BRIDGE_NAME}"))?;
    ip(&format!("link set {BRIDGE_NAME} up"))
}
