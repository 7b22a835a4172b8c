//! The lock of a state that several machines share.

use rustix::process::Signal;
use serde_json::json;

use super::{HEAD, clean_up, first_machine, greeting, kept, machine, states};
use crate::force::audit::AuditLog;
use crate::harness::{BALANCER, Namespace, Project, Running, ShiftedClock, give_address, wait_until};

tests! {
    a_process_that_was_stopped_and_overtaken_writes_nothing_more,
    the_lock_of_a_killed_process_is_taken_over,
    machines_whose_clocks_are_two_hours_apart_share_a_lock,
    two_writers_do_not_write_at_once,
    a_lock_is_removed_only_when_its_process_is_gone,
}

const LEASES: &str = "leases.coordination.k8s.io";

/// The shortest times: a lock lasts for 5 s, and a request for as long.
const SHORT: [&str; 4] = ["apply", "--auto-approve", "--request-timeout", "5s"];

/// Starts an apply that has the lock, and waits for a load balancer.
#[track_caller]
pub(super) fn holder(project: &Project<'_>, ns: &Namespace) -> Running {
    let running = project.regplan(SHORT).spawn();
    wait_until("the load balancer of the apply that holds the lock", || ns.find("service/lb").is_some());
    running
}

/// Who holds the lock, as the Lease says it to people.
#[track_caller]
pub(super) fn named_holder(ns: &Namespace) -> String {
    kept(ns, "lease/{project}").unwrap()["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
}

fn two_writers_do_not_write_at_once() {
    let ns = Namespace::new();
    let first = first_machine(&ns, BALANCER);
    let mut running = holder(&first, &ns);
    let second = machine(&ns, &greeting("a"));
    let refused = second.run(["apply", "--auto-approve"]).code(1);
    let process = format!("process {}", running.id());
    refused.stderr_contains("the state is locked by").stderr_contains(&process);
    assert!(ns.find("configmap/greeting").is_none());
    // Whoever only looks needs no lock, and sees the run that is under way.
    let plan = second.run(["plan"]).success();
    plan.stderr_contains("is under way, or was killed. The lock names").stderr_contains(&process);
    let drift = second.run(["drift"]).code(2);
    drift.stdout_contains("is under way, or was killed. The lock names").stdout_contains(&process);
    let history = second.run(["history"]).success();
    history.stdout_contains("is under way, or was killed. The lock names").stdout_contains(&process);
    running.until("resource.lb");
    give_address(&ns);
    running.wait().success();
    assert_eq!(named_holder(&ns), "");
    second.apply();
    assert!(ns.find("configmap/greeting").is_some());
    clean_up(&ns);
}

fn the_lock_of_a_killed_process_is_taken_over() {
    let ns = Namespace::new();
    let first = first_machine(&ns, BALANCER);
    let running = holder(&first, &ns);
    let process = format!("process {}", running.id());
    running.kill();
    // The clock of the dead process was an hour fast: nobody looks at that.
    let lease = ns.fill("lease/{project}");
    let epoch = kept(&ns, &lease).unwrap()["spec"]["leaseTransitions"].clone();
    ns.cluster().patch(
        &states(&ns),
        &lease,
        &json!({ "spec": { "renewTime": "2099-01-01T00:00:00.000000Z" } }),
    );
    give_address(&ns);
    let second = machine(&ns, BALANCER);
    let ended = second.run(SHORT).success();
    ended.stderr_contains(&process).stderr_contains("It is taken over in");
    second.expect_settled();
    let now = kept(&ns, &lease).unwrap()["spec"]["leaseTransitions"].clone();
    assert!(now.as_i64() > epoch.as_i64(), "{epoch} -> {now}");
    clean_up(&ns);
}

fn machines_whose_clocks_are_two_hours_apart_share_a_lock() {
    let ns = Namespace::new();
    let (slow, fast) = (ShiftedClock::off_by(-3_600), ShiftedClock::off_by(3_600));
    let first = slow.machine(first_machine(&ns, BALANCER));
    let second = fast.machine(machine(&ns, BALANCER));
    let running = holder(&first, &ns);
    // By the clock of the second machine, the last sign of life is two hours old.
    second.run(SHORT).code(1).stderr_contains("the state is locked by");
    running.kill();
    give_address(&ns);
    second.run(SHORT).success().stderr_contains("It is taken over in");
    first.expect_settled();
    // The order of the revisions is that of the runs, also where the clock of a later one is behind.
    first.rewrite("regplan.toml", &format!("{HEAD}{BALANCER}{}", greeting("a")));
    first.run(SHORT).success();
    let history = second.run(["history", "--format", "json"]).success().json();
    let revisions = history["revisions"].as_array().unwrap();
    let (before, last) = (&revisions[revisions.len() - 2], &revisions[revisions.len() - 1]);
    assert_eq!(before["number"].as_u64().unwrap() + 1, last["number"].as_u64().unwrap());
    assert!(last["at"].as_str() < before["at"].as_str(), "the clocks are not apart: {history}");
    first.expect_settled();
    clean_up(&ns);
}

fn a_process_that_was_stopped_and_overtaken_writes_nothing_more() {
    let ns = Namespace::new();
    // Only the first process has this object, which no guard of another object would keep it from making.
    let late = format!(
        "{BALANCER}\n[resource.late]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndepends_on = [\"resource.lb\"]\n"
    );
    let proxy = ns.proxy();
    let token = ns.audited_administrator("first");
    let first = first_machine(&ns, &late).kubeconfig(proxy.kubeconfig_with_token(&token));
    let mut running = holder(&first, &ns);
    running.until("resource.lb");
    running.signal(Signal::STOP);
    let second = machine(&ns, BALANCER);
    give_address(&ns);
    second.run(SHORT).success().stderr_contains("It is taken over in");
    proxy.forget();
    let mut log = AuditLog::of(&ns, "first");
    let state = kept(&ns, "configmap/{project}.state").unwrap();
    let lease = kept(&ns, "lease/{project}").unwrap();
    running.signal(Signal::CONT);
    let ended = running.wait().code(1);
    ended.stderr_contains("not ours");
    // It may have tried to renew its lock, by which it finds out; the server has refused that, as the Lease shows.
    let others: Vec<_> = proxy.writes().into_iter().filter(|seen| seen.resource != LEASES).collect();
    assert!(others.is_empty(), "{}", proxy.log());
    let logged = log.as_mut().map(AuditLog::read_on).unwrap_or_default();
    let others: Vec<_> = logged.iter().filter(|change| change.object.resource != LEASES).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(ns.find("configmap/late").is_none());
    assert_eq!(kept(&ns, "configmap/{project}.state").unwrap(), state);
    assert_eq!(kept(&ns, "lease/{project}").unwrap(), lease);
    // What it had not done is done by the next run.
    first.run(SHORT).success();
    assert!(ns.find("configmap/late").is_some());
    if let Some(log) = &mut log {
        assert!(
            log.read_on().iter().any(|change| change.object.name == "late"),
            "the log is not that of this account"
        );
    }
    clean_up(&ns);
}

fn a_lock_is_removed_only_when_its_process_is_gone() {
    let ns = Namespace::new();
    let first = first_machine(&ns, BALANCER);
    let running = holder(&first, &ns);
    let id = named_holder(&ns).split(' ').next_back().unwrap().to_owned();
    let second = ns.project().write("regplan.toml", HEAD);
    let refused = second.run(["unlock", &id]).code(1);
    refused.stderr_contains("the state is locked by");
    running.kill();
    // It was not renewed since, and nobody waits for that.
    second.run(["plan"]).success().stderr_contains("is under way, or was killed. The lock names");
    second.run(["unlock", &id]).success().stderr_contains("Removed the lock of");
    assert_eq!(named_holder(&ns), "");
    second
        .run(["plan"])
        .success()
        .stderr_contains(" was killed, or could not record its end. This plan counts");
    second.run(["unlock", &id]).code(1).stderr_contains("nothing has to be unlocked");
    clean_up(&ns);
}
