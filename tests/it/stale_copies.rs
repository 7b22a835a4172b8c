//! Copies of a local state on several machines: one that is not the newest is noticed, and nothing is done with it.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{
    Command, FAILING, GREETING, Namespace, ObjectServer, Project, Proxy, RECORD, Seen, wait_until,
};
use crate::rollback::with_value;

tests! {
    an_older_copy_is_noticed_and_nothing_is_done_with_it,
    a_copy_that_went_another_way_is_noticed_at_the_same_serial,
    a_killed_run_is_resolved_by_the_same_folder,
    a_killed_run_is_told_to_another_copy,
    a_copy_is_the_newest_one_when_somebody_says_so,
    who_may_not_read_the_record_cannot_tell,
    who_may_not_write_the_record_is_told_once,
    a_destroyed_project_is_told_to_an_old_copy,
    a_deleted_record_is_made_again,
    garbage_in_the_record_is_no_reason_to_stop,
    a_state_that_has_moved_is_told_to_an_old_copy,
    an_old_copy_does_not_move_to_a_place_of_which_there_is_one,
    two_states_of_one_project_do_not_disturb_each_other,
    what_was_edited_without_a_run_is_the_newest,
    the_record_is_where_the_configuration_says_and_stays_there,
    the_record_is_no_resource_of_a_project,
    a_rollback_and_a_plan_file_of_an_old_copy_are_refused,
    a_plan_reads_the_record_once_and_writes_nothing,
    whoever_stops_at_once_waits_for_no_record,
    an_undo_is_recorded_as_well,
    a_copy_from_the_middle_of_a_run_is_noticed,
    of_two_copies_that_begin_at_once_one_is_refused,
    a_copy_that_is_recorded_during_a_run_stays_the_newest,
    another_state_that_is_recorded_meanwhile_is_no_reason_to_stop,
    a_namespace_that_the_run_makes_takes_the_record_at_its_end,
}

const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];
const APPLY: [&str; 2] = ["apply", "--auto-approve"];

/// A project that was applied once.
fn applied(ns: &Namespace) -> Project<'_> {
    let project = ns.project().write("regplan.toml", &with_value("one"));
    project.apply();
    project
}

/// Applies the map with this value.
fn apply(project: &Project<'_>, value: &str) {
    project.rewrite("regplan.toml", &with_value(value));
    project.apply();
}

/// Everything as it is now, on another machine.
fn copy<'n>(ns: &'n Namespace, project: &Project<'_>) -> Project<'n> {
    let other = ns.project();
    copy_folder(&project.folder(), &other.folder());
    other
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The `ConfigMap` of the record; null where there is none.
fn record(ns: &Namespace) -> Value {
    ns.cluster().find("default", &ns.fill("configmap/regplan-{project}")).unwrap_or_default()
}

/// Fails unless nothing can be done here, and the plan, an apply and drift say this.
fn expect_stale(project: &Project<'_>, told: &str) {
    let plan = project.run(PLAN).code(1);
    plan.stdout_contains(told).stdout_contains("nothing can be applied").stdout_lacks("Nothing to change");
    let apply = project.run(APPLY).code(1);
    apply.stderr_contains("nothing was done.").stderr_contains(told);
    let drift = project.run(["drift"]).any();
    drift.stdout_contains(told).stdout_lacks("In sync");
    assert!(matches!(drift.exit_code(), Some(2 | 3)), "{:?}", drift.exit_code());
}

fn an_older_copy_is_noticed_and_nothing_is_done_with_it() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let old = copy(&ns, &project);
    apply(&project, "two");
    // Even where the file is the newer one, and so nothing would be to change.
    old.rewrite("regplan.toml", &with_value("two"));
    expect_stale(&old, "is older than the newest one");
    let apply = old.run(APPLY).code(1);
    apply.stderr_contains("regplan state pull").stderr_contains("regplan state rebuild");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "two");
    let json = old.run(["plan", "--format=json"]).code(1).json();
    assert_eq!(json["newest_state"]["verdict"], "newer_elsewhere");
    old.run(["plan", "--format=markdown"]).code(1).stdout_contains("is older than the newest one");
    old.run(["destroy", "--auto-approve"]).code(1).stderr_contains("is older than the newest one");
    // The newest one is as it was, and brings the other one up to date.
    project.expect_settled();
    let pulled = project.run(["state", "pull"]).success();
    let old = old.write("newest.json", pulled.stdout());
    old.run(["state", "push", "newest.json"]).success();
    old.expect_settled();
    old.run(["drift"]).success();
}

fn a_copy_that_went_another_way_is_noticed_at_the_same_serial() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let other = copy(&ns, &project);
    apply(&project, "two");
    let newest = record(&ns);
    // As if the record had not been there: the other one goes on by itself.
    ns.cluster().delete("default", &ns.fill("configmap/regplan-{project}"));
    apply(&other, "three");
    assert_eq!(project.state()["serial"], other.state()["serial"]);
    expect_stale(&project, "have gone different ways");
    let entry = project.state()["lineage"].as_str().unwrap().to_owned();
    assert_ne!(newest["data"][&entry], record(&ns)["data"][&entry]);
    other.run(PLAN).success();
}

/// The project after an apply of this value that was killed in its write.
fn killed<'n>(ns: &'n Namespace, project: Project<'n>, value: &str) -> Project<'n> {
    let proxy = ns.proxy();
    proxy.on("apply", "configmaps").not_dry_run().named("greeting").hang();
    let project = project.through(&proxy);
    project.rewrite("regplan.toml", &with_value(value));
    let apply = project.regplan(APPLY).spawn();
    let is_of_greeting = |seen: &Seen| seen.name.as_deref() == Some("greeting");
    wait_until("the write", || proxy.writes().iter().any(is_of_greeting));
    apply.kill();
    project.kubeconfig(ns.cluster().kubeconfig())
}

fn a_killed_run_is_resolved_by_the_same_folder() {
    let ns = Namespace::new();
    let project = killed(&ns, applied(&ns), "two");
    assert!(record(&ns)["data"].to_string().contains("begun"), "{}", record(&ns));
    project.run(PLAN).code(2).stdout_lacks("newest one");
    project.apply();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "two");
    assert!(!record(&ns)["data"].to_string().contains("begun"), "{}", record(&ns));
    project.expect_settled();
}

fn a_killed_run_is_told_to_another_copy() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let other = copy(&ns, &project);
    let _project = killed(&ns, project, "two");
    expect_stale(&other, "on another copy of this state has not ended, or was killed");
}

fn a_copy_is_the_newest_one_when_somebody_says_so() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let backup = copy(&ns, &project);
    apply(&project, "two");
    backup.run(["state", "rebuild", "--no-input"]).code(1).stderr_contains("is older than the newest one");
    backup.run(["state", "rebuild", "--auto-approve"]).success().stderr_contains("is the newest one now");
    let plan = backup.run(PLAN).code(2);
    plan.stdout_contains("\"two\" -> \"one\"").stdout_lacks("newest one");
    backup.apply();
    expect_stale(&project, "have gone different ways");
}

fn who_may_not_read_the_record_cannot_tell() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "create", "patch"]}]);
    let stranger = project.kubeconfig(ns.stranger("stranger", &rules));
    let told = "Cannot tell whether the state here is the newest one";
    stranger.run(PLAN).success().stdout_contains(told).stdout_contains("Nothing to change");
    let drift = stranger.run(["drift"]).code(3);
    drift.stdout_contains(told).stdout_contains("nobody can tell whether that is the newest state");
    let json = stranger.run(["drift", "--format=json"]).code(3).json();
    assert_eq!(
        (&json["verdict"], &json["newest_state"]["verdict"]),
        (&json!("unobserved"), &json!("unknown"))
    );
    stranger.run(["drift", "--format=prometheus"]).code(3).stdout_contains("_state_is_newest{project=");
}

fn who_may_not_write_the_record_is_told_once() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let verbs = json!(["get", "list", "watch", "create", "patch"]);
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps", "namespaces"], "verbs": verbs}]);
    let reader = project.kubeconfig(ns.account("reader", &rules));
    let told = "could not be recorded in the cluster";
    reader.rewrite("regplan.toml", &with_value("two"));
    let apply = reader.apply();
    assert_eq!(apply.stderr().matches(told).count(), 1, "{}", apply.stderr());
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "two");
    // The state is ahead of what is recorded; that is nothing to worry about.
    reader.expect_settled();
    let whole = copy(&ns, &reader);
    whole.apply();
    let serial = whole.state()["serial"].clone();
    assert!(record(&ns)["data"].to_string().contains(&format!("\\\"serial\\\":{serial}")), "{}", record(&ns));
}

fn a_destroyed_project_is_told_to_an_old_copy() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let old = copy(&ns, &project);
    project.run(["destroy", "--auto-approve"]).success();
    expect_stale(&old, "ran `destroy` until");
    old.run(["plan"]).code(1).stdout_contains("nothing is left of what was applied");
    assert!(ns.find("configmap/greeting").is_none());
    // The project itself goes on.
    project.apply();
    project.expect_settled();
}

fn a_deleted_record_is_made_again() {
    let ns = Namespace::new();
    let project = applied(&ns);
    ns.cluster().delete("default", &ns.fill("configmap/regplan-{project}"));
    let told = "nothing is recorded of it in the cluster";
    project.run(PLAN).success().stdout_contains(told).stdout_contains("Nothing to change");
    project.run(["drift"]).code(3).stdout_contains(told);
    // An apply that has nothing else to do is enough.
    project.apply().stdout_contains("Nothing to change");
    project.run(["drift"]).success();
    assert_ne!(record(&ns), Value::Null);
}

fn garbage_in_the_record_is_no_reason_to_stop() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    let patch = |text: &str| {
        let data = json!({ "data": { &lineage: text, "other": "of somebody else" } });
        ns.cluster().patch("default", &ns.fill("configmap/regplan-{project}"), &data);
    };
    for garbage in ["", "no JSON at all", "{\"serial\": -1}", "[]"] {
        patch(garbage);
        project.run(PLAN).success().stdout_contains("the record in the cluster is damaged");
        project.run(["drift"]).code(3);
    }
    apply(&project, "two");
    project.run(PLAN).success().stdout_lacks("newest one");
    assert_eq!(record(&ns)["data"]["other"], "of somebody else");
}

fn a_state_that_has_moved_is_told_to_an_old_copy() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = ObjectServer::let_in(applied(&ns));
    let old = copy(&ns, &project);
    let project = project.write("new.toml", &format!("{}{}", with_value("one"), server.state("")));
    project.run(["state", "migrate", "--to", "new.toml", "--auto-approve"]).success();
    expect_stale(&old, "The state has moved to `s3://states/");
    let there = |args: &[&'static str]| project.run(["-f", "new.toml"].iter().chain(args).copied());
    there(&PLAN).success().stdout_lacks("newest one");
    // It comes back after a run there.
    project.edit("new.toml", "\"one\"", "\"two\"");
    there(&["apply", "--auto-approve", "--without", "regplan.toml"]).success();
    project.run(["state", "migrate", "--from", "new.toml", "--auto-approve"]).success();
    project.rewrite("regplan.toml", &with_value("two"));
    project.expect_settled();
    project.run(["drift"]).success();
    expect_stale(&old, "is older than the newest one");
}

/// Nobody there would notice that it is old.
fn an_old_copy_does_not_move_to_a_place_of_which_there_is_one() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = ObjectServer::let_in(applied(&ns));
    let old = ObjectServer::let_in(copy(&ns, &project));
    apply(&project, "two");
    let new = format!("{}{}", with_value("two"), server.state(""));
    let (project, old) = (project.write("new.toml", &new), old.write("new.toml", &new));
    let migrate = ["state", "migrate", "--to", "new.toml", "--auto-approve"];
    old.run(migrate)
        .code(1)
        .stderr_contains("nothing was done.")
        .stderr_contains("is older than the newest one");
    expect_stale(&old, "is older than the newest one");
    project.run(migrate).success().stderr_lacks("newest one");
    project.run(["-f", "new.toml", "plan", "--detailed-exitcode"]).success();
}

fn two_states_of_one_project_do_not_disturb_each_other() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let other = GREETING.replace("resource.greeting", "resource.other");
    let second = ns.project().write("regplan.toml", &other);
    second.apply();
    let entries = record(&ns)["data"].as_object().unwrap().len();
    assert_eq!(entries, 2);
    apply(&project, "two");
    for project in [&project, &second] {
        project.expect_settled();
        project.run(["drift"]).success();
    }
    second.run(["destroy", "--auto-approve"]).success();
    project.expect_settled();
    assert_eq!(record(&ns)["data"].as_object().unwrap().len(), 2);
}

fn what_was_edited_without_a_run_is_the_newest() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let old = copy(&ns, &project);
    project.run(["state", "mv", "resource.greeting", "resource.hello"]).success();
    project.edit("regplan.toml", "[resource.greeting]", "[resource.hello]\nmetadata.name = \"greeting\"");
    project.apply();
    project.expect_settled();
    expect_stale(&old, "is older than the newest one");
}

fn the_record_is_where_the_configuration_says_and_stays_there() {
    let ns = Namespace::new();
    let within = format!("{}\n[state]\nnamespace = \"{{ns}}\"\n", with_value("one"));
    let project = ns.project().write("regplan.toml", &within);
    project.apply();
    let old = copy(&ns, &project);
    assert!(ns.find("configmap/regplan-{project}").is_some() && record(&ns).is_null());
    // Whatever the file says later: all copies look at one place.
    apply(&project, "two");
    assert!(record(&ns).is_null());
    expect_stale(&old, "is older than the newest one");
    // Without the configuration the state itself knows the place.
    let folder = ns.fill(".regplan/{project}");
    project.run(["drift", "--state", &folder]).success();
}

fn the_record_is_no_resource_of_a_project() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let own = format!(
        "{}\n[resource.record]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
         metadata = {{ name = \"regplan-{{project}}\", namespace = \"default\" }}\n",
        with_value("one")
    );
    project.rewrite("regplan.toml", &own);
    let refused = project.run(["plan"]).code(1);
    refused.stderr_contains("it is recorded there which copy").stderr_contains("[state] namespace");
    // Nor is it written down as somebody's.
    let within = format!("{}\n[state]\nnamespace = \"{{ns}}\"\n", with_value("one"));
    let second = ns.project().write("regplan.toml", &within.replace("greeting", "other"));
    second.apply();
    let found = second.run(["import", "--from-cluster", &ns.name()]).success();
    found.stdout_lacks(&ns.fill("name = \"regplan-{project}\""));
}

fn a_rollback_and_a_plan_file_of_an_old_copy_are_refused() {
    let ns = Namespace::new();
    let project = applied(&ns);
    apply(&project, "two");
    project.rewrite("regplan.toml", &with_value("three"));
    project.run(["plan", "--out", "plan.bin"]).success();
    let old = copy(&ns, &project);
    apply(&project, "four");
    old.run(["rollback", "1", "--auto-approve"]).code(1).stderr_contains("is older than the newest one");
    old.run(["apply", "plan.bin"]).code(1);
    old.run(["plan", "--out", "other.bin"]).code(1).stderr_contains("was not written");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "four");
}

fn a_plan_reads_the_record_once_and_writes_nothing() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &with_value("one")).through(&proxy);
    let reads = || {
        let of_record = |seen: &&Seen| seen.resource == RECORD;
        let seen = proxy.requests();
        let verbs: Vec<String> = seen.iter().filter(of_record).map(|seen| seen.verb.clone()).collect();
        proxy.forget();
        verbs
    };
    project.run(["plan"]).success();
    assert_eq!(reads(), Vec::<String>::new(), "there is no state yet");
    project.apply();
    assert_eq!(reads(), ["get", "apply", "apply"], "its begin and its end");
    project.run(["plan"]).success();
    assert_eq!(reads(), ["get"]);
    project.run(["drift"]).success();
    assert_eq!(reads(), ["get"]);
    project.apply();
    assert_eq!(reads(), ["get"], "nothing was to do");
}

fn whoever_stops_at_once_waits_for_no_record() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &with_value("one")).through(&proxy);
    // The begin of the run is recorded, its end is not.
    proxy.on("apply", RECORD).after(1).hang();
    let mut apply = project.regplan(APPLY).spawn();
    wait_until("the record of its end", || proxy.count("apply", RECORD) == 2);
    let stopped = Instant::now();
    wait_until("its end", || apply.has_ended() || apply.signal(Signal::INT).has_ended());
    drop(apply);
    assert!(stopped.elapsed() < Duration::from_secs(2), "{:?}", stopped.elapsed());
    let other = copy(&ns, &project);
    proxy.clear_faults();
    // This folder and its copies have the end of the run.
    project.run(PLAN).success().stdout_lacks("newest one");
    other.run(PLAN).success();
    project.apply();
    assert!(!record(&ns)["data"].to_string().contains("begun"), "{}", record(&ns));
}

fn an_undo_is_recorded_as_well() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let old = copy(&ns, &project);
    project.rewrite("regplan.toml", &format!("{}{FAILING}", with_value("two")));
    project.run(["apply", "--auto-approve", "--rollback-on-failure"]).code(1).stderr_contains("is undone");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "one");
    project.rewrite("regplan.toml", &with_value("one"));
    project.expect_settled();
    expect_stale(&old, "is older than the newest one");
}

/// A rule that runs this once, right before the proxy passes a record on: not the first ones, so many.
fn before_a_record(proxy: &Proxy, after: usize, command: Command) {
    let command = Mutex::new(Some(command));
    let run = move || {
        if let Some(command) = command.lock().unwrap().take() {
            command.run().success();
        }
    };
    proxy.on("apply", RECORD).after(after).times(1).first(run);
}

fn of_two_copies_that_begin_at_once_one_is_refused() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let other = copy(&ns, &project);
    other.rewrite("regplan.toml", &with_value("theirs"));
    let proxy = ns.proxy();
    before_a_record(&proxy, 0, other.regplan(APPLY));
    let project = project.through(&proxy);
    project.rewrite("regplan.toml", &with_value("ours"));
    let refused = project.run(APPLY).code(1);
    refused.stderr_contains("nothing was done.").stderr_contains("is older than the newest one");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "theirs");
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
    // Nothing is left of the run that was refused.
    expect_stale(&project, "is older than the newest one");
    project.run(["history"]).success().stdout_lacks("it has no revision");
    other.expect_settled();
}

fn a_copy_that_is_recorded_during_a_run_stays_the_newest() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let other = copy(&ns, &project);
    let proxy = ns.proxy();
    // After the record of the begin, and before that of the end.
    before_a_record(&proxy, 1, other.regplan(["state", "rebuild", "--auto-approve"]));
    let project = project.through(&proxy);
    project.rewrite("regplan.toml", &with_value("two"));
    let applied = project.run(APPLY).success();
    applied.stderr_contains("another copy of it was recorded while this run was under way");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "two");
    other.run(PLAN).code(2).stdout_contains("\"two\" -> \"one\"").stdout_lacks("newest one");
    expect_stale(&project, "have gone different ways");
}

fn another_state_that_is_recorded_meanwhile_is_no_reason_to_stop() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let other = GREETING.replace("resource.greeting", "resource.other");
    let second = ns.project().write("regplan.toml", &other);
    let proxy = ns.proxy();
    before_a_record(&proxy, 0, second.regplan(APPLY));
    let project = project.through(&proxy);
    apply(&project, "two");
    for project in [&project, &second] {
        project.expect_settled();
        project.run(["drift"]).success();
    }
}

fn a_namespace_that_the_run_makes_takes_the_record_at_its_end() {
    let ns = Namespace::absent();
    let within = format!("{}\n[state]\nnamespace = \"{{ns}}\"\n", with_value("one"));
    let project = ns.project().write("regplan.toml", &within);
    project.run(APPLY).success().stderr_lacks("could not be recorded");
    assert!(ns.find("configmap/regplan-{project}").is_some());
    project.run(PLAN).success().stdout_lacks("newest one");
    let old = copy(&ns, &project);
    project.edit("regplan.toml", "one", "two");
    project.apply();
    expect_stale(&old, "is older than the newest one");
}

/// It has the journal, and so knows the run, but not all that the run has done.
fn a_copy_from_the_middle_of_a_run_is_noticed() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let proxy = ns.proxy();
    proxy.on("apply", "configmaps").not_dry_run().named("greeting").delay(Duration::from_secs(2));
    let project = project.through(&proxy);
    project.rewrite("regplan.toml", &with_value("two"));
    let apply = project.regplan(APPLY).spawn();
    let is_of_greeting = |seen: &Seen| seen.name.as_deref() == Some("greeting");
    wait_until("the write", || proxy.writes().iter().any(is_of_greeting));
    let half = copy(&ns, &project);
    apply.wait().success();
    expect_stale(&half, "have gone different ways");
    project.expect_settled();
}
