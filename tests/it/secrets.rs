//! Secrets reach no sink, and nothing that a stranger writes steers a terminal.

pub(crate) mod cycle;
mod sinks;
pub(crate) mod verified;

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::harness::{BALANCER, Behaviour, HEAD, Namespace, Webhook, wait_until};

tests! {
    a_delete_that_quotes_the_secret_shows_and_stores_none,
    a_condition_that_repeats_a_secret_is_shown_without_it,
    a_misspelt_key_of_a_secret_is_hidden_everywhere,
    a_namespace_that_stands_beside_a_token_is_named,
    no_line_of_a_file_of_values_is_shown,
    nothing_in_a_configuration_steers_a_terminal,
    a_kubeconfig_of_the_configuration_can_be_refused,
}

const CANARY: &str = "hunter2-canary";
/// The same in base64, without the last characters, which depend on what follows.
const ENCODED: &str = "aHVudGVyMi1jYW5hcn";

/// Appends what all files below a folder hold.
fn stored(folder: &Path, said: &mut String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            stored(&entry.path(), said);
        } else {
            said.push_str(&String::from_utf8_lossy(&fs::read(entry.path()).unwrap()));
        }
    }
}

/// Kubernetes writes the name of the namespace into the Secret of a token.
fn a_namespace_that_stands_beside_a_token_is_named() {
    let ns = Namespace::new();
    let token = "\n[resource.token]\napiVersion = \"v1\"\nkind = \"Secret\"\n\
                 type = \"kubernetes.io/service-account-token\"\n\
                 metadata.annotations.\"kubernetes.io/service-account.name\" = \"default\"\n";
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{token}"));
    project.apply();
    wait_until("the token is there", || ns.field("secret/token", "/data/namespace").is_string());
    let soon = "\n[resource.lb.lifecycle.timeouts]\nready = \"1s\"\n";
    project.rewrite("regplan.toml", &format!("{HEAD}{token}{BALANCER}{soon}"));
    let apply = project.run(["apply", "--auto-approve"]).code(1);
    apply.stderr_contains(&ns.fill("{ns}/lb")).stderr_lacks("(sensitive)");
}

#[track_caller]
fn lacks_the_canary(said: &str) {
    for form in [CANARY, ENCODED] {
        assert!(!said.contains(form), "{form} is in:\n{said}");
    }
}

fn a_delete_that_quotes_the_secret_shows_and_stores_none() {
    let ns = Namespace::new();
    let config = format!(
        "{HEAD}\n[resource.login]\napiVersion = \"v1\"\nkind = \"Secret\"\n\
         stringData = {{ password = \"{CANARY}\" }}\n"
    );
    let project = ns.project().write("regplan.toml", &config);
    project.apply();
    let webhook = Webhook::start(&ns, &["secrets"], Behaviour::Quote { name: "login" });
    project.rewrite("regplan.toml", HEAD);
    let mut said = String::new();
    for args in [["apply", "--auto-approve", "--format=text"], ["apply", "--auto-approve", "--format=json"]] {
        let ended = project.run(args).code(1);
        said.extend([ended.stdout(), ended.stderr()]);
    }
    assert!(said.contains("it is null, and was {") && said.contains("(sensitive)"), "{said}");
    stored(&project.path(".regplan"), &mut said);
    lacks_the_canary(&said);
    drop(webhook);
}

fn a_condition_that_repeats_a_secret_is_shown_without_it() {
    let ns = Namespace::new();
    let config = format!(
        "{HEAD}\n[secret.s]\nenv = \"CANARY\"\n[resource.web]\napiVersion = \"apps/v1\"\nkind = \"Deployment\"\n\
         lifecycle.timeouts.ready = \"2s\"\n[resource.web.spec]\nselector.matchLabels = {{ app = \"web\" }}\n\
         template.metadata.labels = {{ app = \"web\" }}\ntemplate.spec.containers = [{{ name = \"main\", image = \"web:1\", \
         env = [{{ name = \"TOKEN\", value = \"${{secret.s}}\" }}] }}]\n"
    );
    let project = ns.project().write("regplan.toml", &config).env("CANARY", CANARY);
    let ended = project.run(["apply", "--auto-approve", "--format=json"]).any();
    lacks_the_canary(&format!("{}{}", ended.stdout(), ended.stderr()));
    let message = format!("the login {CANARY} is refused");
    ns.patch_status(
        "deployment/web",
        &json!({"status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "Refused", "message": message}]}}),
    );
    let mut said = String::new();
    for args in [["apply", "--auto-approve", "--format=text"], ["apply", "--auto-approve", "--format=json"]] {
        let ended = project.run(args).any();
        said.extend([ended.stdout(), ended.stderr()]);
    }
    lacks_the_canary(&said);
}

fn a_misspelt_key_of_a_secret_is_hidden_everywhere() {
    let ns = Namespace::absent();
    let kinds = ["Secret", "secret", "SECRET", "Secrets"].map(|kind| format!("kind = \"{kind}\""));
    let places = [
        format!("stringdata = {{ password = \"{CANARY}\" }}"),
        format!("metadata = {{ name = \"a\", stringData = {{ password = \"{CANARY}\" }} }}"),
        format!("metadata = {{ name = \"a\", data = \"{CANARY}\" }}"),
    ];
    for kind in &kinds {
        for place in &places {
            let config = format!("{HEAD}\n[resource.login]\n{kind}\napiVersion = \"v1\"\n{place}\n");
            let project = ns.project().write("regplan.toml", &config);
            for args in [["render", "--format=yaml"], ["render", "--format=json"]] {
                let ended = project.run(args).any();
                lacks_the_canary(&format!("{}{}", ended.stdout(), ended.stderr()));
            }
        }
    }
    let config = format!("{HEAD}\n[resource.login]\napiVersion = \"v1\"\n{}\n{}\n", kinds[0], places[0]);
    let project = ns.project().write("regplan.toml", &config);
    project.run(["render"]).any().stdout_contains("sensitive");
    let forms = ["--full", "--format=text", "--format=json", "--format=markdown"];
    for args in forms.map(|form| ["plan", form]) {
        let ended = project.run(args).any();
        lacks_the_canary(&format!("{}{}", ended.stdout(), ended.stderr()));
    }
}

fn no_line_of_a_file_of_values_is_shown() {
    let ns = Namespace::absent();
    let config = "[project]\nname = \"p\"\n[variable.password]\nsensitive = true\n[variable.size]\ntype = \"number\"\n";
    let project = ns
        .project()
        .write("regplan.toml", config)
        .write("misspelt.toml", &format!("size = 1\npasword = \"{CANARY}\"\n"))
        .write("twice.toml", &format!("size = 1\npassword = \"{CANARY}-1\"\npassword = \"{CANARY}-2\"\n"))
        .write("broken.toml", &format!("size = 1\npassword = \"\n{CANARY} = 1\n"))
        .write("type.toml", &format!("size = \"{CANARY}\"\n"));
    for (file, place) in [
        ("misspelt.toml", "misspelt.toml:2:1"),
        ("twice.toml", "twice.toml:3:1"),
        ("broken.toml", "broken.toml:2:"),
        ("type.toml", "type.toml:1:8"),
    ] {
        let ended = project.run(["validate", "--var-file", file]).code(1);
        ended.stderr_contains(place);
        lacks_the_canary(ended.stderr());
    }
}

fn nothing_in_a_configuration_steers_a_terminal() {
    let ns = Namespace::absent();
    let manifests = "apiVersion: example.com/v1\nkind: Wish\nmetadata:\n  name: \"a\\e[2J\\a\"\n  namespace: \"b\\e[2J\"\n  labels: {\"c\\e[2J\": d}\n---\n\
        apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fine}\ndata: {\"k\": \"x\\e[2J\\a\"}\n";
    let project = ns
        .project()
        .write("regplan.toml", &format!("{HEAD}\n[manifest.m]\npath = \"m.yaml\"\n"))
        .write("m.yaml", manifests)
        .write(
            "toml.toml",
            &format!("{HEAD}\n[resource.r]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nmetadata.labels = {{ \"a\\u001b[2J\" = \"\\u0007\" }}\n"),
        )
        .write(
            "value.toml",
            &format!("{HEAD}\n[resource.r]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata = {{ k = \"\\u001b[2J\\u0007\" }}\n"),
        );
    for file in ["regplan.toml", "toml.toml", "value.toml"] {
        for command in ["validate", "render", "graph", "plan"] {
            let ended = project.run([command, "-f", file]).any();
            let said = format!("{}{}", ended.stdout(), ended.stderr());
            let steers = said.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
            assert_eq!(steers, None, "{command} {file}:\n{said:?}");
        }
    }
}

fn a_kubeconfig_of_the_configuration_can_be_refused() {
    let ns = Namespace::absent();
    let config = HEAD.replace("[cluster]\n", "[cluster]\nkubeconfig = \"theirs\"\n");
    // A program that leaves a mark.
    let theirs = json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "Never", "command": "touch", "args": ["ran"]}}}]});
    let project = ns.project().write("regplan.toml", &config).write("theirs", &theirs.to_string());
    let refused = project.run(["plan", "--no-configured-kubeconfig"]).code(1);
    refused.stderr_contains("names the kubeconfig").stderr_contains("--kubeconfig");
    assert!(!project.path("ran").exists());
}
