//! Fields of other managers: those that the configuration names too, and those that it does not.

use serde_json::{Value, json};

use super::{applied, plan, told};
use crate::harness::{Namespace, change};

tests! {
    what_both_changed_is_a_conflict,
    a_field_of_others_that_is_named_for_the_first_time_is_a_conflict,
    fields_of_others_are_counted_and_left_alone,
}

fn what_both_changed_is_a_conflict() {
    let ns = Namespace::new();
    let project = applied(&ns);
    ns.kubectl(["scale", "deployment/web", "--replicas=5"]).run().success();
    // The server writes the amount as `1`, as before.
    ns.kubectl(["set", "resources", "deployment/web", "--requests=cpu=2"]).run().success();
    project.edit("regplan.toml", "replicas = 2", "replicas = 3");
    project.edit("regplan.toml", "web:1", "web:2");
    let container = "resource.web spec.template.spec.containers[main]";
    assert_eq!(
        told(&plan(&project)),
        [
            "resource.web spec.replicas: conflict by kubectl".to_owned(),
            format!("{container}.image: yours"),
            format!("{container}.resources.requests.cpu: drift by kubectl-set"),
        ]
    );
    project.run(["plan"]).success().stdout_contains("5 -> 3 conflict: managed by kubectl");
    project.apply();
    project.expect_settled();
}

fn a_field_of_others_that_is_named_for_the_first_time_is_a_conflict() {
    let ns = Namespace::new();
    let project = applied(&ns);
    ns.patch("configmap/greeting", &json!({"data": {"theirs": "x"}}));
    project.edit("regplan.toml", "hello = \"world\"", "hello = \"world\", theirs = \"y\", ours = \"z\"");
    let expected =
        ["resource.greeting data.ours: yours", "resource.greeting data.theirs: conflict by kubectl-patch"];
    assert_eq!(told(&plan(&project)), expected);
    // The same without a state.
    project.remove(&project.state_path());
    assert_eq!(told(&plan(&project)), expected);
}

fn fields_of_others_are_counted_and_left_alone() {
    let ns = Namespace::new();
    let project = applied(&ns);
    let patch = json!({"data": {"theirs": "x"}, "metadata": {"labels": {"team": "a"}}});
    ns.patch("configmap/greeting", &patch);
    let found = plan(&project);
    assert_eq!(change(&found, "resource.greeting")["action"], "none");
    assert_eq!(change(&found, "resource.greeting")["foreign"], 2);
    assert_eq!(change(&found, "resource.web")["foreign"], 0);
    assert_eq!(found["occasion"], Value::Null);
    // The fields that we change or take over do not count.
    ns.patch("configmap/greeting", &json!({"data": {"hello": "sun"}}));
    assert_eq!(change(&plan(&project), "resource.greeting")["foreign"], 2);
    project.apply();
    assert_eq!(ns.field("configmap/greeting", "/data"), json!({"hello": "world", "theirs": "x"}));
}
