//! What runs of hooks leave behind, and what becomes of it when something else happens to their chart.

use serde_json::{Value, json};

use super::hooks::{is_quiet, left};
use super::with_chart;
use crate::harness::{HEAD, Namespace, wait_until};

tests! {
    what_an_upgrade_has_left_runs_again_after_a_rollback,
    what_a_deletion_has_made_does_not_hold_its_namespace,
    what_others_make_meanwhile_holds_the_namespace,
    what_an_installation_has_left_is_deleted_beside_an_account_that_runs_again,
}

const BLOCK: &str = "[chart.web]\nchart = \"web\"\nvalues.a = \"1\"\n";

/// A Job that ends well, as a hook of these phases; `more` is what else its pods have.
fn job(name: &str, phases: &str, more: &str) -> String {
    format!(
        r#"
---
apiVersion: batch/v1
kind: Job
metadata: {{name: {name}, annotations: {{helm.sh/hook: "{phases}"}}}}
spec:
  backoffLimit: 0
  template:
    metadata: {{labels: {{regplan.test/behaviour: fine}}}}
    spec: {{restartPolicy: Never, {more}containers: [{{name: main, image: "job:1"}}]}}
"#
    )
}

const CONFIG: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\ndata: {a: {{ .Values.a | quote }}}\n";

fn uid(ns: &Namespace, job: &str) -> Value {
    ns.field(&format!("job/{job}"), "/metadata/uid")
}

fn what_an_upgrade_has_left_runs_again_after_a_rollback() {
    let ns = Namespace::new();
    let (before, after) = (job("migrate", "pre-upgrade", ""), job("notify", "post-upgrade", ""));
    let template = format!("{CONFIG}{before}{after}{}", job("undo", "post-rollback", ""));
    let project = with_chart(ns.project(), "web", &template).write("regplan.toml", &format!("{HEAD}{BLOCK}"));
    project.apply();
    project.edit("regplan.toml", "\"1\"", "\"2\"");
    project.apply();
    let mut ran = (uid(&ns, "migrate"), uid(&ns, "notify"));
    let mut undone = Value::Null;
    for _ in 0..2 {
        let rolled = project.run(["rollback", "1", "--auto-approve"]).success();
        rolled.stdout_contains("1 to run").stderr_contains("ran chart.web/Job/undo");
        let undo = uid(&ns, "undo");
        assert_ne!(undo, undone, "each rollback has a run of its own");
        undone = undo;
        let plan = project.run(["plan"]).success();
        plan.stdout_contains("2 to run").stdout_contains("▸ chart.web/Job/migrate  run");
        let applied = project.apply();
        applied.stderr_contains("ran chart.web/Job/migrate").stderr_contains("ran chart.web/Job/notify");
        let now = (uid(&ns, "migrate"), uid(&ns, "notify"));
        assert!(now.0 != ran.0 && now.1 != ran.1, "each upgrade has a run of its own");
        ran = now;
        is_quiet(&project);
    }
}

fn what_a_deletion_has_made_does_not_hold_its_namespace() {
    let ns = Namespace::absent();
    let template = format!("{CONFIG}{}{}", job("bye", "post-delete", ""), job("backup", "pre-delete", ""));
    let project = with_chart(ns.project(), "web", &template).write("regplan.toml", &format!("{HEAD}{BLOCK}"));
    project.apply();
    let destroyed = project.run(["destroy", "--auto-approve", "--consent", "namespace.{ns}"]).success();
    destroyed.stderr_contains("ran chart.web/Job/backup").stderr_contains("ran chart.web/Job/bye");
    assert_eq!(project.state()["resources"], json!({}));
}

fn what_others_make_meanwhile_holds_the_namespace() {
    let ns = Namespace::absent();
    let template = format!("{CONFIG}{}", job("bye", "post-delete", ""));
    let proxy = ns.proxy();
    let project = with_chart(ns.project(), "web", &template).write("regplan.toml", &format!("{HEAD}{BLOCK}"));
    let project = project.through(&proxy);
    project.apply();
    let (cluster, name) = (ns.cluster().clone(), ns.name());
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}});
    proxy.on("apply", "jobs.batch").named("bye").not_dry_run().times(1).first(move || {
        cluster.request("POST", &format!("/api/v1/namespaces/{name}/configmaps"), Some(&theirs));
    });
    let refused = project.run(["destroy", "--auto-approve", "--consent", "namespace.{ns}"]).code(1);
    refused
        .stderr_contains(&ns.fill("ConfigMap {ns}/theirs was made in it since the plan"))
        .stderr_lacks("bye was made");
    assert!(ns.find("configmap/theirs").is_some());
}

fn what_an_installation_has_left_is_deleted_beside_an_account_that_runs_again() {
    let ns = Namespace::new();
    let account = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: hooks, annotations: {helm.sh/hook: \"pre-install,pre-delete\", \
                   helm.sh/hook-weight: \"-5\"}}\n";
    let uses = "serviceAccountName: hooks, ";
    let (migrate, backup) = (job("migrate", "pre-install", uses), job("backup", "pre-delete", uses));
    let template = format!("{CONFIG}{migrate}{backup}{account}");
    let project = with_chart(ns.project(), "web", &template).write("regplan.toml", &format!("{HEAD}{BLOCK}"));
    for command in ["destroy", "apply"] {
        project.rewrite("regplan.toml", &format!("{HEAD}{BLOCK}"));
        project.apply();
        assert!(ns.find("job/migrate").is_some(), "it is left");
        if command == "apply" {
            project.rewrite("regplan.toml", HEAD);
        }
        let ended = project.run([command, "--auto-approve"]).success();
        let told = ended.stderr();
        let at = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text}: {told}"));
        assert!(at("ran chart.web/ServiceAccount/hooks") < at("ran chart.web/Job/backup"), "{told}");
        assert!(at("ran chart.web/Job/backup") < at("deleted chart.web/ConfigMap/config"), "{told}");
        wait_until("nothing is left", || left(&ns).is_empty() && ns.find("serviceaccount/hooks").is_none());
        assert_eq!(project.state()["resources"], json!({}));
    }
}
