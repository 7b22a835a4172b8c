//! Answers that do not say whether a write was done: it is looked up, and where that fails it is in doubt.

use serde_json::json;

use super::{is_settled, project_of};
use crate::harness::{HEAD, Namespace, Proxy, wait_until};

tests! {
    a_write_with_an_ambiguous_answer_is_known_as_done,
    a_write_that_was_not_done_is_not_taken_for_one_that_was,
    a_create_that_others_change_before_it_is_looked_up_is_known_as_ours,
    an_update_that_others_change_before_it_is_looked_up_is_in_doubt,
    a_write_with_ambiguous_answers_only_is_in_doubt_and_found,
    an_update_that_was_done_and_not_recorded_is_recorded_by_the_next_apply,
}

/// Each object gets another answer that says nothing about whether its write was done.
fn answer_ambiguously(proxy: &Proxy, verb: &str) {
    let on = |name| proxy.on(verb, "configmaps").named(name).not_dry_run().times(1);
    on("c0").done_but_answer(500, "etcdserver: request timed out");
    on("c1").done_but_answer(500, "etcdserver: leader changed");
    on("c2").done_but_answer(408, "Timeout: request did not complete within requested timeout");
    on("c3").done_but_answer_plain(408);
    on("c4").done_but_answer_plain(502);
    on("c5").done_but_answer_plain(507);
    on("c6").done_but_answer_plain(520);
    on("c7").done_but_answer(500, "Internal error occurred: nobody knows");
}

fn a_write_with_an_ambiguous_answer_is_known_as_done() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project_of(&ns, 8).through(&proxy);
    answer_ambiguously(&proxy, "apply");
    project.apply();
    assert_eq!(proxy.writes().len(), 8, "{}", proxy.log());
    is_settled(&ns, &project, 8);
    project.edit("regplan.toml", "data.k = \"v", "data.k = \"w");
    proxy.forget();
    answer_ambiguously(&proxy, "apply");
    project.apply().stdout_contains("8 to change");
    assert_eq!(proxy.writes().len(), 8, "{}", proxy.log());
    is_settled(&ns, &project, 8);
    proxy.forget();
    answer_ambiguously(&proxy, "delete");
    project.rewrite("regplan.toml", HEAD);
    project.apply();
    assert_eq!(proxy.count("delete", "configmaps"), 8, "{}", proxy.log());
    is_settled(&ns, &project, 0);
}

/// The same answers, and this time nothing was written.
fn a_write_that_was_not_done_is_not_taken_for_one_that_was() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project_of(&ns, 2).through(&proxy);
    for name in ["c0", "c1"] {
        proxy.on("apply", "configmaps").named(name).not_dry_run().times(1).answer(500);
    }
    let first = project.run(["apply", "--auto-approve"]).any();
    let is_there = |name: &str| ns.find(&format!("configmap/{name}")).is_some();
    // Whether it is written once more in this run or in the next one: what is said to be there is there.
    for name in ["c0", "c1"] {
        assert_eq!(
            first.stderr().contains(&format!("created resource.{name}")),
            is_there(name),
            "{}",
            first.stderr()
        );
    }
    let all_are_there = ["c0", "c1"].into_iter().all(is_there);
    assert_eq!(first.exit_code() == Some(0), all_are_there, "{}", first.stderr());
    proxy.clear_faults();
    project.run(["apply", "--auto-approve"]).success();
    is_settled(&ns, &project, 2);
}

fn a_create_that_others_change_before_it_is_looked_up_is_known_as_ours() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let (cluster, path) = (ns.cluster().clone(), format!("/api/v1/namespaces/{}/configmaps/c0", ns.name()));
    proxy.on("apply", "configmaps").not_dry_run().times(1).done_but_answer_plain(502);
    proxy.on("get", "configmaps").named("c0").after(1).times(1).first(move || {
        let changed = json!({"data": {"k": "theirs"}});
        cluster.request("PATCH", &path, Some(&changed));
    });
    let project = project_of(&ns, 1).through(&proxy);
    project.apply();
    assert_eq!(ns.field("configmap/c0", "/data/k"), "theirs");
    project.rewrite("regplan.toml", HEAD);
    project.apply().stdout_contains("1 to destroy");
    is_settled(&ns, &project, 0);
}

fn an_update_that_others_change_before_it_is_looked_up_is_in_doubt() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let (cluster, path) = (ns.cluster().clone(), format!("/api/v1/namespaces/{}/configmaps/c0", ns.name()));
    let project = project_of(&ns, 1).through(&proxy);
    project.apply();
    project.edit("regplan.toml", "\"v0", "\"other");
    proxy.forget();
    let lost = proxy.on("apply", "configmaps").not_dry_run().times(1);
    lost.done_but_answer(500, "etcdserver: request timed out");
    proxy.on("get", "configmaps").named("c0").after(1).times(1).first(move || {
        let changed = json!({"data": {"k": "theirs"}});
        cluster.request("PATCH", &path, Some(&changed));
    });
    let apply = project.run(["apply", "--auto-approve"]).code(1);
    apply.stderr_contains("was written is not known").stderr_contains("data.k");
    assert_eq!(ns.field("configmap/c0", "/data/k"), "theirs", "what others wrote was not approved");
    let state = project.state();
    assert_eq!(state["in_doubt"][0]["address"], "resource.c0", "{state:#}");
    project.run(["drift"]).code(3);
    project.apply().stdout_contains("\"theirs\" -> \"other\"");
    project.run(["drift"]).success();
    is_settled(&ns, &project, 1);
}

fn a_write_with_ambiguous_answers_only_is_in_doubt_and_found() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy
        .on("apply", "configmaps")
        .named("c0")
        .not_dry_run()
        .done_but_answer(500, "etcdserver: leader changed");
    // It cannot be looked up either.
    proxy.on("get", "configmaps").named("c0").after(1).answer(403);
    let project = project_of(&ns, 1).through(&proxy);
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("is not known");
    proxy.clear_faults();
    project.rewrite("regplan.toml", HEAD);
    project.apply().stdout_contains("1 to destroy");
    assert!(ns.find("configmap/c0").is_none());
    is_settled(&ns, &project, 0);
}

fn an_update_that_was_done_and_not_recorded_is_recorded_by_the_next_apply() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = project_of(&ns, 2).through(&proxy);
    project.apply();
    project.edit("regplan.toml", "\"v0", "\"other");
    proxy.on("apply", "configmaps").not_dry_run().done_but_hang();
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the update is done", || ns.field("configmap/c0", "/data/k") == "other");
    apply.kill();
    proxy.clear_faults();
    project.run(["drift"]).code(3);
    project.apply();
    project.run(["drift"]).success();
    is_settled(&ns, &project, 2);
}
