//! `regplan state init`, and what is said without it.

use serde_json::{Value, json};

use super::{HEAD, clean_up, first_machine, greeting, kept, machine, states};
use crate::harness::{Namespace, wait_until};

tests! {
    init_makes_what_is_missing_and_leaves_what_is_there,
    what_is_printed_can_be_made_by_somebody_else,
    without_init_a_command_says_what_to_do,
    init_takes_the_rights_that_the_page_names,
    in_a_namespace_that_is_there_its_rights_are_enough_to_init,
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

/// The rights of the page are granted one by one, and each run is told of the next one.
fn init_takes_the_rights_that_the_page_names() {
    let ns = Namespace::new();
    let reader = ns.fill("role/{project}.reader");
    let role = cluster_role(&ns, &[]);
    let project = machine(&ns, &greeting("a")).kubeconfig(ns.stranger("init", &json!([])));
    let bind = ["create", "clusterrolebinding", &role, &format!("--clusterrole={role}")];
    ns.kubectl(bind).args([ns.fill("--serviceaccount={ns}:init")]).run().success();
    let init = || project.run(["state", "init"]).any();
    let mut granted = Vec::new();
    for right in documented_rights(&ns) {
        let missing = match named(&right) {
            // Who may make the namespace need not look for it.
            ("get", "namespaces") => continue,
            ("escalate", _) => "attempting to grant RBAC permissions not currently held".to_owned(),
            (verb, plural) => format!("cannot {verb} resource \"{plural}\""),
        };
        if named(&right) == ("get", "roles") {
            wait_until("a state that is made", || init().succeeded());
            ns.cluster().patch(&states(&ns), &reader, &json!({ "rules": [] }));
        }
        wait_until(&missing, || {
            let refused = init();
            refused.exit_code() == Some(1) && refused.stderr().contains(&missing)
        });
        init().stderr_contains("let somebody with th").stderr_contains("run `regplan state init`");
        granted.push(right);
        ns.cluster().patch("", &format!("clusterrole/{role}"), &json!({ "rules": granted }));
    }
    wait_until("the rules of this version", || init().succeeded());
    assert_ne!(kept(&ns, "role/{project}.reader").unwrap()["rules"], json!([]));
    project.run(["state", "init"]).success().stdout_lacks("  made").stdout_lacks("given its rules");
    ns.clean_up("clusterrole/{prefix}-init");
    ns.clean_up("clusterrolebinding/{prefix}-init");
    clean_up(&ns);
}

/// Where the namespace is there, nothing outside it has to be allowed. One who has all rights in it needs no `escalate`.
fn in_a_namespace_that_is_there_its_rights_are_enough_to_init() {
    let ns = Namespace::new();
    let _first = first_machine(&ns, "");
    let mut rights = documented_rights(&ns);
    rights.retain(|right| named(right) != ("create", "namespaces"));
    let init = cluster_role(&ns, &rights);
    for (account, role) in [("init", init.as_str()), ("admin", "admin")] {
        let bind = ["create", "rolebinding", account, "--namespace={prefix}-states"];
        let (role, subject) =
            (format!("--clusterrole={role}"), ns.fill(&format!("--serviceaccount={{ns}}:{account}")));
        ns.kubectl(bind).args([role, subject]).run().success();
        let head = HEAD.replace("name = \"{project}\"", &format!("name = \"{{project}}-{account}\""));
        let project = ns.project().write("regplan.toml", &head).kubeconfig(ns.stranger(account, &json!([])));
        let writer = ns.fill(&format!("{{project}}-{account}.writer  made"));
        project.run(["state", "init"]).success().stdout_contains(&writer);
        project.run(["state", "init"]).success().stdout_lacks("  made");
    }
    ns.clean_up("clusterrole/{prefix}-init");
    clean_up(&ns);
}

/// Makes a `ClusterRole` with these rules, and says its name.
#[track_caller]
fn cluster_role(ns: &Namespace, rules: &[Value]) -> String {
    let name = ns.fill("{prefix}-init");
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": { "name": name },
        "rules": rules,
    });
    ns.apply(&role.to_string());
    name
}

/// The rights that `docs/state.md` names, in its order, each as a rule of its own.
fn documented_rights(ns: &Namespace) -> Vec<Value> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/state.md")).unwrap();
    let mut blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let block = blocks.find(|block| block.contains("kind: ClusterRole\n")).unwrap();
    let read = ["create", "--dry-run=client", "--filename=-", "--output=json"];
    let role = ns.cluster().kubectl(read).stdin(block).run().success().json();
    let single = |rule: &Value, verb: &Value| {
        let mut rule = rule.clone();
        rule["verbs"] = json!([verb]);
        rule
    };
    let rules = role["rules"].as_array().unwrap().iter();
    rules
        .flat_map(|rule| rule["verbs"].as_array().unwrap().iter().map(move |verb| single(rule, verb)))
        .collect()
}

/// The verb and the kind of a rule with one of each.
fn named(right: &Value) -> (&str, &str) {
    (right["verbs"][0].as_str().unwrap(), right["resources"][0].as_str().unwrap())
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
