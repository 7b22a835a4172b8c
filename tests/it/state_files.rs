//! States that move between places, that are lost, and that are made anew.

use serde_json::json;

use crate::harness::{Ended, GREETING, HEAD, Namespace, Project, WEB, give_address, wait_until};

tests! {
    a_state_is_pulled_and_pushed,
    an_older_state_and_a_foreign_one_are_not_pushed,
    the_state_of_another_lineage_is_not_pushed,
    a_lost_state_is_made_anew_from_annotations,
    a_rebuild_takes_in_no_copies,
    a_state_that_knows_less_is_completed,
    what_a_rebuild_cannot_see_is_left_out_only_with_consent,
    a_rebuild_that_sees_nothing_is_refused_whatever_is_agreed,
    a_lock_is_removed_only_by_its_id,
}

const OTHER: &str =
    "\n[resource.other]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nlifecycle.protect = true\n";

fn two(ns: &Namespace) -> Project<'_> {
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{OTHER}"));
    project.apply();
    project
}

/// The state, as `state pull` prints it.
#[track_caller]
pub(crate) fn pulled(project: &Project<'_>) -> String {
    project.run(["state", "pull"]).success().stdout().to_owned()
}

fn a_state_is_pulled_and_pushed() {
    let ns = Namespace::new();
    let project = two(&ns);
    let text = pulled(&project);
    assert_eq!(text, project.read(&project.state_path()));
    // A second machine, or a folder that was lost.
    let project = project.write("kept.json", &text);
    project.remove(&project.state_path());
    project.run(["state", "push", "kept.json"]).success().stderr_contains("with serial");
    assert_eq!(pulled(&project), text);
    project.expect_settled();
    project.run(["drift"]).success();
}

fn an_older_state_and_a_foreign_one_are_not_pushed() {
    let ns = Namespace::new();
    let project = two(&ns);
    let old = pulled(&project);
    let project = project.write("old.json", &old);
    project.rewrite("regplan.toml", GREETING);
    project.run(["apply", "--auto-approve", "--consent", "resource.other"]).success();
    let newer = pulled(&project);
    project.run(["state", "push", "old.json"]).code(1).stderr_contains("it is not newer");
    assert_eq!(pulled(&project), newer);
    let project = project.write("bad.json", &old.replacen("\"serial\": ", "\"serial\": 9", 1));
    project.run(["state", "push", "bad.json"]).code(1).stderr_contains("checksum");
    project.run(["state", "push", "nowhere.json"]).code(1).stderr_contains("nowhere.json");
    let elsewhere = Namespace::new();
    let other = elsewhere.project().write("regplan.toml", GREETING).write("old.json", &old);
    other.run(["state", "pull"]).code(1).stderr_contains("there is no state");
    let foreign = other.run(["state", "push", "old.json"]).code(1);
    foreign
        .stderr_contains("`old.json` is the state of the project")
        .stderr_contains("its configuration with `-f`");
    let toml = other.run(["state", "push", "regplan.toml"]).code(1);
    toml.stderr_contains("`regplan.toml` is no state: it is not JSON").stderr_lacks("damaged");
    let without_terminal = project.run(["state", "rm", "resource.greeting", "--no-input"]).code(1);
    without_terminal
        .stderr_contains("are to be forgotten, then pass `--auto-approve`")
        .stderr_lacks("the plan");
}

/// Two states of one project's name, each in a folder of its own.
fn the_state_of_another_lineage_is_not_pushed() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.apply();
    let other = ns.project().write("regplan.toml", &format!("{HEAD}{OTHER}"));
    other.apply();
    // It is the newer one by its serial, so that nothing but its lineage is wrong.
    other.run(["state", "mv", "resource.other", "resource.moved"]).success();
    let (here, there) = (project.state(), other.state());
    assert!(there["serial"].as_u64() > here["serial"].as_u64(), "{there}");
    let project = project.write("foreign.json", &pulled(&other));
    let refused = project.run(["state", "push", "foreign.json"]).code(1);
    for lineage in [&here["lineage"], &there["lineage"]] {
        refused.stderr_contains(lineage.as_str().unwrap());
    }
    refused.stderr_contains("these are two different states").stderr_contains("move that one away first");
    assert_eq!(project.state(), here);
    project.expect_settled();
}

fn a_lost_state_is_made_anew_from_annotations() {
    let ns = Namespace::new();
    let project = two(&ns);
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    project.remove(&project.state_path());
    let told = project.run(["state", "rebuild", "--auto-approve"]).code(1);
    told.stderr_contains("name the lineage").stderr_contains(&lineage);
    let wrong = "0".repeat(32);
    let refused = project.run(["state", "rebuild", "--auto-approve", "--adopt-lineage", &wrong]).code(1);
    refused.stderr_contains("no object of this project carries the lineage");
    // Nobody agrees: nothing is written.
    project.run(["state", "rebuild", "--no-input", "--adopt-lineage", &lineage]).code(1);
    assert!(project.run(["state", "pull"]).any().exit_code() == Some(1));
    let done = project.run(["state", "rebuild", "--auto-approve", "--adopt-lineage", &lineage]).success();
    done.stderr_contains("resource.greeting").stderr_contains("resource.other").stderr_contains("Took in");
    assert_eq!(project.state()["resources"]["resource.other"]["protect"], true);
    // What left the configuration is known again, and so is what protects it.
    project.rewrite("regplan.toml", HEAD);
    project
        .run(["plan"])
        .success()
        .stdout_contains("- resource.greeting")
        .stdout_contains("= resource.other  keep");
    project.rewrite("regplan.toml", &format!("{GREETING}{OTHER}"));
    project.apply();
    project.expect_settled();
    project.run(["drift"]).success();
}

/// Controllers copy annotations to what they make, and so does whoever makes a second object from the first.
fn a_rebuild_takes_in_no_copies() {
    let ns = Namespace::new();
    let set = WEB.replace("resource.web", "resource.set").replace("Deployment", "StatefulSet");
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{WEB}{set}"));
    project.apply();
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    let mut copy = ns.get("configmap/greeting");
    copy["metadata"] = json!({"name": "copy", "annotations": copy["metadata"]["annotations"]});
    ns.apply(&copy.to_string());
    wait_until("the controllers' copies", || ns.list("replicaset,controllerrevision").len() == 2);
    project.remove(&project.state_path());
    project.run(["state", "rebuild", "--auto-approve", "--adopt-lineage", &lineage]).success();
    let known = project.state()["resources"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(known, ["resource.greeting", "resource.set", "resource.web"]);
    project.apply();
    project.expect_settled();
}

fn a_state_that_knows_less_is_completed() {
    let ns = Namespace::new();
    let project = two(&ns);
    project.run(["state", "rebuild"]).success().stderr_contains("Nothing to add");
    project.run(["state", "rm", "resource.greeting", "--auto-approve"]).success();
    let done = project.run(["state", "rebuild", "--auto-approve"]).success();
    done.stderr_contains("Took in 1 resource").stderr_lacks("resource.other");
    project.apply();
    project.run(["drift"]).success();
}

fn what_a_rebuild_cannot_see_is_left_out_only_with_consent() {
    let ns = Namespace::new();
    let project = two(&ns);
    let proxy = ns.proxy();
    proxy.on("list", "secrets").answer(403);
    let project = project.through(&proxy);
    let before = project.state();
    let refused = project.run(["state", "rebuild", "--auto-approve"]).code(1);
    refused.stderr_contains("Secret could not be looked at").stderr_contains("1 kind could not be looked at");
    refused.stderr_contains("agree with `--partial`").stderr_lacks("Nothing to add");
    let agreed = project.run(["state", "rebuild", "--auto-approve", "--partial"]).success();
    agreed.stderr_contains("Secret could not be looked at").stderr_contains("that could be looked at.");
    assert_eq!(project.state(), before);
}

/// Rights in one namespace are none to list what is in all.
fn a_rebuild_that_sees_nothing_is_refused_whatever_is_agreed() {
    let ns = Namespace::new();
    let project = two(&ns);
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"] }]);
    let admin = ns.cluster().kubeconfig();
    let project = project.kubeconfig(ns.account("few", &rules));
    let refused = |project: &Project<'_>, flags: &[&str]| {
        let args = ["state", "rebuild", "--auto-approve"].into_iter().chain(flags.iter().copied());
        project
            .run(args)
            .code(1)
            .stderr_contains("no kind of the cluster could be looked at")
            .stderr_lacks("Nothing to add");
    };
    for flags in [&[][..], &["--partial"]] {
        refused(&project, flags);
    }
    project.remove(&project.state_path());
    for flags in [&["--adopt-lineage", &lineage][..], &["--partial", "--adopt-lineage", &lineage]] {
        refused(&project, flags);
        assert!(!project.path(&project.state_path()).exists(), "nothing is written");
    }
    let project = project.kubeconfig(admin);
    project.run(["state", "rebuild", "--auto-approve", "--adopt-lineage", &lineage]).success();
}

/// The id of the lock by which a command was refused.
#[track_caller]
pub(crate) fn lock_id(refused: &Ended) -> &str {
    refused.stderr().split("lock id ").nth(1).unwrap().split(')').next().unwrap()
}

fn a_lock_is_removed_only_by_its_id() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{}", crate::harness::BALANCER));
    let id = "0".repeat(32);
    project.run(["unlock", &id]).code(1).stderr_contains("nothing has to be unlocked");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    let refused = project.run(["apply", "--auto-approve"]).code(1);
    let held = lock_id(&refused);
    // The process still runs.
    project.run(["unlock", held]).code(1).stderr_contains("is locked");
    apply.kill();
    project.run(["unlock", &id]).code(1).stderr_contains(held);
    project.run(["unlock", held]).success().stderr_contains("Removed the lock of");
    give_address(&ns);
    project.apply();
}
