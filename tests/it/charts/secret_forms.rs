//! Whatever a chart makes of a secret, no part of it is shown or kept.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::sources::sha256;
use super::with_chart;
use crate::harness::{HEAD, Namespace, Project, wait_until};

tests! {
    a_secret_is_hidden_in_whatever_form_a_chart_gives_it,
}

/// Secrets within larger texts, encoded, counted together, quoted and taken apart.
const TEMPLATE: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data:
  file: |
    first: line
    auth: {{ printf "admin:%s" .Values.password | b64enc }} # of the server
    last: line
  alone: {{ printf "auth: %s" (.Values.password | b64enc) | quote }}
  twice: {{ printf "auth: %s\n" (.Values.password | b64enc) | b64enc }}
  quoted: {{ printf "password=%s" (.Values.password | quote) | quote }}
  json: {{ dict "login" (dict "password" .Values.password) | toJson | quote }}
  user: {{ splitList ":" .Values.login | first }}
  word: {{ splitList ":" .Values.login | last }}
  upper: {{ .Values.password | upper }}
---
apiVersion: v1
kind: Secret
metadata: {name: file}
data:
  config: {{ printf "user: admin\nauth: %s\n" (.Values.password | b64enc) | b64enc }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {checksum/password: {{ .Values.password | sha256sum | quote }}, auth: "Basic {{ printf "admin:%s" .Values.password | b64enc }}"}
    spec:
      containers: [{name: web, image: "nginx:1.27", args: ["--login", {{ .Values.login | quote }}, "--sum={{ .Values.password | sha1sum }}"]}]
"#;

const BLOCK: &str = r#"
[chart.web]
chart = "web"
values.password = "${secret.password}"
values.login = "${secret.login}"

[secret.password]
env = "CHART_PASSWORD"

[secret.login]
env = "CHART_LOGIN"
"#;

/// What stands in the objects for these secrets.
fn forms(password: &str, login: &str) -> Vec<String> {
    let (user, word) = login.split_once(':').unwrap();
    let encoded = STANDARD.encode(password);
    let digest = sha256(password.as_bytes());
    // The base64 of a text with three bytes more or less before the secret has another end, but the same middle.
    let inner = STANDARD.encode(format!("admin:{password}"));
    let texts = [password, user, word, encoded.as_str(), digest.as_str(), &inner[8..24]];
    let again = STANDARD.encode(format!("auth: {encoded}"));
    let nested = STANDARD.encode(format!("user: admin\nauth: {encoded}\n"));
    let more =
        [password.to_uppercase(), again[8..].trim_end_matches('=').to_owned(), nested[24..].to_owned()];
    texts.iter().map(|text| (*text).to_owned()).chain(more).collect()
}

#[track_caller]
fn lacks(place: &str, text: &str, forms: &[String]) {
    for form in forms {
        assert!(!text.contains(form.as_str()), "{place} has {form}: {text}");
    }
}

/// Every file that a run has written below this folder.
#[track_caller]
fn files_lack(folder: &Path, forms: &[String]) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_lack(&path, forms);
        } else {
            let text = fs::read(&path).unwrap();
            lacks(&path.display().to_string(), &String::from_utf8_lossy(&text), forms);
        }
    }
}

#[track_caller]
fn says_nothing(project: &Project<'_>, args: &[&str], forms: &[String]) {
    let ended = project.run(args.iter().copied()).any();
    lacks(&format!("stdout of {args:?}"), ended.stdout(), forms);
    lacks(&format!("stderr of {args:?}"), ended.stderr(), forms);
}

fn a_secret_is_hidden_in_whatever_form_a_chart_gives_it() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = with_chart(ns.project(), "web", TEMPLATE)
        .write("regplan.toml", &format!("{HEAD}{BLOCK}"))
        .env("CHART_LOGIN", "canary-user:canary-Word-5")
        .through(&proxy);
    let first = forms("a-canary-Password-7", "canary-user:canary-Word-5");
    let rendered = project.run(["render"]).success();
    rendered.stdout_contains("twice: (sensitive)").stderr_lacks("cannot be rendered with other secrets");
    let shown: [&[&str]; 5] = [
        &["render"],
        &["plan", "--full"],
        &["plan", "--format", "json"],
        &["plan", "--format", "markdown"],
        &["plan", "--out", "first.plan"],
    ];
    for args in shown {
        says_nothing(&project, args, &first);
    }
    // The journal of a run is there only while it lives.
    proxy.on("watch", "deployments.apps").hang();
    let apply = project.regplan(["apply", "first.plan"]).spawn();
    wait_until("all is written", || ns.find("deployment.apps/web").is_some());
    files_lack(&project.folder(), &first);
    apply.kill();
    proxy.clear_faults();
    says_nothing(&project, &["apply", "--auto-approve"], &first);
    let file = ns.field("configmap/config", "/data/file").as_str().unwrap().to_owned();
    assert!(file.contains(&STANDARD.encode("admin:a-canary-Password-7")), "the cluster has it: {file}");
    // Other values, and values that go.
    let second = forms("z-kanarie-Password-8", "kanarie-user:kanarie-Word-6");
    let both = [first, second].concat();
    let project = project
        .env("CHART_PASSWORD", "z-kanarie-Password-8")
        .env("CHART_LOGIN", "kanarie-user:kanarie-Word-6");
    let more: [&[&str]; 6] = [
        &["plan", "--full"],
        &["plan", "--format", "json", "--out", "second.plan"],
        &["show", "second.plan", "--full"],
        &["apply", "second.plan"],
        &["drift", "--format", "json"],
        &["state", "show", "chart.web"],
    ];
    for args in more {
        says_nothing(&project, args, &both);
    }
    files_lack(&project.folder(), &both);
    project.rewrite("regplan.toml", HEAD);
    says_nothing(&project, &["plan", "--full"], &both);
    says_nothing(&project, &["apply", "--auto-approve"], &both);
    files_lack(&project.folder(), &both);
}
