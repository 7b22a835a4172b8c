//! Marks that others set on objects of ours: they are looked at again, however late they are set.

use serde_json::json;

use super::greeting;
use crate::harness::{GREETING, HEAD, Namespace, Project};

tests! {
    protection_set_while_the_question_is_open_keeps_the_object,
    protection_set_while_the_question_is_open_stops_a_replacement,
    another_project_that_takes_the_object_meanwhile_keeps_it,
    an_object_that_another_project_has_taken_is_not_deleted,
    marks_that_are_set_after_a_plan_file_stop_it,
    every_mark_but_false_protects,
}

const PROTECTED: &str = "regplan.dev/protect=true";
const TAKEN: &str = "regplan.dev/project=other";

fn mark(ns: &Namespace, mark: &str) {
    ns.kubectl(["annotate", "--overwrite", "configmap/greeting", mark]).run().success();
}

/// A command asks, the mark is set, and the answer is yes: it ends with an error that names the mark.
fn marked_before_yes<const N: usize>(ns: &Namespace, project: &Project<'_>, args: [&str; N], set: &str) {
    let uid = ns.field("configmap/greeting", "/metadata/uid");
    let mut command = project.regplan(args).open_stdin().spawn();
    command.until("Only `yes` is accepted");
    mark(ns, set);
    command.say("yes");
    let (key, _) = set.split_once('=').unwrap();
    command.wait().code(1).stderr_contains(key);
    assert_eq!(ns.field("configmap/greeting", "/metadata/uid"), uid);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
}

fn protection_set_while_the_question_is_open_keeps_the_object() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    marked_before_yes(&ns, &project, ["destroy"], PROTECTED);
    mark(&ns, "regplan.dev/protect-");
    project.rewrite("regplan.toml", HEAD);
    marked_before_yes(&ns, &project, ["apply"], PROTECTED);
    mark(&ns, "regplan.dev/protect-");
    project.rewrite("regplan.toml", &format!("{GREETING}metadata.name = \"welcome\"\n"));
    marked_before_yes(&ns, &project, ["apply"], PROTECTED);
}

fn protection_set_while_the_question_is_open_stops_a_replacement() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    marked_before_yes(&ns, &project, ["apply", "--replace", "resource.greeting"], PROTECTED);
}

fn another_project_that_takes_the_object_meanwhile_keeps_it() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    marked_before_yes(&ns, &project, ["destroy"], TAKEN);
    mark(&ns, &ns.fill("regplan.dev/project={project}"));
    project.edit("regplan.toml", "world", "moon");
    marked_before_yes(&ns, &project, ["apply"], TAKEN);
}

fn an_object_that_another_project_has_taken_is_not_deleted() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    mark(&ns, TAKEN);
    project.run(["destroy", "--auto-approve"]).code(1).stdout_contains("belongs to the project `other`");
    project.rewrite("regplan.toml", HEAD);
    project.run(["apply", "--auto-approve"]).code(1).stdout_contains("belongs to the project `other`");
    project.rewrite("regplan.toml", &format!("{GREETING}metadata.name = \"welcome\"\n"));
    project.run(["apply", "--auto-approve"]).code(1).stdout_contains("belongs to the project `other`");
    ns.get("configmap/greeting");
    assert!(ns.find("configmap/welcome").is_none());
    // Whoever lets go of it says so.
    project.rewrite("regplan.toml", HEAD);
    project.run(["state", "rm", "resource.greeting", "--auto-approve"]).success();
    project.apply();
    ns.get("configmap/greeting");
}

fn marks_that_are_set_after_a_plan_file_stop_it() {
    for set in [PROTECTED, TAKEN] {
        let ns = Namespace::new();
        let project = greeting(&ns);
        project.apply();
        project.rewrite("regplan.toml", HEAD);
        project.run(["plan", "--out", "p.plan"]).success();
        mark(&ns, set);
        project.run(["apply", "p.plan"]).any();
        ns.get("configmap/greeting");
    }
}

/// Whoever sets the annotation by hand may write it in many ways, and nothing but `false` takes the protection away.
fn every_mark_but_false_protects() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    let uid = ns.field("configmap/greeting", "/metadata/uid");
    for value in ["true", "False", " false", "", "0", "no"] {
        ns.patch("configmap/greeting", &json!({"metadata": {"annotations": {"regplan.dev/protect": value}}}));
        let destroy = project.run(["destroy", "--auto-approve"]).success();
        destroy.stdout_contains("protected: `--consent resource.greeting` deletes it");
        let replace = project.run(["apply", "--auto-approve", "--replace=resource.greeting"]).code(1);
        replace.stdout_contains("--consent resource.greeting");
        assert_eq!(ns.field("configmap/greeting", "/metadata/uid"), uid, "{value:?}");
    }
    ns.patch("configmap/greeting", &json!({"metadata": {"annotations": {"regplan.dev/protect": "false"}}}));
    project.run(["destroy", "--auto-approve"]).success();
    assert!(ns.find("configmap/greeting").is_none());
}
