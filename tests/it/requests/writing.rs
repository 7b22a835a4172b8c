//! The requests of an apply: writes with their guards, watches, and how many at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{
    HEAD, IN_CLUSTER, Namespace, RECORD, SERVICE, Seen, WEB, config_maps, mirror_definition, wait_until,
};

tests! {
    an_apply_without_changes_writes_nothing,
    one_changed_object_is_one_write,
    every_write_carries_its_guard_and_its_manager,
    a_delete_waits_for_what_the_object_owns_and_for_nothing_else,
    a_delete_that_takes_long_is_watched_and_not_asked_about,
    outcomes_that_come_together_are_one_write_of_a_shared_journal,
    a_young_custom_resource_waits_for_what_it_owns_and_not_for_the_collector,
    parallelism_bounds_what_is_under_way,
    what_is_ready_when_it_is_written_is_not_read_again,
    what_waits_holds_no_place_among_the_writers,
    many_deployments_share_one_watch,
    warnings_of_the_server_are_shown,
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
    for write in proxy.requests().iter().filter(|seen| seen.verb == "apply" && seen.resource != RECORD) {
        let query = write.query.replace("%3A", ":");
        assert!(query.contains(&manager) && query.contains("fieldValidation=Strict"), "{query}");
    }
    for create in [create, other] {
        let metadata = &create.json()["metadata"];
        // No object has the version 1. So the write is refused unless the object does not exist.
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
    assert_eq!(delete.json()["propagationPolicy"], "Background");
}

/// Workloads wait for their pods. No controller has taken notice of the custom resource, so nothing depends on it.
fn a_delete_waits_for_what_the_object_owns_and_for_nothing_else() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    ns.apply(&mirror_definition("Namespaced")).clean_up("crd/mirrors.{prefix}.example.com");
    let mirror =
        "\n[resource.alone]\napiVersion = \"{prefix}.example.com/v1\"\nkind = \"Mirror\"\nspec.url = \"u\"\n";
    let config = format!("{HEAD}{WEB}{SERVICE}{mirror}");
    let project = ns.project().write("regplan.toml", &config).through(&proxy);
    project.apply();
    proxy.forget();
    project.run(["destroy", "--auto-approve"]).success();
    let policies: BTreeMap<String, String> = proxy
        .writes()
        .iter()
        .map(|write| {
            (write.name.clone().unwrap(), write.json()["propagationPolicy"].as_str().unwrap().to_owned())
        })
        .collect();
    let expected = [("web", "Foreground"), ("inbox", "Background"), ("alone", "Background")];
    let expected: BTreeMap<String, String> =
        expected.into_iter().map(|(name, policy)| (name.to_owned(), policy.to_owned())).collect();
    assert_eq!(policies, expected, "{}", proxy.log());
}

/// What has a finalizer goes when its owner says so. One look after each delete, and then one list and one watch
/// for all of them.
fn a_delete_that_takes_long_is_watched_and_not_asked_about() {
    const COUNT: usize = 12;
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let held = (0..COUNT).fold(HEAD.to_owned(), |mut text, index| {
        let _ = write!(
            text,
            "\n[resource.c{index}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
             metadata.finalizers = [\"regplan.test/hold\"]\n"
        );
        text
    });
    let project = ns.project().write("regplan.toml", &held).through(&proxy);
    project.apply();
    proxy.forget();
    let destroy = project.regplan(["destroy", "--auto-approve", "--parallelism", "12"]).spawn();
    wait_until("all deletes", || proxy.count("delete", "configmaps") == COUNT);
    wait_until("the watch", || proxy.count("watch", "configmaps") > 0);
    // For so long it could ask again and again.
    let began = Instant::now();
    wait_until("two seconds", || began.elapsed() > Duration::from_secs(2));
    for index in 0..COUNT {
        ns.patch(&format!("configmap/c{index}"), &json!({"metadata": {"finalizers": null}}));
    }
    destroy.wait().success();
    let requests = proxy.requests();
    let after: Vec<&Seen> = requests.iter().skip_while(|seen| seen.verb != "delete").collect();
    let count = |verb: &str| after.iter().filter(|seen| seen.is(verb, "configmaps")).count();
    let counted = ["delete", "get", "list", "watch"].map(count);
    assert_eq!(counted, [COUNT, COUNT, 1, 1], "{}", proxy.log());
}

/// While one write of the journal is under way, what becomes known waits for the next one.
fn outcomes_that_come_together_are_one_write_of_a_shared_journal() {
    const COUNT: usize = 20;
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let config = format!("{}{IN_CLUSTER}", config_maps(COUNT));
    let project = ns.project().write("regplan.toml", &config).through(&proxy);
    project.run(["state", "init"]).success();
    let journal = ns.fill("{project}.journal-");
    let is_journal = move |seen: &Seen| seen.name.as_ref().is_some_and(|name| name.starts_with(&journal));
    let is_written = is_journal.clone();
    proxy.on("update", "configmaps").only(is_written).delay(Duration::from_millis(200));
    project.run(["apply", "--auto-approve", "--parallelism", "20"]).success();
    let writes =
        proxy.requests().into_iter().filter(|seen| seen.is("update", "configmaps") && is_journal(seen));
    let writes = writes.count();
    assert!((1..COUNT / 2).contains(&writes), "{writes} writes:\n{}", proxy.log());
    ns.clean_up("namespace/{prefix}-states");
}

/// The garbage collector hears of a new kind after up to half a minute; until then it ends no deletion that waits.
fn a_young_custom_resource_waits_for_what_it_owns_and_not_for_the_collector() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    ns.apply(&mirror_definition("Namespaced")).clean_up("crd/mirrors.{prefix}.example.com");
    let mirror = |name: &str| {
        format!(
            "\n[resource.{name}]\napiVersion = \"{{prefix}}.example.com/v1\"\nkind = \"Mirror\"\nspec.url = \"u\"\n\
             lifecycle.timeouts.delete = \"5s\"\n"
        )
    };
    let config = format!("{HEAD}{}{}", mirror("noticed"), mirror("owner"));
    let project = ns.project().write("regplan.toml", &config).through(&proxy);
    project.apply();
    let notice = json!({"metadata": {"annotations": {"example.com/seen": "yes"}}});
    // Other tests have mirrors too.
    let [noticed, owner] = ["noticed", "owner"].map(|name| ns.fill("mirror.{prefix}.example.com/") + name);
    ns.patch(&noticed, &notice).patch(&owner, &notice);
    let uid = ns.get(&owner)["metadata"]["uid"].clone();
    let owned = |kind: &str, spec: &Value| {
        let owner = json!({"apiVersion": ns.fill("{prefix}.example.com/v1"), "kind": "Mirror", "name": "owner",
                           "uid": uid, "blockOwnerDeletion": true});
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "of-owner", "ownerReferences": [owner]},
               "spec": spec})
    };
    ns.apply(&owned("Pod", &json!({"containers": [{"name": "main", "image": "web:1"}]})).to_string());
    proxy.forget();
    // Whether the collector knows the kind by now is chance, and so is how the destroy ends.
    let ended = project.run(["destroy", "--auto-approve"]);
    let policy = |name: &str| {
        let writes = proxy.writes();
        let write = writes.iter().find(|write| write.name.as_deref() == Some(name)).unwrap();
        write.json()["propagationPolicy"].clone()
    };
    assert_eq!(
        (policy("noticed"), policy("owner")),
        (json!("Background"), json!("Foreground")),
        "{}",
        proxy.log()
    );
    assert!(ns.find(&noticed).is_none(), "{ended:?}");
}

/// Each write is held for half a second, and the proxy counts how many are held at the same time.
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
    // All of them are rolled out.
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

/// The answer to the write says already that it is ready.
fn what_is_ready_when_it_is_written_is_not_read_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &config_maps(20)).through(&proxy);
    project.apply();
    assert_eq!(proxy.writes().len(), 20, "{}", proxy.log());
    assert_eq!(proxy.count("get", "configmaps"), 0, "{}", proxy.log());
    assert_eq!(proxy.count("watch", "configmaps"), 0, "{}", proxy.log());
}

/// Two load balancers that wait for their addresses, and one place: the map is written all the same.
fn what_waits_holds_no_place_among_the_writers() {
    let ns = Namespace::new();
    let balancer = |name: &str| {
        format!(
            "\n[resource.{name}]\napiVersion = \"v1\"\nkind = \"Service\"\n\
             spec = {{ type = \"LoadBalancer\", ports = [{{ port = 80 }}] }}\n"
        )
    };
    let map = "\n[resource.z]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    let config = format!("{HEAD}{}{}{map}", balancer("a"), balancer("b"));
    let project = ns.project().write("regplan.toml", &config);
    let mut apply = project.regplan(["apply", "--auto-approve", "--parallelism", "1"]).spawn();
    apply.until("created resource.z");
    for name in ["a", "b"] {
        ns.patch_status(
            &format!("service/{name}"),
            &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}),
        );
    }
    apply.wait().success();
}
