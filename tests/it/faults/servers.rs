//! Servers that stop, start again or say nothing while a run is under way.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{is_settled, project_of};
use crate::harness::{BALANCER, HEAD, Namespace, OwnCluster, config_maps, give_address, wait_until};
use crate::plane::Role;

tests! {
    a_server_that_is_restarted_within_an_apply_is_waited_for,
    a_store_that_stops_for_ten_seconds_loses_nothing,
    a_read_without_an_answer_is_asked_again_and_is_no_absence,
    a_watch_that_has_expired_again_and_again_is_begun_anew,
}

/// How long the store of the server stands still.
const STOPPED: Duration = Duration::from_secs(10);

fn a_server_that_is_restarted_within_an_apply_is_waited_for() {
    let mut cluster = OwnCluster::take();
    let ns = Namespace::on(&cluster);
    let proxy = ns.proxy();
    // Some writes reach the server only once it has stopped.
    let stopped = Arc::new(OnceLock::new());
    let until = Arc::clone(&stopped);
    let until_it_has_stopped = move || {
        until.wait();
    };
    proxy.on("apply", "configmaps").not_dry_run().after(2).times(4).first(until_it_has_stopped);
    let project = project_of(&ns, 12).through(&proxy);
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("two are made", || apply.stderr_so_far().matches("created resource.c").count() >= 2);
    cluster.stop(Role::ApiServer).unwrap();
    stopped.set(()).unwrap();
    cluster.start_again(Role::ApiServer).unwrap();
    apply.wait().success();
    is_settled(&ns, &project, 12);
    cluster.give_back();
}

fn a_store_that_stops_for_ten_seconds_loses_nothing() {
    let mut cluster = OwnCluster::take();
    let ns = Namespace::on(&cluster);
    let proxy = ns.proxy();
    proxy.on("apply", "configmaps").not_dry_run().delay(Duration::from_millis(200));
    let project = project_of(&ns, 40).through(&proxy);
    let apply = project.regplan(["apply", "--auto-approve", "--parallelism", "4"]).spawn();
    wait_until("some are made", || apply.stderr_so_far().matches("created resource.c").count() >= 8);
    cluster.freeze(Role::Etcd).unwrap();
    let stopped = Instant::now();
    wait_until("so much time has passed", || stopped.elapsed() >= STOPPED);
    cluster.thaw(Role::Etcd).unwrap();
    // Whether its requests outlive that is the server's choice. What they have done is known either way.
    let ended = apply.wait().any();
    let is_told = ["etcdserver", "timeout", "timed out"].iter().any(|words| ended.stderr().contains(words));
    let is_failed = ended.exit_code() == Some(1) && is_told;
    ended.check(ended.succeeded() || is_failed, "should have waited, or said what the server said");
    proxy.clear_faults();
    project.apply();
    is_settled(&ns, &project, 40);
    project.rewrite("regplan.toml", HEAD);
    project.apply();
    is_settled(&ns, &project, 0);
    cluster.give_back();
}

fn a_read_without_an_answer_is_asked_again_and_is_no_absence() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project_of(&ns, 3).through(&proxy);
    project.apply();
    project.rewrite("regplan.toml", &config_maps(2));
    proxy.on("list", "configmaps").hang();
    let started = Instant::now();
    let plan = project.run(["plan", "--request-timeout", "3s"]).code(1);
    plan.stdout_lacks("+ resource.c").stdout_lacks("Nothing to change").stdout_lacks("gone already");
    project.run(["drift", "--request-timeout", "3s"]).code(3);
    assert!(started.elapsed() < Duration::from_secs(30), "after {:?}", started.elapsed());
    assert_eq!(project.state()["resources"].as_object().unwrap().len(), 3);
    proxy.clear_faults();
    proxy.on("get", "configmaps").times(1).hang();
    proxy.on("list", "configmaps").times(1).cut_body(50);
    project.apply();
    is_settled(&ns, &project, 2);
}

fn a_watch_that_has_expired_again_and_again_is_begun_anew() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("watch", "services").times(3).answer(410);
    // The watch begins, and what the server says first is that it cannot go on.
    let expired = json!({"type": "ERROR", "object": {
        "apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "Expired", "code": 410,
        "message": "too old resource version",
    }});
    proxy.on("watch", "services").times(3).answer_text(200, format!("{expired}\n"));
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{BALANCER}")).through(&proxy);
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    wait_until("the watches", || proxy.count("watch", "services") > 6);
    // A real server would say so for ever to whoever goes on from the same version.
    assert!(proxy.count("list", "services") > 6, "each watch needs a new list: {}", proxy.log());
    give_address(&ns);
    apply.wait().success();
    project.expect_settled();
}
