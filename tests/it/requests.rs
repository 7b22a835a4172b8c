//! What a plan and an apply cost the server, and what every write carries.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{HEAD, Namespace, Proxy, Seen, config_maps};

tests! {
    unchanged_objects_cost_their_lists_and_each_changed_one_a_dry_run,
    more_unchanged_objects_cost_no_more_requests,
    dry_runs_run_side_by_side,
    an_unchanged_registry_costs_no_dry_run,
    an_expired_continuation_begins_the_list_anew,
    lists_run_side_by_side,
    a_long_list_is_read_in_pages,
    an_apply_without_changes_writes_nothing,
    one_changed_object_is_one_write,
    every_write_carries_its_guard_and_its_manager,
    parallelism_bounds_what_is_under_way,
    many_deployments_share_one_watch,
    warnings_of_the_server_are_shown,
}

/// How many requests there were of each sort.
fn counts(proxy: &Proxy) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for seen in proxy.requests() {
        let dry = if seen.dry_run { " (dry-run)" } else { "" };
        *counts.entry(format!("{} {}{dry}", seen.verb, seen.resource)).or_default() += 1;
    }
    counts
}

fn expect(proxy: &Proxy, wanted: &[(&str, usize)]) {
    let wanted: BTreeMap<String, usize> =
        wanted.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect();
    assert_eq!(counts(proxy), wanted, "{}", proxy.log());
}

/// What is read of ten objects of two types in two namespaces: discovery, which cluster this is, the pages of
/// the lists. (Namespaces are a type like others; one object of a type and namespace would be got.)
const LISTS: &[(&str, usize)] = &[
    ("get /api", 1),
    ("get /apis", 1),
    ("get namespaces", 1),
    ("list namespaces", 1),
    ("list configmaps", 2),
    ("list serviceaccounts", 2),
];

/// Four and three config maps, and two times two service accounts.
fn two_types_in_two_namespaces() -> String {
    let mut config = config_maps(4);
    let other = "metadata.namespace = \"{prefix}-b\"";
    for (kind, index, place) in
        [("ConfigMap", 10, other), ("ConfigMap", 11, other), ("ConfigMap", 12, other)].into_iter().chain([
            ("ServiceAccount", 20, ""),
            ("ServiceAccount", 21, ""),
            ("ServiceAccount", 22, other),
            ("ServiceAccount", 23, other),
        ])
    {
        let _ = write!(config, "\n[resource.r{index}]\napiVersion = \"v1\"\nkind = \"{kind}\"\n{place}\n");
    }
    config
}

fn unchanged_objects_cost_their_lists_and_each_changed_one_a_dry_run() {
    let ns = Namespace::new();
    ns.kubectl(["create", "namespace", "{prefix}-b"]).run().success();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &two_types_in_two_namespaces()).through(&proxy);
    let tries = [("apply configmaps (dry-run)", 7), ("apply serviceaccounts (dry-run)", 4)];
    project.run(["plan"]).success().stdout_contains("Plan: 11 to add");
    expect(&proxy, &[LISTS, &tries].concat());
    project.apply();
    let unchanged = || {
        proxy.forget();
        project.run(["plan", "--detailed-exitcode"]).success();
        expect(&proxy, LISTS);
    };
    // What is there as it was applied is proved by its record; without one, by the objects themselves.
    unchanged();
    project.remove(&project.state_path());
    unchanged();
    // A state that begins anew takes all of them in, which writes nothing to the cluster.
    proxy.forget();
    project.apply();
    expect(&proxy, LISTS);
    unchanged();
    // Two that change, one by the file and one by another hand.
    project.edit("regplan.toml", "\"v0\"", "\"other\"");
    ns.patch("configmap/c1", &json!({"data": {"k": "theirs"}}));
    proxy.forget();
    let changed = [LISTS, &[("apply configmaps (dry-run)", 2)]].concat();
    project.run(["plan", "--detailed-exitcode"]).code(2).stdout_contains("0 to add, 2 to change");
    expect(&proxy, &changed);
    proxy.forget();
    project.apply();
    // The writes, the review of our rights to them before the first one, and a look after each whether it is
    // ready; so too for the namespace on which they stand.
    let mut with_writes: Vec<_> =
        changed.iter().copied().filter(|(what, _)| *what != "get namespaces").collect();
    with_writes.extend([
        ("get namespaces", 2),
        ("create selfsubjectaccessreviews.authorization.k8s.io", 1),
        ("apply configmaps", 2),
        ("get configmaps", 2),
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
        // Which cluster this is, and the namespace that they are in.
        expect(&proxy, &[("get /api", 1), ("get /apis", 1), ("get namespaces", 2), ("list configmaps", 1)]);
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
    // None waits for another: neither does a client of its own accord, nor is there a queue of connections.
    let all = most("24");
    assert!((20..=24).contains(&all), "{all} of 24 at once\n{}", proxy.log());
}

/// Its secrets are read once: what the blocks must know of them is what the plan compares.
fn an_unchanged_registry_costs_no_dry_run() {
    let ns = Namespace::new();
    let example = include_str!("../../examples/registry/regplan.toml");
    let config = example
        .replace("name = \"registry\"", "name = \"{project}\"")
        .replace("= \"registry\"", "= \"{ns}\"");
    let proxy = ns.proxy();
    let project =
        ns.project().write("regplan.toml", &config).through(&proxy).env("CI_PASSWORD", "a long enough one");
    project.apply();
    proxy.forget();
    project.run(["plan", "--detailed-exitcode"]).success();
    let costs = [
        ("get /api", 1),
        ("get /apis", 1),
        ("get namespaces", 2),
        ("get configmaps", 1),
        ("get deployments.apps", 1),
        ("get ingresses.networking.k8s.io", 1),
        ("get persistentvolumeclaims", 1),
        ("get serviceaccounts", 1),
        ("get services", 1),
        ("list secrets", 1),
    ];
    expect(&proxy, &costs);
    // Nobody remembers anything: the objects are proof enough, as far as they hold what is sent word by word.
    project.remove(&project.state_path());
    proxy.forget();
    project.run(["plan", "--detailed-exitcode"]).success();
    expect(&proxy, &costs);
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
    // A list that expires again and again is given up, and what it did not show is got.
    proxy.on("list", "configmaps").only(continues).answer(410);
    proxy.forget();
    project.run(["plan", "--detailed-exitcode"]).success();
    assert_eq!(
        (proxy.count("list", "configmaps"), proxy.count("get", "configmaps")),
        (8, 2),
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

/// More than a page of them, whose names come before ours.
fn many_config_maps(ns: &Namespace) {
    let items: Vec<Value> = (0..501)
        .map(|index| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("a{index}")}}))
        .collect();
    let all = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    ns.kubectl(["create", "--filename=-"]).stdin(all).run().success();
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

fn an_apply_without_changes_writes_nothing() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &config_maps(5)).through(&proxy);
    project.apply();
    assert_eq!(proxy.writes().len(), 5, "{}", proxy.log());
    proxy.forget();
    let state = project.read(&project.state_path());
    project.apply();
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
    assert_eq!(project.read(&project.state_path()), state);
}

fn one_changed_object_is_one_write() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &config_maps(50)).through(&proxy);
    project.apply();
    assert_eq!(proxy.writes().len(), 50, "{}", proxy.log());
    project.edit("regplan.toml", "\"v17\"", "\"other\"");
    proxy.forget();
    project.apply().stdout_contains("Plan: 0 to add, 1 to change");
    let writes: Vec<String> = proxy.writes().iter().map(ToString::to_string).collect();
    assert_eq!(writes, [format!("apply configmaps -n {} c17", ns.name())]);
}

fn every_write_carries_its_guard_and_its_manager() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &config_maps(2)).through(&proxy);
    project.apply();
    project.edit("regplan.toml", "\"v0\"", "\"other\"");
    let before = ns.get("configmap/c0")["metadata"].clone();
    project.apply();
    let gone = ns.get("configmap/c1")["metadata"].clone();
    project.rewrite("regplan.toml", &config_maps(1).replace("v0", "other"));
    project.apply();
    let writes = proxy.writes();
    let log = proxy.log();
    let [create, other, update, delete] = writes.as_slice() else { panic!("{log}") };
    let manager = ns.fill("fieldManager=regplan:{project}");
    for write in proxy.requests().iter().filter(|seen| seen.verb == "apply") {
        let query = write.query.replace("%3A", ":");
        assert!(query.contains(&manager) && query.contains("fieldValidation=Strict"), "{query}");
    }
    for create in [create, other] {
        let metadata = &create.json()["metadata"];
        // No object has the version 1, and only one that does not exist accepts any.
        assert_eq!((&metadata["resourceVersion"], &metadata["uid"]), (&json!("1"), &Value::Null));
        assert_eq!(metadata["annotations"]["regplan.dev/project"], ns.project_name());
    }
    let metadata = &update.json()["metadata"];
    assert_eq!(
        (&metadata["uid"], &metadata["resourceVersion"]),
        (&before["uid"], &before["resourceVersion"])
    );
    assert_eq!((delete.verb.as_str(), delete.name.as_deref()), ("delete", Some("c1")));
    let preconditions = &delete.json()["preconditions"];
    assert_eq!(preconditions, &json!({"uid": gone["uid"], "resourceVersion": gone["resourceVersion"]}),);
    assert_eq!(delete.json()["propagationPolicy"], "Foreground");
}

/// With every write taking a while, so many at once take so long in all.
fn parallelism_bounds_what_is_under_way() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("apply", "configmaps").not_dry_run().delay(Duration::from_millis(500));
    let project = ns.project().write("regplan.toml", &config_maps(6)).through(&proxy);
    let apply = |parallelism: &str| {
        proxy.forget();
        project.run(["apply", "--auto-approve", "--parallelism", parallelism]).success();
        let config = project.read("regplan.toml").replace("data.k = \"v", "data.k = \"vv");
        project.rewrite("regplan.toml", &config);
        proxy.most_held()
    };
    assert_eq!(apply("1"), 1);
    assert_eq!(apply("2"), 2);
    let six = apply("6");
    assert!((3..=6).contains(&six), "{six} at once");
}

fn many_deployments_share_one_watch() {
    let ns = Namespace::new();
    let config = (0..12).fold(HEAD.to_owned(), |mut text, index| {
        let _ = write!(
            text,
            r#"
[resource.d{index}]
apiVersion = "apps/v1"
kind = "Deployment"

[resource.d{index}.spec]
replicas = 1
selector.matchLabels = {{ app = "d{index}" }}
template.metadata.labels = {{ app = "d{index}", "regplan.test/behaviour" = "slow" }}
template.spec.containers = [{{ name = "main", image = "web:1" }}]
"#
        );
        text
    });
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &config).through(&proxy);
    project.run(["apply", "--auto-approve", "--parallelism", "12"]).success();
    assert_eq!(proxy.count("watch", "deployments.apps"), 1, "{}", proxy.log());
    assert!(proxy.count("watch", "pods") <= 1, "{}", proxy.log());
    // Rolled out is rolled out.
    for index in 0..12 {
        assert_eq!(ns.field(&format!("deployment/d{index}"), "/status/availableReplicas"), 1);
    }
}

fn warnings_of_the_server_are_shown() {
    let ns = Namespace::new();
    let endpoints = "\n[resource.old]\napiVersion = \"v1\"\nkind = \"Endpoints\"\n\
                     subsets = [{ addresses = [{ ip = \"192.0.2.1\" }], ports = [{ port = 80 }] }]\n";
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{endpoints}"));
    project.run(["plan"]).success().stdout_contains("v1 Endpoints is deprecated");
    project.apply().stderr_contains("v1 Endpoints is deprecated");
}
