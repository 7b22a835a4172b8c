//! What runs of hooks leave behind, and what becomes of it when something else happens to their chart.

use serde_json::Value;

use super::hooks::is_quiet;
use super::with_chart;
use crate::harness::{HEAD, Namespace};

tests! {
    what_an_upgrade_has_left_runs_again_after_a_rollback,
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
