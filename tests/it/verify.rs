//! `regplan verify`: a real registry behind something that ends TLS, and does it wrong in every way that is known.

pub(crate) mod bodies;
pub(crate) mod certificates;
pub(crate) mod faults;
pub(crate) mod pods;
pub(crate) mod volume;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{
    Cluster, Command, Ended, Front, Namespace, ObjectServer, Port, Project, Running, Wrong, program,
    wait_until,
};
use crate::plane::pki::{Authority, Pair, Validity};

tests! {
    a_registry_that_works_passes_every_check,
    pulls_are_followed_to_an_object_store,
    a_store_to_which_pulls_are_sent_on_gets_no_password,
    a_server_that_changes_its_certificate_gets_no_password,
    a_registry_with_a_bucket_gets_no_advice_about_a_volume,
    what_a_controller_does_not_know_yet_is_waited_for,
    what_a_killed_run_has_left_is_taken_away_by_the_next,
    a_run_that_is_stopped_takes_away_what_it_made,
    a_server_that_says_nothing_is_waited_for_no_longer_than_said,
    what_cannot_be_looked_at_is_said,
    without_a_cluster_the_file_says_enough,
}

pub(crate) const HOST: &str = "registry.example.com";
const PASSWORD: &str = "a long enough password";

/// A real registry with one user, without TLS. It ends when it is dropped.
pub(crate) struct Registry {
    folder: tempfile::TempDir,
    port: Port,
    _server: Running,
}

impl Registry {
    #[track_caller]
    fn start() -> Self {
        Self::start_for(PASSWORD)
    }

    /// One whose user has this password.
    #[track_caller]
    pub(crate) fn start_for(password: &str) -> Self {
        Self::start_with(password, |folder| json!({"filesystem": {"rootdirectory": folder.join("data")}}))
    }

    /// One that stores images as this says of its folder. It allows deletes where that says nothing of them.
    #[track_caller]
    fn start_with(password: &str, storage: impl FnOnce(&Path) -> Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users = Command::new(program("htpasswd")).args(["-Bbn", "ci", password]).run().success();
        fs::write(folder.path().join("htpasswd"), users.stdout()).unwrap();
        let mut storage = storage(folder.path());
        if storage["delete"].is_null() {
            storage["delete"] = json!({"enabled": true});
        }
        let port = Port::take();
        let server = Self::serve(&folder, &port, &storage);
        wait_until("the registry", || server.stderr_so_far().contains("listening on "));
        Self { folder, port, _server: server }
    }

    /// Where it listens on this machine.
    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    fn serve(folder: &tempfile::TempDir, port: &Port, storage: &Value) -> Running {
        let path = |name: &str| folder.path().join(name);
        let config = json!({
            "version": 0.1,
            "storage": storage,
            "http": {"addr": port.address(), "relativeurls": true, "secret": "of this test"},
            "auth": {"htpasswd": {"realm": "Registry", "path": path("htpasswd")}},
        });
        fs::write(path("config.yml"), config.to_string()).unwrap();
        let server =
            Cluster::shared().program("registry").args(["serve".into(), path("config.yml").into_os_string()]);
        server.env("OTEL_TRACES_EXPORTER", "none").spawn()
    }

    /// From now on nothing can be stored: a file is in the place of the folder with all images.
    fn break_its_store(&self) {
        fs::write(self.folder.path().join("data"), "").unwrap();
    }

    /// The names in a folder of the repository of probes.
    fn left(&self, folder: &str) -> Vec<String> {
        let probes = "data/docker/registry/v2/repositories/regplan-verify/probe";
        let folder = self.folder.path().join(probes).join(folder);
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    /// No tag, no layer, and no content of an upload. Of one that was broken off, the registry itself keeps a note of 108 bytes.
    #[track_caller]
    fn has_nothing_left(&self) {
        assert_eq!(self.left("_manifests/tags"), [""; 0]);
        for layer in self.left("_layers/sha256") {
            assert_eq!(self.left(&format!("_layers/sha256/{layer}")), [""; 0], "{layer}");
        }
        for upload in self.left("_uploads") {
            assert!(!self.left(&format!("_uploads/{upload}")).contains(&"data".to_owned()), "{upload}");
        }
    }
}

/// A configuration of a registry at this host.
pub(crate) fn project<'n>(ns: &'n Namespace, more: &str) -> Project<'n> {
    let text = format!(
        r#"
[project]
name = "{{project}}"

[registry.main]
host = "{HOST}"
image = "registry:3.1.2"
namespace = "{{ns}}"
storage.volume.size = "1Gi"
auth.users.ci = {{ env = "CI_PASSWORD" }}
ingress.class = "contour"
{more}
"#
    );
    ns.project().write("regplan.toml", &text).env("CI_PASSWORD", PASSWORD)
}

pub(crate) const BY_SECRET: &str = "tls.secret = \"registry-tls\"";

/// An authority, its file, and what it has signed for the host.
pub(crate) struct Signed {
    authority: Authority,
    pub(crate) pair: Pair,
}

impl Signed {
    pub(crate) fn new() -> Self {
        let authority = Authority::new().unwrap();
        let pair = authority.server_named(HOST, Validity::Current).unwrap();
        Self { authority, pair }
    }

    /// Writes the authority into the folder of a project.
    pub(crate) fn file(&self, project: &Project<'_>) -> PathBuf {
        let path = project.path("root.pem");
        fs::write(&path, self.authority.certificate()).unwrap();
        path
    }
}

/// `verify` through a front, as a command to which more can be added.
fn verify(project: &Project<'_>, front: &Front, args: &[&str]) -> Command {
    let command = project.regplan(["verify", "--largest-body=2Mi"]);
    command.args(front.resolve(HOST)).args(args.iter().copied().map(str::to_owned))
}

/// What came of each check, by its name.
fn checks(ended: &Ended) -> Value {
    let found = ended.json();
    let checks = found["registries"][0]["checks"].as_array().unwrap().clone();
    let by_name = checks.into_iter().map(|check| (check["check"].as_str().unwrap().to_owned(), check));
    Value::Object(by_name.collect())
}

fn a_registry_that_works_passes_every_check() {
    let ns = Namespace::absent();
    let (registry, signed, project) = (Registry::start(), Signed::new(), project(&ns, BY_SECRET));
    let front = Front::start(registry.port(), &signed.pair, Wrong::Nothing);
    let authority = signed.file(&project);
    let trusting = format!("--ca-file={}", authority.display());
    let ended = verify(&project, &front, &[&trusting]).run().success();
    ended.stdout_contains("registry.main  https://registry.example.com/");
    ended.stdout_contains("Works: 14 checks passed.").stdout_contains("nothing is left of this run");
    ended.stdout_contains("not needed: `--resolve` says where it is").stdout_contains("1 MiB in one piece");
    ended.stdout_lacks(PASSWORD).stderr_lacks(PASSWORD);
    registry.has_nothing_left();
    let json = verify(&project, &front, &[&trusting, "--format=json", "--only=pull"]).run().success();
    let found = checks(&json);
    assert_eq!(json.json()["verdict"], "passed");
    assert_eq!(found["pull"]["outcome"], "passed");
    assert_eq!(found["body"], Value::Null, "it was not wanted");
    assert_eq!(found["delete"]["outcome"], "passed", "what is pushed is deleted");
    let junit = verify(&project, &front, &[&trusting, "--format=junit", "--only=expiry"]).run().success();
    junit.stdout_contains("<testcase classname=\"registry.main\" name=\"expiry\"");
    registry.has_nothing_left();
}

/// The store is another host, which is shown no password: it would refuse two.
fn pulls_are_followed_to_an_object_store() {
    let ns = Namespace::absent();
    let store = ObjectServer::start();
    let registry = Registry::start_with(PASSWORD, |_| json!({"s3": store.driver()}));
    let signed = Signed::new();
    let front = Front::start(registry.port(), &signed.pair, Wrong::Nothing);
    let project = project(&ns, BY_SECRET);
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    let ended = verify(&project, &front, &[&trusting]).run().success();
    ended.stdout_contains("Works: 14 checks passed.").stdout_contains("nothing is left of this run");
}

/// Stores of objects refuse a request that says in two ways who asks.
fn a_store_to_which_pulls_are_sent_on_gets_no_password() {
    let ns = Namespace::absent();
    let (registry, signed, project) = (Registry::start(), Signed::new(), project(&ns, BY_SECRET));
    let front = Front::start(registry.port(), &signed.pair, Wrong::SendsOn("ci:a long enough password"));
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    let ended = verify(&project, &front, &[&trusting, "--format=json", "--only=pull"]).run().success();
    assert_eq!(checks(&ended)["pull"]["outcome"], "passed");
    registry.has_nothing_left();
}

/// What was judged is the certificate of the first connection.
fn a_server_that_changes_its_certificate_gets_no_password() {
    let ns = Namespace::absent();
    let (registry, project) = (Registry::start(), project(&ns, BY_SECRET));
    let (signed, stranger) = (Signed::new(), Signed::new());
    let front = Front::turning(registry.port(), [&signed.pair, &stranger.pair]);
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    let ended = verify(&project, &front, &[&trusting, "--format=json", "--only=password"]).run().code(2);
    let found = checks(&ended);
    assert_eq!(found["chain"]["outcome"], "passed", "{found:#}");
    assert_eq!(found["password"]["code"], "no-tls", "{found:#}");
}

fn a_registry_with_a_bucket_gets_no_advice_about_a_volume() {
    let ns = Namespace::absent();
    let (registry, signed, project) = (Registry::start(), Signed::new(), project(&ns, BY_SECRET));
    let front = Front::start(registry.port(), &signed.pair, Wrong::Nothing);
    let bucket = "storage.s3 = { bucket = \"images\", region = \"eu-central-1\" }";
    project.edit("regplan.toml", "storage.volume.size = \"1Gi\"", bucket);
    registry.break_its_store();
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    let ended = verify(&project, &front, &[&trusting, "--only=push"]).run().code(2);
    ended.stdout_contains("what the store of the bucket answers").stdout_lacks("storage.volume.size");
}

fn what_a_controller_does_not_know_yet_is_waited_for() {
    let (registry, signed, ns) = (Registry::start(), Signed::new(), Namespace::absent());
    let project = project(&ns, BY_SECRET);
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    for without_a_pod_or_a_way in [503, 404] {
        let front = Front::start(registry.port(), &signed.pair, Wrong::SaysAtFirst(without_a_pod_or_a_way));
        verify(&project, &front, &[&trusting, "--only=authentication"]).run().success();
    }

    let its_own = Authority::new().unwrap().server_named("default.example.com", Validity::Current).unwrap();
    let front = Front::turning(registry.port(), [&its_own, &signed.pair]);
    verify(&project, &front, &[&trusting, "--only=chain", "--only=names"]).run().success();
}

/// A run that hangs when its probe is at the registry.
fn hanging(project: &Project<'_>, registry: &Registry, signed: &Signed) -> (Front, Running, String) {
    let front = Front::start(registry.port(), &signed.pair, Wrong::Hangs);
    let trusting = format!("--ca-file={}", signed.file(project).display());
    let run = verify(project, &front, &[&trusting]).spawn();
    wait_until("the probe", || !registry.left("_manifests/tags").is_empty());
    (front, run, trusting)
}

fn what_a_killed_run_has_left_is_taken_away_by_the_next() {
    let (ns, registry, signed) = (Namespace::absent(), Registry::start(), Signed::new());
    let project = project(&ns, BY_SECRET);
    let (_front, run, trusting) = hanging(&project, &registry, &signed);
    run.kill();
    assert_eq!(registry.left("_manifests/tags").len(), 1);
    let front = Front::start(registry.port(), &signed.pair, Wrong::Nothing);
    let next = verify(&project, &front, &[&trusting, "--only=clean-up"]).run().success();
    next.stdout_contains("1 of earlier runs removed");
    registry.has_nothing_left();
}

fn a_run_that_is_stopped_takes_away_what_it_made() {
    let (ns, registry, signed) = (Namespace::absent(), Registry::start(), Signed::new());
    let project = project(&ns, BY_SECRET);
    let (front, run, trusting) = hanging(&project, &registry, &signed);
    // Another run meanwhile leaves it alone.
    let quiet = Front::start(registry.port(), &signed.pair, Wrong::Nothing);
    let other = verify(&project, &quiet, &[&trusting, "--only=pull"]).run().success();
    other.stdout_contains("1 of runs that may still go on");
    let mut run = run;
    run.signal(Signal::INT);
    run.wait().code(3).stdout_contains("it was stopped before that");
    registry.has_nothing_left();
    drop(front);
}

/// As one that was stopped: the system takes the connection, and nobody ever answers.
fn a_server_that_says_nothing_is_waited_for_no_longer_than_said() {
    let ns = Namespace::absent();
    let project = project(&ns, BY_SECRET);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("--resolve={HOST}=127.0.0.1:{}", listener.local_addr().unwrap().port());
    let held = thread::spawn(move || listener.accept().unwrap());
    let silent = ["verify", "--format=json", "--only=port", "--timeout=1s", &nobody];
    let run = project.regplan(silent).spawn();
    let _open = held.join().unwrap();
    let found = checks(&run.wait().code(2));
    assert_eq!(found["port"]["code"], "no-answer", "{found:#}");
    assert!(found["port"]["reason"].to_string().contains("says nothing of TLS in "), "{found:#}");
}

fn what_cannot_be_looked_at_is_said() {
    let ns = Namespace::absent();
    let nothing = ns.project().write("regplan.toml", "[project]\nname = \"{project}\"\n");
    nothing.run(["verify"]).code(1).stderr_contains("nothing that these checks are for");
    let project = project(&ns, BY_SECRET);
    project.run(["verify", "registry.mian"]).code(1).stderr_contains("did you mean `registry.main`?");
    project.run(["verify", "--only", "everything"]).code(1).stderr_contains("the checks are name, port");
    let port = Port::take();
    let nobody = format!("--resolve={HOST}={}", port.address());
    let refused = project.run(["verify", "--format=json", &nobody]).code(2);
    let found = checks(&refused);
    assert_eq!(found["port"]["code"], "no-connection");
    assert!(found["port"]["fix"].as_str().unwrap().contains("port-forward"), "{found:#}");
    assert_eq!(found["push"]["outcome"], "skipped");
    // A password that is not known is no fault of the registry.
    let (registry, signed) = (Registry::start(), Signed::new());
    let front = Front::start(registry.port(), &signed.pair, Wrong::Nothing);
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    let without = verify(&project, &front, &[&trusting]).env_remove("CI_PASSWORD").run().code(3);
    without.stdout_contains("CI_PASSWORD is not set").stdout_contains("--password-env");
    let given =
        verify(&project, &front, &[&trusting, "--user=ci", "--password-env=OTHER", "--only=password"]);
    given.env_remove("CI_PASSWORD").env("OTHER", PASSWORD).run().success();
    let inside = project_within(&ns, "");
    inside.run(["verify"]).code(3).stdout_contains("port-forward service/registry 5000");
}

/// A registry that has no Ingress, with more keys and blocks.
fn project_within<'n>(ns: &'n Namespace, more: &str) -> Project<'n> {
    let project = project(ns, more);
    project.edit("regplan.toml", "ingress.class = \"contour\"\n", "");
    project
}

fn without_a_cluster_the_file_says_enough() {
    let ns = Namespace::absent();
    let (registry, signed, project) = (Registry::start(), Signed::new(), project(&ns, BY_SECRET));
    let front = Front::start(registry.port(), &signed.pair, Wrong::Nothing);
    let trusting = format!("--ca-file={}", signed.file(&project).display());
    let without = |more: &[&str]| verify(&project, &front, &[&[trusting.as_str()], more].concat());
    // Nobody listens there, and nothing names a cluster.
    let port = Port::take();
    let gone = project.path("gone.yaml");
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "gone",
        "clusters": [{"name": "gone", "cluster": {"server": format!("https://{}", port.address())}}],
        "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": "gone"}}],
        "users": [{"name": "gone", "user": {"token": "nobody"}}],
    });
    fs::write(&gone, kubeconfig.to_string()).unwrap();
    for kubeconfig in [gone, project.path("absent.yaml")] {
        let ended = without(&[]).env("KUBECONFIG", &kubeconfig).run().success();
        ended.stderr_contains("no cluster is reached").stdout_contains("Works: 14 checks passed.");
        ended.stdout_lacks(PASSWORD).stderr_lacks(PASSWORD);
    }
    registry.has_nothing_left();
    // What only the cluster knows is said to be not known, and is no fault.
    let authority = "tls.issuer = \"issuer.own\"\n[issuer.own]\nca = {}\n\n[pull_secret.pull]\n\
                     registry = \"registry.main\"\nuser = \"ci\"\nnamespaces = [\"{ns}\"]\n";
    project.edit("regplan.toml", BY_SECRET, authority);
    let absent = project.path("absent.yaml");
    let args = ["--format=json", "--only=issuer", "--in-cluster"];
    let found = checks(&without(&args).env("KUBECONFIG", &absent).run().code(3));
    for check in ["issuer", "in-cluster"] {
        assert_eq!(found[check]["outcome"], "skipped", "{found:#}");
        assert!(found[check]["reason"].to_string().contains("no cluster is reached"), "{found:#}");
    }
    let untrusted =
        verify(&project, &front, &["--format=json", "--only=password"]).env("KUBECONFIG", &absent);
    let found = checks(&untrusted.run().code(3));
    assert!(found["chain"]["reason"].to_string().contains("no cluster is reached"), "{found:#}");
    assert_eq!(found["password"]["outcome"], "skipped", "nobody is sent a password");
}
