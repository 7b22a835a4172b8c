//! Real registries, of version 2 and of version 3, start with the rendered `config.yml` and htpasswd.

pub(crate) mod bucket;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regplan::kubernetes::registry_log::{Push, push_in};
use serde_json::{Value, json};

use crate::bed::image::Image;
use crate::harness::{Command, Ended, Namespace, Port, Project, Running, program, wait_until};
use crate::plane::pki::{Authority, Validity};

tests! {
    a_registry_of_version_2_takes_a_push_and_a_pull,
    a_registry_of_version_3_takes_a_push_and_a_pull,
    a_pod_of_version_2_asks_for_passwords_over_tls_whatever_its_file_says,
    a_pod_of_version_3_asks_for_passwords_over_tls_whatever_its_file_says,
}

const PASSWORD: &str = "a long enough password";

fn a_registry_of_version_2_takes_a_push_and_a_pull() {
    round_trip("registry:2.8.3", Command::new(program("docker-registry")));
}

fn a_registry_of_version_3_takes_a_push_and_a_pull() {
    let ns = Namespace::absent();
    round_trip("registry:3.1.1", ns.cluster().program("registry"));
}

/// Applies a registry of this image, and starts the program with the files that its pods mount.
fn round_trip(image: &str, registry: Command) {
    let ns = Namespace::absent();
    // The registry reads its variables as YAML, in which this would be a table.
    let project =
        project(&ns, image, "http.secret = { env = \"HTTP_SECRET\" }").env("HTTP_SECRET", "an: odd [secret");
    project.apply();
    project.run(["plan", "--detailed-exitcode"]).success();
    let folder = tempfile::tempdir().unwrap();
    let port = &Port::take();
    let (config, secret) = mounted(&ns, folder.path(), port);
    let registry = registry.args(["serve", config.to_str().unwrap()]).env("REGISTRY_HTTP_SECRET", secret);
    let registry = registry.env("OTEL_TRACES_EXPORTER", "none").spawn();
    wait_until("the registry answers", || status(port, "/v2/", None).is_some());
    assert_eq!(status(port, "/v2/", None), Some(401), "{}", registry.stderr_so_far());
    assert_eq!(status(port, "/v2/", Some("ci:wrong")), Some(401));
    let right = Some(format!("ci:{PASSWORD}"));
    assert_eq!(status(port, "/v2/", right.as_deref()), Some(200), "{}", registry.stderr_so_far());
    // The request of the readiness probe, without a password.
    assert_eq!(status(port, "/", None), Some(200));
    // The program has not generated a secret, nor a user with a password in the log.
    let said = registry.stderr_so_far() + &registry.stdout_so_far();
    assert!(!said.contains("No HTTP secret") && !said.contains("htpasswd is missing"), "{said}");
    push_and_pull(folder.path(), port);
    says_what_it_has_stored(&registry);
    users_come_without_a_restart(folder.path(), port);
}

/// Its log says it in both of its forms: of a layer, of the image's configuration, and of its manifest.
fn says_what_it_has_stored(registry: &Running) {
    let stored = |log: &str| log.lines().filter(|line| push_in(line) == Some(Push::Stored)).count();
    let both = || (stored(&registry.stdout_so_far()), stored(&registry.stderr_so_far()));
    wait_until("the lines", || both() == (3, 3));
}

/// The file is put in the place of the old one, as a kubelet does it.
fn users_come_without_a_restart(folder: &Path, port: &Port) {
    let right = format!("ci:{PASSWORD}");
    let new = Command::new(program("htpasswd")).args(["-nbB", "ci-b", PASSWORD]).run().success();
    let file = folder.join("htpasswd");
    let replace = |text: &str| {
        fs::write(folder.join("new"), text).unwrap();
        fs::rename(folder.join("new"), &file).unwrap();
    };
    let old = fs::read_to_string(&file).unwrap();
    replace(&format!("{old}{}\n", new.stdout().trim()));
    assert_eq!(status(port, "/v2/", Some(&format!("ci-b:{PASSWORD}"))), Some(200));
    assert_eq!(status(port, "/v2/", Some(&right)), Some(200), "the old user is still there");
    replace(&format!("{}\n", new.stdout().trim()));
    assert_eq!(status(port, "/v2/", Some(&right)), Some(401), "and goes in the same way");
}

/// A project with a registry of this image and these keys.
fn project<'n>(ns: &'n Namespace, image: &str, keys: &str) -> Project<'n> {
    let config = format!(
        r#"
[project]
name = "{{project}}"

[registry.main]
host           = "registry.example.com"
image          = "{image}"
namespace      = "{{ns}}"
storage.volume = {{ size = "1Gi" }}
{keys}

[registry.main.auth.users]
ci = {{ env = "CI_PASSWORD" }}
"#
    );
    ns.project().write("regplan.toml", &config).env("CI_PASSWORD", PASSWORD)
}

fn a_pod_of_version_2_asks_for_passwords_over_tls_whatever_its_file_says() {
    keeps_to_its_pod("registry:2.8.3", Command::new(program("docker-registry")));
}

fn a_pod_of_version_3_asks_for_passwords_over_tls_whatever_its_file_says() {
    let ns = Namespace::absent();
    keeps_to_its_pod("registry:3.1.1", ns.cluster().program("registry"));
}

/// Starts the program as a pod whose `config.yml` is that of another plan already: one without users and without TLS.
fn keeps_to_its_pod(image: &str, registry: Command) {
    let ns = Namespace::new();
    let pair = Authority::new().unwrap().server(Validity::Current).unwrap();
    let data = json!({"tls.crt": pair.certificate, "tls.key": pair.key});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry-tls"},
                        "type": "kubernetes.io/tls", "stringData": data});
    ns.apply(&secret.to_string());
    project(&ns, image, "node_port = {}\ntls.secret = \"registry-tls\"").apply();
    let folder = tempfile::tempdir().unwrap();
    let port = &Port::take();
    let (config, secret) = mounted(&ns, folder.path(), port);
    let mut other: Value = serde_json::from_str(&fs::read_to_string(&config).unwrap()).unwrap();
    other.as_object_mut().unwrap().remove("auth");
    fs::write(&config, other.to_string()).unwrap();
    fs::write(folder.path().join("tls.crt"), pair.certificate).unwrap();
    fs::write(folder.path().join("tls.key"), pair.key).unwrap();
    let mut registry = registry.args(["serve", config.to_str().unwrap()]).env("REGISTRY_HTTP_SECRET", secret);
    let variables = ns.field("deployment/registry", "/spec/template/spec/containers/0/env");
    for variable in variables.as_array().unwrap() {
        let (name, Some(value)) = (variable["name"].as_str().unwrap(), variable["value"].as_str()) else {
            continue;
        };
        let here = format!("{}/", folder.path().display());
        registry = registry.env(name, value.replace("/auth/", &here).replace("/tls/", &here));
    }
    let _running = registry.spawn();
    wait_until("the registry answers", || status(port, "/v2/", None).is_some());
    let right = Some(format!("ci:{PASSWORD}"));
    // It ends the connection without reading on, and that may overtake its answer.
    wait_until("it refuses to speak without TLS", || status(port, "/v2/", right.as_deref()) == Some(400));
    push_and_pull(folder.path(), port);
}

/// The status of the answer to `GET`; nothing if there is no answer.
fn status(port: &Port, path: &str, user: Option<&str>) -> Option<u16> {
    let mut stream = TcpStream::connect(port.address()).ok()?;
    let authorization = user.map(|user| format!("Authorization: Basic {}\r\n", STANDARD.encode(user)));
    let authorization = authorization.unwrap_or_default();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: registry.example.com\r\n{authorization}\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

/// Writes the files that the pods mount into a folder, and returns the configuration with the paths changed to it:
/// the rendered paths are those of the container.
fn mounted(ns: &Namespace, folder: &Path, port: &Port) -> (std::path::PathBuf, String) {
    let by_key = |kind: &str, key: &str| -> String {
        let list = ns.kubectl(["get", kind, "-o", "json"]).run().success().json();
        let items = list["items"].as_array().unwrap().clone();
        let found = items.iter().find_map(|item| item["data"][key].as_str().map(str::to_owned));
        found.unwrap_or_else(|| panic!("no {kind} has {key}"))
    };
    let decoded = |text: String| String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
    let htpasswd = folder.join("htpasswd");
    fs::write(&htpasswd, decoded(by_key("secrets", "htpasswd"))).unwrap();
    let rendered = by_key("configmaps", "config.yml");
    let mut config: Value = serde_saphyr::from_str(&rendered).unwrap();
    config["auth"]["htpasswd"]["path"] = htpasswd.to_str().unwrap().into();
    if let Some(filesystem) = config.pointer_mut("/storage/filesystem") {
        filesystem["rootdirectory"] = folder.join("data").to_str().unwrap().into();
    }
    config["http"]["addr"] = port.address().to_string().into();
    if let Some(http) = config["http"].as_object_mut() {
        http.remove("debug");
    }
    let path = folder.join("config.yml");
    fs::write(&path, config.to_string()).unwrap();
    (path, decoded(by_key("secrets", "secret")))
}

/// Pushes a very small image, and pulls it again.
fn push_and_pull(folder: &Path, port: &Port) {
    push(&Image::empty(), folder, port);
    let to = ["--dest-tls-verify=false".into(), "--dest-creds=ci:wrong".into()];
    let refused = skopeo(to, &local(&folder.join("image")), &remote(port));
    assert!(!refused.succeeded());
    pull(folder, port);
}

/// Pushes an image, which stays in the folder.
fn push(image: &Image, folder: &Path, port: &Port) {
    let from = folder.join("image");
    image.write(&from).unwrap();
    let to = ["--dest-tls-verify=false".into(), format!("--dest-creds=ci:{PASSWORD}")];
    let pushed = skopeo(to, &local(&from), &remote(port));
    assert!(pushed.succeeded(), "{}", pushed.stderr());
}

/// Pulls it again, and compares it with that in the folder.
fn pull(folder: &Path, port: &Port) {
    let to = tempfile::tempdir_in(folder).unwrap();
    let from = ["--src-tls-verify=false".into(), format!("--src-creds=ci:{PASSWORD}")];
    let pulled = skopeo(from, &remote(port), &local(to.path()));
    assert!(pulled.succeeded(), "{}", pulled.stderr());
    let manifest = |folder: &Path| fs::read(folder.join("manifest.json")).unwrap();
    assert_eq!(manifest(to.path()), manifest(&folder.join("image")));
}

fn local(folder: &Path) -> String {
    format!("dir:{}", folder.display())
}

fn remote(port: &Port) -> String {
    format!("docker://{}/team/app:1", port.address())
}

fn skopeo(flags: [String; 2], from: &str, to: &str) -> Ended {
    // Without this, skopeo compresses the layer, and the manifest changes.
    let copy = Command::new(program("skopeo")).args(["copy", "--preserve-digests"]);
    copy.args(flags).args([from, to]).inherit_env().run().any()
}
