//! Programs that do not come with the control plane.

use std::path::PathBuf;

/// Programs, and the Debian package of each. `tests/run.sh` has the same list.
const PACKAGES: [(&str, &str); 4] = [
    ("docker-registry", "docker-registry"),
    ("htpasswd", "apache2-utils"),
    ("skopeo", "skopeo"),
    ("jq", "jq"),
];

/// The path of a program. If it is missing, the test fails and names the package to install.
#[track_caller]
pub(crate) fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian has programs for administrators in these folders, which are not on the PATH of every user.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    match folders.map(|folder| folder.join(name)).find(|path| path.is_file()) {
        Some(path) => path,
        None => panic!("this test needs `{name}`: {}", advice(name)),
    }
}

fn advice(name: &str) -> String {
    let package = PACKAGES.iter().find(|(program, _)| *program == name).map_or(name, |(_, package)| package);
    format!("apt-get install {package} (tests/run.sh does)")
}
