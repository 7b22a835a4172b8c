//! Revisions: what is told of them, and how one goes back to them.

use serde_json::json;

use crate::harness::{Ended, GREETING, HEAD, Namespace, Project};

tests! {
    the_history_tells_who_applied_what_and_when,
    a_revision_and_the_state_are_shown,
    a_change_that_was_bad_is_undone_with_two_commands,
    what_was_deleted_comes_back_and_what_was_new_goes,
    the_blocks_of_the_configuration_do_not_matter,
    a_rollback_is_kept_in_a_file_and_applied_like_any_plan,
    what_is_protected_stays,
    a_claim_that_is_gone_comes_back_empty_only_with_consent,
    a_secret_that_was_not_written_since_is_restored,
    a_secret_that_was_written_since_keeps_its_value_only_with_consent,
    a_secret_that_another_hand_changed_keeps_its_value_only_with_consent,
    a_secret_that_is_gone_is_left_out_only_with_consent,
    a_definition_is_never_rolled_back,
    what_there_is_to_go_back_to_is_said,
    a_run_that_fails_is_undone,
    a_first_run_that_fails_leaves_nothing_behind,
    an_undo_touches_nothing_else_and_no_protected_object,
    what_could_not_be_undone_is_refused_before_it_begins,
}

/// A map with this value.
fn with_value(value: &str) -> String {
    GREETING.replace("world", value)
}

/// A project that has applied these configurations, one after the other.
fn applied<'n>(ns: &'n Namespace, configs: &[String]) -> Project<'n> {
    let project = ns.project().write("regplan.toml", &configs[0]);
    project.apply();
    for config in &configs[1..] {
        project.rewrite("regplan.toml", config);
        project.apply();
    }
    project
}

/// The back way, which is approved.
fn back(project: &Project<'_>, revision: &str) {
    project.run(["rollback", revision, "--auto-approve"]).success();
}

fn the_history_tells_who_applied_what_and_when() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.run(["history"]).success().stdout_contains("No apply has completed yet.");
    project.apply();
    project.rewrite("regplan.toml", &with_value("moon"));
    project.apply();
    let text = project.run(["history"]).success();
    text.stdout_contains("   1  20")
        .stdout_contains("1 added")
        .stdout_contains("   2  20")
        .stdout_contains("1 changed");
    let json = project.run(["history", "--format", "json"]).success().json();
    assert_eq!(json["revisions"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&json["revisions"][1]["command"], &json["revisions"][1]["number"]),
        (&json!("apply"), &json!(2))
    );
    let one = project.run(["history", "2"]).success();
    one.stdout_contains("~ resource.greeting  updated").stdout_contains("data.hello: \"world\" -> \"moon\"");
    let one = project.run(["history", "2", "--format", "json"]).success().json();
    assert_eq!(
        one["changes"][0]["fields"][0],
        json!({"path": "data.hello", "before": "world", "after": "moon"})
    );
    project.run(["history", "9"]).code(1).stderr_contains("revision 9");
}

fn a_revision_and_the_state_are_shown() {
    let ns = Namespace::new();
    let project = secret_project(&ns);
    let shown = project.run(["show", "1"]).success();
    shown.stdout_contains("Revision 1  20").stdout_contains("kind: ConfigMap").stdout_contains("hello: good");
    shown.stdout_contains("token: (sensitive)").stdout_lacks("canary").stdout_lacks("Zmlyc3Q");
    let json = project.run(["show", "1", "--format", "json"]).success().json();
    assert_eq!(json["desired"]["resource.greeting"]["object"]["data"]["hello"], "good");
    let state = project.run(["show", "state"]).success();
    state.stdout_contains("revision  1").stdout_contains("resource.login").stdout_contains("serial");
    assert_eq!(project.run(["show", "state", "--format", "json"]).success().json()["revision"], 1);
    project.run(["show", "state", "--format", "markdown"]).code(1).stderr_contains("not as Markdown");
    project.run(["show", "2"]).code(1).stderr_contains("revision 2");
    project.run(["show", "./2"]).code(1).stderr_contains("plan file");
}

fn a_change_that_was_bad_is_undone_with_two_commands() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good"), with_value("bad")]);
    let ended = project.run(["rollback", "--auto-approve"]).success();
    ended.stdout_contains("back to revision 1").stdout_contains("data.hello: \"bad\" -> \"good\"");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    let history = project.run(["history"]).success();
    history.stdout_contains("rollback 1");
    project.run(["drift"]).success();
    // The newer file says plainly what it would change.
    let plan = project.run(["plan", "--detailed-exitcode"]).code(2);
    plan.stdout_contains("data.hello: \"good\" -> \"bad\"");
    // Back and forth, and nothing to do where one is there already.
    project.run(["rollback", "1", "--no-input"]).success().stdout_contains("Nothing to change");
    back(&project, "2");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "bad");
    project.expect_settled();
}

fn what_was_deleted_comes_back_and_what_was_new_goes() {
    let ns = Namespace::new();
    let other = "\n[resource.other]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"v\"\n";
    let new = other.replace("other", "new");
    let project = applied(&ns, &[format!("{GREETING}{other}"), format!("{GREETING}{new}")]);
    assert!(ns.find("configmap/other").is_none());
    let plan = project.run(["rollback", "1", "--no-input"]).code(1);
    plan.stdout_contains("+ resource.other").stdout_contains("it was not there at revision 1");
    back(&project, "1");
    assert!(ns.find("configmap/other").is_some() && ns.find("configmap/new").is_none());
    project.run(["drift"]).success();
}

fn the_blocks_of_the_configuration_do_not_matter() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good"), with_value("bad")]);
    project.rewrite("regplan.toml", &format!("{HEAD}\n[resource.greeting]\nkindd = \"ConfigMap\"\n"));
    project.run(["plan"]).code(1);
    back(&project, "1");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
}

fn a_rollback_is_kept_in_a_file_and_applied_like_any_plan() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good"), with_value("bad")]);
    project.run(["rollback", "--out", "back.plan"]).success().stdout_contains("back to revision 1");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "bad");
    project.run(["show", "back.plan"]).success().stdout_contains("back to revision 1");
    // What moved since is found.
    ns.patch("configmap/greeting", &json!({"data": {"hello": "stranger"}}));
    project.run(["apply", "back.plan"]).code(1).stderr_contains("has changed since");
    ns.patch("configmap/greeting", &json!({"data": {"hello": "bad"}}));
    project.run(["rollback", "--out", "back.plan"]).success();
    project.run(["apply", "back.plan"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    project.run(["apply", "back.plan"]).code(1).stderr_contains("revision 3");
    project.run(["history"]).success().stdout_contains("rollback 1");
}

fn what_is_protected_stays() {
    let ns = Namespace::new();
    let kept = "\n[resource.kept]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nlifecycle.protect = true\n";
    let project = applied(&ns, &[GREETING.to_owned(), format!("{GREETING}{kept}")]);
    let ended = project.run(["rollback", "1", "--auto-approve"]).success();
    ended.stdout_contains("= resource.kept  keep");
    assert!(ns.find("configmap/kept").is_some());
}

fn a_claim_that_is_gone_comes_back_empty_only_with_consent() {
    let ns = Namespace::new();
    let claim = "\n[resource.data]\napiVersion = \"v1\"\nkind = \"PersistentVolumeClaim\"\n\
                 spec = { storageClassName = \"standard\", accessModes = [\"ReadWriteOnce\"], \
                 resources.requests.storage = \"1Gi\" }\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{claim}"));
    project.apply();
    project.rewrite("regplan.toml", GREETING);
    project.run(["apply", "--auto-approve", "--consent", "resource.data"]).success();
    assert!(ns.find("persistentvolumeclaim/data").is_none());
    let refused = project.run(["rollback", "1", "--auto-approve"]).code(1);
    refused.stdout_contains("its data with it").stdout_contains("--consent resource.data");
    assert!(ns.find("persistentvolumeclaim/data").is_none());
    project.run(["rollback", "1", "--auto-approve", "--consent", "resource.data"]).success();
    assert!(ns.find("persistentvolumeclaim/data").is_some());
}

/// A Secret whose value is in a file, and a map.
fn with_secret(value: &str) -> String {
    format!(
        "{}\n[secret.token]\nfile = \"token\"\n\n[resource.login]\napiVersion = \"v1\"\nkind = \"Secret\"\n\
         stringData.token = \"${{secret.token}}\"\n",
        with_value(value)
    )
}

fn secret_project(ns: &Namespace) -> Project<'_> {
    let project = ns.project().write("token", "first-canary").write("regplan.toml", &with_secret("good"));
    project.apply();
    project
}

fn a_secret_that_was_not_written_since_is_restored() {
    let ns = Namespace::new();
    let project = secret_project(&ns);
    project.rewrite("regplan.toml", &with_secret("bad"));
    project.apply();
    // The source is not asked: the cluster still has the value.
    project.remove("token");
    back(&project, "1");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    assert_eq!(ns.field("secret/login", "/data/token"), "Zmlyc3QtY2FuYXJ5");
}

fn a_secret_that_was_written_since_keeps_its_value_only_with_consent() {
    let ns = Namespace::new();
    let project = secret_project(&ns);
    project.rewrite("regplan.toml", &with_secret("bad"));
    project.rewrite("token", "second-canary");
    project.apply();
    let refused = project.run(["rollback", "1", "--auto-approve"]).code(1);
    refused.stdout_contains("does not have the secret value of data.token").stdout_lacks("canary");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "bad", "nothing was begun");
    let ended = project.run(["rollback", "1", "--auto-approve", "--consent", "resource.login"]).success();
    ended.stdout_contains("keeps its present value").stdout_lacks("has no effect");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    assert_eq!(ns.field("secret/login", "/data/token"), "c2Vjb25kLWNhbmFyeQ==");
}

/// Whoever else has changed it, what it was is not known any more.
fn a_secret_that_another_hand_changed_keeps_its_value_only_with_consent() {
    let ns = Namespace::new();
    let project = secret_project(&ns);
    ns.patch("secret/login", &json!({"stringData": {"token": "third-canary"}}));
    project.run(["rollback", "1", "--auto-approve"]).code(1).stdout_contains("secret value of data.token");
}

fn a_secret_that_is_gone_is_left_out_only_with_consent() {
    let ns = Namespace::new();
    let project = secret_project(&ns);
    project.rewrite("regplan.toml", &with_value("bad"));
    project.apply();
    assert!(ns.find("secret/login").is_none());
    let refused = project.run(["rollback", "1", "--auto-approve"]).code(1);
    refused.stdout_contains("is gone, and revision 1 does not have its secret values");
    let ended = project.run(["rollback", "1", "--auto-approve", "--consent", "resource.login"]).success();
    ended.stdout_contains("resource.login is not restored");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    assert!(ns.find("secret/login").is_none());
}

fn a_definition_is_never_rolled_back() {
    let ns = Namespace::new();
    let group = ns.fill("{ns}.example.com");
    let definition = |description: &str| {
        format!(
            "{HEAD}\n[resource.crd]\napiVersion = \"apiextensions.k8s.io/v1\"\nkind = \"CustomResourceDefinition\"\n\
             metadata.name = \"things.{group}\"\n[resource.crd.spec]\ngroup = \"{group}\"\nscope = \"Namespaced\"\n\
             names = {{ plural = \"things\", singular = \"thing\", kind = \"Thing\", listKind = \"ThingList\" }}\n\
             [[resource.crd.spec.versions]]\nname = \"v1\"\nserved = true\nstorage = true\n\
             schema.openAPIV3Schema = {{ type = \"object\", description = \"{description}\" }}\n"
        )
    };
    let project = applied(&ns, &[GREETING.to_owned(), definition("older"), definition("newer")]);
    ns.clean_up(&format!("crd/things.{group}"));
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.{group}");
    let description = || {
        let (_, found) = ns.cluster().request("GET", &path, None);
        found.pointer("/spec/versions/0/schema/openAPIV3Schema/description").cloned()
    };
    project.run(["rollback", "2", "--auto-approve"]).success().stdout_contains("Nothing to change");
    assert_eq!(description(), Some(json!("newer")));
    // Nor is it deleted, where it was not there yet.
    project.run(["rollback", "1", "--auto-approve"]).success().stdout_contains("1 to add");
    assert_eq!(description(), Some(json!("newer")));
}

fn what_there_is_to_go_back_to_is_said() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.run(["rollback"]).code(1).stderr_contains("there is no earlier revision to go back to");
    project.apply();
    project.run(["rollback"]).code(1).stderr_contains("there is no earlier revision to go back to");
    project.run(["rollback", "7"]).code(1).stderr_contains("revision 7");
    // After a run that did not complete, the last revision is the way back.
    let failing = "\n[resource.lb]\napiVersion = \"v1\"\nkind = \"Service\"\n\
                   spec = { type = \"LoadBalancer\", ports = [{ port = 80 }] }\nlifecycle.timeouts.ready = \"1s\"\n";
    project.rewrite("regplan.toml", &format!("{}{failing}", with_value("bad")));
    project.run(["apply", "--auto-approve"]).code(1);
    project.run(["history"]).success().stdout_contains("it has no revision");
    project.run(["rollback", "--auto-approve"]).success().stdout_contains("back to revision 1");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
    assert!(ns.find("service/lb").is_none());
}

/// A load balancer that never gets an address.
const FAILING: &str = "\n[resource.lb]\napiVersion = \"v1\"\nkind = \"Service\"\n\
                       spec = { type = \"LoadBalancer\", ports = [{ port = 80 }] }\nlifecycle.timeouts.ready = \"1s\"\n";

fn undoing(project: &Project<'_>) -> Ended {
    project.run(["apply", "--auto-approve", "--rollback-on-failure"]).code(1)
}

fn a_run_that_fails_is_undone() {
    let ns = Namespace::new();
    let old = "\n[resource.old]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    let project = applied(&ns, &[format!("{}{old}", with_value("good"))]);
    project.rewrite("regplan.toml", &format!("{}{FAILING}", with_value("bad")));
    let ended = undoing(&project);
    ended.stderr_contains("failed resource.lb").stderr_contains("what this run wrote is undone");
    ended.stderr_contains("it is as it was before this run");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    assert!(ns.find("service/lb").is_none() && ns.find("configmap/old").is_some());
    project.run(["drift"]).success();
    project.run(["history"]).success().stdout_contains("rollback 1");
    // A run that does not fail is a run like any other.
    project.rewrite("regplan.toml", &format!("{}{old}", with_value("better")));
    project.run(["apply", "--auto-approve", "--rollback-on-failure"]).success();
    project.expect_settled();
}

fn a_first_run_that_fails_leaves_nothing_behind() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{FAILING}"));
    undoing(&project).stderr_contains("it is as it was before this run");
    assert!(ns.find("configmap/greeting").is_none() && ns.find("service/lb").is_none());
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("Nothing to destroy");
}

fn an_undo_touches_nothing_else_and_no_protected_object() {
    let ns = Namespace::new();
    let other = "\n[resource.other]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"v\"\n";
    let kept = "\n[resource.kept]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nlifecycle.protect = true\n";
    let project = applied(&ns, &[format!("{}{other}", with_value("good"))]);
    project.rewrite("regplan.toml", &format!("{}{other}{kept}{FAILING}", with_value("bad")));
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
    let project = secret_project(&ns);
    project.rewrite("token", "second-canary");
    project.rewrite("regplan.toml", &format!("{}{FAILING}", with_secret("bad")));
    let refused = undoing(&project);
    refused.stderr_contains("this run cannot be undone").stderr_contains("resource.login: its secret values");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    // Another field of an object with secrets can be given back.
    project.rewrite("token", "first-canary");
    let labelled = "metadata.labels = { a = \"b\" }\n";
    project.rewrite("regplan.toml", &format!("{}{labelled}{FAILING}", with_secret("good")));
    undoing(&project).stderr_contains("it is as it was before this run");
    assert_eq!(ns.field("secret/login", "/data/token"), "Zmlyc3QtY2FuYXJ5");
    assert!(ns.get("secret/login").pointer("/metadata/labels").is_none());
    // What is adopted was there before.
    ns.apply("{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"mine\"}}");
    let mine = "\n[resource.mine]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nlifecycle.adopt = true\n";
    project.rewrite("regplan.toml", &format!("{}{mine}", with_secret("good")));
    undoing(&project).stderr_contains("resource.mine: it is adopted");
}
