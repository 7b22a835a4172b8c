//! `regplan state init`, and what is said without it.

use serde_json::json;

use super::{HEAD, clean_up, first_machine, greeting, kept, machine, states};
use crate::harness::Namespace;

tests! {
    init_makes_what_is_missing_and_leaves_what_is_there,
    what_is_printed_can_be_made_by_somebody_else,
    without_init_a_command_says_what_to_do,
    a_folder_needs_no_init,
    nobody_owns_the_place_of_the_own_state,
    a_way_back_does_not_take_the_place_of_the_own_state,
    a_plan_that_finds_no_key_makes_none,
}

const KEPT: &[&str] =
    &["configmap/{project}.state", "lease/{project}", "secret/{project}.key", "role/{project}.writer"];

fn init_makes_what_is_missing_and_leaves_what_is_there() {
    let ns = Namespace::new();
    let project = machine(&ns, &greeting("a"));
    let made = project.run(["state", "init"]).success();
    for object in ["Namespace {prefix}-states", "ConfigMap {prefix}-states/{project}.state"] {
        made.stdout_contains(&ns.fill(&format!("{object}  made")));
    }
    made.stdout_contains(&ns.fill("Secret {prefix}-states/{project}.key  made"));
    let before: Vec<_> = KEPT.iter().map(|target| kept(&ns, target).unwrap()).collect();
    // A Role of an older version gets the rules of this one.
    let role = ns.fill("role/{project}.reader");
    ns.cluster().patch(&states(&ns), &role, &json!({ "rules": [] }));
    let again = project.run(["state", "init"]).success();
    again.stdout_lacks("  made").stdout_contains(&ns.fill("{project}.reader  given its rules"));
    let after: Vec<_> = KEPT.iter().map(|target| kept(&ns, target).unwrap()).collect();
    assert_eq!(before, after);
    project.apply();
    let state = project.run(["state", "pull"]).success();
    project.run(["state", "init"]).success();
    assert_eq!(project.run(["state", "pull"]).success().stdout(), state.stdout(), "what it holds stays");
    let imported = project.run(["import", "--from-cluster", "{prefix}-states"]).success();
    imported
        .stdout_lacks("[resource")
        .stdout_lacks("[[import]]")
        .stderr_contains("regplan made them for states");
    project.expect_settled();
    clean_up(&ns);
}

fn what_is_printed_can_be_made_by_somebody_else() {
    let ns = Namespace::new();
    let project = machine(&ns, &greeting("a"));
    let printed = project.run(["state", "init", "--print"]).success();
    printed.stderr_contains("the key of plan files is a secret").stdout_lacks("kind: Secret");
    assert!(kept(&ns, "lease/{project}").is_none());
    ns.cluster().kubectl(["apply", "--filename=-"]).stdin(printed.stdout()).run().success();
    project.apply();
    project.expect_settled();
    let made = project.run(["state", "init"]).success();
    made.stdout_contains(&ns.fill("{project}.key  made"));
    let lines: Vec<_> = made.stdout().lines().filter(|line| !line.ends_with("is there")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    clean_up(&ns);
}

fn without_init_a_command_says_what_to_do() {
    let ns = Namespace::new();
    let project = machine(&ns, &greeting("a"));
    for args in [&["plan"][..], &["apply", "--auto-approve"], &["drift"], &["history"], &["state", "pull"]] {
        let refused = project.run(args.iter().copied()).code(1);
        refused.stderr_contains("the state is not initialised").stderr_contains("regplan state init");
    }
    assert!(ns.find("configmap/greeting").is_none());
    // A project has not been initialised by another one in the same namespace.
    project.run(["state", "init"]).success();
    let other =
        ns.project().write("regplan.toml", &format!("{}name = \"other\"\n{}", super::HEAD, greeting("a")));
    other.run(["plan"]).code(1).stderr_contains("the state is not initialised");
    clean_up(&ns);
}

fn a_folder_needs_no_init() {
    let ns = Namespace::absent();
    let project = ns.project().write("regplan.toml", "[project]\nname = \"{project}\"\n");
    project.run(["state", "init"]).success().stderr_contains("Nothing to make");
    project.run(["state", "init", "--print"]).success().stderr_contains("Nothing to print");
}

fn nobody_owns_the_place_of_the_own_state() {
    let ns = Namespace::absent();
    let namespace = "\n[resource.states]\napiVersion = \"v1\"\nkind = \"Namespace\"\nmetadata.name = \"{prefix}-states\"\n";
    let within = format!("{}metadata.namespace = \"{{prefix}}-states\"\n", greeting("a"));
    for blocks in [namespace, &within] {
        let project = machine(&ns, blocks);
        for args in [&["validate"][..], &["plan"]] {
            let refused = project.run(args.iter().copied()).code(1);
            refused
                .stderr_contains("own-state")
                .stderr_contains("1 mistake")
                .stderr_contains("the state of this project");
        }
    }
    // In another namespace the same objects are welcome.
    machine(&ns, &greeting("a")).run(["validate"]).success();
}

fn a_plan_that_finds_no_key_makes_none() {
    let ns = Namespace::new();
    let project = first_machine(&ns, &greeting("a"));
    ns.cluster().delete(&states(&ns), &ns.fill("secret/{project}.key"));
    project.run(["plan"]).success();
    let refused = project.run(["plan", "--out", "p.plan"]).code(1);
    refused.stderr_contains("there is no key for plan files").stderr_contains("regplan state init");
    assert!(!project.path("p.plan").exists() && kept(&ns, "secret/{project}.key").is_none());
    project.run(["state", "init"]).success();
    project.run(["plan", "--out", "p.plan"]).success();
    clean_up(&ns);
}

/// The namespace was a resource once, and the state has moved there since.
fn a_way_back_does_not_take_the_place_of_the_own_state() {
    let ns = Namespace::new();
    let space = "\n[resource.space]\napiVersion = \"v1\"\nkind = \"Namespace\"\nmetadata.name = \"{prefix}-states\"\n";
    let local = crate::harness::HEAD;
    let project = ns.project().write("regplan.toml", &format!("{local}{}{space}", greeting("a")));
    project.apply();
    project.rewrite("regplan.toml", &format!("{local}{}", greeting("b")));
    project.run(["apply", "--auto-approve", "--consent", "resource.space"]).success();
    project.rewrite("old.toml", &project.read("regplan.toml"));
    project.rewrite("regplan.toml", &format!("{HEAD}{}", greeting("b")));
    project.run(["state", "init"]).success();
    project.run(["state", "migrate", "--from", "old.toml", "--auto-approve"]).success();
    for more in [&["--auto-approve"][..], &["--out", "back.plan"]] {
        let refused = project.run(["rollback", "1"].iter().chain(more).copied()).code(1);
        refused.stderr_contains("own-state").stderr_contains("the state of this project is kept there");
    }
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "b");
    clean_up(&ns);
}
