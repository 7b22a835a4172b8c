//! Runs that are killed or stopped by a signal.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::greeting;
use crate::harness::{
    BALANCER, Command, GREETING, HEAD, Namespace, Project, config_maps, give_address, wait_until,
};

tests! {
    a_killed_apply_loses_nothing,
    a_killed_first_apply_is_known_again,
    a_destroy_that_was_killed_has_lost_no_secret,
    what_a_destroy_lets_stay_is_recorded,
    a_shared_namespace_is_recorded_again_and_keeps_its_marks,
    a_disk_that_fills_up_in_mid_run_leaves_nothing_behind,
    the_first_signal_stops_gently,
    the_first_signal_ends_the_wait_for_a_value,
    the_first_signal_ends_the_wait_for_an_object_that_is_replaced,
}

fn a_killed_apply_loses_nothing() {
    let ns = Namespace::new();
    let project = ns
        .project()
        .write("regplan.toml", &format!("{GREETING}{BALANCER}depends_on = [\"resource.greeting\"]\n"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("resource.lb");
    wait_until("the service is there", || ns.find("service/lb").is_some());
    apply.kill();
    // It was written, and nobody has seen it ready.
    let plan = project.run(["plan", "--detailed-exitcode"]).code(2);
    plan.stdout_contains("Nothing to change").stdout_contains("! resource.lb  not ready yet");
    project.rewrite("regplan.toml", "[project]\nname = \"{project}\"\n");
    project.apply().stdout_contains("2 to destroy");
    assert!(ns.find("service/lb").is_none() && ns.find("configmap/greeting").is_none());
}

/// The folder knows the lineage before anything is written with it, so nobody has to agree to anything.
fn a_killed_first_apply_is_known_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("apply", "configmaps").not_dry_run().hang();
    let project = greeting(&ns).through(&proxy);
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the write", || !proxy.writes().is_empty());
    // Somebody who only looks is told.
    let plan = project.run(["plan"]).success();
    plan.stderr_contains(" is under way. This plan counts what it has recorded so far.");
    project.run(["history"]).success().stdout_contains(" is under way; it has no revision.");
    let shown = project.run(["show", "state"]).success();
    shown.stdout_contains(" is under way").stdout_lacks("or was killed");
    apply.kill();
    // The lock ends with the process.
    let plan = project.run(["plan"]).success();
    plan.stderr_contains(
        " was killed, or could not record its end. This plan counts what it has recorded so far.",
    );
    let history = project.run(["history"]).success();
    history.stdout_contains(" was killed, or could not record its end; it has no revision.");
    let shown = project.run(["show", "state"]).success();
    shown.stdout_contains(" was killed, or could not record its end").stdout_lacks("is under way");
    // As if the server had done it.
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    let marks = json!({"regplan.dev/project": ns.fill("{project}"), "regplan.dev/lineage": lineage,
        "regplan.dev/address": "resource.greeting"});
    let written = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "greeting", "annotations": marks}});
    ns.apply(&written.to_string());
    proxy.clear_faults();
    project.apply();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
    project.run(["plan", "--detailed-exitcode"]).success().stderr_lacks("has not ended");
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("1 to destroy");
}

/// What regplan itself has deleted is not lost.
fn a_destroy_that_was_killed_has_lost_no_secret() {
    let ns = Namespace::new();
    let secret = "\n[secret.token]\ngenerate = { length = 20 }\n\n[resource.login]\napiVersion = \"v1\"\n\
                  kind = \"Secret\"\nstringData.token = \"${secret.token}\"\n";
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{secret}")).through(&proxy);
    project.apply();
    let made = ns.fill("{project}-token");
    proxy.on("delete", "secrets").named(&made).hang();
    let consent = "--consent=secret.token";
    let destroy = project.regplan(["destroy", "--auto-approve", consent]).spawn();
    wait_until("the delete", || proxy.count("delete", "secrets") >= 2);
    destroy.kill();
    proxy.clear_faults();
    // As if the server had done it.
    ns.delete(&format!("secret/{made}"));
    project.run(["plan"]).success().stdout_contains("Plan: ");
    project.apply();
    project.expect_settled();
    // What somebody else has deleted is lost.
    ns.delete(&format!("secret/{made}"));
    project.run(["plan"]).code(1).stderr_contains("is lost");
}

/// A generated secret is protected. A killed run has made it and not recorded it.
fn what_a_destroy_lets_stay_is_recorded() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let secret = "\n[secret.token]\ngenerate = { length = 20 }\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{secret}")).through(&proxy);
    let made = ns.fill("secret/{project}-token");
    proxy.on("apply", "secrets").not_dry_run().done_but_hang();
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the secret", || ns.find(&made).is_some());
    apply.kill();
    proxy.clear_faults();
    project.run(["destroy", "--auto-approve"]).success();
    let uid = ns.field(&made, "/metadata/uid");
    let state = project.state();
    assert_eq!(state["resources"]["secret.token"]["uid"], uid);
    assert_eq!(state["in_doubt"], serde_json::Value::Null);
    project.run(["plan", "--destroy", "--detailed-exitcode"]).success();
    project.apply();
    project.expect_settled();
    assert_eq!(ns.field(&made, "/metadata/uid"), uid);
}

/// A namespace that blocks share is recorded like everything else that we made.
fn a_shared_namespace_is_recorded_again_and_keeps_its_marks() {
    let ns = Namespace::absent();
    let project = greeting(&ns);
    project.apply();
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    std::fs::remove_dir_all(project.path(".regplan")).unwrap();
    project.run(["apply", "--auto-approve", "--adopt-lineage", &lineage]).success();
    project.run(["drift"]).success();
    let serial = project.state()["serial"].clone();
    project.apply().stdout_contains("Nothing to change");
    assert_eq!(project.state()["serial"], serial, "nothing is left to record");
    // As if the run had been killed before the namespace was recorded.
    let address = ns.fill("namespace.{ns}");
    project.edit_state(|state| {
        state["resources"].as_object_mut().unwrap().remove(&address).unwrap();
    });
    project.apply();
    assert!(project.state()["resources"].get(&address).is_some_and(|known| known.get("applied").is_some()));
    ns.kubectl(["annotate", "namespace/{ns}", "regplan.dev/address-"]).run().success();
    project.run(["drift"]).code(2);
    project.run(["plan", "--detailed-exitcode"]).code(2).stdout_contains("only our annotations change");
    project.apply();
    project.run(["drift"]).success();
    project.expect_settled();
    project.run(["destroy", "--auto-approve", &format!("--consent={address}")]).success();
}

/// No file may grow beyond a few kilobytes, so that the journal cannot take all outcomes.
fn a_disk_that_fills_up_in_mid_run_leaves_nothing_behind() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &config_maps(12));
    let limited = "trap '' XFSZ; ulimit -f 16; exec \"$0\" apply --auto-approve";
    let full = Command::new("/bin/sh").args(["-c", limited, env!("CARGO_BIN_EXE_regplan")]);
    let full = full.folder(project.folder()).env("HOME", project.folder());
    let full = full.env("KUBECONFIG", ns.cluster().kubeconfig());
    full.run().code(1).stderr_contains("what was done cannot be recorded");
    let ours = || ns.list("configmap").into_iter().filter(|name| !name.contains("kube-root-ca")).count();
    assert_ne!(ours(), 0);
    // There is room again, and the blocks are gone: none of the writes is forgotten.
    project.rewrite("regplan.toml", HEAD);
    project.apply();
    assert_eq!(ours(), 0);
    project.expect_settled();
}

fn the_first_signal_stops_gently() {
    let ns = Namespace::new();
    let config = format!(
        "{GREETING}{BALANCER}{}",
        r#"
[resource.after]
apiVersion = "v1"
kind = "ConfigMap"
depends_on = ["resource.lb"]
"#
    );
    let project = ns.project().write("regplan.toml", &config);
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    apply.signal(rustix::process::Signal::INT);
    let ended = apply.wait().code(1);
    ended.stderr_contains("Stopped").stderr_contains("skipped resource.after");
    ended.stderr_contains("written resource.lb  not waited for");
    ended.stderr_contains("0 failed, 1 written and not waited for, 1 not tried");
    let place = |text| ended.stderr().find(text).unwrap();
    assert!(place("Stopping:") < place("written resource.lb"), "{}", ended.stderr());
    assert!(ns.find("configmap/after").is_none());
    stopped_again(&project);
    give_address(&ns);
    project.apply().stdout_contains("Plan: 1 to add");
}

/// A run that is stopped has not written what an earlier one has left unready. `kill` and Kubernetes send another signal than
/// a terminal does.
fn stopped_again(project: &Project) {
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    apply.signal(rustix::process::Signal::TERM);
    apply
        .wait()
        .code(1)
        .stderr_contains("not ready resource.lb  not waited for: an earlier run has written it");
    let mut apply = project.regplan(["apply", "--auto-approve", "--format", "json"]).spawn();
    wait_until("it waits", || apply.stdout_so_far().contains("\"waiting\""));
    apply.signal(rustix::process::Signal::INT);
    let ended = apply.wait().code(1);
    let last: Value = serde_json::from_str(ended.stdout().lines().last().unwrap()).unwrap();
    assert_eq!(
        last,
        json!({"event": "ended", "outcome": "stopped", "done": 0, "failed": 0, "unwaited": 1, "leaving": 0, "skipped": 1})
    );
}

fn the_first_signal_ends_the_wait_for_a_value() {
    let ns = Namespace::new();
    let after = r#"
[resource.lb.lifecycle]
ready = "written"

[resource.after]
apiVersion = "v1"
kind = "ConfigMap"
data = { address = "${resource.lb.status.loadBalancer.ingress[0].ip}" }
"#;
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{BALANCER}{after}"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waits for resource.lb.status.loadBalancer.ingress[0].ip");
    apply.signal(rustix::process::Signal::INT);
    apply.wait().code(1).stderr_contains("skipped resource.after");
    assert!(ns.find("configmap/after").is_none());
    project.edit(
        "regplan.toml",
        "[resource.after]\n",
        "[resource.after]\nlifecycle.timeouts.ready = \"1s\"\n",
    );
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("after 1 s");
    give_address(&ns);
    project.apply();
    project.run(["plan", "--detailed-exitcode"]).success();
}

/// An immutable `ConfigMap` that a finalizer keeps: a change of its data replaces it.
const KEPT: &str = r#"
[resource.kept]
apiVersion = "v1"
kind = "ConfigMap"
metadata.finalizers = ["example.com/held"]
immutable = true
data.k = "one"
"#;

fn free(ns: &Namespace) {
    ns.patch("configmap/kept", &json!({"metadata": {"finalizers": null}}));
}

fn the_first_signal_ends_the_wait_for_an_object_that_is_replaced() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{KEPT}"));
    project.apply();
    project.edit("regplan.toml", "\"one\"", "\"two\"");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.kept");
    let signalled = Instant::now();
    apply.signal(rustix::process::Signal::INT);
    let ended = apply.wait().code(1);
    assert!(signalled.elapsed() < Duration::from_secs(20), "{:?}", signalled.elapsed());
    ended.stderr_contains("deleting resource.kept  not waited for");
    ended.stderr_contains("once it is gone, the next apply makes the new one");
    ended.stderr_contains("1 being deleted and not waited for, 0 not tried");
    // The old object is still known, and the next plan says what has become of it.
    assert!(project.state()["resources"].get("resource.kept").is_some());
    project.run(["plan"]).code(1).stdout_contains("it is being deleted");
    free(&ns);
    wait_until("the old object is gone", || ns.find("configmap/kept").is_none());
    project.apply();
    assert_eq!(ns.field("configmap/kept", "/data/k"), "two");
    project.expect_settled();
}
