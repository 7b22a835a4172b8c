//! `apply --rollback-on-failure`: a run that fails is undone, and what could not be undone is refused.

use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{
    Ended, FAILING, GREETING, IN_CLUSTER, Namespace, ObjectServer, Project, custom_object, definition,
};
use crate::kept_secrets::{FIRST, Keys};
use crate::rollback::{applied, definition_text, with_secret, with_value};

tests! {
    a_run_that_fails_is_undone,
    programs_are_told_of_an_undo_by_events,
    a_run_whose_state_is_in_the_cluster_is_undone_with_its_secrets,
    a_run_whose_state_is_in_a_store_is_undone_with_its_secrets,
    a_first_run_that_fails_leaves_nothing_behind,
    what_stays_after_an_undo_is_said,
    an_undo_touches_nothing_else_and_no_protected_object,
    what_could_not_be_undone_is_refused_before_it_begins,
    what_no_revision_has_is_not_undone_by_a_delete,
    what_others_lose_with_a_namespace_is_not_undone,
    a_moved_object_moves_back,
    an_undo_lets_definitions_stay,
    an_undo_looks_for_what_is_in_doubt,
    a_plan_file_is_undone_too,
    a_run_that_is_stopped_stays_as_it_is,
    an_undo_that_was_killed_is_finished_by_a_rollback,
    an_undo_writes_nothing_that_the_run_did_not,
    an_undo_sets_nothing_back_that_others_changed_meanwhile,
    a_refused_write_of_what_has_drifted_hinders_no_undo,
    the_data_of_a_claim_is_not_undone,
    what_no_revision_has_whole_is_not_undone,
}

/// What fails when there was time to tell that it is waited for.
fn failing_later() -> String {
    FAILING.replace("1s", "4s")
}

fn undoing(project: &Project<'_>) -> Ended {
    project.run(["apply", "--auto-approve", "--rollback-on-failure"]).code(1)
}

fn a_run_that_fails_is_undone() {
    let ns = Namespace::new();
    let old = "\n[resource.old]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    let project = applied(&ns, &[format!("{}{old}", with_value("good"))]);
    project.rewrite("regplan.toml", &format!("{}{FAILING}", with_value("bad")));
    let ended = undoing(&project);
    ended.stderr_contains("failed resource.lb").stderr_contains("undoing what this run wrote");
    ended.stderr_contains("what this run wrote is undone.");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    assert!(ns.find("service/lb").is_none() && ns.find("configmap/old").is_some());
    project.run(["drift"]).success();
    project.run(["history"]).success().stdout_contains("rollback 1");
    // A run that does not fail is a run like any other.
    project.rewrite("regplan.toml", &format!("{}{old}", with_value("better")));
    project.run(["apply", "--auto-approve", "--rollback-on-failure"]).success();
    project.expect_settled();
}

fn programs_are_told_of_an_undo_by_events() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &with_value("good"));
    let run = |code| {
        let flags = ["apply", "--auto-approve", "--rollback-on-failure", "--format", "json"];
        let ended = project.run(flags).code(code);
        let values = serde_json::Deserializer::from_str(ended.stdout()).into_iter();
        let values: Vec<Value> = values.collect::<Result<_, _>>().unwrap();
        // People read the other stream.
        assert_eq!(ended.stderr().contains("failed resource.lb"), code == 1, "{}", ended.stderr());
        values
    };
    let events = run(0);
    assert_eq!(
        events.last().unwrap(),
        &json!({"event": "ended", "outcome": "completed", "done": 1, "failed": 0, "unwaited": 0, "leaving": 0, "skipped": 0})
    );
    project.rewrite("regplan.toml", &format!("{}{FAILING}", with_value("bad")));
    let events = run(1);
    assert_eq!(events[0]["format_version"], "1");
    assert!(events[1..].iter().all(|event| event["event"].is_string()), "{events:#?}");
    let undoing = events.iter().position(|event| event["event"] == "undoing").unwrap();
    assert_eq!(events[undoing]["plan"]["revision"], 1);
    assert_eq!(events[undoing + 1]["event"], "started");
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["outcome"], &last["staying"]),
        (&json!("ended"), &json!("undone"), &json!([]))
    );
    // Where there is nothing to do, no run begins.
    project.rewrite("regplan.toml", &with_value("good"));
    assert_eq!(run(0).len(), 1);
}

/// There the values are in Secrets, and no identity is needed.
fn a_run_whose_state_is_in_the_cluster_is_undone_with_its_secrets() {
    let ns = Namespace::new();
    let project = ns.project().write("token", "first-canary");
    let project = project.write("regplan.toml", &format!("{}{IN_CLUSTER}", with_secret("good")));
    project.run(["state", "init"]).success();
    project.apply();
    project.rewrite("token", "second-canary");
    project.rewrite("regplan.toml", &format!("{}{FAILING}{IN_CLUSTER}", with_secret("bad")));
    let ended = undoing(&project);
    ended.stderr_contains("updated resource.login").stderr_contains("what this run wrote is undone.");
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    assert!(ns.find("service/lb").is_none());
    project.run(["history"]).success().stdout_contains("rollback 1");
    project.run(["drift"]).success();
    // The lock was given back, and nothing is left of the run: the way back has ended it.
    project.rewrite("token", "first-canary");
    project.rewrite("regplan.toml", &format!("{}{IN_CLUSTER}", with_secret("good")));
    project.expect_settled();
    ns.clean_up("namespace/{prefix}-states");
}

/// There they are encrypted.
fn a_run_whose_state_is_in_a_store_is_undone_with_its_secrets() {
    let (ns, keys, server) = (Namespace::new(), Keys::new(), ObjectServer::start());
    let state = server.state(&keys.line());
    let project = ObjectServer::let_in(ns.project().write("token", "first-canary"));
    let project = project.env("STATE_IDENTITY", &keys.identity);
    let project = project.write("regplan.toml", &format!("{}{state}", with_secret("good")));
    project.apply();
    project.rewrite("token", "second-canary");
    project.rewrite("regplan.toml", &format!("{}{FAILING}{state}", with_secret("bad")));
    undoing(&project).stderr_contains("what this run wrote is undone.").stderr_lacks("canary");
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    project.run(["drift"]).success();
    project.run(["history"]).success().stdout_contains("rollback 1");
}

fn a_first_run_that_fails_leaves_nothing_behind() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{FAILING}"));
    undoing(&project).stderr_contains("what this run wrote is undone.");
    assert!(ns.find("configmap/greeting").is_none() && ns.find("service/lb").is_none());
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("Nothing to destroy");
}

fn an_undo_touches_nothing_else_and_no_protected_object() {
    let ns = Namespace::new();
    let other = "\n[resource.other]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"v\"\n";
    let kept = "\n[resource.kept]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nlifecycle.protect = true\n";
    let project = applied(&ns, &[format!("{}{other}", with_value("good"))]);
    project.rewrite("regplan.toml", &format!("{}{other}{kept}{}", with_value("bad"), failing_later()));
    // What others change during the run is theirs.
    let proxy = ns.proxy();
    let project = project.through(&proxy);
    let mut apply = project.regplan(["apply", "--auto-approve", "--rollback-on-failure"]).spawn();
    apply.until("waiting resource.lb");
    ns.patch("configmap/other", &json!({"data": {"k": "stranger"}}));
    apply.wait().code(1);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    assert_eq!(ns.field("configmap/other", "/data/k"), "stranger");
    assert!(ns.find("configmap/kept").is_some());
}

fn what_could_not_be_undone_is_refused_before_it_begins() {
    let ns = Namespace::new();
    let project = ns.project().write("token", "first-canary").write("regplan.toml", &with_secret("good"));
    project.apply();
    project.rewrite("token", "second-canary");
    project.rewrite("regplan.toml", &format!("{}{FAILING}", with_secret("bad")));
    let refused = undoing(&project);
    refused.stderr_contains("this run cannot be undone").stderr_contains("resource.login: its secret values");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    // Another field of an object with secrets can be given back.
    project.rewrite("token", "first-canary");
    let labelled = "metadata.labels = { a = \"b\" }\n";
    project.rewrite("regplan.toml", &format!("{}{labelled}{FAILING}", with_secret("good")));
    undoing(&project).stderr_contains("what this run wrote is undone.");
    assert_eq!(ns.field("secret/login", "/data/token"), "Zmlyc3QtY2FuYXJ5");
    assert!(ns.get("secret/login").pointer("/metadata/labels").is_none());
    // What is adopted was there before.
    ns.apply("{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"mine\"}}");
    let mine = "\n[resource.mine]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nlifecycle.adopt = true\n";
    project.rewrite("regplan.toml", &format!("{}{mine}", with_secret("good")));
    undoing(&project).stderr_contains("resource.mine: it is adopted");
}

/// The namespace that the run made is protected, like every namespace.
fn what_stays_after_an_undo_is_said() {
    let ns = Namespace::absent();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{FAILING}"));
    let ended = undoing(&project);
    ended.stderr_contains("what this run wrote is undone, but for 1 resource that stays: namespace.");
    project.run(["state", "list"]).success().stdout_contains("namespace.").stdout_lacks("resource.");
}

/// A state that was made anew knows objects that no revision has.
fn what_no_revision_has_is_not_undone_by_a_delete() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good")]);
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    fs::remove_dir_all(project.path(".regplan")).unwrap();
    project.run(["state", "rebuild", "--adopt-lineage", &lineage, "--auto-approve"]).success();
    project.rewrite("regplan.toml", &format!("{}{FAILING}", with_value("bad")));
    undoing(&project).stderr_contains("resource.greeting: no revision has what it was before");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
}

fn what_others_lose_with_a_namespace_is_not_undone() {
    let ns = Namespace::new();
    let space =
        "\n[resource.space]\napiVersion = \"v1\"\nkind = \"Namespace\"\nmetadata.name = \"{prefix}-more\"\n";
    let project = applied(&ns, &[format!("{GREETING}{space}")]);
    let name = ns.fill("{prefix}-more");
    ns.clean_up(&format!("namespace/{name}"));
    ns.kubectl(["create", "configmap", "theirs", "--namespace", &name]).run().success();
    project.rewrite("regplan.toml", GREETING);
    let args = ["apply", "--auto-approve", "--rollback-on-failure", "--consent", "resource.space"];
    let refused = project.run(args).code(1);
    refused.stderr_contains("resource.space: what dies with it would not come back");
    ns.kubectl(["get", "configmap", "theirs", "--namespace", &name]).run().success();
}

fn a_moved_object_moves_back() {
    let ns = Namespace::new();
    let named = "metadata.name = \"greeting\"\n";
    let project = applied(&ns, &[format!("{}{named}", with_value("good"))]);
    let moved = with_value("bad").replace("resource.greeting", "resource.hello");
    let table = "\n[[moved]]\nfrom = \"resource.greeting\"\nto = \"resource.hello\"\n";
    project.rewrite("regplan.toml", &format!("{moved}{named}{table}{FAILING}"));
    undoing(&project).stderr_contains("what this run wrote is undone.");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    project
        .run(["state", "list"])
        .success()
        .stdout_contains("resource.greeting")
        .stdout_lacks("resource.hello");
    // The state may have given it another address since the revision.
    project.run(["state", "mv", "resource.greeting", "resource.hello"]).success();
    project.rewrite("regplan.toml", &format!("{moved}{named}{FAILING}"));
    undoing(&project).stderr_contains("what this run wrote is undone.");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
}

/// An older definition could lose fields of the objects that are stored.
fn an_undo_lets_definitions_stay() {
    let ns = Namespace::new();
    let thing = |value: &str| format!("{}\n{}", with_value(value), custom_object(value));
    let project = applied(&ns, &[format!("{}{}", thing("good"), definition("older"))]);
    project.rewrite("regplan.toml", &format!("{}{}{FAILING}", thing("bad"), definition("newer")));
    let ended = undoing(&project);
    ended.stdout_contains("resource.crd stays as it is");
    ended.stderr_contains("what this run wrote is undone, but for 1 resource that stays: resource.crd");
    assert_eq!(definition_text(&ns), "newer");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
}

/// The answer to a create is lost, and whether it was done cannot be looked up.
fn an_undo_looks_for_what_is_in_doubt() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good")]);
    let new = "\n[resource.new]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    project.rewrite("regplan.toml", &format!("{}{new}", with_value("bad")));
    let proxy = ns.proxy();
    let project = project.through(&proxy);
    proxy.on("apply", "configmaps").named("new").not_dry_run().times(1).lose_answer();
    proxy.on("get", "configmaps").named("new").times(1).answer(403);
    undoing(&project);
    assert!(ns.find("configmap/new").is_none());
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
}

fn a_plan_file_is_undone_too() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good")]);
    project.rewrite("regplan.toml", &format!("{}{FAILING}", with_value("bad")));
    project.run(["plan", "--out", "bad.plan"]).success();
    let ended = project.run(["apply", "bad.plan", "--rollback-on-failure"]).code(1);
    ended.stderr_contains("what this run wrote is undone.");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    assert!(ns.find("service/lb").is_none());
}

/// Whoever has stopped the run wants nothing more to be written.
fn a_run_that_is_stopped_stays_as_it_is() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good")]);
    let patient = FAILING.replace("1s", "60s");
    project.rewrite("regplan.toml", &format!("{}{patient}", with_value("bad")));
    let mut apply = project.regplan(["apply", "--auto-approve", "--rollback-on-failure"]).spawn();
    apply.until("updated resource.greeting").until("waiting resource.lb").signal(Signal::INT);
    apply.wait().code(1).stderr_lacks("undo");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "bad");
}

fn an_undo_that_was_killed_is_finished_by_a_rollback() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good")]);
    let held = "\n[resource.held]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
                metadata.finalizers = [\"regplan.test/hold\"]\n";
    project.rewrite("regplan.toml", &format!("{}{held}{FAILING}", with_value("bad")));
    let mut apply = project.regplan(["apply", "--auto-approve", "--rollback-on-failure"]).spawn();
    apply.until("undoing what this run wrote").until("waiting resource.held");
    apply.kill();
    ns.patch("configmap/held", &json!({"metadata": {"finalizers": null}}));
    project.run(["rollback", "--auto-approve"]).success().stdout_contains("back to revision 1");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    assert!(ns.find("service/lb").is_none() && ns.find("configmap/held").is_none());
    project.run(["drift"]).success();
}

/// What the run needs belongs to the plan of an undo; what others have changed there meanwhile is theirs.
fn an_undo_writes_nothing_that_the_run_did_not() {
    let ns = Namespace::new();
    let base = "\n[resource.base]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"v\"\n";
    let above = |value: &str| format!("{}depends_on = [\"resource.base\"]\n{base}", with_value(value));
    let project = applied(&ns, &[above("good")]);
    project.rewrite("regplan.toml", &format!("{}{}", above("bad"), failing_later()));
    let mut apply = project.regplan(["apply", "--auto-approve", "--rollback-on-failure"]).spawn();
    apply.until("waiting resource.lb");
    ns.patch("configmap/base", &json!({"data": {"k": "stranger"}}));
    apply.wait().code(1).stderr_contains("resource.base: this run did not write it");
    assert_eq!(ns.field("configmap/base", "/data/k"), "stranger");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "bad");
}

/// The same of what the run did write.
fn an_undo_sets_nothing_back_that_others_changed_meanwhile() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good")]);
    project.rewrite("regplan.toml", &format!("{}{}", with_value("bad"), failing_later()));
    let mut apply = project.regplan(["apply", "--auto-approve", "--rollback-on-failure"]).spawn();
    apply.until("waiting resource.lb");
    ns.patch("configmap/greeting", &json!({"data": {"hello": "stranger"}}));
    apply.wait().code(1).stderr_contains("others have changed it since this run wrote it");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "stranger");
    // What the run made is there too: an undo does all of it, or nothing.
    assert!(ns.find("service/lb").is_some());
}

/// What the server did not take was not written, whoever changed it before. The rest is undone.
fn a_refused_write_of_what_has_drifted_hinders_no_undo() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = applied(&ns, &[with_value("good")]).through(&proxy);
    ns.patch("configmap/greeting", &json!({"data": {"hello": "stranger"}}));
    let more = "\n[resource.more]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    project.rewrite("regplan.toml", &format!("{}{more}", with_value("bad")));
    proxy.on("apply", "configmaps").named("greeting").not_dry_run().answer(403);
    undoing(&project).stderr_contains("what this run wrote is undone.");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "stranger");
    assert!(ns.find("configmap/more").is_none());
}

fn the_data_of_a_claim_is_not_undone() {
    let ns = Namespace::new();
    let claim = "\n[resource.data]\napiVersion = \"v1\"\nkind = \"PersistentVolumeClaim\"\n\
                 spec = { storageClassName = \"standard\", accessModes = [\"ReadWriteOnce\"], \
                 resources.requests.storage = \"1Gi\" }\n";
    let project = applied(&ns, &[format!("{GREETING}{claim}")]);
    project.rewrite("regplan.toml", GREETING);
    let args = ["apply", "--auto-approve", "--rollback-on-failure", "--consent", "resource.data"];
    project.run(args).code(1).stderr_contains("resource.data: its data would be lost");
    assert!(ns.find("persistentvolumeclaim/data").is_some());
}

fn what_no_revision_has_whole_is_not_undone() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good")]);
    let revision = project.state_path().replace("state.json", "revisions/000001.json");
    // As an older version wrote it, which kept the objects alone.
    let whole = project.read(&revision);
    project.edit_content(&revision, |content| {
        content["desired"]["resource.greeting"]["object_only"] = json!(true);
    });
    project.rewrite("regplan.toml", &format!("{}{FAILING}", with_value("bad")));
    undoing(&project).stderr_contains("revision 1 cannot be restored");
    project.run(["rollback", "1"]).code(1).stderr_contains("revision 1 cannot be restored");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    project.rewrite(&revision, &whole);
    project.run(["apply", "--auto-approve"]).code(1);
    undoing(&project).stderr_contains("the last run did not complete");
}
