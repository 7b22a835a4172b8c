//! What is compared: a state with or without its configuration, after runs that were interrupted or failed.

use serde_json::{Value, json};

use super::{PASSWORD, VALUE, applied, finding};
use crate::harness::{BALANCER, GREETING, HEAD, Namespace};

tests! {
    a_configuration_that_lacks_everything_else_will_do,
    a_state_alone_will_do,
    without_a_state_there_is_nothing_to_compare,
    an_interrupted_run_is_told_and_what_it_left_is_in_doubt,
    a_run_that_failed_is_told_and_leaves_nothing_in_doubt,
    a_state_without_records_claims_nothing,
    another_cluster_is_refused,
}

fn a_configuration_that_lacks_everything_else_will_do() {
    let ns = Namespace::new();
    let more = r#"
[variable.greeting]
type = "string"

[manifest.more]
path = "more.yaml"

[resource.greeting]
apiVersion = "v1"
kind = "ConfigMap"
data = { hello = "${var.greeting}" }
"#;
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{more}{PASSWORD}")).write(
        "more.yaml",
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}, "data": {"a": "b"}}"#,
    );
    let full = project.regplan(["apply", "--auto-approve", "--var", "greeting=hi"]).env("PASSWORD", VALUE);
    full.run().success();
    project.remove("more.yaml");
    project.run(["plan"]).code(1);
    project.run(["drift"]).success().stdout_contains("In sync: 4 resources");
    // Its blocks are not looked at.
    project.edit("regplan.toml", "[manifest.more]", "[nonsense.more]");
    project.run(["drift"]).success();
    project.edit("regplan.toml", "name = \"{project}\"", "nam = \"{project}\"");
    project.run(["drift"]).code(1).stderr_contains("nam");
}

fn a_state_alone_will_do() {
    let ns = Namespace::new();
    let project = applied(&ns, GREETING);
    let alone = ns.project().write("kept/state.json", &project.read(&project.state_path()));
    alone.run(["drift"]).code(1).stderr_contains("there is no `regplan.toml`");
    alone
        .run(["drift", "--state", "kept"])
        .success()
        .stdout_contains("In sync: 1 resource is as last applied.");
    ns.patch("configmap/greeting", &json!({"data": {"hello": "moon"}}));
    alone.run(["drift", "--state", "kept"]).code(2).stdout_contains("data.hello: \"world\" -> \"moon\"");
    // With a configuration, the state has to belong to it.
    let other = project.path("regplan.toml");
    alone.run(["drift", "--state", "kept", "-f", other.to_str().unwrap()]).code(2);
    let stranger = alone.write("other.toml", "[project]\nname = \"other\"\n");
    stranger
        .run(["drift", "--state", "kept", "-f", "other.toml"])
        .code(1)
        .stderr_contains("is the state of the project");
    // In a pod there is no context.
    stranger
        .run(["drift", "--state", "kept", "--in-cluster", "--context", "x"])
        .code(1)
        .stderr_contains("--context");
    stranger
        .run(["drift", "--state", "kept", "--in-cluster"])
        .code(1)
        .stderr_contains("not running in a pod");
}

fn without_a_state_there_is_nothing_to_compare() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    let ended = project.run(["drift"]).code(1);
    ended.stderr_contains("there is no state at").stderr_contains("run `regplan apply` first");
    project.run(["drift", "--state", "nowhere"]).code(1).stderr_contains("nowhere/state.json");
}

fn an_interrupted_run_is_told_and_what_it_left_is_in_doubt() {
    let ns = Namespace::new();
    let late =
        "\n[resource.late]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndepends_on = [\"resource.lb\"]\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{BALANCER}{late}"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    let check = |fate: &str, word: &str| {
        // The load balancer is drift of its own: it is not ready.
        project.run(["drift"]).code(2).stdout_contains("! resource.lb  not ready yet");
        let ended = project.run(["drift", "--no-health"]).code(3);
        ended.stdout_contains(fate).stdout_lacks("is under way, or was killed");
        ended.stdout_contains("? resource.late  in doubt");
        ended.stdout_lacks("resource.greeting");
        let found = project.run(["drift", "--no-health", "--format", "json"]).code(3);
        assert_eq!(finding(&found, "resource.late")["status"], "in_doubt");
        assert_eq!(finding(&found, "resource.greeting")["status"], "in_sync");
        let history = project.run(["history", "--format", "json"]).success();
        for told in [found.json(), history.json()] {
            let run = &told["unfinished_run"];
            assert_eq!((&run["end"], &run["fate"]), (&Value::Null, &json!(word)));
        }
    };
    check("is under way. Only", "under_way");
    apply.kill();
    check("was killed, or could not record its end. Only", "killed");
}

fn a_run_that_failed_is_told_and_leaves_nothing_in_doubt() {
    let ns = Namespace::new();
    let soon = "\n[resource.lb.lifecycle.timeouts]\nready = \"1s\"\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{BALANCER}{soon}"));
    project.run(["apply", "--auto-approve"]).code(1);
    let ended = project.run(["drift", "--no-health"]).success();
    ended.stdout_contains("failed in part").stdout_contains("In sync: 2 resources");
    project.run(["drift"]).code(2).stdout_contains("not ready yet").stdout_lacks("in doubt");
}

fn a_state_without_records_claims_nothing() {
    let ns = Namespace::new();
    let project = applied(&ns, GREETING);
    project.edit_state(|known| {
        known["resources"]["resource.greeting"].as_object_mut().unwrap().remove("applied");
    });
    let ended = project.run(["drift"]).code(3);
    ended
        .stdout_contains("resource.greeting  not recorded")
        .stdout_contains("the next `regplan apply` makes the record");
    // That the object is gone is seen all the same.
    ns.delete("configmap/greeting");
    project.run(["drift"]).code(2).stdout_contains("gone");
    project.apply();
    project.run(["drift"]).success();
}

fn another_cluster_is_refused() {
    let ns = Namespace::new();
    let project = applied(&ns, GREETING);
    project.edit_state(|known| {
        known["cluster"]["uid"] = json!("00000000-0000-0000-0000-000000000000");
    });
    project.run(["drift"]).code(1).stderr_contains("this is the wrong cluster");
}
