//! What was applied and is not ready: a run that did not end well is not over.

pub(crate) mod volumes;

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{
    BALANCER, FAILING, HEAD, Namespace, OwnCluster, Project, WEB, give_address, wait_until, web,
};

tests! {
    what_was_not_ready_in_time_is_waited_for_again,
    a_killed_run_is_not_taken_for_one_that_ended_well,
    what_a_killed_run_did_not_record_is_waited_for,
    a_stopped_run_is_not_taken_for_one_that_ended_well,
    what_is_not_ready_any_more_is_unhealthy,
    what_crashes_later_is_unhealthy_with_its_cause,
    the_cause_is_told_by_whoever_asks,
    a_failed_job_says_why_once,
    what_others_scale_is_well_while_its_pods_are_young,
    what_others_roll_out_is_well_while_it_serves,
    what_counts_as_ready_when_it_is_written_stays_well,
    nothing_is_asked_about_what_is_well,
    a_certificate_that_is_not_renewed_is_unhealthy,
    the_cause_is_on_the_screen_while_it_is_waited_for,
    a_failure_that_may_not_heal_ends_the_wait_where_that_is_asked_for,
    an_account_that_is_missing_ends_the_wait_where_that_is_asked_for,
    what_a_pod_mounts_and_is_missing_is_told_while_it_is_waited_for,
    a_pod_without_a_node_waits_for_an_autoscaler_that_adds_one,
}

/// A load balancer that nothing in the cluster gives an address, and for which nobody waits long.
fn balancer() -> String {
    format!("{HEAD}{BALANCER}\n[resource.lb.lifecycle]\ntimeouts.ready = \"1s\"\n")
}

fn take_address(ns: &Namespace) {
    ns.patch_status("service/lb", &json!({"loadBalancer": null}));
}

/// Plan and drift both say that the load balancer was written and is not ready.
fn expect_not_ready(project: &Project<'_>) {
    let plan = project.run(["plan", "--detailed-exitcode"]).code(2);
    plan.stdout_contains("! resource.lb  not ready yet")
        .stdout_contains("the load balancer has no address yet");
    plan.stdout_contains("1 not ready yet, and an apply waits for it again");
    let drift = project.run(["drift"]).code(2);
    drift.stdout_contains("! resource.lb  not ready yet").stdout_contains("it was written at 20");
}

/// How the state knows the load balancer; null for one that was seen ready.
fn readiness(project: &Project<'_>) -> Value {
    project.state()["resources"]["resource.lb"]["readiness"].clone()
}

fn what_was_not_ready_in_time_is_waited_for_again() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &balancer());
    project.run(["apply", "--auto-approve"]).code(1);
    expect_not_ready(&project);
    let json = project.run(["plan", "--format", "json"]).success().json();
    let changes = json["changes"].as_array().unwrap();
    let lb = changes.iter().find(|change| change["address"] == "resource.lb").unwrap();
    assert_eq!(lb["health"]["state"], "not_ready");
    assert_eq!((&json["summary"]["not_ready"], &json["has_work"]), (&json!(1), &json!(true)));
    let drift = project.run(["drift", "--format", "json"]).code(2).json();
    assert_eq!((&drift["resources"][0]["status"], &drift["verdict"]), (&json!("not_ready"), &json!("drift")));
    project.run(["plan", "--format", "markdown"]).success().stdout_contains("not ready yet");
    // A retry does not turn green.
    let again = project.run(["apply", "--auto-approve"]).code(1);
    again.stderr_contains("failed resource.lb").stderr_contains("not ready after 1 s");
    // Nobody is asked: nothing is written.
    project.run(["apply", "--no-input"]).code(1).stderr_contains("not ready after 1 s");
    project.rewrite("regplan.toml", &format!("{HEAD}{BALANCER}"));
    let mut apply = project.regplan(["apply", "--no-input"]).spawn();
    apply.until("waiting resource.lb");
    give_address(&ns);
    apply.wait().success().stderr_contains("ready resource.lb").stderr_contains("1 ready at last");
    assert_eq!(readiness(&project), Value::Null);
    project.expect_settled();
    project.run(["drift"]).success();
}

fn a_killed_run_is_not_taken_for_one_that_ended_well() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{BALANCER}"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    apply.kill();
    expect_not_ready(&project);
    // What has become ready without a run is only recorded.
    give_address(&ns);
    project.expect_settled();
    project.run(["drift"]).success();
    project.run(["apply", "--no-input"]).success().stderr_contains("1 ready at last");
    assert_eq!(readiness(&project), Value::Null);
}

/// The server did the write, and nobody has seen the answer.
fn what_a_killed_run_did_not_record_is_waited_for() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("apply", "services").not_dry_run().done_but_hang();
    let project = ns.project().write("regplan.toml", &balancer()).through(&proxy);
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the service is there", || ns.find("service/lb").is_some());
    apply.kill();
    proxy.clear_faults();
    let plan = project.run(["plan", "--detailed-exitcode"]).code(2);
    plan.stdout_contains("! resource.lb  not ready yet");
    project.run(["apply", "--no-input"]).code(1).stderr_contains("not ready after 1 s");
    project.run(["plan", "--detailed-exitcode"]).code(2);
    give_address(&ns);
    project.run(["apply", "--no-input"]).success();
    project.expect_settled();
    project.run(["drift"]).success();
}

fn a_stopped_run_is_not_taken_for_one_that_ended_well() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{BALANCER}"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    apply.signal(Signal::INT);
    apply.wait().code(1).stderr_contains("not waited for");
    expect_not_ready(&project);
}

fn what_is_not_ready_any_more_is_unhealthy() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{BALANCER}"));
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the service is there", || ns.find("service/lb").is_some());
    give_address(&ns);
    apply.wait().success();
    take_address(&ns);
    // An apply has nothing to do about it.
    let plan = project.run(["plan", "--detailed-exitcode"]).success();
    plan.stdout_contains("! resource.lb  unhealthy")
        .stdout_contains("as the configuration says; 1 unhealthy.");
    project.run(["apply", "--no-input"]).success().stdout_contains("unhealthy");
    let drift = project.run(["drift"]).code(2);
    drift
        .stdout_contains("! resource.lb  unhealthy")
        .stdout_contains("Not well: 1 of 1 resource is as last applied");
    project.run(["drift", "--format", "prometheus"]).code(2).stdout_contains("status=\"unhealthy\"} 1");
    project.run(["drift", "--no-health"]).success().stdout_contains("In sync");
    project.run(["drift", "--no-health", "--health"]).code(2).stdout_contains("unhealthy");
}

/// A day later, its pods begin to crash.
fn what_crashes_later_is_unhealthy_with_its_cause() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{WEB}"));
    project.apply();
    let template = json!({"metadata": {"labels": {"regplan.test/behaviour": "crash-loop"}}});
    let spec = json!({"strategy": {"type": "Recreate", "rollingUpdate": null}, "template": template});
    ns.patch("deployment/web", &json!({"spec": spec}));
    let says_why = |command: &str| {
        let told = project.run([command]).any();
        let text = told.stdout();
        text.contains("! resource.web  unhealthy") && text.contains("CrashLoopBackOff")
    };
    wait_until("drift tells the cause", || says_why("drift"));
    wait_until("the plan tells the cause", || says_why("plan"));
    project.run(["drift"]).code(2);
    project.run(["plan", "--detailed-exitcode"]).success();
}

fn the_cause_is_told_by_whoever_asks() {
    let ns = Namespace::new();
    let web = r#"
[resource.web]
apiVersion = "apps/v1"
kind = "Deployment"
lifecycle.timeouts.ready = "4s"

[resource.web.spec]
replicas = 1
selector.matchLabels = { app = "web" }
template.metadata.labels = { app = "web", "regplan.test/behaviour" = "image-pull-backoff" }
template.spec.containers = [{ name = "main", image = "web:1" }]
"#;
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{web}"));
    project.run(["apply", "--auto-approve"]).code(1);
    for command in ["plan", "drift"] {
        let told = project.run([command]).any();
        told.stdout_contains("not ready yet")
            .stdout_contains("0 of 1 pod available")
            .stdout_contains("ImagePullBackOff");
    }
    project.run(["plan", "--out", "kept.plan"]).success();
    project.run(["show", "kept.plan"]).success().stdout_contains("ImagePullBackOff");
    project.run(["apply", "kept.plan"]).code(1).stderr_contains("ImagePullBackOff");
}

fn what_counts_as_ready_when_it_is_written_stays_well() {
    let ns = Namespace::new();
    let config = format!("{HEAD}{BALANCER}lifecycle.ready = \"written\"\n");
    let project = ns.project().write("regplan.toml", &config);
    project.apply();
    project.expect_settled();
    project.run(["drift"]).success();
    // The rule is recorded with the next apply, and counts from then on.
    project.rewrite("regplan.toml", &format!("{HEAD}{BALANCER}"));
    project.run(["plan"]).success().stdout_contains("unhealthy");
}

/// Only what is not well costs requests.
fn nothing_is_asked_about_what_is_well() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &balancer()).through(&proxy);
    project.run(["apply", "--auto-approve"]).code(1);
    proxy.forget();
    project.run(["plan"]).success();
    let told = proxy.requests().len();
    assert_eq!(proxy.count("list", "events"), 1);
    give_address(&ns);
    proxy.forget();
    project.run(["plan"]).success();
    assert_eq!((proxy.requests().len(), proxy.count("list", "events")), (told - 1, 0));
}

/// The Job and its events say the same.
fn a_failed_job_says_why_once() {
    let ns = Namespace::new();
    let job = "\n[resource.job]\napiVersion = \"batch/v1\"\nkind = \"Job\"\nspec = { activeDeadlineSeconds = 1, \
               template.spec = { restartPolicy = \"Never\", nodeSelector = { on = \"none\" }, \
               containers = [{ name = \"c\", image = \"c:1\" }] } }\n";
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{job}{FAILING}"));
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("it has failed");
    let events = ["get", "events", "--field-selector=reason=DeadlineExceeded", "--output=name"];
    wait_until("the event", || !ns.kubectl(events).run().success().stdout().is_empty());
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("2 not ready yet, and an apply waits for them again");
    assert_eq!(plan.stdout().matches("DeadlineExceeded").count(), 1, "{}", plan.stdout());
}

/// Their new pods do not start, and the old ones do their work.
fn what_others_roll_out_is_well_while_it_serves() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{WEB}"));
    project.apply();
    let labels = json!({"regplan.test/behaviour": "image-pull-backoff"});
    ns.patch("deployment/web", &json!({"spec": {"template": {"metadata": {"labels": labels}}}}));
    wait_until("the new pod", || ns.list("pods").len() == 2);
    project.run(["drift"]).success().stdout_contains("In sync").stdout_lacks("not ready");
    project.run(["plan"]).success().stdout_lacks("unhealthy");
    // Nobody serves any more.
    ns.patch("deployment/web", &json!({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": null}}}));
    wait_until("the old pod is gone", || ns.field("deployment/web", "/status/availableReplicas").is_null());
    project.run(["drift"]).code(2).stdout_contains("! resource.web  unhealthy");
    project.run(["plan"]).success().stdout_contains("! resource.web  unhealthy");
}

fn the_cause_is_on_the_screen_while_it_is_waited_for() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{}", web(1, "image-pull-backoff")));
    let began = Instant::now();
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("0 of 1 pod available; pod web-").until("ImagePullBackOff");
    assert!(began.elapsed() < Duration::from_secs(20), "long before the wait ends");
    apply.kill();
}

fn a_failure_that_may_not_heal_ends_the_wait_where_that_is_asked_for() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{}", web(1, "image-pull-backoff")));
    let began = Instant::now();
    let ended = project.run(["apply", "--auto-approve", "--fail-fast"]).code(1);
    ended.stderr_contains("failed resource.web").stderr_contains("ImagePullBackOff");
    assert!(began.elapsed() < Duration::from_secs(20), "it does not wait for the usual 30 s");
}

/// Without its account, no pod can be made. Nobody but the user makes it.
fn an_account_that_is_missing_ends_the_wait_where_that_is_asked_for() {
    let ns = Namespace::new();
    let account = "template.spec.serviceAccountName = \"runner\"\n";
    let daemon = web(1, "none").replace("resource.web", "resource.daemon").replace("Deployment", "DaemonSet");
    let daemon = daemon.replace("replicas = 1\n", "").replace("app = \"web\"", "app = \"daemon\"");
    for config in [web(1, "none"), daemon] {
        let project = ns.project().write("regplan.toml", &format!("{HEAD}{config}{account}"));
        let began = Instant::now();
        let ended = project.run(["apply", "--auto-approve", "--fail-fast"]).code(1);
        ended.stderr_contains("serviceaccount \"runner\" not found");
        ended.stderr_contains("failed resource.").stderr_lacks("is not ready after");
        assert!(began.elapsed() < Duration::from_mins(1), "it does not wait for ten minutes");
        // Once it is there, the controller goes on, though the last that it has said is the failure.
        let with_account = "\n[resource.runner]\napiVersion = \"v1\"\nkind = \"ServiceAccount\"\n";
        project.rewrite("regplan.toml", &format!("{HEAD}{config}{account}{with_account}"));
        project.run(["apply", "--auto-approve", "--fail-fast"]).success();
        project.run(["destroy", "--auto-approve"]).success();
    }
}

/// An event about the only pod, as others write it.
fn tell(ns: &Namespace, kind: &str, reason: &str, message: &str) {
    wait_until("the pod", || !ns.list("pods").is_empty());
    let name = ns.list("pods").remove(0);
    let uid = ns.field(&name, "/metadata/uid");
    let name = name.trim_start_matches("pod/");
    let now = jiff::Timestamp::now().to_string();
    ns.apply(
        &json!({
            "apiVersion": "v1", "kind": "Event", "metadata": { "name": format!("told-{}", reason.to_lowercase()) },
            "involvedObject": { "kind": "Pod", "name": name, "uid": uid, "namespace": ns.fill("{ns}") },
            "type": kind, "reason": reason, "message": message, "firstTimestamp": now, "lastTimestamp": now,
        })
        .to_string(),
    );
}

/// No kubelet is there for the pod's node, so the test says what one says.
fn what_a_pod_mounts_and_is_missing_is_told_while_it_is_waited_for() {
    let ns = Namespace::new();
    let nowhere = "template.spec.nodeName = \"nowhere\"\n";
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{}{nowhere}", web(1, "none")));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    let message = "MountVolume.SetUp failed for volume \"keys\" : secret \"keys\" not found";
    tell(&ns, "Warning", "FailedMount", message);
    apply.until(&format!("FailedMount: {message}"));
    apply.kill();
    let apply = project.regplan(["apply", "--auto-approve", "--fail-fast"]).spawn();
    // What was missing before this run may be there now; the kubelet says it again if it is not.
    tell(&ns, "Warning", "FailedMount", message);
    let ended = apply.wait().code(1);
    ended.stderr_contains("failed resource.web").stderr_contains("secret \"keys\" not found");
    project.run(["plan"]).success().stdout_contains("secret \"keys\" not found");
    project.run(["drift"]).code(2).stdout_contains("secret \"keys\" not found");
}

fn a_pod_without_a_node_waits_for_an_autoscaler_that_adds_one() {
    let began = Instant::now();
    let (alone, helped) = (Namespace::new(), Namespace::new());
    let config = format!("{HEAD}{}template.spec.nodeSelector = {{ on = \"none\" }}\n", web(1, "none"));
    let project = |ns| Namespace::project(ns).write("regplan.toml", &config);
    let (first, second) = (project(&alone), project(&helped));
    let arguments = ["apply", "--auto-approve", "--fail-fast"];
    let (fails, mut waits) = (first.regplan(arguments).spawn(), second.regplan(arguments).spawn());
    tell(&helped, "Normal", "TriggeredScaleUp", "pod triggered scale-up: [{nodes 1->2 (max: 3)}]");
    let ended = fails.wait().code(1);
    let (while_it_waits, after) = ended.stderr().split_once("failed resource.web").unwrap();
    assert!(
        while_it_waits.contains("Unschedulable") && after.contains("Unschedulable"),
        "{}",
        ended.stderr()
    );
    assert!(began.elapsed() > Duration::from_secs(15), "an autoscaler takes its time");
    waits.until("Unschedulable");
    assert!(!waits.has_ended(), "a node comes");
    waits.kill();
    // Without an autoscaler's word it does not wait either.
    helped.kubectl(["delete", "event", "told-triggeredscaleup"]).run().success();
    second.run(arguments).code(1).stderr_contains("Unschedulable");
}

/// The new pods take their time; nothing is wrong with them.
fn what_others_scale_is_well_while_its_pods_are_young() {
    let ns = Namespace::new();
    let config = web(1, "slow").replace("replicas = 1\n", "");
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{config}"));
    project.apply();
    ns.kubectl(["scale", "deployment/web", "--replicas=4", "--namespace={ns}"]).run().success();
    wait_until("new pods", || ns.field("deployment/web", "/status/unavailableReplicas").as_u64() > Some(0));
    project.run(["drift"]).success().stdout_contains("In sync");
    project.run(["plan"]).success().stdout_lacks("unhealthy");
}

/// cert-manager's kind, without its controllers: a test says what they would.
const CERTIFICATES: &str = r#"{
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": { "name": "certificates.cert-manager.io" },
    "spec": {
        "group": "cert-manager.io", "scope": "Namespaced",
        "names": { "plural": "certificates", "singular": "certificate", "kind": "Certificate", "listKind": "CertificateList" },
        "versions": [{
            "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
            "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } }
        }]
    }
}"#;

/// Other tests would find the kind served, so this one has a cluster of its own.
fn a_certificate_that_is_not_renewed_is_unhealthy() {
    let cluster = OwnCluster::take();
    let ns = Namespace::on(&cluster);
    ns.apply(CERTIFICATES);
    let definition = "crd/certificates.cert-manager.io";
    ns.kubectl(["wait", "--for=condition=Established", "--timeout=60s", definition]).run().success();
    let certificate = r#"
[resource.c]
apiVersion = "cert-manager.io/v1"
kind = "Certificate"
spec = { secretName = "c", dnsNames = ["c.example.com"], issuerRef = { name = "le" } }
"#;
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{certificate}"));
    let says = |ends: &str, due: &str, issuing: Option<Value>| {
        let ready = json!({"type": "Ready", "status": "True", "reason": "Ready", "message": "up to date"});
        let conditions: Vec<Value> = [ready].into_iter().chain(issuing).collect();
        ns.patch_status(
            "certificate/c",
            &json!({"notAfter": ends, "renewalTime": due, "conditions": conditions}),
        );
    };
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the certificate", || ns.find("certificate/c").is_some());
    says("2999-01-01T00:00:00Z", "2998-01-01T00:00:00Z", None);
    apply.wait().success();
    project.run(["drift"]).success();
    let unhealthy = |words: &str| {
        project.run(["drift"]).code(2).stdout_contains("! resource.c  unhealthy").stdout_contains(words);
        project.run(["plan"]).success().stdout_contains(words);
    };
    // It still says that it is ready.
    let failed =
        json!({"type": "Issuing", "status": "False", "reason": "Failed", "message": "429 rateLimited"});
    says("2999-01-01T00:00:00Z", "2020-01-01T00:00:00Z", Some(failed));
    unhealthy("429 rateLimited");
    says("2999-01-01T00:00:00Z", "2020-01-01T00:00:00Z", None);
    unhealthy("should have been renewed");
    says("2020-02-01T00:00:00Z", "2020-01-01T00:00:00Z", None);
    unhealthy("has ended, on 2020-02-01");
    project.run(["destroy", "--auto-approve"]).success();
    ns.kubectl(["delete", definition]).run().success();
    cluster.give_back();
}
