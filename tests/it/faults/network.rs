//! Busy and broken servers, lost answers, killed runs.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{is_settled, project_of};
use crate::harness::{HEAD, Namespace, OwnCluster, config_maps, wait_until};
use crate::plane::Role;

tests! {
    a_busy_server_is_obeyed_when_reading,
    a_busy_server_is_obeyed_when_writing,
    an_unavailable_server_is_asked_again,
    a_reset_connection_is_made_again,
    an_answer_that_breaks_off_is_asked_for_again,
    a_create_whose_answer_was_lost_is_known_as_ours,
    an_update_whose_answer_was_lost_is_known_as_done,
    a_delete_whose_answer_was_lost_is_known_as_done,
    a_write_that_was_reset_is_written_again,
    a_foreign_object_is_not_mistaken_for_a_lost_write,
    a_write_without_any_answer_ends_and_the_next_run_goes_on,
    mistakes_that_look_like_faults_are_not_tried_again,
    a_server_that_stops_within_an_apply_is_told_and_gone_on_from,
    a_run_killed_after_its_first_write_is_gone_on_from,
    a_run_killed_among_many_writes_loses_nothing,
}

fn a_busy_server_is_obeyed_when_reading() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("list", "configmaps").times(1).answer_retry_after(429, 2);
    let project = project_of(&ns, 2).through(&proxy);
    let started = Instant::now();
    project.run(["plan"]).success().stdout_contains("Plan: 2 to add");
    assert!(started.elapsed() >= Duration::from_secs(2), "after {:?}", started.elapsed());
    // The first plan also looks in the whole cluster, for what an older stack has left.
    let own = format!("list configmaps -n {}", ns.name());
    assert_eq!(proxy.log().lines().filter(|line| *line == own).count(), 2, "{}", proxy.log());
}

fn a_busy_server_is_obeyed_when_writing() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    for status in [429, 503] {
        proxy.on("apply", "configmaps").not_dry_run().times(1).answer_retry_after(status, 2);
    }
    let project = project_of(&ns, 1).through(&proxy);
    let started = Instant::now();
    project.apply();
    assert!(started.elapsed() >= Duration::from_secs(4), "after {:?}", started.elapsed());
    assert_eq!(proxy.writes().len(), 3, "{}", proxy.log());
    is_settled(&ns, &project, 1);
}

fn an_unavailable_server_is_asked_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("list", "configmaps").times(2).answer(503);
    proxy.on("apply", "configmaps").only(|seen| seen.dry_run).times(2).answer(503);
    proxy.on("apply", "configmaps").not_dry_run().times(2).answer(429);
    let project = project_of(&ns, 2).through(&proxy);
    project.apply();
    is_settled(&ns, &project, 2);
}

fn a_reset_connection_is_made_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("list", "configmaps").times(2).reset();
    let project = project_of(&ns, 2).through(&proxy);
    project.run(["plan"]).success().stdout_contains("Plan: 2 to add");
}

fn an_answer_that_breaks_off_is_asked_for_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project_of(&ns, 2).through(&proxy);
    project.apply();
    proxy.on("list", "configmaps").times(1).cut_body(200);
    project.run(["plan", "--detailed-exitcode"]).success();
    // Half an answer is not used: an object that cannot be read is not gone.
    proxy.on("list", "configmaps").cut_body(200);
    let plan = project.run(["plan", "--request-timeout", "5s"]).code(1);
    plan.stdout_lacks("+ resource.c0").stdout_lacks("Nothing to change");
    // The same for the answer to a write.
    proxy.clear_faults();
    project.edit("regplan.toml", "\"v0\"", "\"other\"");
    proxy.on("apply", "configmaps").not_dry_run().times(1).cut_body(20);
    project.apply();
    assert_eq!(ns.field("configmap/c0", "/data/k"), "other");
    is_settled(&ns, &project, 2);
}

fn a_create_whose_answer_was_lost_is_known_as_ours() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("apply", "configmaps").not_dry_run().times(1).lose_answer();
    let project = project_of(&ns, 3).through(&proxy);
    project.apply().stderr_lacks("somebody else");
    assert_eq!(proxy.writes().len(), 3, "{}", proxy.log());
    is_settled(&ns, &project, 3);
}

fn an_update_whose_answer_was_lost_is_known_as_done() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project_of(&ns, 1).through(&proxy);
    project.apply();
    project.edit("regplan.toml", "\"v0\"", "\"other\"");
    proxy.forget();
    proxy.on("apply", "configmaps").not_dry_run().times(1).lose_answer();
    project.apply();
    assert_eq!(proxy.writes().len(), 1, "{}", proxy.log());
    assert_eq!(ns.field("configmap/c0", "/data/k"), "other");
    is_settled(&ns, &project, 1);
}

fn a_delete_whose_answer_was_lost_is_known_as_done() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project_of(&ns, 2).through(&proxy);
    project.apply();
    project.rewrite("regplan.toml", &config_maps(1));
    proxy.on("delete", "configmaps").times(1).lose_answer();
    project.apply();
    assert_eq!(proxy.count("delete", "configmaps"), 1, "{}", proxy.log());
    is_settled(&ns, &project, 1);
}

fn a_write_that_was_reset_is_written_again() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project_of(&ns, 2).through(&proxy);
    proxy.on("apply", "configmaps").not_dry_run().times(1).reset();
    project.apply();
    is_settled(&ns, &project, 2);
    project.rewrite("regplan.toml", &config_maps(1));
    proxy.on("delete", "configmaps").times(1).reset();
    project.apply();
    is_settled(&ns, &project, 1);
}

fn a_foreign_object_is_not_mistaken_for_a_lost_write() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let (cluster, path) = (ns.cluster().clone(), format!("/api/v1/namespaces/{}/configmaps", ns.name()));
    proxy.on("apply", "configmaps").not_dry_run().times(1).lose_answer();
    // Somebody else creates one with the same content, and then our second request fails.
    proxy.on("apply", "configmaps").not_dry_run().times(1).reset();
    proxy.on("get", "configmaps").named("c0").after(1).times(1).first(move || {
        let theirs =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c0"}, "data": {"k": "v0"}});
        cluster.request("POST", &path, Some(&theirs));
    });
    let project = project_of(&ns, 1).through(&proxy);
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("somebody else");
    let managers = ns.field("configmap/c0", "/metadata/managedFields");
    assert!(!managers.to_string().contains("regplan"), "{managers}");
    assert!(ns.field("configmap/c0", "/metadata/annotations").is_null());
}

fn a_write_without_any_answer_ends_and_the_next_run_goes_on() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("apply", "configmaps").named("c1").not_dry_run().hang();
    let project = project_of(&ns, 3).through(&proxy);
    let apply = project.run(["apply", "--auto-approve", "--request-timeout", "5s"]).code(1);
    apply.stderr_contains("failed resource.c1").stderr_contains("whether").stderr_contains("is not known");
    assert!(ns.find("configmap/c0").is_some() && ns.find("configmap/c2").is_some());
    proxy.clear_faults();
    project.apply().stdout_contains("Plan: 1 to add");
    is_settled(&ns, &project, 3);
}

fn mistakes_that_look_like_faults_are_not_tried_again() {
    let ns = Namespace::new();
    let crd = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "{prefix}things.test.example.com"},
        "spec": {
            "group": "test.example.com", "scope": "Namespaced",
            "names": {"plural": "{prefix}things", "kind": "Thing{prefix}"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}}}],
        },
    });
    ns.apply(&crd.to_string());
    ns.kubectl(["wait", "--for=condition=Established", "crd/{prefix}things.test.example.com"])
        .run()
        .success();
    wait_until("the kind is served", || ns.kubectl(["get", "{prefix}things"]).run().any().succeeded());
    let proxy = ns.proxy();
    let thing = r#"
[resource.thing]
apiVersion = "test.example.com/v1"
kind = "Thing{prefix}"
spec = { sise = 1 }
"#;
    let login = r#"
[resource.login]
apiVersion = "v1"
kind = "Secret"
data = { password = "no base64!" }
"#;
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{thing}{login}")).through(&proxy);
    // This mistake is found before the request. The server would answer 500.
    project.run(["plan"]).code(1).stderr_contains("the data under `password` is not base64");
    assert_eq!(proxy.count("apply", "*"), 0, "{}", proxy.log());
    project.rewrite("regplan.toml", &format!("{HEAD}{thing}"));
    let started = Instant::now();
    project.run(["plan"]).code(1).stdout_contains("sise");
    assert!(started.elapsed() < Duration::from_secs(20), "after {:?}", started.elapsed());
    assert_eq!(proxy.count("apply", "*"), 1, "{}", proxy.log());
    ns.clean_up("crd/{prefix}things.test.example.com");
}

fn a_server_that_stops_within_an_apply_is_told_and_gone_on_from() {
    let mut cluster = OwnCluster::take();
    let ns = Namespace::on(&cluster);
    let proxy = ns.proxy();
    // All writes but two are delayed until the server has stopped.
    proxy.on("apply", "configmaps").not_dry_run().after(2).delay(Duration::from_secs(4));
    let project = project_of(&ns, 6).through(&proxy);
    let apply = project.regplan(["apply", "--auto-approve", "--request-timeout", "10s"]).spawn();
    wait_until("two are made", || apply.stderr_so_far().matches("created resource.c").count() == 2);
    cluster.stop(Role::ApiServer).unwrap();
    let ended = apply.wait().code(1);
    ended.stderr_contains("failed resource.c").stderr_contains("Not complete: 2 added");
    ended.stderr_contains("4 failed, 0 not tried");
    cluster.start_again(Role::ApiServer).unwrap();
    proxy.clear_faults();
    project.apply();
    is_settled(&ns, &project, 6);
    cluster.give_back();
}

fn a_run_killed_after_its_first_write_is_gone_on_from() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    // The second write never gets an answer.
    proxy.on("apply", "configmaps").not_dry_run().after(1).hang();
    let project = project_of(&ns, 4).through(&proxy);
    let mut apply = project.regplan(["apply", "--auto-approve", "--parallelism", "1"]).spawn();
    wait_until("the first write", || proxy.writes().len() >= 2);
    apply.until("created resource.c0");
    apply.kill();
    proxy.clear_faults();
    project.apply().stdout_contains("Plan: 3 to add");
    is_settled(&ns, &project, 4);
}

fn a_run_killed_among_many_writes_loses_nothing() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("apply", "configmaps").not_dry_run().delay(Duration::from_millis(20));
    let project = project_of(&ns, 60).through(&proxy);
    // Three runs are killed, each a bit later than the one before.
    for writes in [3, 10, 15] {
        proxy.forget();
        let apply = project.regplan(["apply", "--auto-approve", "--parallelism", "8"]).spawn();
        wait_until("so many writes", || proxy.writes().len() >= writes);
        apply.kill();
    }
    project.apply();
    is_settled(&ns, &project, 60);
    // Then all objects leave the configuration, and the run is killed among its deletes.
    project.rewrite("regplan.toml", HEAD);
    proxy.forget();
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("some deletes", || proxy.count("delete", "configmaps") >= 10);
    apply.kill();
    project.apply();
    is_settled(&ns, &project, 0);
}
