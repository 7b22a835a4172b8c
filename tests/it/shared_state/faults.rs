//! Requests about a shared state that fail as networks and busy servers make them fail: they are sent again, and what became
//! of a write without an answer is looked up.

use super::{HEAD, clean_up, first_machine, greeting, states};
use crate::harness::{Namespace, ObjectServer, Project, Proxy, QUICK_LOCK, Seen};
use crate::rollback::with_value;

tests! {
    a_cluster_that_fails_for_a_moment_is_asked_again,
    a_store_that_fails_for_a_moment_is_asked_again,
}

/// Which request fails (verb and resource), and how: the last text is the namespace of the state.
type Fault<'f> = (&'f str, &'f str, fn(&Proxy, &str, &str, &str));

/// Whether each of so many applies, and nothing else, is in the history, and the last one is what is there.
#[track_caller]
fn is_as_applied(project: &Project<'_>, applies: usize) {
    project.expect_settled();
    project.run(["drift"]).success();
    let history = project.run(["history", "--format", "json"]).success().json();
    assert_eq!(history["revisions"].as_array().map(Vec::len), Some(applies), "{history}");
    assert!(history["unfinished_run"].is_null(), "{history}");
}

fn a_cluster_that_fails_for_a_moment_is_asked_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = first_machine(&ns, &greeting("first")).through(&proxy);
    project.apply();
    let within = states(&ns);
    let lease = "leases.coordination.k8s.io";
    let faults: [Fault<'_>; 9] = [
        ("get", "configmaps", busy),
        ("get", "configmaps", reset),
        ("update", lease, busy),
        ("update", lease, reset),
        ("update", lease, unanswered),
        ("create", "configmaps", busy),
        ("create", "configmaps", unanswered),
        ("update", "configmaps", reset),
        ("update", "configmaps", unanswered),
    ];
    for (round, (verb, resource, fail)) in faults.iter().enumerate() {
        project.rewrite("regplan.toml", &format!("{HEAD}{}", greeting(&format!("round {round}"))));
        proxy.forget();
        fail(&proxy, verb, resource, &within);
        project.apply();
        proxy.clear_faults();
        assert_eq!(ns.field("configmap/greeting", "/data/hello"), format!("round {round}"));
    }
    is_as_applied(&project, faults.len() + 1);
    clean_up(&ns);
}

/// The next request of this kind about the state.
macro_rules! next {
    ($proxy:expr, $verb:expr, $resource:expr, $within:expr) => {{
        let within = $within.to_owned();
        let is_of_state = move |seen: &Seen| seen.path.contains(&within);
        $proxy.on($verb, $resource).only(is_of_state).times(1)
    }};
}

fn busy(proxy: &Proxy, verb: &str, resource: &str, within: &str) {
    next!(proxy, verb, resource, within).answer_retry_after(429, 1);
}

fn reset(proxy: &Proxy, verb: &str, resource: &str, within: &str) {
    next!(proxy, verb, resource, within).reset();
}

fn unanswered(proxy: &Proxy, verb: &str, resource: &str, within: &str) {
    next!(proxy, verb, resource, within).lose_answer();
}

fn a_store_that_fails_for_a_moment_is_asked_again() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let proxy = Proxy::before(server.address());
    let config =
        |value: &str| format!("{}{}", with_value(value), ObjectServer::state_at(proxy.url(), QUICK_LOCK));
    let project = ObjectServer::let_in(ns.project().write("regplan.toml", &config("first")));
    project.apply();
    let faults: [Fault<'_>; 10] = [
        ("get", "state.json", busy),
        ("get", "state.json", reset),
        ("update", "lock.json", busy),
        ("update", "lock.json", reset),
        ("update", "lock.json", unanswered),
        ("update", "journal/000", busy),
        ("update", "journal/000", unanswered),
        ("update", "revisions/index.json", reset),
        ("update", "state.json", unanswered),
        ("delete", "journal/000", unanswered),
    ];
    for (round, (verb, object, fail)) in faults.iter().enumerate() {
        let value = format!("round {round}");
        project.rewrite("regplan.toml", &config(&value));
        fail(&proxy, verb, "*", object);
        project.apply();
        proxy.clear_faults();
        assert_eq!(ns.field("configmap/greeting", "/data/hello"), value);
    }
    is_as_applied(&project, faults.len() + 1);
}
