//! The requests of a plan: lists, pages and dry-runs.

use std::time::Duration;

use serde_json::json;

use super::{LISTS, expect, many_config_maps, two_types_in_two_namespaces};
use crate::harness::{Namespace, Project, Proxy, RECORD, Seen, config_maps};

tests! {
    unchanged_objects_cost_their_lists_and_each_changed_one_a_dry_run,
    more_unchanged_objects_cost_no_more_requests,
    dry_runs_run_side_by_side,
    an_unchanged_registry_costs_no_dry_run,
    a_destroy_asks_for_no_classes,
    an_expired_continuation_begins_the_list_anew,
    lists_run_side_by_side,
    a_long_list_is_read_in_pages,
}

fn unchanged_objects_cost_their_lists_and_each_changed_one_a_dry_run() {
    let ns = Namespace::new();
    ns.kubectl(["create", "namespace", "{prefix}-b"]).run().success();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &two_types_in_two_namespaces()).through(&proxy);
    // There is no state yet, so nothing is asked about the newest one.
    let lists_alone: Vec<_> = LISTS.iter().copied().filter(|(what, _)| !what.contains(RECORD)).collect();
    let tries = [("apply configmaps (dry-run)", 7), ("apply serviceaccounts (dry-run)", 4)];
    project.run(["plan"]).success().stdout_contains("Plan: 11 to add");
    // The first plan also looks for what is left of the time before, in a list each.
    let remains = [
        ("list configmaps", 3),
        ("list namespaces", 2),
        ("list secrets", 1),
        ("list deployments.apps", 1),
        ("list clusterrolebindings.rbac.authorization.k8s.io", 1),
    ];
    expect(&proxy, &[&lists_alone[..], &tries, &remains].concat());
    project.apply();
    let unchanged = || {
        proxy.forget();
        project.run(["plan", "--detailed-exitcode"]).success();
        expect(&proxy, LISTS);
    };
    // The record of the apply proves an object unchanged; without a record, the object itself does.
    unchanged();
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    project.remove(&project.state_path());
    proxy.forget();
    project.run(["plan", "--detailed-exitcode"]).success();
    expect(&proxy, &lists_alone);
    // A new state takes in all objects, and writes nothing to the cluster but that it is the newest one.
    proxy.forget();
    project.run(["apply", "--auto-approve", "--adopt-lineage", &lineage]).success();
    expect(&proxy, &[LISTS, &[("apply newest-state", 2)]].concat());
    unchanged();
    // Two objects change: one in the file, one by another manager.
    project.edit("regplan.toml", "\"v0\"", "\"other\"");
    ns.patch("configmap/c1", &json!({"data": {"k": "theirs"}}));
    proxy.forget();
    let changed = [LISTS, &[("apply configmaps (dry-run)", 2)]].concat();
    project.run(["plan", "--detailed-exitcode"]).code(2).stdout_contains("0 to add, 2 to change");
    expect(&proxy, &changed);
    proxy.forget();
    project.apply();
    // The writes, with one review of the rights before the first of them: it counts for both. Nothing is read after a write that
    // tells already that the object is ready.
    let mut with_writes: Vec<_> = changed
        .iter()
        .copied()
        .filter(|(what, _)| !["get namespaces", "get newest-state"].contains(what))
        .collect();
    // The newest state is looked at once more right before the run, and its begin and its end are recorded.
    with_writes.extend([
        ("get namespaces", 2),
        ("get newest-state", 2),
        ("apply newest-state", 2),
        ("create selfsubjectaccessreviews.authorization.k8s.io", 1),
        ("apply configmaps", 2),
    ]);
    expect(&proxy, &with_writes);
    unchanged();
    project.run(["destroy", "--auto-approve"]).success();
    ns.clean_up("namespace/{prefix}-b");
}

fn more_unchanged_objects_cost_no_more_requests() {
    for count in [2, 80] {
        let ns = Namespace::new();
        let proxy = ns.proxy();
        let project = ns.project().write("regplan.toml", &config_maps(count)).through(&proxy);
        project.apply();
        proxy.forget();
        project.run(["plan", "--detailed-exitcode"]).success();
        // The identity of the cluster, and their namespace; and the newest state.
        let costs = [("get /api", 1), ("get /apis", 1), ("get namespaces", 2), ("get newest-state", 1)];
        expect(&proxy, &[&costs[..], &[("list configmaps", 1)]].concat());
    }
}

fn dry_runs_run_side_by_side() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &config_maps(24)).through(&proxy);
    proxy.on("apply", "configmaps").only(|seen| seen.dry_run).delay(Duration::from_millis(300));
    let most = |parallelism: &str| {
        proxy.forget();
        project.run(["plan", "--parallelism", parallelism]).success();
        assert_eq!(proxy.count("apply", "configmaps"), 24, "{}", proxy.log());
        proxy.most_held()
    };
    assert_eq!(most("2"), 2, "{}", proxy.log());
    // No dry-run waits for another one: neither a rate limit of the client nor the connections delay it.
    let all = most("24");
    assert!((20..=24).contains(&all), "{all} of 24 at once\n{}", proxy.log());
}

/// The example of a registry, applied through this proxy.
fn registry<'n>(ns: &'n Namespace, proxy: &Proxy) -> Project<'n> {
    let example = include_str!("../../../examples/registry/regplan.toml");
    let config = example
        .replace("name = \"registry\"", "name = \"{project}\"")
        .replace("= \"registry\"", "= \"{ns}\"");
    let project = ns.project().write("regplan.toml", &config).through(proxy);
    let project = project.env("CI_PASSWORD", "a long enough one");
    project.apply();
    project
}

/// What is read to delete a registry, whether as a whole or by its name.
const DELETED: &[(&str, usize)] = &[
    ("get /api", 1),
    ("get /apis", 1),
    ("get newest-state", 1),
    ("get configmaps", 1),
    ("get deployments.apps", 1),
    ("get ingresses.networking.k8s.io", 1),
    ("get persistentvolumeclaims", 1),
    ("get serviceaccounts", 1),
    ("get services", 1),
    ("list secrets", 1),
];
/// What is read beside that to delete it as a whole.
const AS_A_WHOLE: &[(&str, usize)] = &[
    ("get namespaces", 2),
    ("list configmaps", 1),
    ("list deployments.apps", 1),
    ("list ingresses.networking.k8s.io", 1),
    ("list persistentvolumeclaims", 1),
    ("list serviceaccounts", 1),
    ("list services", 1),
];
/// What is read beside that to delete it by its name. What stands on the targets depends on who serves the class.
const BY_NAME: &[(&str, usize)] = &[("get namespaces", 1), ("list ingressclasses.networking.k8s.io", 1)];

/// Whoever serves an Ingress that goes, it goes. So the list is not asked for where all goes, and nothing is said of what it would
/// have told.
fn a_destroy_asks_for_no_classes() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = registry(&ns, &proxy);
    proxy.forget();
    project.run(["plan", "--destroy"]).success().stderr_lacks("controller");
    expect(&proxy, &[DELETED, AS_A_WHOLE].concat());
    proxy.forget();
    project.run(["plan", "--destroy", "--target", "registry.main"]).success().stderr_lacks("controller");
    expect(&proxy, &[DELETED, BY_NAME].concat());
    project.edit("regplan.toml", "ingress.class  = \"contour\"", "ingress = {}");
    project.run(["plan", "--destroy"]).success().stderr_lacks("controller");
    project.run(["plan"]).success().stderr_contains("ingress-nginx");
}

/// The Secrets are read once: the needs of the blocks and the plan use the same answer.
fn an_unchanged_registry_costs_no_dry_run() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = registry(&ns, &proxy);
    proxy.forget();
    project.run(["plan", "--detailed-exitcode"]).success();
    let costs = [
        ("get /api", 1),
        ("get /apis", 1),
        ("get namespaces", 2),
        ("get configmaps", 1),
        ("get deployments.apps", 1),
        ("get ingresses.networking.k8s.io", 1),
        // Which controller serves the class.
        ("list ingressclasses.networking.k8s.io", 1),
        ("get persistentvolumeclaims", 1),
        ("get serviceaccounts", 1),
        ("get services", 1),
        ("list secrets", 1),
    ];
    // Where one object was got, the rest of its type is looked through for what an older state does not know.
    let metadata = [
        ("list configmaps", 1),
        ("list deployments.apps", 1),
        ("list ingresses.networking.k8s.io", 1),
        ("list persistentvolumeclaims", 1),
        ("list serviceaccounts", 1),
        ("list services", 1),
    ];
    let record = [("get newest-state", 1)];
    // Only its log tells whether its volume is full.
    let volume = [("list pods", 1), ("get pods/log", 1)];
    expect(&proxy, &[&costs[..], &metadata, &record, &volume].concat());
    // Without a state, an object proves itself unchanged if it contains exactly what would be sent.
    project.remove(&project.state_path());
    proxy.forget();
    project.run(["plan", "--detailed-exitcode"]).success();
    expect(&proxy, &[&costs[..], &volume].concat());
}

fn an_expired_continuation_begins_the_list_anew() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &config_maps(2)).through(&proxy);
    project.apply();
    many_config_maps(&ns);
    proxy.forget();
    let continues = |seen: &Seen| seen.query.contains("continue=");
    proxy.on("list", "configmaps").only(continues).times(1).answer(410);
    project.run(["plan", "--detailed-exitcode"]).success();
    let lists = proxy.requests().into_iter().filter(|seen| seen.is("list", "configmaps"));
    assert_eq!(
        lists.map(|seen| continues(&seen)).collect::<Vec<_>>(),
        [false, true, false, true],
        "{}",
        proxy.log()
    );
    // A list that expires again and again is given up. Objects that it has not shown are read one by one.
    proxy.on("list", "configmaps").only(continues).answer(410);
    proxy.forget();
    project.run(["plan", "--detailed-exitcode"]).success();
    assert_eq!(
        (proxy.count("list", "configmaps"), proxy.count("get", "configmaps")),
        // One more round looks, for metadata alone, for what an older state does not know.
        (10, 2),
        "{}",
        proxy.log()
    );
}

fn lists_run_side_by_side() {
    let ns = Namespace::new();
    ns.kubectl(["create", "namespace", "{prefix}-b"]).run().success();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &two_types_in_two_namespaces()).through(&proxy);
    project.apply();
    proxy.on("list", "*").delay(Duration::from_millis(500));
    let most = |parallelism: &str| {
        proxy.forget();
        project.run(["plan", "--detailed-exitcode", "--parallelism", parallelism]).success();
        proxy.most_held()
    };
    assert_eq!(most("1"), 1, "{}", proxy.log());
    assert_eq!(most("2"), 2, "{}", proxy.log());
    let all = most("10");
    assert!((3..=5).contains(&all), "{all} of five at once\n{}", proxy.log());
    project.run(["destroy", "--auto-approve"]).success();
    ns.clean_up("namespace/{prefix}-b");
}

fn a_long_list_is_read_in_pages() {
    let ns = Namespace::new();
    many_config_maps(&ns);
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &config_maps(2)).through(&proxy);
    project.apply();
    proxy.forget();
    project.run(["plan", "--detailed-exitcode"]).success();
    let lists = proxy.requests().into_iter().filter(|seen| seen.is("list", "configmaps"));
    let continued: Vec<bool> = lists.map(|seen| seen.query.contains("continue=")).collect();
    assert_eq!(continued, [false, true], "{}", proxy.log());
}
