//! `regplan drift`: what was applied against what is there, with rights to read and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::harness::{BALANCER, Ended, GREETING, HEAD, Namespace, Project, Proxy, WEB, config_maps};

tests! {
    what_is_as_applied_costs_its_lists_and_nothing_else,
    a_scaled_deployment_names_manager_way_and_time,
    a_removed_field_is_by_unknown,
    gone_recreated_and_ending_objects_are_told_apart,
    fields_of_others_are_no_drift,
    a_secret_changed_by_hand_is_never_shown,
    secrets_are_left_out_where_that_is_asked,
    what_cannot_be_read_is_never_in_sync,
    drift_goes_before_what_cannot_be_read,
    nothing_is_sent_but_gets_and_lists,
    a_configuration_that_lacks_everything_else_will_do,
    a_state_alone_will_do,
    without_a_state_there_is_nothing_to_compare,
    an_interrupted_run_is_told_and_what_it_left_is_in_doubt,
    a_run_that_failed_is_told_and_leaves_nothing_in_doubt,
    a_state_without_records_claims_nothing,
    another_cluster_is_refused,
    metrics_are_metrics_line_by_line,
    a_file_is_replaced_as_a_whole,
    hostile_strings_stay_strings,
    drift_looks_like_this,
}

const PASSWORD: &str = r#"
[secret.password]
env = "PASSWORD"

[resource.password]
apiVersion = "v1"
kind = "Secret"
stringData = { password = "${secret.password}" }

[resource.settings]
apiVersion = "v1"
kind = "ConfigMap"
data = { plain = "seen", secret = "password=${secret.password}" }
"#;

const VALUE: &str = "hunter2-and-more";

/// A project that is applied.
fn applied<'n>(ns: &'n Namespace, config: &str) -> Project<'n> {
    let project = ns.project().write("regplan.toml", config).env("PASSWORD", VALUE);
    project.apply();
    project
}

fn counts(proxy: &Proxy) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for seen in proxy.requests() {
        *counts.entry(format!("{} {}", seen.verb, seen.resource)).or_default() += 1;
    }
    counts
}

/// The finding about an address, in JSON.
fn finding(ended: &Ended, address: &str) -> Value {
    let all = ended.json()["resources"].as_array().unwrap().clone();
    let found = all.into_iter().find(|found| found["address"] == address);
    found.unwrap_or_else(|| panic!("nothing is said of {address}: {}", ended.stdout()))
}

fn what_is_as_applied_costs_its_lists_and_nothing_else() {
    let ns = Namespace::new();
    let account = "\n[resource.b]\napiVersion = \"v1\"\nkind = \"ServiceAccount\"\n\
                   \n[resource.a]\napiVersion = \"v1\"\nkind = \"ServiceAccount\"\n";
    let project = applied(&ns, &format!("{}{account}", config_maps(40)));
    let proxy = ns.proxy();
    let project = project.kubeconfig(proxy.kubeconfig());
    let ended = project.run(["drift"]).success();
    ended.stdout_contains("In sync: 42 resources are as last applied.");
    let costs = [
        ("get /api", 1),
        ("get /apis", 1),
        ("get namespaces", 1),
        ("list configmaps", 1),
        ("list serviceaccounts", 1),
    ];
    let costs: BTreeMap<String, usize> =
        costs.into_iter().map(|(what, count)| (what.to_owned(), count)).collect();
    assert_eq!(counts(&proxy), costs, "{}", proxy.log());
    // What has changed costs no more.
    proxy.forget();
    ns.patch("configmap/c7", &json!({"data": {"k": "other"}}));
    project.run(["drift"]).code(2).stdout_contains("Drift: 1 of 42 resources is not as last applied.");
    assert_eq!(counts(&proxy), costs, "{}", proxy.log());
}

fn a_scaled_deployment_names_manager_way_and_time() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{HEAD}{WEB}"));
    project.run(["drift"]).success();
    ns.kubectl(["scale", "deployment/web", "--replicas=3"]).run().success();
    let text = project.run(["drift"]).code(2);
    text.stdout_contains("~ resource.web  changed").stdout_contains("spec.replicas: 1 -> 3");
    // The server notes no time for what comes through this subresource.
    text.stdout_contains("by kubectl (update through scale)");
    let found = finding(&project.run(["drift", "--format", "json"]).code(2), "resource.web");
    assert_eq!(found["status"], "changed");
    let field = &found["fields"][0];
    assert_eq!((&field["path"], &field["event"]), (&json!("spec.replicas"), &json!("changed")));
    assert_eq!((&field["before"], &field["after"]), (&json!(1), &json!(3)));
    let by = &field["by"][0];
    assert_eq!((&by["manager"], &by["operation"]), (&json!("kubectl"), &json!("update")));
    assert_eq!((&by["subresource"], &by["time"]), (&json!("scale"), &Value::Null));
    ns.kubectl(["set", "image", "deployment/web", "main=web:2"]).run().success();
    let text = project.run(["drift"]).code(2);
    text.stdout_contains("containers[main].image: \"web:1\" -> \"web:2\"");
    text.stdout_contains("by kubectl-set (update, 20");
    let found = finding(&project.run(["drift", "--format", "json"]).code(2), "resource.web");
    let time = found["fields"][1]["by"][0]["time"].as_str().unwrap().to_owned();
    assert!(time.ends_with('Z'), "{time}");
    // An apply sets it right.
    project.apply();
    project.run(["drift"]).success();
}

fn a_removed_field_is_by_unknown() {
    let ns = Namespace::new();
    let project = applied(&ns, GREETING);
    ns.patch("configmap/greeting", &json!({"data": {"hello": null}}));
    let ended = project.run(["drift"]).code(2);
    ended.stdout_contains("- data.hello: \"world\" -> (removed)").stdout_contains("by unknown");
    let found = finding(&project.run(["drift", "--format", "json"]).code(2), "resource.greeting");
    assert_eq!(found["fields"][0]["event"], "removed");
    assert_eq!(found["fields"][0]["by"], json!([]));
    assert_eq!(found["fields"][0].get("after"), None);
}

fn gone_recreated_and_ending_objects_are_told_apart() {
    let ns = Namespace::new();
    let held = "metadata.finalizers = [\"example.com/held\"]\n";
    let project =
        applied(&ns, &config_maps(3).replace("data.k = \"v2\"\n", &format!("data.k = \"v2\"\n{held}")));
    ns.delete("configmap/c0").delete("configmap/c1");
    ns.apply(r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c1"}, "data": {"k": "v1"}}"#);
    ns.kubectl(["delete", "configmap/c2", "--wait=false"]).run().success();
    let text = project.run(["drift"]).code(2);
    text.stdout_contains("- resource.c0  gone").stdout_contains("-/+ resource.c1  recreated");
    text.stdout_contains("the new one was written by kubectl-client-side-apply (update");
    text.stdout_contains("- resource.c2  being deleted").stdout_contains("asked for its deletion since 20");
    text.stdout_contains("Drift: 3 of 3 resources are not as last applied.");
    let ended = project.run(["drift", "--format", "json"]).code(2);
    for (address, status) in [("c0", "gone"), ("c1", "recreated"), ("c2", "ending")] {
        assert_eq!(finding(&ended, &format!("resource.{address}"))["status"], status);
    }
    ns.patch("configmap/c2", &json!({"metadata": {"finalizers": null}}));
}

fn fields_of_others_are_no_drift() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{GREETING}{WEB}"));
    ns.patch("configmap/greeting", &json!({"data": {"theirs": "x"}, "metadata": {"labels": {"a": "b"}}}));
    ns.kubectl(["annotate", "deployment/web", "theirs=x"]).run().success();
    ns.kubectl(["rollout", "restart", "deployment/web"]).run().success();
    project.run(["drift"]).success();
    // A mark of ours is ours: without it nothing shows whose the object is.
    ns.kubectl(["annotate", "configmap/greeting", "regplan.dev/project-"]).run().success();
    project.run(["drift"]).code(2).stdout_contains("metadata.annotations[\"regplan.dev/project\"]");
}

fn a_secret_changed_by_hand_is_never_shown() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{HEAD}{PASSWORD}"));
    let theirs = "swordfish-from-elsewhere";
    let data = json!({"stringData": {"password": theirs}});
    ns.patch("secret/password", &data);
    ns.patch("configmap/settings", &json!({"data": {"secret": theirs, "plain": "changed"}}));
    let encoded = ns.field("secret/password", "/data/password");
    for format in ["text", "json", "markdown", "prometheus"] {
        let ended = project.run(["drift", "--format", format]).code(2);
        for secret in [VALUE, theirs, encoded.as_str().unwrap()] {
            ended.stdout_lacks(secret).stderr_lacks(secret);
        }
    }
    let text = project.run(["drift"]).code(2);
    text.stdout_contains("data.password: (sensitive, changed)").stdout_contains("by kubectl-patch (update");
    text.stdout_contains("data.secret: (sensitive, changed)");
    // What is beside it is no secret.
    text.stdout_contains("data.plain: \"seen\" -> \"changed\"");
    let found = finding(&project.run(["drift", "--format", "json"]).code(2), "resource.password");
    let field = &found["fields"][0];
    assert_eq!((&field["sensitive"], field.get("before"), field.get("after")), (&json!(true), None, None));
}

fn secrets_are_left_out_where_that_is_asked() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{HEAD}{PASSWORD}"));
    ns.patch("secret/password", &json!({"stringData": {"password": "other"}}));
    let proxy = ns.proxy();
    let project = project.kubeconfig(proxy.kubeconfig());
    let ended = project.run(["drift", "--no-secrets"]).success();
    ended.stdout_contains("In sync: 1 resource is as last applied.");
    ended.stdout_contains("1 Secret was left out, as asked (--no-secrets).");
    assert_eq!(proxy.count("*", "secrets"), 0, "{}", proxy.log());
    let ended = project.run(["drift", "--no-secrets", "--format", "json"]).success();
    assert_eq!(finding(&ended, "resource.password")["status"], "left_out");
    assert_eq!(ended.json()["summary"]["left_out"], 1);
    project.run(["drift", "--no-secrets", "--format", "markdown"]).success().stdout_contains("left out");
    // Without the right to read them either.
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    let project = project.kubeconfig(ns.account("reader", &rules));
    project.run(["drift", "--no-secrets"]).success();
    project.run(["drift"]).code(3);
}

fn what_cannot_be_read_is_never_in_sync() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{GREETING}{WEB}"));
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    let project = project.kubeconfig(ns.account("reader", &rules));
    let ended = project.run(["drift"]).code(3);
    ended
        .stdout_contains("? resource.web  not readable")
        .stdout_contains("it takes the right to get deployments in apps");
    ended.stdout_contains("Not known: 1 of 2 resources could not be observed; no drift in the others.");
    let found = finding(&project.run(["drift", "--format", "json"]).code(3), "resource.web");
    assert_eq!((&found["status"], &found["problem"]["kind"]), (&json!("unreadable"), &json!("forbidden")));
}

fn drift_goes_before_what_cannot_be_read() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{GREETING}{WEB}"));
    ns.patch("configmap/greeting", &json!({"data": {"hello": "moon"}}));
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    let project = project.kubeconfig(ns.account("reader", &rules));
    let ended = project.run(["drift"]).code(2);
    ended.stdout_contains("Drift: 1 of 2 resources is not as last applied.");
    ended.stdout_contains("1 more could not be observed.");
    assert_eq!(project.run(["drift", "--format", "json"]).code(2).json()["verdict"], "drift");
}

/// Under an account that may get and list what is needed, and in all that can come up: in sync, changed, gone,
/// not allowed.
fn nothing_is_sent_but_gets_and_lists() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{}{WEB}{PASSWORD}", config_maps(3)));
    let verbs = ["get", "list"];
    let rules = json!([
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": verbs},
    ]);
    ns.account("reader", &rules);
    let token = ns.kubectl(["create", "token", "reader"]).run().success().stdout().trim().to_owned();
    let proxy = ns.proxy();
    // Without the right to see kube-system, the server's URL tells whether the cluster is the same.
    let project = project.through(&proxy);
    ns.patch("configmap/c0", &json!({"data": {"k": "other"}}));
    project.apply();
    let mut known = project.state();
    known["cluster"] = json!({"server": proxy.url()});
    project.rewrite_state(&known);
    let project = project.kubeconfig(proxy.kubeconfig_with_token(&token));
    proxy.forget();
    project.run(["drift", "--no-secrets"]).success();
    ns.kubectl(["scale", "deployment/web", "--replicas=3"]).run().success();
    ns.delete("configmap/c0").patch("configmap/c1", &json!({"data": {"k": null}}));
    project.run(["drift", "--no-secrets"]).code(2);
    // Here a right is missing: nobody is asked whether that is so.
    project.run(["drift"]).code(2).stdout_contains("1 more could not be observed.");
    let sent: BTreeSet<String> = proxy.requests().into_iter().map(|seen| seen.verb).collect();
    assert_eq!(sent, BTreeSet::from(["get".to_owned(), "list".to_owned()]), "{}", proxy.log());
    assert_eq!(proxy.count("*", "selfsubjectaccessreviews.authorization.k8s.io"), 0, "{}", proxy.log());
}

fn a_configuration_that_lacks_everything_else_will_do() {
    let ns = Namespace::new();
    let more = r#"
[variable.greeting]
type = "string"

[manifest.more]
path = "more.yaml"

[resource.greeting]
apiVersion = "v1"
kind = "ConfigMap"
data = { hello = "${var.greeting}" }
"#;
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{more}{PASSWORD}")).write(
        "more.yaml",
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}, "data": {"a": "b"}}"#,
    );
    let full = project.regplan(["apply", "--auto-approve", "--var", "greeting=hi"]).env("PASSWORD", VALUE);
    full.run().success();
    project.remove("more.yaml");
    project.run(["plan"]).code(1);
    project.run(["drift"]).success().stdout_contains("In sync: 4 resources");
    // Blocks are not even looked at.
    project.edit("regplan.toml", "[manifest.more]", "[nonsense.more]");
    project.run(["drift"]).success();
    project.edit("regplan.toml", "name = \"{project}\"", "nam = \"{project}\"");
    project.run(["drift"]).code(1).stderr_contains("nam");
}

fn a_state_alone_will_do() {
    let ns = Namespace::new();
    let project = applied(&ns, GREETING);
    let alone = ns.project().write("kept/state.json", &project.read(&project.state_path()));
    alone.run(["drift"]).code(1).stderr_contains("there is no `regplan.toml`");
    alone
        .run(["drift", "--state", "kept"])
        .success()
        .stdout_contains("In sync: 1 resource is as last applied.");
    ns.patch("configmap/greeting", &json!({"data": {"hello": "moon"}}));
    alone.run(["drift", "--state", "kept"]).code(2).stdout_contains("data.hello: \"world\" -> \"moon\"");
    // With a configuration, the state must be its own.
    let other = project.path("regplan.toml");
    alone.run(["drift", "--state", "kept", "-f", other.to_str().unwrap()]).code(2);
    let stranger = alone.write("other.toml", "[project]\nname = \"other\"\n");
    stranger
        .run(["drift", "--state", "kept", "-f", "other.toml"])
        .code(1)
        .stderr_contains("is the state of the project");
    // A pod's account has no context.
    stranger
        .run(["drift", "--state", "kept", "--in-cluster", "--context", "x"])
        .code(1)
        .stderr_contains("--context");
    stranger.run(["drift", "--state", "kept", "--in-cluster"]).code(1).stderr_contains("this is no pod");
}

fn without_a_state_there_is_nothing_to_compare() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    let ended = project.run(["drift"]).code(1);
    ended.stderr_contains("there is no state at").stderr_contains("run `regplan apply` first");
    project.run(["drift", "--state", "nowhere"]).code(1).stderr_contains("nowhere/state.json");
}

fn an_interrupted_run_is_told_and_what_it_left_is_in_doubt() {
    let ns = Namespace::new();
    let late =
        "\n[resource.late]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndepends_on = [\"resource.lb\"]\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{BALANCER}{late}"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    let check = || {
        let ended = project.run(["drift"]).code(3);
        ended.stdout_contains("is under way, or was killed").stdout_contains("? resource.late  in doubt");
        ended.stdout_lacks("resource.greeting");
        let found = project.run(["drift", "--format", "json"]).code(3);
        assert_eq!(finding(&found, "resource.late")["status"], "in_doubt");
        assert_eq!(finding(&found, "resource.greeting")["status"], "in_sync");
        assert_eq!(found.json()["unfinished_run"]["end"], Value::Null);
    };
    check();
    apply.kill();
    check();
}

fn a_run_that_failed_is_told_and_leaves_nothing_in_doubt() {
    let ns = Namespace::new();
    let soon = "\n[resource.lb.lifecycle.timeouts]\nready = \"1s\"\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{BALANCER}{soon}"));
    project.run(["apply", "--auto-approve"]).code(1);
    let ended = project.run(["drift"]).success();
    ended.stdout_contains("failed in part").stdout_contains("In sync: 2 resources");
}

fn a_state_without_records_claims_nothing() {
    let ns = Namespace::new();
    let project = applied(&ns, GREETING);
    let mut known = project.state();
    known["resources"]["resource.greeting"].as_object_mut().unwrap().remove("applied");
    project.rewrite_state(&known);
    let ended = project.run(["drift"]).code(3);
    ended
        .stdout_contains("resource.greeting  not recorded")
        .stdout_contains("the next `regplan apply` makes the record");
    // That it is gone shows all the same.
    ns.delete("configmap/greeting");
    project.run(["drift"]).code(2).stdout_contains("gone");
    project.apply();
    project.run(["drift"]).success();
}

fn another_cluster_is_refused() {
    let ns = Namespace::new();
    let project = applied(&ns, GREETING);
    let mut known = project.state();
    known["cluster"]["uid"] = json!("00000000-0000-0000-0000-000000000000");
    project.rewrite_state(&known);
    project.run(["drift"]).code(1).stderr_contains("this is the wrong cluster");
}

/// One sample of the text format: name, labels, value. Fails on what is none.
fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let (name, rest) = line.split_once('{').unwrap_or_else(|| panic!("no labels: {line}"));
    assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{line}");
    let mut labels = BTreeMap::new();
    let mut rest = rest;
    loop {
        let (key, value) = rest.split_once("=\"").unwrap();
        let mut text = String::new();
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next().unwrap_or_else(|| panic!("a label does not end: {line}")) {
                (at, '"') => break at,
                (_, '\\') => match chars.next().unwrap().1 {
                    'n' => text.push('\n'),
                    c @ ('\\' | '"') => text.push(c),
                    c => panic!("\\{c} is no escape: {line}"),
                },
                (_, c) => text.push(c),
            }
        };
        assert!(labels.insert(key.to_owned(), text).is_none(), "{line}");
        rest = &value[end + 1..];
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => break,
        }
    }
    let value = rest.strip_prefix("} ").unwrap_or_else(|| panic!("{line}"));
    (name.to_owned(), labels, value.parse().unwrap())
}

/// All samples, after a look at the whole: HELP and TYPE before each metric, all of a metric together, none twice.
fn samples(page: &str) -> Vec<(String, BTreeMap<String, String>, f64)> {
    assert!(page.ends_with('\n'));
    let mut described = Vec::new();
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(about) = line.strip_prefix("# HELP ") {
            let name = about.split(' ').next().unwrap().to_owned();
            assert_eq!(lines.next(), Some(format!("# TYPE {name} gauge").as_str()));
            assert!(!described.contains(&name), "{name} is described twice");
            described.push(name);
        } else {
            let (name, labels, value) = sample(line);
            assert_eq!(described.last(), Some(&name), "{line}");
            assert!(!found.iter().any(|(n, l, _)| (n, l) == (&name, &labels)), "twice: {line}");
            found.push((name, labels, value));
        }
    }
    found
}

fn metrics_are_metrics_line_by_line() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{GREETING}{WEB}"));
    let page = project.run(["drift", "--format", "prometheus"]).success();
    let value = |page: &Ended, name: &str, label: (&str, &str)| {
        let all = samples(page.stdout());
        let mut wanted = all.iter().filter(|(n, labels, _)| {
            n == name && (label.0.is_empty() || labels.get(label.0).is_some_and(|value| value == label.1))
        });
        let found = wanted.next().map(|(_, labels, value)| (labels.clone(), *value));
        assert!(wanted.next().is_none(), "{name} is there more than once");
        found.map(|(labels, value)| {
            assert_eq!(labels["project"], ns.project_name());
            value
        })
    };
    assert_eq!(value(&page, "regplan_drift_resources", ("", "")), Some(2.0));
    assert_eq!(value(&page, "regplan_drift_detected", ("", "")), Some(0.0));
    assert_eq!(value(&page, "regplan_drift_status", ("status", "in_sync")), Some(2.0));
    assert_eq!(value(&page, "regplan_drift_status", ("status", "gone")), Some(0.0));
    assert_eq!(value(&page, "regplan_drift_resource", ("", "")), None);
    let then = value(&page, "regplan_drift_last_run_timestamp_seconds", ("", "")).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - 600.0..=now).contains(&then), "{then} is not {now}");
    ns.kubectl(["scale", "deployment/web", "--replicas=3"]).run().success();
    ns.delete("configmap/greeting");
    let page = project.run(["drift", "--format", "prometheus"]).code(2);
    assert_eq!(value(&page, "regplan_drift_detected", ("", "")), Some(1.0));
    assert_eq!(value(&page, "regplan_drift_status", ("status", "changed")), Some(1.0));
    assert_eq!(value(&page, "regplan_drift_resource", ("address", "resource.greeting")), Some(1.0));
    assert_eq!(value(&page, "regplan_drift_resource", ("kind", "Deployment.apps")), Some(1.0));
    assert_eq!(value(&page, "regplan_drift_fields", ("manager", "kubectl")), Some(1.0));
    assert_eq!(value(&page, "regplan_drift_unobserved", ("", "")), Some(0.0));
}

fn a_file_is_replaced_as_a_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let ns = Namespace::new();
    let project = applied(&ns, GREETING);
    let run = |args: [&str; 5]| project.run(args);
    let ended = run(["drift", "--format", "prometheus", "--output", "m.prom"]).success();
    assert_eq!(ended.stdout(), "");
    ended.stderr_contains("In sync: 1 resource is as last applied.");
    let first = project.read("m.prom");
    samples(&first);
    let mode = std::fs::metadata(project.path("m.prom")).unwrap().permissions().mode();
    assert_eq!(mode & 0o444, 0o444, "a collector cannot read it: {mode:o}");
    ns.delete("configmap/greeting");
    // Who reads the old file goes on reading it: it is another file by now.
    let old = std::fs::File::open(project.path("m.prom")).unwrap();
    run(["drift", "--format", "prometheus", "--output", "m.prom"]).code(2);
    assert_eq!(std::io::read_to_string(old).unwrap(), first);
    assert_ne!(project.read("m.prom"), first);
    let left: Vec<_> =
        std::fs::read_dir(project.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("unfinished")), "{left:?}");
    run(["drift", "--format", "text", "--output", "drift.txt"]).code(2);
    assert!(project.read("drift.txt").contains("gone"));
    run(["drift", "--format", "json", "--output", "no/such/folder.json"])
        .code(1)
        .stderr_contains("no/such/folder.json");
}

fn hostile_strings_stay_strings() {
    let ns = Namespace::new();
    let project = applied(
        &ns,
        &format!(
            "{HEAD}{}",
            "\n[resource.a]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"v\"\nmetadata.annotations.note = \"mine\"\n"
        ),
    );
    let value = "\u{1b}[2Jx|y`z``</code></details><b>@all</b>\r\u{202e}";
    let patch = json!({"data": {"k": value}, "metadata": {"annotations": {"note": value}}}).to_string();
    let manager = "--field-manager=ev|l`\"\\<b>@team#1";
    ns.kubectl(["patch", "configmap/a", "--type=merge", "--patch", &patch, manager]).run().success();
    for format in ["text", "json", "markdown", "prometheus"] {
        let ended = project.run(["drift", "--format", format]).code(2);
        let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        let raw =
            if format == "json" { ended.stdout().replace('\u{202e}', "") } else { ended.stdout().to_owned() };
        assert!(!raw.contains(steers), "{format}: {raw:?}");
    }
    let text = project.run(["drift"]).code(2);
    text.stdout_contains("\\u{202e}").stdout_contains("by ev|l`\"\\<b>@team#1 (update");
    let page = project.run(["drift", "--format", "markdown"]).code(2);
    for raw in ["`", "<b>", "@", "\\"] {
        page.stdout_lacks(raw);
    }
    // Four columns in each row, whatever is in them.
    for row in page.stdout().lines().filter(|line| line.starts_with('|')) {
        assert_eq!(row.matches('|').count(), 5, "{row}");
    }
    assert_eq!(page.stdout().matches("<details>").count(), page.stdout().matches("</details>").count());
    let page = project.run(["drift", "--format", "prometheus"]).code(2);
    let all = samples(page.stdout());
    let fields = all.iter().find(|(name, ..)| name == "regplan_drift_fields").unwrap();
    assert_eq!(fields.1["manager"], "ev|l`\"\\<b>@team#1");
    let found = finding(&project.run(["drift", "--format", "json"]).code(2), "resource.a");
    assert_eq!(found["fields"][0]["after"], value);
}

/// One of each, as a reader sees it.
fn drift_looks_like_this() {
    let ns = Namespace::new();
    let text = "\n[resource.text]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.\"config.yml\" = \"a: 1\\nb: 2\\nc: 3\\n\"\n";
    let project = applied(&ns, &format!("{}{WEB}{PASSWORD}{text}", config_maps(3)));
    ns.kubectl(["scale", "deployment/web", "--replicas=3"]).run().success();
    ns.patch("secret/password", &json!({"stringData": {"password": "other"}}));
    ns.delete("configmap/c0").delete("configmap/c1");
    ns.apply(r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c1"}}"#);
    ns.patch("configmap/c2", &json!({"data": {"k": null}}));
    ns.patch("configmap/text", &json!({"data": {"config.yml": "a: 1\nb: two\nc: 3\n"}}));
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get", "list"]},
                       {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"],
                        "resourceNames": ["web"]}]);
    let extra = "\n[resource.s]\napiVersion = \"v1\"\nkind = \"ServiceAccount\"\n";
    project.rewrite("regplan.toml", &format!("{}{WEB}{PASSWORD}{text}{extra}", config_maps(3)));
    // A second state, which knows an account that the reader may not see.
    let all = applied(&ns, &format!("{HEAD}{extra}").replace("{project}", "{project}-b"));
    let other: Value = serde_json::from_str(&all.read(&ns.fill(".regplan/{project}-b/state.json"))).unwrap();
    let mut known = project.state();
    known["resources"]["resource.s"] = other["resources"]["resource.s"].clone();
    project.rewrite_state(&known);
    let project = project.kubeconfig(ns.account("reader", &rules));
    // Wide enough for every name: where lines end is tried in `report::drift`.
    let shown = project.regplan(["drift"]).env("COLUMNS", "300").run().code(2);
    project.snapshot("drift_text", shown.stdout());
    let shown = project.run(["drift", "--format", "markdown"]).code(2);
    project.snapshot("drift_markdown", shown.stdout());
}
