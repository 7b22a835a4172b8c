//! What charts have run when they are deleted, and what is remembered of it until all of the chart is gone.

use std::fs;

use serde_json::json;

use super::hooks::{is_quiet, left};
use super::{helm_program, with_chart};
use crate::harness::{Ended, GREETING, HEAD, Namespace, Project, Proxy, Seen, wait_until};
use crate::rollback::revision_file;

tests! {
    hooks_run_around_the_end_of_their_chart,
    hooks_run_where_others_have_deleted_the_objects,
    hooks_do_not_run_beside_a_chart_that_goes_on_under_another_name,
    hooks_do_not_run_in_a_namespace_that_is_gone_or_going,
    what_an_earlier_deletion_has_left_runs_again,
    what_runs_after_the_end_is_remembered_by_a_run_that_was_killed,
    what_runs_after_the_end_runs_until_it_has_done_its_work,
    what_ran_before_the_end_does_not_run_again,
    a_hook_that_may_lack_what_others_have_deleted_says_so,
    a_chart_that_came_back_is_deleted_with_all_of_its_hooks,
    a_chart_is_not_deleted_without_knowing_its_hooks,
    a_rollback_to_before_a_chart_runs_its_hooks,
    a_deletion_whose_hook_failed_is_no_drift,
}

/// Hooks of the end, and an object.
const TEMPLATE: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
---
apiVersion: batch/v1
kind: Job
metadata: {name: before, annotations: {helm.sh/hook: pre-delete}}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {regplan.test/behaviour: {{ .Values.before | default "fine" }}}}
    spec: {restartPolicy: Never, containers: [{name: main, image: "job:1"}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: after, annotations: {helm.sh/hook: post-delete, helm.sh/hook-delete-policy: hook-failed}}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {regplan.test/behaviour: {{ .Values.after | default "fine" }}}}
    spec: {restartPolicy: Never, containers: [{name: main, image: "job:1"}]}
"#;

const BLOCK: &str = "[chart.web]\nchart = \"web\"\n";

fn project(ns: &Namespace) -> Project<'_> {
    with_chart(ns.project(), "web", TEMPLATE).write("regplan.toml", &format!("{HEAD}{BLOCK}"))
}

/// How often a Job was begun.
fn runs(proxy: &Proxy, job: &str) -> usize {
    let writes = proxy.writes();
    writes.iter().filter(|seen| seen.verb == "apply" && seen.name.as_deref() == Some(job)).count()
}

fn has_asked(proxy: &Proxy, verb: &str, name: &str) -> bool {
    let is_it = |seen: &Seen| seen.verb == verb && !seen.dry_run && seen.name.as_deref() == Some(name);
    proxy.requests().iter().any(is_it)
}

fn nothing_is_left(ns: &Namespace, project: &Project<'_>) {
    wait_until("nothing is left", || left(ns).is_empty());
    assert_eq!(project.state()["resources"], json!({}));
}

fn ran_around_the_end(ended: &Ended) {
    let told = ended.stderr();
    let at = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text}: {told}"));
    assert!(at("ran chart.web/Job/before") < at("deleted chart.web/ConfigMap/config"), "{told}");
    assert!(at("deleted chart.web/ConfigMap/config") < at("ran chart.web/Job/after"), "{told}");
}

/// A run of this command that was killed as soon as it had sent this request, which the server never saw.
fn killed_at(project: &Project<'_>, proxy: &Proxy, command: &str, verb: &str, resource: &str, name: &str) {
    proxy.on(verb, resource).named(name).not_dry_run().hang();
    let run = project.regplan([command, "--auto-approve"]).spawn();
    wait_until("it is asked for", || has_asked(proxy, verb, name));
    run.kill();
    proxy.clear_faults();
    proxy.forget();
}

/// An apply that was killed when the Job that runs before had ended, and that did not know it yet.
fn killed_before_it_knows_the_end(ns: &Namespace, project: &Project<'_>, proxy: &Proxy) {
    proxy.on("watch", "jobs.batch").hang();
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the Job has ended", || {
        ns.find("job/before").is_some_and(|job| job["status"]["succeeded"] == 1)
    });
    apply.kill();
    proxy.clear_faults();
}

fn hooks_run_around_the_end_of_their_chart() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.run(["plan"]).success().stdout_lacks("to run");
    project.apply();
    is_quiet(&project);
    // A destroy needs no Helm.
    let project = project.env("REGPLAN_HELM", "/nonexistent/helm");
    let destroyed = project.run(["destroy", "--auto-approve"]).success();
    destroyed.stdout_contains("2 to run").stdout_contains("runs before the chart is deleted");
    ran_around_the_end(&destroyed);
    nothing_is_left(&ns, &project);
    // The same where the block leaves the configuration, and the Job is there from a run that was killed.
    let project = project.env("REGPLAN_HELM", helm_program());
    project.apply();
    project.rewrite("regplan.toml", HEAD);
    let proxy = ns.proxy();
    let project = project.through(&proxy);
    killed_before_it_knows_the_end(&ns, &project, &proxy);
    proxy.forget();
    project.apply().stderr_contains("ran chart.web/Job/after");
    assert_eq!(runs(&proxy, "before"), 0, "it did not run again");
    nothing_is_left(&ns, &project);
}

fn hooks_run_where_others_have_deleted_the_objects() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.apply();
    ns.delete("configmap/config");
    let plan = project.run(["plan", "--destroy"]).success();
    plan.stdout_contains("runs before the chart is deleted").stdout_contains("2 to run");
    let destroyed = project.run(["destroy", "--auto-approve"]).success();
    destroyed.stderr_contains("ran chart.web/Job/before").stderr_contains("ran chart.web/Job/after");
    nothing_is_left(&ns, &project);
    project.run(["plan", "--destroy"]).success().stdout_contains("Nothing to destroy");
    // The same where the block leaves the configuration, and the run is killed. The approval is bound to it.
    project.apply();
    ns.delete("configmap/config");
    project.rewrite("regplan.toml", HEAD);
    project.run(["plan", "--out", "kept.plan"]).success().stdout_contains("2 to run");
    let proxy = ns.proxy();
    let project = project.through(&proxy);
    killed_at(&project, &proxy, "apply", "apply", "jobs.batch", "after");
    project.run(["plan"]).success().stdout_contains("1 to run").stdout_lacks("Job/before");
    project.run(["apply", "kept.plan"]).code(1);
    project.apply().stderr_contains("ran chart.web/Job/after");
    assert_eq!(runs(&proxy, "before"), 0, "it did not run again");
    nothing_is_left(&ns, &project);
    project.expect_settled();
}

fn hooks_do_not_run_beside_a_chart_that_goes_on_under_another_name() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.apply();
    ns.delete("configmap/config");
    project.rewrite("regplan.toml", &format!("{HEAD}{}", BLOCK.replace("chart.web", "chart.site")));
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("+ chart.site/ConfigMap/config").stdout_lacks("to run").stdout_lacks("forget");
    project.apply().stderr_lacks("ran chart.");
    is_quiet(&project);
    // The chart is what it was, with its hooks.
    project.rewrite("regplan.toml", HEAD);
    project.apply().stderr_contains("ran chart.site/Job/before").stderr_contains("ran chart.site/Job/after");
    nothing_is_left(&ns, &project);
}

fn hooks_do_not_run_in_a_namespace_that_is_gone_or_going() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.apply();
    ns.apply(
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/held"]}}"#,
    );
    ns.cluster().begin_delete("", &ns.fill("namespace/{ns}"));
    wait_until("the chart itself is gone", || ns.find("configmap/config").is_none());
    let told = |fate: &str| {
        let plan = project.run(["plan", "--destroy"]).success();
        plan.stdout_lacks("to run").stdout_contains(&ns.fill(&format!(
            "chart.web/Job/before does not run when its chart is deleted: its namespace `{{ns}}` {fate}."
        )));
    };
    told("is being deleted");
    ns.patch("configmap/held", &json!({"metadata": {"finalizers": null}}));
    wait_until("the namespace is gone", || ns.cluster().find("", &ns.fill("namespace/{ns}")).is_none());
    told("is gone");
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(project.state()["resources"], json!({}));
}

/// A deletion was killed, the chart came back, and the next deletion is killed before it has begun its own run.
fn what_an_earlier_deletion_has_left_runs_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns).through(&proxy);
    project.apply();
    project.rewrite("regplan.toml", HEAD);
    killed_before_it_knows_the_end(&ns, &project, &proxy);
    project.rewrite("regplan.toml", &format!("{HEAD}{BLOCK}"));
    project.apply();
    assert!(ns.find("job/before").is_some(), "it is left");
    project.rewrite("regplan.toml", HEAD);
    killed_at(&project, &proxy, "apply", "delete", "jobs.batch", "before");
    let ended = project.apply();
    ran_around_the_end(&ended);
    assert_eq!(runs(&proxy, "before"), 1, "the new deletion has a run of its own");
    nothing_is_left(&ns, &project);
}

fn what_runs_after_the_end_is_remembered_by_a_run_that_was_killed() {
    for command in ["destroy", "apply"] {
        let ns = Namespace::new();
        let proxy = ns.proxy();
        let project = project(&ns).through(&proxy);
        project.apply();
        if command == "apply" {
            project.rewrite("regplan.toml", HEAD);
        }
        killed_at(&project, &proxy, command, "apply", "jobs.batch", "after");
        wait_until("the chart itself is gone", || left(&ns).is_empty());
        let plan = if command == "apply" { vec!["plan"] } else { vec!["plan", "--destroy"] };
        let plan = project.run(plan).success();
        plan.stdout_contains("▸ chart.web/Job/after  run").stdout_contains("1 to run");
        plan.stdout_contains("runs after the chart was deleted").stdout_lacks("Job/before");
        let ended = project.run([command, "--auto-approve"]).success();
        ended.stderr_contains("ran chart.web/Job/after");
        assert_eq!(runs(&proxy, "before"), 0, "it did not run again");
        nothing_is_left(&ns, &project);
        project.run(["plan", "--destroy"]).success().stdout_contains("Nothing to destroy");
    }
}

fn what_runs_after_the_end_runs_until_it_has_done_its_work() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns).through(&proxy);
    project.edit("regplan.toml", BLOCK, &format!("{BLOCK}values.after = \"failed\"\n"));
    project.apply();
    for before in [1, 0] {
        proxy.forget();
        let ended = project.run(["destroy", "--auto-approve"]).code(1);
        ended.stderr_contains("failed chart.web/Job/after").stderr_contains("BackoffLimitExceeded");
        assert_eq!((runs(&proxy, "before"), runs(&proxy, "after")), (before, 1));
        project.run(["plan", "--destroy"]).success().stdout_contains("▸ chart.web/Job/after  run");
    }
    // Who does without it says so.
    let released = format!("{HEAD}[[removed]]\naddress = \"chart.web\"\ndestroy = false\n");
    project.rewrite("regplan.toml", &released);
    project.run(["plan"]).success().stdout_lacks("to run");
    project.apply();
    nothing_is_left(&ns, &project);
}

fn what_ran_before_the_end_does_not_run_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns).through(&proxy);
    project.apply();
    project.rewrite("regplan.toml", HEAD);
    // The second run has seen it run, and is killed as well.
    for _ in 0..2 {
        killed_at(&project, &proxy, "apply", "delete", "configmaps", "config");
        let plan = project.run(["plan"]).success();
        plan.stdout_contains("- chart.web/ConfigMap/config").stdout_lacks("Job/before");
    }
    project.apply().stderr_contains("ran chart.web/Job/after");
    assert_eq!(runs(&proxy, "before"), 0, "it did not run again");
    nothing_is_left(&ns, &project);
}

/// A hook whose rights come from a Role of its chart, which is no hook.
const NEEDING: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: cleaner}
rules: []
---
apiVersion: batch/v1
kind: Job
metadata: {name: before, annotations: {helm.sh/hook: pre-delete, helm.sh/hook-delete-policy: hook-failed}}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {regplan.test/behaviour: failed}}
    spec: {restartPolicy: Never, containers: [{name: main, image: "job:1"}]}
"#;

fn a_hook_that_may_lack_what_others_have_deleted_says_so() {
    let ns = Namespace::new();
    let with_block = format!("{HEAD}{BLOCK}");
    let project = with_chart(ns.project(), "web", NEEDING).write("regplan.toml", &with_block);
    let released = "[[removed]]` with `address = \"chart.web/Job/before\"` and `destroy = false`";
    let again = "apply with the block of the chart, and then delete the chart";
    let lack = ns.fill("of its chart, Role.rbac.authorization.k8s.io {ns}/cleaner is gone");
    let fails = |command: &str| {
        let ended = project.run([command, "--auto-approve"]).code(1);
        ended.stderr_contains("failed chart.web/Job/before");
        ended
    };
    project.apply();
    fails("destroy").stderr_contains(released).stderr_lacks("is gone").stderr_lacks(again);
    // Each run meets it again, also when the state does not know the Role any more.
    ns.delete("role/cleaner");
    project.rewrite("regplan.toml", HEAD);
    for _ in 0..2 {
        fails("apply").stderr_contains(&lack).stderr_contains(again).stderr_contains(released);
    }
    assert!(ns.find("configmap/config").is_some(), "it holds the deletion back");
    // What is said to help does help.
    project.rewrite("regplan.toml", &with_block);
    project.apply();
    assert!(ns.find("role/cleaner").is_some());
    project.rewrite("regplan.toml", HEAD);
    fails("apply").stderr_contains(released).stderr_lacks(again);
    let removed = "[[removed]]\naddress = \"chart.web/Job/before\"\ndestroy = false\n";
    project.rewrite("regplan.toml", &format!("{HEAD}{removed}"));
    project.apply();
    nothing_is_left(&ns, &project);
}

fn a_chart_that_came_back_is_deleted_with_all_of_its_hooks() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project(&ns).through(&proxy);
    project.apply();
    project.rewrite("regplan.toml", HEAD);
    killed_at(&project, &proxy, "apply", "delete", "configmaps", "config");
    project.rewrite("regplan.toml", &format!("{HEAD}{BLOCK}"));
    project.apply();
    is_quiet(&project);
    assert_eq!((runs(&proxy, "before"), runs(&proxy, "after")), (0, 0));
    project.rewrite("regplan.toml", HEAD);
    ran_around_the_end(&project.apply());
    nothing_is_left(&ns, &project);
}

fn a_chart_is_not_deleted_without_knowing_its_hooks() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.rewrite("regplan.toml", &format!("{GREETING}{BLOCK}"));
    project.apply();
    let file = revision_file(&project, 1);
    let kept = project.read(&file);
    project.edit("regplan.toml", BLOCK, "");
    // It cannot be read, and nobody knows what is in it.
    project.remove(&file);
    fs::create_dir(project.path(&file)).unwrap();
    let refused = project.run(["plan"]).code(1);
    refused.stderr_contains("could not read").stderr_contains("000001.json");
    project.run(["apply", "--auto-approve"]).code(1);
    project.run(["destroy", "--auto-approve"]).code(1);
    assert!(ns.find("configmap/config").is_some());
    let other = project.run(["plan", "--target", "resource.greeting"]).success();
    other.stdout_contains("Nothing to change");
    fs::remove_dir(project.path(&file)).unwrap();
    // It is gone, or damaged, and will never be read.
    for lost in [None, Some("")] {
        if let Some(text) = lost {
            project.rewrite(&file, text);
        }
        let plan = project.run(["plan"]).success();
        plan.stderr_contains("hooks-unknown")
            .stderr_contains("if chart.web has hooks of a deletion, they do not run");
        plan.stdout_contains("- chart.web/ConfigMap/config").stdout_lacks("to run");
    }
    project.rewrite(&file, &kept);
    project.run(["plan"]).success().stdout_contains("2 to run");
    ran_around_the_end(&project.apply());
}

fn a_rollback_to_before_a_chart_runs_its_hooks() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.rewrite("regplan.toml", GREETING);
    project.apply();
    project.rewrite("regplan.toml", &format!("{GREETING}{BLOCK}"));
    project.apply();
    let project = project.env("REGPLAN_HELM", "/nonexistent/helm");
    let rolled = project.run(["rollback", "1", "--auto-approve"]).success();
    rolled.stdout_contains("2 to run").stdout_contains("runs before the chart is deleted");
    ran_around_the_end(&rolled);
    wait_until("nothing is left", || left(&ns) == ["configmap/greeting"]);
    project.rewrite("regplan.toml", GREETING);
    is_quiet(&project);
}

/// The chart is there as it was applied. What is still to run then is a matter of the next destroy.
fn a_deletion_whose_hook_failed_is_no_drift() {
    let ns = Namespace::new();
    let project = project(&ns);
    project.edit("regplan.toml", BLOCK, &format!("{BLOCK}values.before = \"failed\"\n"));
    project.apply();
    project.run(["destroy", "--auto-approve"]).code(1).stderr_contains("failed chart.web/Job/before");
    is_quiet(&project);
    let plan = project.run(["plan", "--destroy"]).success();
    plan.stdout_contains("▸ chart.web/Job/before  run").stdout_contains("2 to run");
    project.apply();
    is_quiet(&project);
}
