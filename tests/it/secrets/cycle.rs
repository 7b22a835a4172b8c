//! A project with secrets from every source goes through its whole life. None of them is in anything that regplan
//! says, writes, or hands to a program that it starts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::sinks::{Sinks, value};
use crate::charts::with_chart;
use crate::harness::{
    Behaviour, Canary, Cloud, CloudStore, IN_CLUSTER, Namespace, ObjectServer, Project, Webhook, credentials,
};
use crate::kept_secrets::Keys;
use crate::shared_state::readable;

tests! {
    a_canary_is_found_in_every_form,
    no_secret_is_said_or_written_in_a_whole_life,
    no_secret_is_said_or_written_with_the_state_in_the_cluster,
    no_secret_is_said_or_written_with_the_state_in_a_store,
    no_secret_is_said_or_written_with_the_state_at_a_cloud,
    no_secret_is_said_or_written_where_values_are_kept_and_renewed,
    no_secret_of_the_configuration_reaches_a_credential_plugin,
}

const CONFIG: &str = r#"
[project]
name = "{project}"

[cluster]
namespace = "{ns}"

[variable.hidden]
sensitive = true

[secret.plain]
env = "PLAIN"

[secret.odd]
env = "ODD"

[secret.filed]
file = "filed.txt"

[secret.made]
generate = { length = 32 }

[resource.login]
apiVersion = "v1"
kind = "Secret"

[resource.login.stringData]
plain = "${secret.plain}"
odd = "${secret.odd}"
filed = "${secret.filed}"
made = "${secret.made}"
joined = "ci:${secret.plain}"
hidden = "${var.hidden}"

[resource.web]
apiVersion = "apps/v1"
kind = "Deployment"

[resource.web.spec]
replicas = 1
selector.matchLabels = { app = "web" }
template.metadata.labels = { app = "web" }

[[resource.web.spec.template.spec.containers]]
name = "main"
image = "web:1"
env = [{ name = "URL", value = "https://ci:${secret.odd}@example.com/${var.hidden}" }]

[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
namespace      = "{ns}"
storage.volume = { size = "1Gi" }
auth.users.ci  = { env = "CI_PASSWORD" }
"#;

/// What the server refuses, and quotes.
const REFUSED: &str = r#"
[resource.refused]
apiVersion = "v1"
kind = "Service"
spec = { type = "ExternalName", externalName = "${secret.odd}" }
"#;

struct Canaries {
    plain: Canary,
    changed: Canary,
    odd: Canary,
    filed: Canary,
    hidden: Canary,
    password: Canary,
    foreign: Canary,
}

impl Canaries {
    fn new() -> Self {
        Self {
            plain: Canary::new("PLAIN", value("canary-#")),
            changed: Canary::new("PLAIN of later", value("changed-#")),
            odd: Canary::new("ODD", value("o \"d\\d+ü&/=#?'<#")),
            filed: Canary::new("filed.txt", value("first-#\nsecond\t#\nthird")),
            hidden: Canary::new("var.hidden", value("hidden/#")),
            password: Canary::new("CI_PASSWORD", value("pass:word #")),
            foreign: Canary::new("what others wrote", value("foreign-#")),
        }
    }

    fn all(&self) -> Vec<Canary> {
        let Self { plain, changed, odd, filed, hidden, password, foreign } = self;
        [plain, changed, odd, filed, hidden, password, foreign].map(Canary::clone).to_vec()
    }

    fn project<'n>(&self, ns: &'n Namespace) -> Project<'n> {
        ns.project()
            .write("regplan.toml", CONFIG)
            .write("filed.txt", self.filed.value())
            .env("PLAIN", self.plain.value())
            .env("ODD", self.odd.value())
            .env("CI_PASSWORD", self.password.value())
            .env("REGPLAN_VAR_hidden", self.hidden.value())
    }
}

fn a_canary_is_found_in_every_form() {
    let canary = Canary::new("it", "s3cr\"t/ü\nsecond line");
    let text = canary.value();
    let json = serde_json::to_string(text).unwrap();
    let texts = [
        format!("a{text}b"),
        format!("{{\"k\": {json}}}"),
        serde_json::to_string(&json).unwrap(),
        "s3cr%22t%2F%C3%BC%0Asecond%20line".to_owned(),
        "the second line alone".to_owned(),
        STANDARD.encode(text),
        STANDARD.encode(format!("u:{text}")),
        STANDARD.encode(format!("ci:{text}:more")),
        STANDARD.encode(format!("user:{text}, more")),
    ];
    for each in texts {
        assert!(canary.found_in(each.as_bytes()).is_some(), "{each}");
    }
    assert_eq!(canary.found_in(b"s3cr second"), None);
}

fn no_secret_is_said_or_written_in_a_whole_life() {
    let (ns, canaries) = (Namespace::new(), Canaries::new());
    let mut sinks = Sinks::default();
    let (project, made) = whole_life(canaries.project(&ns), &ns, &canaries, CONFIG, &mut sinks);
    push_back(&project, &mut sinks);
    sinks.files(project.folder().parent().unwrap(), &["filed.txt"]);
    sinks.lack(&[canaries.all(), vec![made]].concat());
}

/// Everybody who may plan reads the `ConfigMap`s. The values of revisions are in Secrets, and only there.
fn no_secret_is_said_or_written_with_the_state_in_the_cluster() {
    let (ns, canaries) = (Namespace::new(), Canaries::new());
    let config = format!("{CONFIG}{IN_CLUSTER}");
    let mut sinks = Sinks::default();
    let project = canaries.project(&ns);
    project.rewrite("regplan.toml", &config);
    sinks.run(&project, "state init");
    let (project, made) = whole_life(project, &ns, &canaries, &config, &mut sinks);
    let states = ns.fill("{prefix}-states");
    let values = ns.cluster().find(&states, &ns.fill("secret/{project}.values-1"));
    assert!(values.is_some(), "values were kept");
    sinks.keep("the state, unpacked", readable(&ns));
    for kind in ["configmap", "lease", "role", "event"] {
        sinks.keep(kind, json!(ns.cluster().items(&states, kind)).to_string());
    }
    sinks.files(project.folder().parent().unwrap(), &["filed.txt"]);
    assert!(sinks.has("resource.login"), "there was a state");
    sinks.lack(&[canaries.all(), vec![made]].concat());
    ns.clean_up("namespace/{prefix}-states");
}

/// The values of revisions are encrypted there.
fn no_secret_is_said_or_written_with_the_state_in_a_store() {
    let (ns, canaries, keys, server) =
        (Namespace::new(), Canaries::new(), Keys::new(), ObjectServer::start());
    let config = format!("{CONFIG}{}", server.state(&keys.line()));
    let mut sinks = Sinks::default();
    let project = ObjectServer::let_in(canaries.project(&ns)).env("STATE_IDENTITY", &keys.identity);
    project.rewrite("regplan.toml", &config);
    let (project, made) = whole_life(project, &ns, &canaries, &config, &mut sinks);
    for name in server.names() {
        sinks.keep(&name, server.read(&name));
    }
    sinks.files(project.folder().parent().unwrap(), &["filed.txt"]);
    assert!(sinks.has("\"sealed_by\": \"age\""), "values were kept");
    let [_, (_, secret)] = credentials();
    let identity = Canary::new("the identity", keys.identity.lines().last().unwrap());
    sinks.lack(&[canaries.all(), vec![made, identity, Canary::new("of the store", secret)]].concat());
}

/// The same code keeps the state there, and other code signs the requests.
fn no_secret_is_said_or_written_with_the_state_at_a_cloud() {
    let (before, _) = CONFIG.split_once("[resource.web]").unwrap();
    for cloud in [Cloud::Gcs, Cloud::Azblob] {
        let (ns, canaries, keys, store) =
            (Namespace::new(), Canaries::new(), Keys::new(), CloudStore::start(cloud));
        let config = format!("{before}{}", store.state(&keys.line()));
        let mut sinks = Sinks::default();
        let project = CloudStore::let_in(canaries.project(&ns)).env("STATE_IDENTITY", &keys.identity);
        project.rewrite("regplan.toml", &config);
        for line in ["plan --out p.regplan", "apply p.regplan", "drift", "history 1", "state pull"] {
            sinks.run(&project, line);
        }
        let project = project.env("PLAIN", canaries.changed.value());
        for line in ["apply --auto-approve --format json", "rollback 1 --auto-approve"] {
            sinks.run(&project, line);
        }
        assert_eq!(decoded(&ns, "secret/login", "plain"), canaries.plain.value(), "it went back");
        for name in store.names() {
            sinks.keep(&name, store.read(&name));
        }
        sinks.run(&project, "destroy --auto-approve");
        assert!(ns.find("secret/login").is_none(), "all of it was done");
        sinks.files(project.folder().parent().unwrap(), &["filed.txt"]);
        assert!(sinks.has("\"sealed_by\": \"age\""), "values were kept");
        let identity = Canary::new("the identity", keys.identity.lines().last().unwrap());
        let [_, (_, key)] = CloudStore::credentials();
        sinks.lack(&[canaries.all(), vec![identity, Canary::new("of the store", key)]].concat());
    }
}

/// From the first look at a configuration, which the project has, to the destroy. Returns what it generated, too.
fn whole_life<'n>(
    project: Project<'n>,
    ns: &Namespace,
    canaries: &Canaries,
    config: &str,
    sinks: &mut Sinks,
) -> (Project<'n>, Canary) {
    for line in
        ["validate", "render", "render --format json", "graph", "plan", "plan --full", "plan --format json"]
    {
        sinks.run(&project, line);
    }
    sinks.run(&project, "plan --format markdown --out first.regplan");
    for line in ["show first.regplan", "show first.regplan --format json --full", "apply first.regplan"] {
        sinks.run(&project, line);
    }
    assert_eq!(
        ns.field("secret/login", "/data/plain"),
        STANDARD.encode(canaries.plain.value()),
        "it was applied"
    );
    let made = decoded(ns, "secret/login", "made");

    let project = project.env("PLAIN", canaries.changed.value());
    for line in
        ["plan --full", "plan --format json", "apply --auto-approve --format json", "history 2", "show 2"]
    {
        sinks.run(&project, line);
    }
    let theirs = json!({"stringData": {"plain": canaries.foreign.value()}, "data": {"more": STANDARD.encode(canaries.foreign.value())}});
    ns.patch("secret/login", &theirs);
    let theirs =
        json!([{"name": "main", "env": [{"name": "URL", "value": format!("x:{}", canaries.odd.value())}]}]);
    ns.kubectl([
        "patch",
        "deployment/web",
        "-p",
        &json!({"spec": {"template": {"spec": {"containers": theirs}}}}).to_string(),
    ])
    .run()
    .success();
    for format in ["text", "json", "markdown", "prometheus"] {
        sinks.run(&project, &format!("drift --format {format}"));
    }
    sinks.run(&project, "plan --full");
    sinks.run(&project, "rollback 1 --auto-approve");
    sinks.run(&project, "rollback 1 --auto-approve --consent resource.login");
    sinks.run(&project, "apply --auto-approve");

    // The server refuses a value and quotes it, and a webhook quotes what it is asked about.
    project.rewrite("regplan.toml", &format!("{config}{REFUSED}"));
    for line in ["plan", "apply --auto-approve", "apply --auto-approve --format json --rollback-on-failure"] {
        sinks.run(&project, line);
    }
    project.rewrite("regplan.toml", config);
    let webhook = Webhook::start(ns, &["secrets"], Behaviour::Quote { name: "login" });
    sinks.run(&project, "destroy --auto-approve");
    drop(webhook);
    assert!(sinks.has("(sensitive"), "something was hidden");
    assert!(
        sinks.has(": done, ") && sinks.has("kube_client"),
        "questions were said, and what the libraries say"
    );
    for line in [
        "destroy --auto-approve --format json",
        "state list --format json",
        "state pull",
        "show state",
        "history",
    ] {
        sinks.run(&project, line);
    }
    (project, Canary::new("secret.made", made))
}

/// A state that is pulled, lost and pushed again; and a file of secrets that somebody takes for a state.
fn push_back(project: &Project<'_>, sinks: &mut Sinks) {
    let pulled = project.run(["state", "pull"]).success();
    fs::write(project.path("pulled.json"), pulled.stdout()).unwrap();
    sinks.run(project, "state push pulled.json");
    project.remove(&project.state_path());
    for line in ["state push filed.txt", "state push pulled.json", "state list"] {
        sinks.run(project, line);
    }
    assert!(sinks.has("The state is the one of the file"), "it was pushed");
}

/// A chart with something random, and an output that holds a secret.
const MORE: &str = r#"
[chart.random]
chart = "random"

[output.login]
value     = "https://ci:${secret.plain}@example.com"
sensitive = true
"#;

const RANDOM: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: random}\nstringData: {token: {{ randAlphaNum 20 }}}\n";

/// What a field of a Secret holds.
#[track_caller]
fn decoded(ns: &Namespace, secret: &str, field: &str) -> String {
    let value = ns.field(secret, &format!("/data/{field}"));
    String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap()
}

fn no_secret_is_said_or_written_where_values_are_kept_and_renewed() {
    let (ns, canaries, keys) = (Namespace::new(), Canaries::new(), Keys::new());
    // What is rolled out and verified is another test's business.
    let (secrets, _) = CONFIG.split_once("[resource.web]").unwrap();
    let config = format!("{secrets}{MORE}");
    let project = with_chart(canaries.project(&ns), "random", RANDOM).env("STATE_IDENTITY", &keys.identity);
    project.rewrite("regplan.toml", &format!("{config}{}", keys.table()));
    let moved = format!("{config}\n[state]\npath = \"moved\"\n{}\n", keys.line());
    let project = project.write("moved.toml", &moved);
    let mut sinks = Sinks::default();
    for line in ["apply --auto-approve", "output", "output --format json"] {
        sinks.run(&project, line);
    }
    let token = || decoded(&ns, "secret/random", "token");
    let (made, first) = (decoded(&ns, "secret/login", "made"), token());
    sinks.run(&project, "rotate chart.random --auto-approve");
    let second = token();
    assert_ne!(first, second);
    let project = project.env("PLAIN", canaries.changed.value());
    for line in ["apply --auto-approve --format json", "import --from-cluster {ns}"] {
        sinks.run(&project, line);
    }
    assert_eq!(decoded(&ns, "secret/login", "plain"), canaries.changed.value());
    sinks.run(&project, "state migrate --to moved.toml --auto-approve");
    assert!(project.path("moved/state.json").exists(), "it has moved");
    sinks.run(&project, "plan");
    project.rewrite("regplan.toml", &moved);
    for line in ["rollback 1 --auto-approve", "output --format json"] {
        sinks.run(&project, line);
    }
    assert_eq!(decoded(&ns, "secret/login", "plain"), canaries.plain.value());
    assert_eq!(token(), first);
    for line in
        ["state rm resource.login --auto-approve", "state rebuild --auto-approve", "destroy --auto-approve"]
    {
        sinks.run(&project, line);
    }
    assert!(ns.find("secret/login").is_none());
    sinks.files(project.folder().parent().unwrap(), &["filed.txt"]);
    assert!(sinks.has("\"sealed_by\": \"age\""), "values were kept");
    let identity = keys.identity.lines().last().unwrap().to_owned();
    let more = [("secret.made", made), ("the first token", first), ("the second token", second)];
    let more = more.into_iter().chain([("the identity", identity)]);
    sinks.lack(&[canaries.all(), more.map(|(name, value)| Canary::new(name, value)).collect()].concat());
}

/// A program that gives credentials, and writes down what it was given: arguments, and its environment as a core dump
/// would show it.
const PLUGIN: &str = r#"#!/bin/sh
cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline > "$1/given.$$"
printf '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "%s"}}' "$2"
"#;

/// A kubeconfig in this folder with that program.
pub(crate) fn kubeconfig_with_plugin(ns: &Namespace, given: &Path) -> PathBuf {
    let plugin = given.join("plugin");
    fs::write(&plugin, PLUGIN).unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o700)).unwrap();
    let facts = ns.cluster().facts();
    let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": facts.server, "certificate-authority": facts.authority}}],
        "users": [{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "Never", "command": plugin, "args": [given, facts.token]}}}]});
    let kubeconfig = given.join("kubeconfig");
    fs::write(&kubeconfig, config.to_string()).unwrap();
    kubeconfig
}

fn no_secret_of_the_configuration_reaches_a_credential_plugin() {
    let (ns, canaries) = (Namespace::new(), Canaries::new());
    let given = tempfile::tempdir().unwrap();
    let kubeconfig = kubeconfig_with_plugin(&ns, given.path());
    let keys = Keys::new();
    let project = canaries.project(&ns).kubeconfig(kubeconfig).env("PLUGIN_NEEDS", "this");
    let project = project.env("STATE_IDENTITY", &keys.identity);
    project.rewrite("regplan.toml", &format!("{CONFIG}{}", keys.table()));
    let mut sinks = Sinks::default();
    for line in ["plan --out p.regplan", "apply p.regplan", "drift", "destroy --auto-approve"] {
        sinks.run(&project, line);
    }
    assert!(ns.find("secret/login").is_none(), "all of it was done");
    sinks.files(given.path(), &["kubeconfig", "plugin"]);
    assert!(sinks.has("PLUGIN_NEEDS=this"), "the plugin has the rest of the environment");
    let identity = Canary::new("the identity", keys.identity.lines().last().unwrap());
    sinks.lack(&[canaries.all(), vec![identity]].concat());
}
