//! When things are ready, why they are not, and what becomes of those that stand on them.

use serde_json::json;

use crate::harness::{Ended, Namespace, Project, wait_until};

tests! {
    a_deployment_is_waited_for_until_it_is_rolled_out,
    a_crash_loop_is_told_and_stops_only_its_dependents,
    an_image_that_cannot_be_pulled_is_told,
    pods_that_never_become_ready_are_told_in_time,
    a_job_is_complete_or_has_failed,
    a_claim_is_bound_or_waits_for_its_consumer,
    a_definition_is_served_before_its_kind_is_used,
    a_custom_resource_is_ready_by_its_conditions,
    a_rule_of_the_user_comes_first,
    a_load_balancer_has_its_address,
    stateful_and_daemon_sets_are_rolled_out,
    a_namespace_that_hangs_is_explained,
    a_changed_time_limit_is_remembered,
}

const HEAD: &str = "[project]\nname = \"{project}\"\n\n[cluster]\nnamespace = \"{ns}\"\n";

/// One that stands on `resource.web`, and one that does not.
const OTHERS: &str = r#"
[resource.after]
apiVersion = "v1"
kind = "ConfigMap"
depends_on = ["resource.web"]

[resource.beside]
apiVersion = "v1"
kind = "ConfigMap"
"#;

fn web(behaviour: &str, lifecycle: &str) -> String {
    format!(
        r#"{HEAD}{OTHERS}
[resource.web]
apiVersion = "apps/v1"
kind = "Deployment"

[resource.web.spec]
replicas = 2
selector.matchLabels = {{ app = "web" }}
template.metadata.labels = {{ app = "web", "regplan.test/behaviour" = "{behaviour}" }}
template.spec.containers = [{{ name = "main", image = "web:1" }}]

[resource.web.lifecycle]
{lifecycle}
"#
    )
}

/// It fails at `resource.web`, and only what stands on that is not tried; the next plan goes on from there.
fn fails_at_web(ns: &Namespace, project: &Project<'_>) -> Ended {
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended
        .stderr_contains("failed resource.web")
        .stderr_contains("created resource.beside")
        .stderr_contains("skipped resource.after  because of resource.web")
        .stderr_contains("Not complete: 1 added");
    assert!(ns.find("configmap/beside").is_some() && ns.find("configmap/after").is_none());
    ended
}

/// With pods that become ready, the next apply completes.
fn heals(project: &Project<'_>, behaviour: &str) {
    project.rewrite("regplan.toml", &web("fine", "").replace("[resource.web.lifecycle]", ""));
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("Plan: 1 to add, 1 to change")
        .stdout_contains(behaviour)
        .stdout_contains("+ resource.after");
    project.apply();
    project.expect_settled();
}

fn a_deployment_is_waited_for_until_it_is_rolled_out() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &web("slow", ""));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.web");
    assert!(ns.find("configmap/after").is_none(), "it stands on what is not ready yet");
    apply.wait().success().stderr_contains("of 2 pods");
    assert_eq!(ns.field("deployment/web", "/status/availableReplicas"), 2);
    project.expect_settled();
}

fn a_crash_loop_is_told_and_stops_only_its_dependents() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &web("crash-loop", "timeouts.ready = \"6s\""));
    let ended = fails_at_web(&ns, &project);
    ended
        .stderr_contains("CrashLoopBackOff")
        .stderr_contains("container main")
        .stderr_contains("event of web-");
    heals(&project, "crash-loop");
}

fn an_image_that_cannot_be_pulled_is_told() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &web("image-pull-backoff", "timeouts.ready = \"5s\""));
    let ended = fails_at_web(&ns, &project);
    ended.stderr_contains("ImagePullBackOff").stderr_contains("Back-off pulling image \"web:1\"");
    ended.stderr_contains("event of web-").stderr_contains("not ready after 5 s");
    // As it is, it fails again, and at once where it is known that waiting does not help.
    let again = project.run(["apply", "--auto-approve"]).code(1);
    again.stdout_contains("Plan: 1 to add, 0 to change").stderr_contains("ImagePullBackOff");
    heals(&project, "image-pull-backoff");
}

fn pods_that_never_become_ready_are_told_in_time() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &web("never-ready", "timeouts.ready = \"4s\""));
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

fn a_claim_is_bound_or_waits_for_its_consumer() {
    let ns = Namespace::new();
    let claim = |name: &str, class: &str| {
        format!(
            r#"
[resource.{name}]
apiVersion = "v1"
kind = "PersistentVolumeClaim"
spec = {{ storageClassName = "{class}", accessModes = ["ReadWriteOnce"], resources.requests.storage = "1Gi" }}
"#
        )
    };
    let pod = r#"
[resource.user]
apiVersion = "v1"
kind = "Pod"
spec.containers = [{ name = "main", image = "web:1" }]
spec.volumes = [{ name = "data", persistentVolumeClaim.claimName = "late" }]
"#;
    let config = format!("{HEAD}{}{}{pod}", claim("now", "standard"), claim("late", "late"));
    let project = ns.project().write("regplan.toml", &config);
    project.apply();
    for name in ["now", "late"] {
        assert_eq!(ns.field(&format!("persistentvolumeclaim/{name}"), "/status/phase"), "Bound");
    }
    project.expect_settled();
    // One that nobody provides for is told within its time.
    let lost = format!("{}[resource.lost.lifecycle]\ntimeouts.ready = \"2s\"\n", claim("lost", "nobody"));
    project.rewrite("regplan.toml", &format!("{config}{lost}"));
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended
        .stderr_contains("not ready after 2 s: it is not bound to a volume yet")
        .stderr_contains("\"nobody\" not found");
}

/// A kind of the test's own: its definition, with a status like that of real ones.
const DEFINITION: &str = r#"
[resource.definition]
apiVersion = "apiextensions.k8s.io/v1"
kind = "CustomResourceDefinition"
metadata.name = "{prefix}things.test.regplan.dev"

[resource.definition.spec]
group = "test.regplan.dev"
scope = "Namespaced"
names = { plural = "{prefix}things", kind = "Thing{prefix}" }

[[resource.definition.spec.versions]]
name = "v1"
served = true
storage = true
subresources.status = {}
schema.openAPIV3Schema = { type = "object", x-kubernetes-preserve-unknown-fields = true }
"#;

fn thing(name: &str, lifecycle: &str) -> String {
    format!(
        "\n[resource.{name}]\napiVersion = \"test.regplan.dev/v1\"\nkind = \"Thing{{prefix}}\"\nspec.a = 1\n\
         \n[resource.{name}.lifecycle]\n{lifecycle}\n\
         \n[resource.after-{name}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndepends_on = [\"resource.{name}\"]\n"
    )
}

fn destroyed(project: &Project<'_>) {
    project.run(["destroy", "--auto-approve", "--consent", "resource.definition"]).success();
}

fn a_definition_is_served_before_its_kind_is_used() {
    let ns = Namespace::new();
    let config = format!("{HEAD}{DEFINITION}{}", thing("thing", ""));
    let project = ns.project().write("regplan.toml", &config);
    project.apply();
    project.expect_settled();
    destroyed(&project);
    assert!(ns.find("crd/{prefix}things.test.regplan.dev").is_none());
}

fn a_custom_resource_is_ready_by_its_conditions() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{DEFINITION}{}", thing("thing", "")));
    project.apply();
    let target = ns.fill("{prefix}things/thing");
    let condition = |kind: &str, status: &str| {
        json!({"conditions": [{"type": kind, "status": status, "reason": "Because", "message": "of the test",
                               "lastTransitionTime": "2026-01-01T00:00:00Z"}]})
    };
    // Its controller says that it is not ready: what stands on it waits.
    ns.patch_status(&target, &condition("Ready", "False")).delete("configmap/after-thing");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("Ready is False, Because: of the test");
    assert!(ns.find("configmap/after-thing").is_none());
    ns.patch_status(&target, &condition("Ready", "True"));
    apply.wait().success();
    // One that is stalled is not waited for.
    ns.patch_status(&target, &condition("Stalled", "True")).delete("configmap/after-thing");
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("it is stalled: Stalled is True, Because: of the test");
    ended.stderr_contains("skipped resource.after-thing");
    destroyed(&project);
}

fn a_rule_of_the_user_comes_first() {
    let ns = Namespace::new();
    let config = format!(
        "{HEAD}{DEFINITION}{}{}{}",
        thing("condition", "ready = { condition = \"Synced\" }"),
        thing("field", "ready = { field = \"status.address\" }"),
        thing("written", "ready = \"written\""),
    );
    let project = ns.project().write("regplan.toml", &config);
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("there is no condition Synced yet");
    apply.until("`status.address` has no value yet");
    apply.until("created resource.after-written");
    assert!(ns.find("configmap/after-condition").is_none() && ns.find("configmap/after-field").is_none());
    let synced = json!({"conditions": [{"type": "Synced", "status": "True"}]});
    ns.patch_status("{prefix}things/condition", &synced);
    apply.until("created resource.after-condition");
    assert!(ns.find("configmap/after-field").is_none());
    ns.patch_status("{prefix}things/field", &json!({"address": "192.0.2.9"}));
    apply.wait().success();
    project.expect_settled();
    destroyed(&project);
}

fn a_load_balancer_has_its_address() {
    let ns = Namespace::new();
    let service = |lifecycle: &str| {
        format!(
            "{HEAD}{OTHERS}\n[resource.web]\napiVersion = \"v1\"\nkind = \"Service\"\n\
             spec = {{ type = \"LoadBalancer\", ports = [{{ port = 80 }}], selector = {{ app = \"web\" }} }}\n{lifecycle}"
        )
    };
    let limited = service("\n[resource.web.lifecycle]\ntimeouts.ready = \"2s\"\n");
    let project = ns.project().write("regplan.toml", &limited);
    fails_at_web(&ns, &project).stderr_contains("after 2 s: the load balancer has no address yet");
    project.rewrite("regplan.toml", &service(""));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("Plan: 1 to add, 0 to change");
    apply.until("the load balancer has no address yet");
    ns.patch_status("service/web", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}));
    apply.wait().success();
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
    // An update is waited for just so.
    project.edit("regplan.toml", "web:1", "web:2");
    project.apply();
    for pod in ns.list("pods") {
        assert_eq!(ns.field(&pod, "/spec/containers/0/image"), "web:2", "{pod}");
    }
    project.expect_settled();
    // One pod that never becomes ready stops it, and is named.
    project.edit("regplan.toml", "\"slow\"", "\"never-ready\"");
    let text = project.read("regplan.toml");
    let limits = "\n[resource.state.lifecycle]\ntimeouts.ready = \"8s\"\n[resource.daemon.lifecycle]\ntimeouts.ready = \"8s\"\n";
    project.rewrite("regplan.toml", &format!("{text}{limits}"));
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("failed resource.state").stderr_contains("failed resource.daemon");
    ended.stderr_contains("pod state-1").stderr_contains("pod daemon-");
}

/// A namespace of the test's own, with something in it that nobody lets go.
const ROOM: &str = r#"
[resource.room]
apiVersion = "v1"
kind = "Namespace"
metadata.name = "{prefix}-room"

[resource.room.lifecycle]
timeouts.delete = "15s"
"#;

fn a_namespace_that_hangs_is_explained() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{ROOM}"));
    project.apply();
    let held = r#"{"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "namespace": "{prefix}-room", "finalizers": ["test.regplan.dev/held"]}}"#;
    ns.cluster().kubectl(["apply", "--filename=-"]).stdin(ns.fill(held)).run().success();
    // Its time is remembered, though it has left the configuration.
    project.rewrite("regplan.toml", HEAD);
    let ended = project.run(["apply", "--auto-approve", "--consent", "resource.room"]).code(1);
    ended
        .stderr_contains("failed resource.room")
        .stderr_contains("is not gone after 15 s")
        .stderr_contains("test.regplan.dev/held");
    // It goes on from there, and ends when what held it lets go.
    let mut apply = project.regplan(["apply", "--auto-approve", "--consent", "resource.room"]).spawn();
    apply.until("test.regplan.dev/held");
    let patch = r#"--patch={"metadata":{"finalizers":null}}"#;
    ns.cluster()
        .kubectl([
            "patch",
            "configmap/held",
            &format!("--namespace={}", ns.fill("{prefix}-room")),
            "--type=merge",
            patch,
        ])
        .run()
        .success();
    apply.wait().success();
    project.expect_settled();
}

fn a_changed_time_limit_is_remembered() {
    let ns = Namespace::new();
    let greeting = |limit: &str| {
        format!(
            "{HEAD}\n[resource.held]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
             metadata.finalizers = [\"test.regplan.dev/held\"]\n\
             \n[resource.held.lifecycle]\ntimeouts.delete = \"{limit}\"\n"
        )
    };
    let project = ns.project().write("regplan.toml", &greeting("10m"));
    project.apply();
    // Nothing changes in the cluster, and yet it is remembered.
    project.rewrite("regplan.toml", &greeting("2s"));
    project.expect_settled();
    project.apply();
    project.rewrite("regplan.toml", HEAD);
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("is not gone after 2 s: the finalizer `test.regplan.dev/held` must be removed");
    ns.patch("configmap/held", &json!({"metadata": {"finalizers": null}}));
    project.apply();
    project.expect_settled();
}
