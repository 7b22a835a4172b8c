//! Objects that change between the plan and the write, and two runs at the same time.

use serde_json::json;

use super::{THEIRS, greeting};
use crate::harness::{Namespace, Project};

tests! {
    an_object_made_between_plan_and_apply_is_not_touched,
    an_object_recreated_between_plan_and_apply_is_not_overwritten,
    a_foreign_edit_between_plan_and_apply_stops_the_branch,
    a_foreign_edit_between_plan_and_apply_stops_a_replacement,
    a_recreated_object_is_not_overwritten,
    two_writers_do_not_meet,
}

/// Runs an apply, and does `between` after its plan: the apply waits for an answer to its question.
fn apply_with_something_between(project: &Project<'_>, between: impl FnOnce()) -> String {
    let mut apply = project.regplan(["apply"]).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    between();
    apply.say("yes");
    apply.wait().code(1).stderr().to_owned()
}

fn an_object_made_between_plan_and_apply_is_not_touched() {
    let ns = Namespace::new();
    let said = apply_with_something_between(&greeting(&ns), || {
        ns.apply(THEIRS);
    });
    assert!(said.contains("somebody else has made it since the plan"), "{said}");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "theirs");
}

fn an_object_recreated_between_plan_and_apply_is_not_overwritten() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    project.edit("regplan.toml", "world", "moon");
    let said = apply_with_something_between(&project, || {
        ns.delete("configmap/greeting").apply(THEIRS);
    });
    assert!(said.contains("was deleted and made again by others"), "{said}");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "theirs");
}

fn a_foreign_edit_between_plan_and_apply_stops_the_branch() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    project.edit("regplan.toml", "world", "moon");
    let said = apply_with_something_between(&project, || {
        ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    });
    assert!(said.contains("in a way that was not approved: data.hello"), "{said}");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "mars");
    // A field of others does not stop it.
    let mut apply = project.regplan(["apply"]).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    ns.patch("configmap/greeting", &json!({"data": {"theirs": "x"}}));
    apply.say("yes");
    apply.wait().success();
    assert_eq!(ns.field("configmap/greeting", "/data"), json!({"hello": "moon", "theirs": "x"}));
}

fn a_foreign_edit_between_plan_and_apply_stops_a_replacement() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    let uid = ns.field("configmap/greeting", "/metadata/uid");
    let mut apply = project.regplan(["apply", "--replace", "resource.greeting"]).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    ns.patch("configmap/greeting", &json!({"data": {"hello": "mars"}}));
    apply.say("yes");
    apply.wait().code(1).stderr_contains("in a way that was not approved: data.hello");
    assert_eq!(ns.field("configmap/greeting", "/metadata/uid"), uid);
}

fn a_recreated_object_is_not_overwritten() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    project.apply();
    ns.delete("configmap/greeting").apply(THEIRS);
    project.run(["plan"]).code(1).stdout_contains("was deleted and made again by others");
    project.run(["apply", "--auto-approve"]).code(1);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "theirs");
}

fn two_writers_do_not_meet() {
    let ns = Namespace::new();
    let project = greeting(&ns);
    let mut first = project.regplan(["apply"]).open_stdin().spawn();
    first.until("Only `yes` is accepted");
    let second = project.run(["apply", "--auto-approve"]).code(1);
    second.stderr_contains("the state is locked by").stderr_contains(&format!("process {}", first.id()));
    project.run(["plan"]).success();
    first.say("yes");
    first.wait().success();
}
