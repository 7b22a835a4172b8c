//! Programs that do not come with the control plane.

use std::path::PathBuf;

use crate::plane::Error;

/// Programs, and the Debian package of each. `tests/run.sh` has the same lists.
const PACKAGES: [(&str, &str); 12] = [
    ("docker-registry", "docker-registry"),
    ("htpasswd", "apache2-utils"),
    ("skopeo", "skopeo"),
    ("jq", "jq"),
    ("pebble", "pebble"),
    ("named", "bind9"),
    ("nsupdate", "bind9-dnsutils"),
    ("dig", "bind9-dnsutils"),
    ("runc", "runc"),
    ("host-local", "containernetworking-plugins"),
    ("iptables", "iptables"),
    ("busybox", "busybox-static"),
];

/// The path of a program. If it is missing, the test fails and names the package to install.
#[track_caller]
pub(crate) fn program(name: &str) -> PathBuf {
    find_program(name).unwrap_or_else(|error| panic!("{error}"))
}

/// The path of a program, or an error that names the package to install.
pub(crate) fn find_program(name: &str) -> Result<PathBuf, Error> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian has programs for administrators in the first two of these folders, and those that set up the network of
    // containers in the last. They are not on the PATH of every user.
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin", "/sbin", "/usr/lib/cni"].map(PathBuf::from));
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| format!("the tests need `{name}`: {}", advice(name)).into())
}

fn advice(name: &str) -> String {
    let package = PACKAGES.iter().find(|(program, _)| *program == name).map_or(name, |(_, package)| package);
    format!("apt-get install {package} (tests/run.sh does)")
}
