//! Where charts come from: folders, archives and registries.

use std::fs;

use super::{BLOCK, project};
use crate::harness::{Command, FileServer, Namespace, Project, TlsRegistry, helm_program};

tests! {
    charts_come_from_archives_with_their_digests,
    charts_come_from_registries,
    a_warm_cache_needs_no_network,
    a_folder_whose_links_lead_out_is_refused,
}

fn charts_come_from_archives_with_their_digests() {
    let ns = Namespace::new();
    let project = project(&ns, BLOCK);
    let packed = helm(&project, &["package", "web"]);
    drop(packed);
    let archive = fs::read(project.path("web-0.1.0.tgz")).unwrap();
    let digest = sha256(&archive);
    project.edit("regplan.toml", "chart = \"web\"", "chart = \"web-0.1.0.tgz\"");
    project.run(["validate"]).success();
    project.edit("regplan.toml", "0.1.0.tgz\"", &format!("0.1.0.tgz\"\nsha256 = \"{digest}\""));
    project.run(["validate"]).success();
    project.edit("regplan.toml", &digest, &"0".repeat(64));
    project.run(["validate"]).code(1).stderr_contains(&digest).stderr_contains("sha256");
    project.edit("regplan.toml", "web-0.1.0.tgz", "web");
    project.run(["validate"]).code(1).stderr_contains("is a folder, and `sha256` is that of an archive");
}

fn charts_come_from_registries() {
    let ns = Namespace::new();
    let registry = TlsRegistry::start();
    let project = project(&ns, BLOCK).env("SSL_CERT_FILE", registry.authority());
    drop(helm(&project, &["package", "web"]));
    let place = format!("oci://{}/charts", registry.host());
    let push = Command::new(helm_program()).args(["push", "web-0.1.0.tgz", &place]);
    let push = push.env("SSL_CERT_FILE", registry.authority()).env("HOME", project.folder());
    let pushed = push.folder(project.folder()).run().success();
    let said = format!("{} {}", pushed.stdout(), pushed.stderr());
    let digest = said.split_whitespace().find(|word| word.starts_with("sha256:")).unwrap().to_owned();
    project.edit("regplan.toml", "chart = \"web\"", &format!("chart = \"{place}/web\"\nversion = \"0.1.0\""));
    project.run(["validate"]).success();
    project.edit("regplan.toml", "0.1.0", "0.2.0");
    project.run(["validate"]).code(1).stderr_contains("the chart of `chart.web` cannot be had");
    let by_version = format!("chart = \"{place}/web\"\nversion = \"0.2.0\"");
    // A digest says which version is meant, whatever the registry gives it as a name.
    project.edit("regplan.toml", &by_version, &format!("chart = \"{place}/web@{digest}\""));
    project.run(["plan"]).success().stdout_contains("3 to add");
    let other = format!("sha256:{}", "0".repeat(64));
    project.edit("regplan.toml", &digest, &other);
    project.run(["validate"]).code(1).stderr_contains("the chart of `chart.web` cannot be had");
    drop(registry);
    project.edit("regplan.toml", &format!("chart = \"{place}/web@{other}\""), &by_version);
    // What was downloaded once is there.
    project.edit("regplan.toml", "0.2.0", "0.1.0");
    project.run(["validate"]).success();
    project.run(["plan"]).success().stdout_contains("3 to add");
}

fn a_warm_cache_needs_no_network() {
    let ns = Namespace::new();
    let project = project(&ns, BLOCK);
    drop(helm(&project, &["package", "web"]));
    fs::create_dir(project.path("repo")).unwrap();
    fs::rename(project.path("web-0.1.0.tgz"), project.path("repo/web-0.1.0.tgz")).unwrap();
    drop(helm(&project, &["repo", "index", "repo"]));
    let server = FileServer::start(&project.path("repo"));
    let source = format!("chart = \"web\"\nrepo = \"{}\"", server.url());
    project.edit("regplan.toml", "chart = \"web\"", &source);
    project.run(["validate"]).code(1).stderr_contains("does not say which version");
    project.edit("regplan.toml", "repo =", "version = \"0.1.0\"\nrepo =");
    // Helm does not look at the digest of an index, and nothing that is not what was meant is kept.
    let archives = || {
        let all = fs::read_dir(project.path("cache/regplan/charts")).into_iter().flatten().flatten();
        let paths = all.map(|entry| entry.path());
        paths.filter(|path| path.extension().is_some_and(|end| end == "tgz")).collect::<Vec<_>>()
    };
    let digest = sha256(&fs::read(project.path("repo/web-0.1.0.tgz")).unwrap());
    let other = "0".repeat(64);
    project.edit("regplan.toml", "repo =", &format!("sha256 = \"{other}\"\nrepo ="));
    project.run(["validate"]).code(1).stderr_contains(&digest).stderr_contains(&other);
    assert_eq!(archives().len(), 0);
    project.edit("regplan.toml", &other, &digest);
    project.run(["validate"]).success();
    assert_eq!(archives().len(), 1);
    // One that was cut off is downloaded anew.
    let archive = archives().pop().unwrap();
    let whole = fs::read(&archive).unwrap();
    fs::write(&archive, &whole[..whole.len() / 2]).unwrap();
    project.run(["validate"]).success();
    assert_eq!(fs::read(&archive).unwrap(), whole);
    drop(server);
    for command in ["validate", "plan"] {
        project.run([command]).success();
    }
    project.apply();
    project.expect_settled();
    fs::remove_dir_all(project.path("cache")).unwrap();
    project.run(["validate"]).code(1).stderr_contains("the chart of `chart.web` cannot be had");
}

fn a_folder_whose_links_lead_out_is_refused() {
    let ns = Namespace::new();
    let project = project(&ns, BLOCK).write("outside.yaml", "a: b\n");
    let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, project.path(name)).unwrap();
    link("templates/all.yaml", "web/inside.txt");
    project.run(["validate"]).success();
    link("../outside.yaml", "web/outside.yaml");
    let ended = project.run(["validate"]).code(1);
    ended.stderr_contains("web/outside.yaml is a link that leads out");
}

/// Runs Helm in the project's folder.
fn helm(project: &Project<'_>, args: &[&str]) -> String {
    let command = Command::new(helm_program()).args(args.iter().copied());
    let ended = command.folder(project.folder()).env("HOME", project.folder()).run().success();
    ended.stdout().to_owned()
}

/// The SHA-256 as hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
