//! What charts make at random, where a part of it changes, and where a run that makes it is cut off.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::{make_executable, with_chart};
use crate::harness::{HEAD, Namespace, Project, helm_program, wait_until};

tests! {
    a_change_beside_something_random_is_told_in_an_encoded_text,
    a_certificate_that_ends_is_told_of_by_a_plan_and_as_drift,
    a_first_apply_that_is_under_way_is_told,
    a_first_apply_that_was_cut_off_is_told,
    a_key_with_a_random_name_stays,
    a_plan_file_holds_nothing_that_is_made_at_random,
    a_time_beside_something_random_is_no_change,
    a_rotation_that_was_killed_is_ended_by_the_next_apply,
    what_comes_later_belongs_to_what_was_there,
    what_is_asked_for_alone_is_made_anew_with_all_beside_it,
}

/// A Secret and a `ConfigMap` that belong together, and settings of which a part is random.
const TEMPLATE: &str = r"
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {token: {{ randAlphaNum 20 }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: token}
data: {token: {{ randAlphaNum 20 }}}
";

const SETTINGS: &str = r#"
apiVersion: v1
kind: Secret
metadata: {name: settings}
data: {config.yaml: {{ printf "cookie: %s\nhost: %s\n" (randAlphaNum 20) .Values.plain | b64enc }}}
"#;

/// A certificate that has ended when it is there.
const CERTIFICATE: &str = r#"
{{- $made := genSelfSignedCert "a.example.com" nil nil 0 }}
apiVersion: v1
kind: Secret
metadata: {name: tls}
data:
  tls.crt: {{ $made.Cert | b64enc }}
  tls.key: {{ $made.Key | b64enc }}
"#;

/// A text with something random and the time.
const TIMED: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  config: "cookie: {{ randAlphaNum 20 }} host: {{ .Values.plain }} made: {{ now | date "2006-01-02T15:04:05Z07:00" }}"
"#;

fn project<'n>(ns: &'n Namespace, template: &str) -> Project<'n> {
    with_chart(ns.project(), "web", template)
        .write("regplan.toml", &format!("{HEAD}[chart.web]\nchart = \"web\"\n"))
}

fn tokens(ns: &Namespace) -> (Value, Value) {
    (ns.field("secret/token", "/data/token"), ns.field("configmap/token", "/data/token"))
}

fn a_change_beside_something_random_is_told_in_an_encoded_text() {
    let ns = Namespace::new();
    let project = project(&ns, SETTINGS);
    project.apply();
    project.run(["plan"]).success().stderr_lacks("something random");
    project.edit("web/values.yaml", "plain: text", "plain: another");
    project
        .run(["plan"])
        .success()
        .stderr_contains("has changed texts that hold something random")
        .stderr_contains("Secret/settings:data");
    project.run(["rotate", "chart.web", "--auto-approve"]).success();
    project.run(["plan"]).success().stderr_lacks("something random").stdout_contains("Nothing to change");
}

fn a_certificate_that_ends_is_told_of_by_a_plan_and_as_drift() {
    let ns = Namespace::new();
    let project = project(&ns, CERTIFICATE);
    project.apply();
    let told = "a certificate that `chart.web` has made ended on";
    project.run(["plan"]).success().stderr_contains(told);
    let text = project.run(["drift"]).success();
    text.stdout_contains(told).stdout_contains("regplan rotate chart.web").stdout_contains("In sync");
    project.run(["drift", "--format", "markdown"]).success().stdout_contains("Warning:");
    let json = project.run(["drift", "--format", "json"]).success().json();
    assert!(json["warnings"][0]["message"].as_str().unwrap().contains(told), "{json}");
    assert_eq!(json["warnings"][0]["fields"], serde_json::json!(["Secret/tls:data[\"tls.crt\"]"]));
    let without = project.run(["drift", "--no-secrets"]).success();
    without.stdout_lacks(told);
}

fn a_key_with_a_random_name_stays() {
    let ns = Namespace::new();
    let template =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {key-{{ randNumeric 9 }}: one}\n";
    let project = project(&ns, template);
    project.apply();
    let made = ns.field("secret/keys", "/data");
    assert_eq!(made.as_object().unwrap().len(), 1, "{made}");
    project.expect_settled();
    project.run(["rotate", "chart.web", "--auto-approve"]).success();
    let renewed = ns.field("secret/keys", "/data");
    assert!(renewed != made && renewed.as_object().unwrap().len() == 1, "{renewed}");
}

/// A plan reads without the lock, and looks at it to tell whether the run still lives.
fn a_first_apply_that_is_under_way_is_told() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns, TEMPLATE).through(&proxy);
    proxy.on("apply", "configmaps").named("token").not_dry_run().hang();
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the Secret is there", || ns.find("secret/token").is_some());
    wait_until("a plan knows of it", || project.run(["plan"]).any().stderr().contains("the first apply of"));
    project
        .run(["plan"])
        .code(1)
        .stderr_contains("the first apply of `chart.web` is under way")
        .stderr_contains("wait for its end, and plan again")
        .stderr_lacks("cut off");
    apply.kill();
    proxy.clear_faults();
    project.run(["plan"]).code(1).stderr_contains("the first apply of `chart.web` was cut off");
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("was cut off");
}

fn a_first_apply_that_was_cut_off_is_told() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns, TEMPLATE).through(&proxy);
    proxy.on("apply", "configmaps").named("token").not_dry_run().answer(403);
    project.run(["apply", "--auto-approve"]).code(1);
    proxy.clear_faults();
    let old = ns.field("secret/token", "/data/token");
    project
        .run(["apply", "--auto-approve"])
        .code(1)
        .stderr_contains("the first apply of `chart.web` was cut off")
        .stderr_contains("regplan rotate chart.web")
        .stderr_contains("chart.web/ConfigMap/token`");
    let kept = project.run(["plan", "--consent", "chart.web/ConfigMap/token"]).success();
    kept.stdout_contains("1 to add").stdout_contains("0 to change");
    project.run(["rotate", "chart.web", "--auto-approve"]).success();
    assert_ne!(tokens(&ns).0, old);
    project.expect_settled();
}

fn a_time_beside_something_random_is_no_change() {
    let ns = Namespace::new();
    let project = project(&ns, TIMED);
    project.apply();
    let then = jiff::Timestamp::now().as_second();
    wait_until("another second has come", || jiff::Timestamp::now().as_second() > then);
    project.run(["plan"]).success().stderr_lacks("something random").stdout_contains("Nothing to change");
    project.edit("web/values.yaml", "plain: text", "plain: another");
    project.run(["plan"]).success().stderr_contains("has changed texts that hold something random");
}

/// One of both is written, and regplan is killed before the other one is.
fn a_rotation_that_was_killed_is_ended_by_the_next_apply() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns, TEMPLATE).through(&proxy);
    project.apply();
    project.expect_settled();
    let old = tokens(&ns);
    proxy.on("apply", "configmaps").named("token").not_dry_run().hang();
    let rotation = project.regplan(["rotate", "chart.web", "--auto-approve"]).spawn();
    wait_until("the Secret has another token", || tokens(&ns).0 != old.0);
    rotation.kill();
    proxy.clear_faults();
    let half = tokens(&ns);
    project
        .run(["plan"])
        .success()
        .stderr_contains("a run was cut off that made anew what")
        .stdout_contains("2 to change");
    project.apply();
    let new = tokens(&ns);
    assert!(new.0 != half.0 && new.1 != old.1);
    project.expect_settled();
    // The same where the run ends by itself.
    proxy.on("apply", "configmaps").named("token").not_dry_run().answer(403);
    project.run(["rotate", "chart.web", "--auto-approve"]).code(1);
    proxy.clear_faults();
    project.run(["plan"]).success().stdout_contains("2 to change");
    project.apply();
    project.expect_settled();
}

fn what_comes_later_belongs_to_what_was_there() {
    let ns = Namespace::new();
    let (first, _) = TEMPLATE.split_once("---").unwrap();
    let project = project(&ns, first);
    project.apply();
    project.rewrite("web/templates/all.yaml", TEMPLATE);
    let old = ns.field("secret/token", "/data/token");
    project.run(["apply", "--auto-approve"]).success().stderr_contains("makes at random is kept in");
    assert_eq!(tokens(&ns).0, old);
    project.run(["plan"]).success().stderr_lacks("at random").stdout_contains("Nothing to change");
}

/// A certificate may be signed by the authority beside it, so one of them alone would be of no use.
fn what_is_asked_for_alone_is_made_anew_with_all_beside_it() {
    let ns = Namespace::new();
    let project = project(&ns, TEMPLATE);
    project.apply();
    let old = tokens(&ns);
    project.run(["apply", "--auto-approve", "--replace", "chart.web/Secret/token"]).success();
    let new = tokens(&ns);
    assert!(new.0 != old.0 && new.1 != old.1, "{old:?} {new:?}");
    project.expect_settled();
}

/// What each rendering makes is kept by the program that stands before Helm.
fn a_plan_file_holds_nothing_that_is_made_at_random() {
    let ns = Namespace::new();
    let project = project(&ns, TEMPLATE);
    let (noted, real) = (project.path("rendered"), helm_program());
    let script = format!(
        "#!/bin/sh\nset -e\n{} \"$@\" > {noted}.$$\ncat {noted}.$$ >> {noted}\ncat {noted}.$$\n",
        real.display(),
        noted = noted.display()
    );
    project.rewrite("helm", &script);
    make_executable(&project.path("helm"));
    let helm = project.path("helm");
    let project = project.env("REGPLAN_HELM", helm);
    let made = || -> Vec<String> {
        let text = project.read("rendered");
        let tokens = text.lines().filter_map(|line| line.split_once("token: ")).map(|(_, token)| token);
        tokens.map(|token| token.trim_matches('}').to_owned()).filter(|token| token.len() == 20).collect()
    };
    for [out, more] in [["--out=1.plan", "--full"], ["--out=2.plan", "--rotate=chart.web"]] {
        // What a ConfigMap holds now is shown, like any other field.
        let shown = ns.find("configmap/token").map(|map| map["data"]["token"].clone());
        project.run(["plan", out, more]).success();
        let file = out.trim_start_matches("--out=");
        let text = project.read(file);
        assert!(made().len() >= 4, "a Secret and a ConfigMap, each rendered twice");
        for token in made().into_iter().filter(|token| shown != Some(token.as_str().into())) {
            let encoded = BASE64_STANDARD.encode(&token);
            assert!(!text.contains(&token) && !text.contains(&encoded), "{file} holds {token}: {text}");
        }
        project.run(["apply", file]).success();
        let live = tokens(&ns).1;
        assert!(made().iter().any(|token| live == token.as_str()), "{live} is among what was made");
        project.expect_settled();
    }
}
