//! Revisions: what is told of them, and how one goes back to them.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{FAILING, GREETING, HEAD, Namespace, Project, custom_object, definition, wait_until};

tests! {
    the_history_tells_who_applied_what_and_when,
    a_run_that_failed_is_over_when_nothing_is_left_to_do,
    a_revision_and_the_state_are_shown,
    a_change_that_was_bad_is_undone_with_two_commands,
    what_was_deleted_comes_back_and_what_was_new_goes,
    what_was_there_before_it_was_taken_over_stays,
    the_blocks_of_the_configuration_do_not_matter,
    a_rollback_asks_and_takes_only_yes_for_a_yes,
    a_rollback_is_kept_in_a_file_and_applied_like_any_plan,
    the_consent_of_a_rollback_is_kept_in_its_file,
    what_is_protected_stays,
    a_claim_that_is_gone_comes_back_empty_only_with_consent,
    a_secret_that_was_not_written_since_is_restored,
    a_secret_whose_object_alone_was_written_since_is_restored,
    a_secret_that_was_written_since_keeps_its_value_only_with_consent,
    a_secret_that_another_hand_changed_keeps_its_value_only_with_consent,
    a_secret_that_is_gone_is_left_out_only_with_consent,
    a_definition_is_never_rolled_back,
    a_claim_that_has_grown_keeps_its_size,
    a_definition_that_no_revision_has_as_it_is_stays,
    claims_that_went_with_their_namespace_come_back_empty_only_with_consent,
    a_damaged_revision_is_never_passed_over,
    what_has_completed_runs_again_only_with_other_content,
    what_there_is_to_go_back_to_is_said,
}

/// What the definition says of itself in the cluster.
pub(crate) fn definition_text(ns: &Namespace) -> Value {
    let pointer = "/spec/versions/0/schema/openAPIV3Schema/description";
    ns.field("crd/things.{prefix}.example.com", pointer)
}

/// A map with this value.
pub(crate) fn with_value(value: &str) -> String {
    GREETING.replace("world", value)
}

/// A project that has applied these configurations, one after the other.
pub(crate) fn applied<'n>(ns: &'n Namespace, configs: &[String]) -> Project<'n> {
    let project = ns.project().write("regplan.toml", &configs[0]);
    project.apply();
    for config in &configs[1..] {
        project.rewrite("regplan.toml", config);
        project.apply();
    }
    project
}

/// The file of a revision.
pub(crate) fn revision_file(project: &Project<'_>, number: u64) -> String {
    project.state_path().replace("state.json", &format!("revisions/{number:06}.json"))
}

/// The back way, which is approved.
fn back(project: &Project<'_>, revision: &str) {
    project.run(["rollback", revision, "--auto-approve"]).success();
}

fn the_history_tells_who_applied_what_and_when() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING).env("USER", "alice");
    project.run(["history"]).success().stdout_contains("No apply has completed yet.");
    project.apply();
    let project = project.env("USER", "bob");
    project.rewrite("regplan.toml", &with_value("moon"));
    let plan = project.run(["plan", "--format", "json"]).success().json();
    let digest = plan["digest"].as_str().unwrap();
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
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for (revision, name) in [(0, "alice"), (1, "bob")] {
        assert_eq!(json["revisions"][revision]["by"], format!("{name}@{}", host.trim()));
    }
    // The history names the plan by the digest that was approved.
    assert_eq!(json["revisions"][1]["plan"], digest);
    assert_ne!(json["revisions"][0]["plan"], digest);
    let short = digest.strip_prefix("sha256:").unwrap().get(..12).unwrap();
    text.stdout_contains("bob@").stdout_contains(&format!("  apply  {short}  1 changed"));
    let configurations =
        [0, 1].map(|revision| json["revisions"][revision]["configuration"].as_str().unwrap());
    assert!(configurations.iter().all(|digest| digest.starts_with("sha256:")), "{json}");
    assert_ne!(configurations[0], configurations[1]);
    let one = project.run(["history", "2"]).success();
    one.stdout_contains("~ resource.greeting  updated").stdout_contains("data.hello: \"world\" -> \"moon\"");
    let one = project.run(["history", "2", "--format", "json"]).success().json();
    assert_eq!(
        one["changes"][0]["fields"][0],
        json!({"path": "data.hello", "before": "world", "after": "moon"})
    );
    project.run(["history", "9"]).code(1).stderr_contains("revision 9");
}

fn a_run_that_failed_is_over_when_nothing_is_left_to_do() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("apply", "configmaps").named("second").not_dry_run().answer(403);
    let second = "\n[resource.second]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{second}")).through(&proxy);
    project.run(["apply", "--auto-approve"]).code(1);
    let history = || project.run(["history", "--format", "json"]).success().json();
    assert_eq!(history()["unfinished_run"]["end"], "failed");
    assert_eq!(history()["unfinished_run"]["fate"], Value::Null, "its end is known");
    let revisions = history()["revisions"].as_array().unwrap().len();
    // What could not be made is not wanted any more. So there is nothing to do, and that is how it is now.
    project.rewrite("regplan.toml", GREETING);
    project.apply();
    assert_eq!(history()["unfinished_run"], Value::Null);
    assert_eq!(history()["revisions"].as_array().unwrap().len(), revisions + 1);
    // The next one finds nothing to record.
    let serial = project.state()["serial"].clone();
    project.apply();
    assert_eq!(project.state()["serial"], serial);
}

fn a_revision_and_the_state_are_shown() {
    let ns = Namespace::new();
    let project = secret_project(&ns);
    let shown = project.run(["show", "1"]).success();
    shown.stdout_contains("Revision 1  20").stdout_contains("kind: ConfigMap").stdout_contains("hello: good");
    shown.stdout_contains("token: (sensitive)").stdout_lacks("canary").stdout_lacks("Zmlyc3Q");
    let json = project.run(["show", "1", "--format", "json"]).success().json();
    assert_eq!(json["desired"]["resource.greeting"]["object"]["data"]["hello"], "good");
    assert_eq!(json["format_version"], "1");
    let state = project.run(["show", "state"]).success();
    state.stdout_contains("revision  1").stdout_contains("resource.login").stdout_contains("serial");
    let state = project.run(["show", "state", "--format", "json"]).success().json();
    assert_eq!((&state["format_version"], &state["revision"]), (&json!("1"), &json!(1)));
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

/// No revision from before knows it, and it was there all the same.
fn what_was_there_before_it_was_taken_over_stays() {
    let ns = Namespace::new();
    let theirs = "\n[resource.theirs]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"v\"\n";
    ns.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: theirs}, data: {k: v}}");
    let project = applied(&ns, &[GREETING.to_owned()]);
    project.rewrite("regplan.toml", &format!("{GREETING}{theirs}"));
    project.run(["import", "resource.theirs", "ConfigMap/{ns}/theirs", "--auto-approve"]).success();
    let plan = project.run(["rollback", "1", "--no-input"]).success();
    plan.stdout_contains("it was there before it was taken over: `--consent resource.theirs` deletes it");
    back(&project, "1");
    assert_eq!(ns.field("configmap/theirs", "/data/k"), "v");
    // It is ours still.
    project.expect_settled();
    let consent = ["rollback", "1", "--auto-approve", "--consent", "resource.theirs"];
    project.run(consent).success().stdout_lacks("has no effect").stderr_lacks("has no effect");
    assert!(ns.find("configmap/theirs").is_none());
}

fn the_blocks_of_the_configuration_do_not_matter() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good"), with_value("bad")]);
    project.rewrite("regplan.toml", &format!("{HEAD}\n[resource.greeting]\nkindd = \"ConfigMap\"\n"));
    project.run(["plan"]).code(1);
    back(&project, "1");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
}

fn a_rollback_asks_and_takes_only_yes_for_a_yes() {
    let ns = Namespace::new();
    let project = applied(&ns, &[with_value("good"), with_value("bad")]);
    let answered = |answer: &str| {
        let mut rollback = project.regplan(["rollback"]).open_stdin().spawn();
        // First comes what it will do.
        rollback.until("data.hello: \"bad\" -> \"good\"").until("Only `yes` is accepted").say(answer);
        rollback.wait()
    };
    for answer in ["no", "y", ""] {
        answered(answer).code(1).stderr_contains("nothing was done");
        assert_eq!(ns.field("configmap/greeting", "/data/hello"), "bad");
    }
    project.expect_settled();
    answered("yes").success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    project.run(["history"]).success().stdout_contains("rollback 1");
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

/// Whoever applies the file is not asked for it again, and cannot be: it is a part of what was approved.
fn the_consent_of_a_rollback_is_kept_in_its_file() {
    let ns = Namespace::new();
    let project = secret_project(&ns);
    project.rewrite("token", "second-canary");
    project.rewrite("regplan.toml", &with_secret("bad"));
    project.apply();
    let without = project.run(["rollback", "--out", "back.plan"]).code(1);
    without.stdout_contains("--consent resource.login");
    let refused = project.run(["apply", "back.plan"]).code(1);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "bad", "{}", refused.stderr());
    project.run(["rollback", "--consent", "resource.login", "--out", "back.plan"]).success();
    project.run(["apply", "back.plan"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    // That is what was consented to: the secret value stays.
    assert_eq!(ns.field("secret/login", "/data/token"), SECOND);
    project.run(["history"]).success().stdout_contains("rollback 1");
}

/// `second-canary`, as the cluster has it.
const SECOND: &str = "c2Vjb25kLWNhbmFyeQ==";

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
pub(crate) fn with_secret(value: &str) -> String {
    format!(
        "{}\n[secret.token]\nfile = \"token\"\n\n[resource.login]\napiVersion = \"v1\"\nkind = \"Secret\"\n\
         stringData.token = \"${{secret.token}}\"\n",
        with_value(value)
    )
}

/// A project that has applied it.
pub(crate) fn secret_project(ns: &Namespace) -> Project<'_> {
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

/// A label is no secret: the value is still the one of that time.
fn a_secret_whose_object_alone_was_written_since_is_restored() {
    let ns = Namespace::new();
    let project = secret_project(&ns);
    let labelled = with_secret("bad") + "metadata.labels.team = \"a\"\n";
    project.rewrite("regplan.toml", &labelled);
    project.apply();
    project.remove("token");
    back(&project, "1");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    assert_eq!(ns.field("secret/login", "/data/token"), "Zmlyc3QtY2FuYXJ5");
    assert_eq!(ns.field("secret/login", "/metadata/labels/team"), Value::Null);
    // A value that went and came back is not the one of that time, as far as anybody knows.
    let project = project.write("token", "second-canary");
    project.rewrite("regplan.toml", &labelled);
    project.apply();
    project.run(["rollback", "1", "--auto-approve"]).code(1).stdout_contains("secret value of data.token");
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
    let project = applied(
        &ns,
        &[
            GREETING.to_owned(),
            format!("{HEAD}{}", definition("older")),
            format!("{HEAD}{}", definition("newer")),
        ],
    );
    let description = || definition_text(&ns);
    project.run(["rollback", "2", "--auto-approve"]).success().stdout_contains("Nothing to change");
    assert_eq!(description(), "newer");
    // Nor is it deleted, where it was not there yet.
    project.run(["rollback", "1", "--auto-approve"]).success().stdout_contains("1 to add");
    assert_eq!(description(), "newer");
}

fn a_claim_that_has_grown_keeps_its_size() {
    let ns = Namespace::new();
    let claim = |value: &str, size: &str| {
        format!(
            "{}\n[resource.data]\napiVersion = \"v1\"\nkind = \"PersistentVolumeClaim\"\nmetadata.name = \"data\"\n\
             spec.accessModes = [\"ReadWriteOnce\"]\nspec.storageClassName = \"standard\"\n\
             spec.resources.requests.storage = \"{size}\"\n",
            with_value(value)
        )
    };
    let project = applied(&ns, &[claim("good", "1Gi"), claim("bad", "2Gi")]);
    let rolled = project.run(["rollback", "1", "--auto-approve"]).success();
    rolled
        .stdout_contains("resource.data keeps its size of 2Gi: a claim never shrinks")
        .stdout_lacks("~ resource.data");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    assert_eq!(ns.field("pvc/data", "/spec/resources/requests/storage"), "2Gi");
}

fn what_there_is_to_go_back_to_is_said() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.run(["rollback"]).code(1).stderr_contains("there is no earlier revision to go back to");
    project.apply();
    project.run(["rollback"]).code(1).stderr_contains("there is no earlier revision to go back to");
    project.run(["rollback", "7"]).code(1).stderr_contains("revision 7");
    // After a run that did not complete, the last revision is the way back.
    project.rewrite("regplan.toml", &format!("{}{FAILING}", with_value("bad")));
    project.run(["apply", "--auto-approve"]).code(1);
    project.run(["history"]).success().stdout_contains("it has no revision");
    project.run(["rollback", "--auto-approve"]).success().stdout_contains("back to revision 1");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
    assert!(ns.find("service/lb").is_none());
}

/// Neither where a run has changed it that did not complete, nor where the newest revision is damaged.
fn a_definition_that_no_revision_has_as_it_is_stays() {
    let ns = Namespace::new();
    let thing = |value: &str| format!("{}\n{}", with_value(value), custom_object(value));
    let older = format!("{}{}", thing("good"), definition("older"));
    let newer = format!("{}{}", thing("bad"), definition("newer"));
    let project = applied(&ns, &[older]);
    project.rewrite("regplan.toml", &format!("{newer}{FAILING}"));
    project.run(["apply", "--auto-approve"]).code(1);
    let ended = project.run(["rollback", "--auto-approve"]).success();
    ended.stdout_contains("resource.crd stays as it is").stdout_contains("back to revision 1");
    ended.stdout_lacks("= resource.crd");
    assert_eq!(definition_text(&ns), "newer");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    project.run(["drift"]).success();
    // What is left out is not forgotten, and the newer file has nothing to do about it.
    project.rewrite("regplan.toml", &newer);
    project.run(["plan"]).success().stdout_contains("2 to change").stdout_lacks("resource.crd");
    project.apply();
    project.rewrite(&revision_file(&project, 3), "");
    project.run(["rollback", "1", "--auto-approve"]).success().stdout_contains("resource.crd stays as it is");
    assert_eq!(definition_text(&ns), "newer");
}

/// The claims of a `StatefulSet` outlive it, but not their namespace.
fn claims_that_went_with_their_namespace_come_back_empty_only_with_consent() {
    let ns = Namespace::new();
    let set = format!(
        "{HEAD}\n[resource.space]\napiVersion = \"v1\"\nkind = \"Namespace\"\nmetadata.name = \"{{prefix}}-data\"\n\n\
         [resource.db]\napiVersion = \"apps/v1\"\nkind = \"StatefulSet\"\nmetadata.namespace = \"{{prefix}}-data\"\n\
         [resource.db.spec]\nserviceName = \"db\"\nreplicas = 0\nselector.matchLabels = {{ app = \"db\" }}\n\
         template.metadata.labels = {{ app = \"db\" }}\n\
         template.spec.containers = [{{ name = \"c\", image = \"db\" }}]\n\
         volumeClaimTemplates = [{{ metadata.name = \"d\", spec = {{ accessModes = [\"ReadWriteOnce\"], \
         resources.requests.storage = \"1Gi\" }} }}]\n"
    );
    let project = applied(&ns, &[set]);
    ns.clean_up(&ns.fill("namespace/{prefix}-data"));
    let consents = ["--consent", "resource.space", "--consent", "resource.db", "--auto-approve"];
    project.run(["destroy"].into_iter().chain(consents)).success();
    let refused = project.run(["rollback", "--no-input"]).code(1);
    refused.stdout_contains("its data with it").stdout_contains("--consent resource.db");
    project.run(["rollback", "--auto-approve", "--consent", "resource.db"]).success();
}

fn a_damaged_revision_is_never_passed_over() {
    let ns = Namespace::new();
    let project = applied(&ns, &["1", "2", "3"].map(with_value));
    let file = |number| revision_file(&project, number);
    let third = project.read(&file(3));
    project.rewrite(&file(3), "");
    project.run(["rollback", "--no-input"]).code(1).stdout_contains("back to revision 2");
    project.run(["history", "2"]).success();
    project.rewrite(&file(3), &third);
    project.rewrite(&file(2), "");
    project.run(["rollback", "--no-input"]).code(1).stderr_contains("000002.json` is damaged");
    project.run(["history", "3"]).success().stdout_contains("compared with revision 1");
    project.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "1");
}

fn what_has_completed_runs_again_only_with_other_content() {
    let ns = Namespace::new();
    let job = |image: &str, value: &str| {
        format!(
            "{}\n[resource.job]\napiVersion = \"batch/v1\"\nkind = \"Job\"\nspec = {{ ttlSecondsAfterFinished = 0, \
             completions = 0, template.spec = {{ restartPolicy = \"Never\", \
             containers = [{{ name = \"c\", image = \"{image}\" }}] }} }}\n",
            with_value(value)
        )
    };
    let project = applied(&ns, &[job("a", "1"), job("a", "2"), job("b", "2")]);
    wait_until("the job is gone", || ns.find("job/job").is_none());
    let plan = project.run(["rollback", "2", "--no-input"]).code(1);
    plan.stdout_contains("it has completed with other content, and runs again")
        .stdout_lacks("unknown manager");
    project.run(["rollback", "2", "--auto-approve"]).success();
    wait_until("the job is gone", || ns.find("job/job").is_none());
    let plan = project.run(["rollback", "1", "--no-input"]).code(1);
    plan.stdout_lacks("resource.job").stdout_contains("1 to change");
}
