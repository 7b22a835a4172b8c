//! The forms of a plan: text for people, Markdown for comments, JSON for programs.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::{
    BALANCER, Command, Ended, GREETING, HEAD, Namespace, Output, Project, changes, program,
};

tests! {
    a_first_plan_is_as_its_schema_says,
    every_later_plan_is_as_its_schema_says,
    a_line_of_drift_names_its_place,
    a_plan_fits_80_columns_and_uses_more,
    what_destroys_comes_first,
    markdown_stays_within_its_limit,
    nothing_that_the_cluster_says_breaks_out_of_markdown,
    the_policy_denies_the_loss_of_a_claim,
    json_steers_no_terminal,
}

const CLAIM: &str = r#"
[resource.data]
apiVersion = "v1"
kind = "PersistentVolumeClaim"
spec = { accessModes = ["ReadWriteOnce"], resources.requests.storage = "1Gi" }
"#;

const LOGIN: &str = r#"
[secret.token]
env = "TOKEN"

[resource.login]
apiVersion = "v1"
kind = "Secret"
stringData = { token = "${secret.token}" }
"#;

const ROOM: &str = r#"
[resource.room]
apiVersion = "v1"
kind = "Namespace"
metadata.name = "{prefix}-room"

[resource.chair]
apiVersion = "v1"
kind = "ConfigMap"
metadata.namespace = "{prefix}-room"
"#;

/// The published schema allows unknown keys, for later versions. Here it allows none.
fn closed_schema() -> Value {
    let mut schema: Value = serde_json::from_str(include_str!("../../docs/plan.schema.json")).unwrap();
    close(&mut schema);
    schema
}

fn close(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    if map.contains_key("properties") {
        map.insert("additionalProperties".to_owned(), json!(false));
    }
    // Alternatives contain only what differs between them.
    for (_, part) in map.iter_mut().filter(|(key, _)| !["oneOf", "anyOf"].contains(&key.as_str())) {
        match part {
            Value::Array(parts) => parts.iter_mut().for_each(close),
            part => close(part),
        }
    }
}

/// Fails unless the plan matches the schema and has no unknown key.
#[track_caller]
pub(crate) fn check(plan: &Value) {
    let schema = closed_schema();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let mistakes: Vec<String> =
        validator.iter_errors(plan).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}\n{plan:#}");
}

fn plan(project: &Project<'_>) -> Value {
    let plan = project.run(["plan", "--format=json"]).any().json();
    check(&plan);
    plan
}

fn actions(plan: &Value) -> Vec<&str> {
    let mut actions: Vec<&str> =
        changes(plan).iter().map(|change| change["action"].as_str().unwrap()).collect();
    actions.sort_unstable();
    actions.dedup();
    actions
}

/// A plan with a secret that is not set, a namespace that it creates, and a value that is not known yet.
fn a_first_plan_is_as_its_schema_says() {
    let ns = Namespace::new();
    let address = "\n[resource.address]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
                   data.ip = \"${resource.lb.status.loadBalancer.ingress[0].ip}\"\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{LOGIN}{ROOM}{BALANCER}{address}"));
    let first = plan(&project);
    assert_eq!(actions(&first), ["create", "none"]);
    let text = first.to_string();
    for said in ["TOKEN is not set", "after_unknown", "\"predicted\""] {
        assert!(text.contains(said), "no {said} in {first:#}");
    }
}

fn every_later_plan_is_as_its_schema_says() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{LOGIN}{CLAIM}{ROOM}"));
    let project = project.env("TOKEN", "some-token");
    project.apply();
    assert_eq!(actions(&plan(&project)), ["none"]);
    // Drift, a conflict, an object of others, and something that dies with a namespace.
    ns.patch("configmap/greeting", &json!({"data": {"hello": "sun", "theirs": "x"}}));
    ns.patch("secret/login", &json!({"stringData": {"token": "by-hand"}}));
    ns.kubectl(["create", "configmap", "found", "--from-literal=a=b"]).run().success();
    let more = ["create", "configmap", "more", "--namespace={prefix}-room"];
    ns.kubectl(more).run().success();
    let found = "\n[resource.found]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.a = \"c\"\n";
    project.rewrite("regplan.toml", &format!("{}{LOGIN}{found}", GREETING.replace("world", "moon")));
    let refused = plan(&project);
    assert_eq!(refused["errors"][0]["address"], "resource.found", "{refused:#}");
    let arguments = ["--adopt=resource.found", "--replace=resource.login", "--consent=resource.room"];
    let all = project.regplan(["plan", "--format=json"]).args(arguments).run().success().json();
    check(&all);
    assert_eq!(actions(&all), ["adopt", "delete", "keep", "none", "replace", "update"], "{all:#}");
    for said in ["\"dies_with\":[{", "\"taken_from\":[\"", "\"conflict\"", "\"drift\""] {
        assert!(all.to_string().contains(said), "no {said} in {all:#}");
    }
    check(&project.run(["plan", "--destroy", "--format=json"]).success().json());
    check(&project.run(["plan", "--target=resource.greeting", "--format=json"]).success().json());
    ns.clean_up("namespace/{prefix}-room");
}

fn a_line_of_drift_names_its_place() {
    let ns = Namespace::new();
    let two = GREETING.replace("hello = \"world\"", "hello = \"world\", bye = \"moon\"");
    let project = ns.project().write("regplan.toml", &two);
    project.apply();
    ns.patch("configmap/greeting", &json!({"data": {"hello": "sun"}}));
    let config = project.read("regplan.toml");
    let line = config.lines().position(|line| line.contains("hello =")).unwrap() + 1;
    let text = project.run(["plan"]).success();
    text.stdout_contains("~ data.hello: \"sun\" -> \"world\"")
        .stdout_contains("drift: changed by kubectl-patch (update, 2");
    text.stdout_contains(&format!("keep it: set resource.greeting.data.hello (regplan.toml:{line})"));
    text.stdout_contains("Reason: the cluster has drifted; the configuration has not changed.");
    text.stdout_contains("by kubectl-patch: 1 field in 1 resource, last at 2");
    let found = plan(&project);
    let field = &changes(&found).iter().find(|change| change["action"] == "update").unwrap()["fields"][0];
    let place = json!({"file": "regplan.toml", "line": line});
    assert_eq!((&field["place"], &field["keep"]["place"]), (&place, &place));
    let markdown = project.run(["plan", "--format=markdown"]).success();
    markdown.stdout_contains(&format!("# keep it: set resource.greeting.data.hello (regplan.toml:{line})"));
    // The server has no record of a removed field. The advice is to remove it from the file.
    ns.patch("configmap/greeting", &json!({"data": {"hello": null}}));
    let text = project.run(["plan"]).success();
    text.stdout_contains("drift: changed by an unknown manager");
    text.stdout_contains(&format!(
        "keep it: remove it at resource.greeting.data.hello (regplan.toml:{line})"
    ));
    // A change of the file has its place too.
    project.apply();
    project.edit("regplan.toml", "world", "mars");
    let text = project.run(["plan"]).success();
    text.stdout_contains(&format!("\"world\" -> \"mars\"  (yours, regplan.toml:{line})"));
    text.stdout_contains("Reason: the configuration or a secret changed; the cluster has not drifted.");
}

/// An object with long values, and one with a long text; both change.
fn long(ns: &Namespace) -> Project<'_> {
    let config = format!(
        "{GREETING}\n[resource.long]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n[resource.long.data]\nvalue = \"{}x\"\n\
         \"a-key-that-is-longer-than-most\" = \"{}\"\n\"config.yml\" = \"\"\"\n{}\"\"\"\n",
        "word ".repeat(60),
        "letters".repeat(20),
        (0..20).fold(String::new(), |text, n| text + &format!("line {n} {}\n", "text ".repeat(20))),
    );
    let project = ns.project().write("regplan.toml", &config);
    project.apply();
    project.edit("regplan.toml", "word x", "word y");
    project.edit("regplan.toml", "lettersletters\"", "lettersletterz\"");
    project.edit("regplan.toml", "line 9 text", "line 9 words");
    project
}

fn widest(shown: &Ended) -> usize {
    shown.stdout().lines().map(|line| line.chars().count()).max().unwrap()
}

fn a_plan_fits_80_columns_and_uses_more() {
    let ns = Namespace::new();
    let project = long(&ns);
    let narrow = project.run(["plan"]).success();
    narrow.check(widest(&narrow) <= 80, "should fit 80 columns");
    narrow.stdout_contains("- line 9 text").stdout_contains("+ line 9 words").stdout_lacks("line 2 ");
    let wide = project.regplan(["plan"]).env("COLUMNS", "150").run().success();
    wide.check((81..=150).contains(&widest(&wide)), "should use up to 150 columns");
}

fn what_destroys_comes_first() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{CLAIM}"));
    project.apply();
    project.edit("regplan.toml", "resource.greeting", "resource.another");
    let shown = project.run(["plan"]).success();
    let first = shown.stdout().find("- resource.greeting  delete");
    let second = shown.stdout().find("+ resource.another  create");
    shown.check(first.is_some() && first < second, "should begin with what is deleted");
    shown.stdout_contains("it is not in the configuration any more");
}

fn markdown_stays_within_its_limit() {
    let ns = Namespace::absent();
    let data = format!("data.text = \"{}\"", "long ".repeat(40));
    let objects = (0..60).fold(String::new(), |text, n| {
        text + &format!("\n[resource.c{n}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n{data}\n")
    });
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{objects}"));
    let whole = project.run(["plan", "--format=markdown", "--full"]).success();
    whole.stdout_contains("**Plan: 61 to add").stdout_contains("</details>").stdout_lacks("Left out");
    for limit in [1000, 5000, 20_000] {
        let argument = format!("--markdown-limit={limit}");
        let shown = project.regplan(["plan", "--format=markdown", "--full"]).args([argument]).run().success();
        shown.check(shown.stdout().len() <= limit, "should stay within its limit");
        shown
            .stdout_contains("Plan: 61 to add")
            .stdout_contains(&format!("Left out to stay within {limit} bytes"));
    }
    project.run(["plan", "--markdown-limit=10"]).code(1).stderr_contains("at least 1000");
}

fn nothing_that_the_cluster_says_breaks_out_of_markdown() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.apply();
    let hostile = "````\n```\n</details>@team #1 |x| <script> [a](http://b) \u{1b}[31m\u{202e}";
    ns.kubectl(["patch", "configmap/greeting", "--field-manager=@team<b>|`#1", "--patch"])
        .args([json!({"data": {"hello": hostile}}).to_string()])
        .run()
        .success();
    let shown = project.run(["plan", "--format=markdown"]).success();
    let (outside, inside): (Vec<_>, Vec<_>) =
        shown.stdout().split("\n`````").enumerate().partition(|(at, _)| at % 2 == 0);
    shown.check(inside.len() == 1, "should have one block of code, longer fenced than what is in it");
    shown.check(inside[0].1.contains("</details>@team"), "should have the value in it");
    let outside: String = outside.into_iter().map(|(_, text)| text.replace("&#", "")).collect();
    for meaning in ["@", "<script", "<b>", "#1", "](", "\u{1b}", "\u{202e}"] {
        shown.check(!outside.contains(meaning), &format!("should not mean `{meaning}`"));
    }
    for steering in ["\u{1b}", "\u{202e}"] {
        shown.stdout_lacks(steering);
    }
}

fn policy(plan: &str) -> Output {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/policy/keep-claims.sh");
    program("jq");
    Command::new(script).stdin(plan).run()
}

fn the_policy_denies_the_loss_of_a_claim() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{CLAIM}"));
    project.apply();
    // The policy allows that another object is deleted.
    project.rewrite("regplan.toml", &format!("{HEAD}{CLAIM}"));
    let harmless = project.run(["plan", "--format=json"]).success();
    harmless.stdout_contains("\"action\": \"delete\"");
    policy(harmless.stdout()).success();
    // The claim is deleted only with consent, and then the policy denies it.
    project.rewrite("regplan.toml", HEAD);
    policy(project.run(["plan", "--format=json"]).success().stdout()).success();
    let loss = project.run(["plan", "--format=json", "--consent=resource.data"]).success();
    policy(loss.stdout())
        .code(1)
        .stderr_contains(&ns.fill("resource.data: the claim {ns}/data would be deleted"));
    // A claim is also lost with its namespace, or when its address names another object.
    let claim = json!({"kind": "PersistentVolumeClaim", "namespace": "a", "name": "data"});
    let room = json!({"kind": "Namespace", "name": "a"});
    let with = |identity: &Value, action: &str, replaces: Value, dies_with: Value| {
        let change = json!({"address": "resource.x", "identity": identity, "action": action,
                            "replaces": replaces, "dies_with": dies_with});
        policy(&json!({"format_version": "1", "changes": [change]}).to_string())
    };
    with(&room, "delete", Value::Null, json!([claim])).code(1).stderr_contains("the claim a/data");
    with(&room, "replace", claim.clone(), json!([])).code(1).stderr_contains("the claim a/data");
    with(&claim, "replace", Value::Null, json!([])).code(1).stderr_contains("the claim a/data");
    with(&claim, "replace", room.clone(), json!([])).success();
    with(&claim, "create", Value::Null, json!([])).success();
    // An input that is no plan is denied.
    for nothing in ["", "{}", "no plan"] {
        let judged = policy(nothing).any();
        judged.check(!judged.succeeded(), "should not let through what is no plan");
    }
}

fn json_steers_no_terminal() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.apply();
    ns.patch("configmap/greeting", &json!({"data": {"hello": "a\u{9b}31mb\u{7f}"}}));
    for (command, code) in [("plan", 0), ("drift", 2)] {
        let shown = project.run([command, "--format=json"]).code(code);
        let steers = shown.stdout().chars().any(|c| c.is_control() && c != '\n');
        assert!(!steers && shown.stdout().contains("a\\u009b31mb\\u007f"), "{}", shown.stdout());
    }
}
