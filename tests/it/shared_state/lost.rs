//! A state in the cluster that is damaged or lost, and is put back from a file or made anew.

use serde_json::{Value, json};

use super::{HEAD, applied_twice, clean_up, first_machine, greeting, states};
use crate::harness::{BALANCER, Namespace};
use crate::state_files::pulled;

tests! {
    a_lost_state_is_put_back_from_a_file,
    a_damaged_state_is_made_anew_from_annotations,
    a_damaged_index_is_made_anew_from_the_revisions,
    a_missing_index_is_made_anew_from_the_revisions,
    a_damaged_revision_stops_nothing_else,
}

fn a_lost_state_is_put_back_from_a_file() {
    let ns = Namespace::new();
    let project = first_machine(&ns, &greeting("a"));
    project.apply();
    project.rewrite("old.json", &pulled(&project));
    project.rewrite("regplan.toml", &format!("{HEAD}{}", greeting("b")));
    project.apply();
    let newest = pulled(&project);
    project.rewrite("newest.json", &newest);
    project.run(["state", "push", "old.json"]).code(1).stderr_contains("it is not newer");
    assert_eq!(pulled(&project), newest);
    ns.cluster().delete(&states(&ns), &ns.fill("configmap/{project}.state"));
    project.run(["plan"]).code(1).stderr_contains("the state is not initialised");
    project.run(["state", "init"]).success();
    project.run(["state", "push", "newest.json"]).success().stderr_contains("with serial");
    assert_eq!(pulled(&project), newest);
    project.expect_settled();
    project.run(["drift"]).success();
    // The revisions are where they were.
    project.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "a");
    clean_up(&ns);
}

/// As docs/state.md says it: what is left goes, then comes `state init`, then the rebuild.
fn a_damaged_state_is_made_anew_from_annotations() {
    let ns = Namespace::new();
    let project = first_machine(&ns, &greeting("a"));
    project.apply();
    let state: Value = serde_json::from_str(&pulled(&project)).unwrap();
    let lineage = state["content"]["lineage"].as_str().unwrap();
    let name = ns.fill("{project}.state");
    let damage = json!({ "binaryData": { "content": "AAAA" } });
    ns.cluster().patch(&states(&ns), &format!("configmap/{name}"), &damage);
    project.run(["plan"]).code(1).stderr_contains(&name);
    let left = ns.cluster().items(&states(&ns), "configmap");
    let names = left.iter().filter_map(|map| map["metadata"]["name"].as_str());
    for name in names.filter(|name| name.starts_with(&ns.project_name())) {
        ns.cluster().delete(&states(&ns), &format!("configmap/{name}"));
    }
    project.run(["state", "init"]).success();
    project.run(["state", "rebuild", "--auto-approve"]).code(1).stderr_contains(lineage);
    let rebuild = ["state", "rebuild", "--auto-approve", "--adopt-lineage", lineage];
    project.run(rebuild).success().stderr_contains("Took in 1 resource");
    project.apply();
    project.expect_settled();
    project.run(["drift"]).success();
    clean_up(&ns);
}

fn a_damaged_index_is_made_anew_from_the_revisions() {
    let ns = Namespace::new();
    let project = applied_twice(&ns);
    let history = project.run(["history"]).success();
    let index = ns.fill("configmap/{project}.index");
    ns.cluster().patch(&states(&ns), &index, &json!({ "binaryData": { "content": "AAAA" } }));
    let told = project.run(["history"]).success();
    told.stderr_contains(&ns.fill("{project}.index` is damaged: its checksum is wrong"))
        .stderr_contains("made anew from the 2 revisions that are there");
    assert_eq!(told.stdout(), history.stdout());
    project.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "a");
    project.run(["history"]).success().stderr_lacks("damaged").stdout_contains("rollback 1");
    clean_up(&ns);
}

fn a_missing_index_is_made_anew_from_the_revisions() {
    let ns = Namespace::new();
    let project = applied_twice(&ns);
    let history = project.run(["history"]).success();
    ns.cluster().delete(&states(&ns), &ns.fill("configmap/{project}.index"));
    let told = project.run(["history"]).success();
    told.stderr_contains(&ns.fill("{project}.index` is missing. It was made anew from the 2 revisions"));
    assert_eq!(told.stdout(), history.stdout());
    project.run(["rollback", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "a");
    project.run(["history"]).success().stderr_lacks("is missing").stdout_contains("rollback 1");
    clean_up(&ns);
}

/// As one in a folder: the history names it, and only a rollback to it is refused.
fn a_damaged_revision_stops_nothing_else() {
    let ns = Namespace::new();
    let project = applied_twice(&ns);
    let damage = |number: u64| {
        let revision = ns.fill(&format!("configmap/{{project}}.revision-{number}"));
        ns.cluster().patch(&states(&ns), &revision, &json!({ "binaryData": { "content": "AAAA" } }));
    };
    damage(2);
    project.run(["history"]).success().stderr_contains("revision-2` is damaged: its checksum is wrong");
    let refused = project.run(["rollback", "2", "--auto-approve"]).code(1);
    refused.stderr_contains("revision-2` is damaged").stderr_contains("restore it from a backup");
    refused.stderr_lacks("state rebuild");
    // What is left out of a run is taken over from the revision before, and is not known now.
    project.rewrite("regplan.toml", &format!("{HEAD}{}{BALANCER}", greeting("c")));
    project.run(["apply", "--auto-approve", "--target", "resource.greeting"]).success();
    // After a run that was killed, the newest revision is asked whether that run was complete.
    damage(3);
    let mut killed = project.regplan(["apply", "--auto-approve"]).spawn();
    killed.until("waiting resource.lb");
    killed.kill();
    project.run(["plan"]).success().stdout_contains("resource.lb");
    clean_up(&ns);
}
