//! Workloads (`Deployment`, `StatefulSet`, `DaemonSet`, `Job`): when they are rolled out, and why they are not.

use super::{OTHERS, fails_at_web};
use crate::harness::{HEAD, Namespace, Project, wait_until, web};

tests! {
    a_deployment_is_waited_for_until_it_is_rolled_out,
    a_crash_loop_is_told_and_stops_only_its_dependents,
    an_image_that_cannot_be_pulled_is_told,
    pods_that_never_become_ready_are_told_in_time,
    a_job_is_complete_or_has_failed,
    stateful_and_daemon_sets_are_rolled_out,
    what_only_events_tell_is_told_while_it_is_waited_for,
    without_the_right_to_read_events_nothing_changes,
}

/// The Deployment that others stand on.
fn with_others(behaviour: &str, lifecycle: &str) -> String {
    format!("{HEAD}{OTHERS}{}\n[resource.web.lifecycle]\n{lifecycle}\n", web(2, behaviour))
}

/// With pods that become ready, the next apply completes.
fn heals(project: &Project<'_>, behaviour: &str) {
    project.rewrite("regplan.toml", &with_others("fine", "").replace("[resource.web.lifecycle]", ""));
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("Plan: 1 to add, 1 to change")
        .stdout_contains(behaviour)
        .stdout_contains("+ resource.after");
    project.apply();
    project.expect_settled();
}

fn a_deployment_is_waited_for_until_it_is_rolled_out() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &with_others("slow", ""));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.web");
    assert!(ns.find("configmap/after").is_none(), "it stands on what is not ready yet");
    apply.wait().success().stderr_contains("of 2 pods");
    assert_eq!(ns.field("deployment/web", "/status/availableReplicas"), 2);
    project.expect_settled();
}

fn a_crash_loop_is_told_and_stops_only_its_dependents() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &with_others("crash-loop", "timeouts.ready = \"6s\""));
    let ended = fails_at_web(&ns, &project);
    ended
        .stderr_contains("CrashLoopBackOff")
        .stderr_contains("container main")
        .stderr_contains("event of web-");
    heals(&project, "crash-loop");
}

fn an_image_that_cannot_be_pulled_is_told() {
    let ns = Namespace::new();
    let project =
        ns.project().write("regplan.toml", &with_others("image-pull-backoff", "timeouts.ready = \"5s\""));
    let ended = fails_at_web(&ns, &project);
    ended.stderr_contains("ImagePullBackOff").stderr_contains("Back-off pulling image \"web:1\"");
    ended.stderr_contains("event of web-").stderr_contains("not ready after 5 s");
    // The next apply waits again and fails again.
    let again = project.run(["apply", "--auto-approve"]).code(1);
    again.stdout_contains("Plan: 1 to add, 0 to change").stderr_contains("ImagePullBackOff");
    heals(&project, "image-pull-backoff");
}

fn pods_that_never_become_ready_are_told_in_time() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &with_others("never-ready", "timeouts.ready = \"4s\""));
    let ended = fails_at_web(&ns, &project);
    ended.stderr_contains("is not ready after 4 s: 0 of 2 pods available");
    ended.stderr_contains("Readiness probe failed").stderr_contains("lifecycle.timeouts");
    heals(&project, "never-ready");
}

fn a_job_is_complete_or_has_failed() {
    let ns = Namespace::new();
    let job = |name: &str, behaviour: &str| {
        format!(
            r#"
[resource.{name}]
apiVersion = "batch/v1"
kind = "Job"
spec.backoffLimit = 0
spec.template.metadata.labels = {{ "regplan.test/behaviour" = "{behaviour}" }}
spec.template.spec = {{ restartPolicy = "Never", containers = [{{ name = "main", image = "job:1" }}] }}

[resource.after-{name}]
apiVersion = "v1"
kind = "ConfigMap"
depends_on = ["resource.{name}"]
"#
        )
    };
    let good = format!("{HEAD}{}", job("good", "fine"));
    let project = ns.project().write("regplan.toml", &format!("{good}{}", job("bad", "failed")));
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended
        .stderr_contains("failed resource.bad")
        .stderr_contains("BackoffLimitExceeded")
        .stderr_contains("skipped resource.after-bad")
        .stderr_contains("created resource.after-good");
    assert_eq!(ns.field("job/good", "/status/succeeded"), 1);
    project.rewrite("regplan.toml", &good);
    project.apply().stdout_contains("1 to destroy");
    wait_until("the pods are gone with their job", || {
        !ns.list("pods").iter().any(|name| name.contains("bad"))
    });
    project.expect_settled();
}

fn stateful_and_daemon_sets_are_rolled_out() {
    let ns = Namespace::new();
    let set = |kind: &str, name: &str, more: &str| {
        format!(
            r#"
[resource.{name}]
apiVersion = "apps/v1"
kind = "{kind}"

[resource.{name}.spec]
{more}
selector.matchLabels = {{ app = "{name}" }}
template.metadata.labels = {{ app = "{name}", "regplan.test/behaviour" = "slow" }}
template.spec.containers = [{{ name = "main", image = "web:1" }}]
"#
        )
    };
    let config = format!(
        "{HEAD}{}{}",
        set("StatefulSet", "state", "replicas = 2\nserviceName = \"state\""),
        set("DaemonSet", "daemon", "")
    );
    let project = ns.project().write("regplan.toml", &config);
    project.apply();
    assert_eq!(ns.field("statefulset/state", "/status/readyReplicas"), 2);
    assert_eq!(ns.field("daemonset/daemon", "/status/numberAvailable"), 1);
    // An update is waited for in the same way.
    project.edit("regplan.toml", "web:1", "web:2");
    project.apply();
    for pod in ns.list("pods") {
        assert_eq!(ns.field(&pod, "/spec/containers/0/image"), "web:2", "{pod}");
    }
    project.expect_settled();
    // A pod that never becomes ready makes it fail, and is named.
    project.edit("regplan.toml", "\"slow\"", "\"never-ready\"");
    let text = project.read("regplan.toml");
    let limits = "\n[resource.state.lifecycle]\ntimeouts.ready = \"8s\"\n[resource.daemon.lifecycle]\ntimeouts.ready = \"8s\"\n";
    project.rewrite("regplan.toml", &format!("{text}{limits}"));
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("failed resource.state").stderr_contains("failed resource.daemon");
    ended.stderr_contains("pod state-1").stderr_contains("pod daemon-");
}

/// Workloads with these names, each with a limit of its time to become ready.
fn workloads(limit: &str, names: [(&str, &str, &str); 3]) -> String {
    let block = |(kind, name, spec): (&str, &str, &str)| {
        let version = if kind == "Job" { "batch/v1" } else { "apps/v1" };
        format!(
            "\n[resource.{name}]\napiVersion = \"{version}\"\nkind = \"{kind}\"\n\
             lifecycle.timeouts.ready = \"{limit}\"\n[resource.{name}.spec]\n{spec}\n\
             template.spec.containers = [{{ name = \"main\", image = \"web:1\" }}]\n"
        )
    };
    HEAD.to_owned() + &names.map(block).concat()
}

const SET: &str = "selector.matchLabels = { app = \"a\" }\ntemplate.metadata.labels = { app = \"a\" }";
const JOB: &str = "template.spec.restartPolicy = \"Never\"";
/// With the hash that its pods get in a label, the name is longer than a label may be.
const LONG: &str = "a-name-that-is-by-itself-not-too-long-for-an-object-of-its-kind";

fn what_only_events_tell_is_told_while_it_is_waited_for() {
    let ns = Namespace::new();
    let quota = r#"{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}"#;
    let set = format!("serviceName = \"s\"\n{SET}");
    let names = [("StatefulSet", LONG, set.as_str()), ("DaemonSet", "daemon", SET), ("Job", "job", JOB)];
    ns.apply(quota);
    wait_until("the quota is in force", || ns.field("quota/none", "/status/hard/pods") == "0");
    let project = ns.project().write("regplan.toml", &workloads("15s", names));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    // It is told long before the time is over.
    apply.until("waiting resource.daemon  0 of 1 pod updated; FailedCreate: ");
    let ended = apply.wait().code(1);
    for name in [LONG, "daemon", "job"] {
        ended.stderr_contains(&format!("event of {name}: FailedCreate: "));
    }
    ended.stderr_contains("exceeded quota: none");
    ended.stderr_contains("must be no more than 63 bytes");
}

fn without_the_right_to_read_events_nothing_changes() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("list", "events").answer(403);
    let set = format!("serviceName = \"s\"\n{SET}");
    let names = [("StatefulSet", LONG, set.as_str()), ("DaemonSet", "daemon", SET), ("Job", "job", JOB)];
    let project = ns.project().write("regplan.toml", &workloads("9s", names)).through(&proxy);
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains(&format!("failed resource.{LONG}")).stderr_contains("1 failed");
    ended.stderr_lacks("FailedCreate").stderr_lacks("403");
    // One look while it is waited for, and one to explain the failure.
    assert!(proxy.count("list", "events") <= 2, "{}", proxy.log());
}
