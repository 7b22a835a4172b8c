//! `[pull_secret.NAME]`: the login of a registry in the namespaces that pull from it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Namespace, Project, change};

tests! {
    each_namespace_gets_the_login_and_nobody_sees_it,
    a_new_namespace_with_the_labels_gets_the_login,
    without_the_right_to_list_namespaces_no_secret_goes,
    an_account_gets_an_entry_beside_those_of_others,
    what_others_write_into_an_account_meanwhile_stays,
    an_entry_of_others_is_taken_over_only_with_consent,
    a_lost_state_finds_the_entries_of_accounts,
    an_account_of_the_plan_is_waited_for_and_an_unknown_one_refused,
    two_users_take_turns_and_the_next_plan_retires_one,
    nodes_get_no_user_that_the_pods_do_not_take,
    a_rotation_needs_the_right_to_ask_the_pods,
    another_user_is_given_to_nodes_when_the_pods_take_it_or_cannot_be_asked,
    a_lost_password_is_no_reason_to_change_users_silently,
    a_changed_password_of_one_user_is_announced,
}

const PASSWORD: &str = "a long enough password";

/// A registry without pods, since it is not the registry that is tried here, and a pull secret.
const PULL: &str = r#"
[project]
name = "{project}"

[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
replicas       = 0
namespace      = "{ns}"
storage.volume = { size = "1Gi" }
auth.users     = { ci = { env = "CI_PASSWORD" }, robot = { generate = { length = 20 } } }

[pull_secret.pull]
registry = "registry.main"
user     = "ci"
"#;

fn with_keys(keys: &str) -> String {
    format!("{PULL}{keys}\n")
}

fn pulling<'n>(ns: &'n Namespace, keys: &str) -> Project<'n> {
    ns.project().write("regplan.toml", &with_keys(keys)).env("CI_PASSWORD", PASSWORD)
}

/// The login in the pull Secret of a namespace; nothing where there is none.
fn login(ns: &Namespace, namespace: &str) -> Option<Value> {
    let secret = ns.cluster().find(&ns.fill(namespace), "secret/pull")?;
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    let bytes = STANDARD.decode(secret["data"][".dockerconfigjson"].as_str().unwrap()).unwrap();
    let config: Value = serde_json::from_slice(&bytes).unwrap();
    Some(config["auths"]["registry.example.com"].clone())
}

fn each_namespace_gets_the_login_and_nobody_sees_it() {
    let ns = Namespace::absent();
    let project = pulling(&ns, "namespaces = [\"{prefix}-a\", \"{ns}\"]");
    let plan = project.run(["plan", "--full"]).success();
    plan.stdout_contains("namespace.{prefix}-a".replace("{prefix}", &ns.prefix()).as_str());
    let applied = project.apply();
    let auth = STANDARD.encode(format!("ci:{PASSWORD}"));
    let expected = json!({"username": "ci", "password": PASSWORD, "auth": auth});
    assert_eq!(login(&ns, "{prefix}-a"), Some(expected.clone()));
    assert_eq!(login(&ns, "{ns}"), Some(expected));
    project.expect_settled();
    // What somebody else writes is drift, and is put right.
    ns.patch("secret/pull", &json!({"data": {".dockerconfigjson": STANDARD.encode("{\"auths\":{}}")}}));
    let drift = project.run(["drift"]).code(2);
    drift.stdout_contains("pull_secret.pull/Secret/{ns}/pull".replace("{ns}", &ns.name()).as_str());
    project.apply();
    project.expect_settled();
    // A generated password is that of the registry's own Secret.
    project.edit("regplan.toml", "user     = \"ci\"", "user     = \"robot\"");
    let replan = project.run(["plan", "--full"]).success();
    project.apply();
    let users = ns.field("secret/registry-users", "/data/robot");
    let robot = String::from_utf8(STANDARD.decode(users.as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(login(&ns, "{ns}").unwrap()["password"], robot.as_str());
    let state = project.read(&project.state_path());
    for said in [plan.stdout(), applied.stderr(), applied.stdout(), drift.stdout(), replan.stdout(), &state] {
        for secret in [PASSWORD, &auth, &robot] {
            assert!(!said.contains(secret), "{said}");
        }
    }
    // A namespace that leaves the list loses the Secret, and stays itself.
    project.edit("regplan.toml", "namespaces = [\"{prefix}-a\", ", "namespaces = [");
    project.run(["apply", "--auto-approve", "--consent=namespace.{prefix}-a"]).success();
    assert_eq!(login(&ns, "{prefix}-a"), None);
    assert!(login(&ns, "{ns}").is_some());
}

/// A namespace of somebody else.
fn space(name: &str, labels: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: \"{name}\", labels: {labels} }}\n---\n")
}

fn a_new_namespace_with_the_labels_gets_the_login() {
    let ns = Namespace::new();
    ns.apply(
        &(space("{prefix}-a", "{ pull: \"{ns}\" }")
            + &space("{prefix}-old", "{ pull: \"{ns}\", legacy: \"\" }")),
    );
    let project = pulling(
        &ns,
        "namespace_selector = \"pull={ns},!legacy\"\n\n[resource.own]\napiVersion = \"v1\"\nkind = \"Namespace\"\n\
         metadata = { name = \"{prefix}-own\", labels = { pull = \"{ns}\" } }",
    );
    project.run(["validate"]).success().stderr_contains("namespaces-not-known");
    project.apply();
    assert!(login(&ns, "{prefix}-a").is_some() && login(&ns, "{prefix}-own").is_some());
    assert_eq!(login(&ns, "{prefix}-old"), None);
    project.expect_settled();
    project.run(["plan", "--out=plan.bin"]).success();
    ns.apply(&space("{prefix}-new", "{ pull: \"{ns}\" }"));
    let plan = project.run(["plan", "--format=json", "--detailed-exitcode"]).code(2).json();
    let address = ns.fill("pull_secret.pull/Secret/{prefix}-new/pull");
    assert_eq!(change(&plan, &address)["action"], "create");
    let drift = project.run(["drift"]).code(2);
    drift
        .stdout_contains(&address)
        .stdout_contains("not made yet")
        .stdout_contains(&ns.fill("pull={ns},!legacy"));
    // What was approved does not reach a namespace that nobody has seen in it.
    project.run(["apply", "plan.bin"]).code(1).stderr_contains(&address);
    assert_eq!(login(&ns, "{prefix}-new"), None);
    project.apply();
    assert!(login(&ns, "{prefix}-new").is_some());
    // One that loses its label loses the Secret.
    project.run(["drift", "--no-secrets"]).success();
    ns.kubectl(["label", "namespace", "{prefix}-new", "pull-"]).run().success();
    project.run(["drift"]).code(2).stdout_contains("not wanted any more");
    project.apply();
    assert_eq!(login(&ns, "{prefix}-new"), None);
    project.run(["drift"]).success();
    for name in ["a", "old", "new"] {
        ns.clean_up(&format!("namespace/{{prefix}}-{name}"));
    }
}

fn without_the_right_to_list_namespaces_no_secret_goes() {
    let ns = Namespace::new();
    ns.apply(&space("{prefix}-a", "{ pull: \"{ns}\" }"));
    let project = pulling(&ns, "namespace_selector = \"pull={ns}\"");
    project.apply();
    let rules = json!([{"apiGroups": ["*"], "resources": ["secrets", "configmaps", "serviceaccounts", "services",
        "deployments", "persistentvolumeclaims"], "verbs": ["*"]}]);
    let project = project.kubeconfig(ns.account("tenant", &rules));
    let refused = project.run(["plan"]).code(1);
    refused.stderr_contains("namespaces-not-known").stderr_contains("namespaces = [");
    refused.stdout_lacks("pull_secret.pull/Secret");
    ns.clean_up("namespace/{prefix}-a");
}

/// The names in the list of an account.
fn entries(ns: &Namespace, account: &str) -> Vec<String> {
    let list = ns.field(&format!("serviceaccount/{account}"), "/imagePullSecrets");
    let list = list.as_array().cloned().unwrap_or_default();
    list.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

/// Others add an entry at the end, and take the first one away, right before our patches arrive.
fn what_others_write_into_an_account_meanwhile_stays() {
    let ns = Namespace::new();
    let account = "serviceaccount/default";
    let list = |names: &[&str]| {
        let entries: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        json!({"imagePullSecrets": entries})
    };
    ns.patch(account, &list(&["first", "second"]));
    let proxy = ns.proxy();
    let keys = "namespaces = [\"{ns}\"]\nservice_accounts = [\"default\"]";
    let project = pulling(&ns, keys).through(&proxy);
    let meanwhile = |names: &[&str]| {
        let (cluster, namespace, list) = (ns.cluster().clone(), ns.name(), list(names));
        let patch = proxy.on("patch", "serviceaccounts").not_dry_run().times(1);
        patch.first(move || {
            cluster.patch(&namespace, account, &list);
        });
    };
    meanwhile(&["second", "late"]);
    project.apply();
    assert_eq!(entries(&ns, "default"), ["second", "late", "pull"]);
    project.expect_settled();
    // The entry has another place by the time at which ours is taken away.
    meanwhile(&["pull", "late", "new"]);
    project.edit("regplan.toml", "service_accounts = [\"default\"]", "");
    project.apply();
    assert_eq!(entries(&ns, "default"), ["late", "new"]);
}

fn an_account_gets_an_entry_beside_those_of_others() {
    let ns = Namespace::new();
    ns.patch("serviceaccount/default", &json!({"imagePullSecrets": [{"name": "theirs"}]}));
    let project = pulling(&ns, "namespaces = [\"{ns}\", \"{prefix}-new\"]\nservice_accounts = [\"default\"]");
    project.apply();
    assert_eq!(entries(&ns, "default"), ["theirs", "pull"]);
    let new = ns.cluster().find(&ns.fill("{prefix}-new"), "serviceaccount/default").unwrap();
    assert_eq!(new["imagePullSecrets"], json!([{"name": "pull"}]), "it is waited for");
    project.expect_settled();
    // What others add later is theirs, and what they take away is drift.
    ns.patch(
        "serviceaccount/default",
        &json!({"imagePullSecrets": [{"name": "theirs"}, {"name": "pull"}, {"name": "late"}]}),
    );
    project.run(["drift"]).success();
    project.expect_settled();
    ns.patch("serviceaccount/default", &json!({"imagePullSecrets": [{"name": "theirs"}, {"name": "late"}]}));
    let entry = ns.fill("pull_secret.pull/ImagePullSecret.accounts.regplan.dev/{ns}/default_pull");
    project.run(["drift"]).code(2).stdout_contains(&entry);
    let plan = project.run(["plan", "--format=json"]).success().json();
    let planned = change(&plan, &entry);
    assert_eq!((&planned["action"], &planned["fidelity"]["kind"]), (&json!("create"), &json!("dry_run")));
    project.apply();
    assert_eq!(entries(&ns, "default"), ["theirs", "late", "pull"]);
    project
        .run([
            "destroy",
            "--auto-approve",
            "--consent=namespace.{prefix}-new",
            "--consent=registry.main/PersistentVolumeClaim/registry",
            "--consent=registry.main/Secret/registry-http",
            "--consent=registry.main/Secret/registry-users",
        ])
        .success();
    assert_eq!(entries(&ns, "default"), ["theirs", "late"]);
    assert_eq!(
        ns.field("serviceaccount/default", "/metadata/annotations"),
        Value::Null,
        "nothing of ours is left"
    );
}

fn an_entry_of_others_is_taken_over_only_with_consent() {
    let ns = Namespace::new();
    ns.patch("serviceaccount/default", &json!({"imagePullSecrets": [{"name": "pull"}]}));
    let project = pulling(&ns, "namespaces = [\"{ns}\"]\nservice_accounts = [\"default\"]");
    let entry = ns.fill("pull_secret.pull/ImagePullSecret.accounts.regplan.dev/{ns}/default_pull");
    project
        .run(["plan"])
        .code(1)
        .stdout_contains("exists already")
        .stdout_contains(&format!("--adopt {entry}"));
    project.run(["apply", "--auto-approve", "--adopt", &entry]).success();
    assert_eq!(entries(&ns, "default"), ["pull"]);
    project.expect_settled();
}

fn a_lost_state_finds_the_entries_of_accounts() {
    let ns = Namespace::new();
    ns.patch("serviceaccount/default", &json!({"imagePullSecrets": [{"name": "theirs"}]}));
    let project = pulling(&ns, "namespaces = [\"{ns}\"]\nservice_accounts = [\"default\"]");
    project.apply();
    let before: Vec<String> = project.state()["resources"].as_object().unwrap().keys().cloned().collect();
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    project.remove(&project.state_path());
    project.run(["state", "rebuild", "--auto-approve", "--adopt-lineage", &lineage]).success();
    let after: Vec<String> = project.state()["resources"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(after, before);
    assert!(after.iter().any(|address| address.contains("ImagePullSecret")), "{after:?}");
    // Mistakes in the blocks are no reason to find nothing.
    project.remove(&project.state_path());
    project.edit("regplan.toml", "user     = \"ci\"", "user     = \"nobody\"");
    let found = project.run(["state", "rebuild", "--auto-approve", "--adopt-lineage", &lineage]).success();
    found.stderr_contains("records of DNS are not looked for").stderr_contains("ImagePullSecret");
}

fn an_account_of_the_plan_is_waited_for_and_an_unknown_one_refused() {
    let ns = Namespace::new();
    let account =
        "\n[resource.app]\napiVersion = \"v1\"\nkind = \"ServiceAccount\"\nmetadata.namespace = \"{ns}\"\n";
    let project = pulling(&ns, "namespaces = [\"{ns}\"]\nservice_accounts = [\"app\"]");
    let refused = project.run(["plan"]).code(1);
    refused.stdout_contains("there is no ServiceAccount").stdout_contains("service_accounts");
    project.rewrite(
        "regplan.toml",
        &with_keys(&format!("namespaces = [\"{{ns}}\"]\nservice_accounts = [\"app\"]\n{account}")),
    );
    project.apply();
    assert_eq!(entries(&ns, "app"), ["pull"]);
    project.expect_settled();
    // Without the account its entry is gone as well, and both come back.
    ns.delete("serviceaccount/app");
    project.apply();
    assert_eq!(entries(&ns, "app"), ["pull"]);
}

/// A pull secret whose users take turns.
const IN_TURN: &str = "rotate = \"2026-10\"\nnamespaces = [\"{ns}\"]";

/// The users in the password file.
fn users(ns: &Namespace) -> Vec<String> {
    let file = ns.field("secret/registry-htpasswd", "/data/htpasswd");
    let file = String::from_utf8(STANDARD.decode(file.as_str().unwrap()).unwrap()).unwrap();
    file.lines().map(|line| line.split_once(':').unwrap().0.to_owned()).collect()
}

/// The user that nodes have.
fn user(ns: &Namespace) -> String {
    login(ns, "{ns}").unwrap()["username"].as_str().unwrap().to_owned()
}

fn two_users_take_turns_and_the_next_plan_retires_one() {
    let ns = Namespace::new();
    let project = pulling(&ns, IN_TURN);
    project.apply();
    assert_eq!(
        (user(&ns).as_str(), users(&ns)),
        ("ci-a", ["ci", "ci-a", "robot"].map(str::to_owned).to_vec())
    );
    project.expect_settled();
    let first = login(&ns, "{ns}").unwrap();
    project.edit("regplan.toml", "2026-10", "2026-11");
    let plan = project.run(["plan", "--out=turn.regplan"]).success();
    plan.stdout_contains("data.htpasswd: (sensitive, changed): ci-b added");
    project.run(["apply", "turn.regplan"]).success();
    assert_eq!(
        (user(&ns).as_str(), users(&ns)),
        ("ci-b", ["ci", "ci-a", "ci-b", "robot"].map(str::to_owned).to_vec())
    );
    let second = login(&ns, "{ns}").unwrap();
    assert_ne!(first["password"], second["password"]);
    project.run(["plan", "--detailed-exitcode"]).code(2).stdout_contains("ci-a removed");
    project.apply();
    assert_eq!(
        (user(&ns).as_str(), users(&ns)),
        ("ci-b", ["ci", "ci-b", "robot"].map(str::to_owned).to_vec())
    );
    assert_eq!(ns.get("secret/registry-pull-ci")["data"].as_object().unwrap().len(), 1);
    project.expect_settled();
    // The third password is that of the first user again.
    project.edit("regplan.toml", "2026-11", "2026-12");
    project.apply();
    assert_eq!(user(&ns), "ci-a");
    assert_ne!(login(&ns, "{ns}").unwrap()["password"], first["password"]);
}

fn nodes_get_no_user_that_the_pods_do_not_take() {
    let ns = Namespace::new();
    let project = pulling(&ns, IN_TURN);
    project.apply();
    // These pods have no node that could ask them.
    project.edit("regplan.toml", "replicas       = 0", "replicas       = 1");
    project.run(["apply", "--auto-approve"]).success();
    let quick = "2026-11\"\nlifecycle.timeouts.ready = \"2s";
    project.edit("regplan.toml", "2026-10", quick);
    let failed = project.run(["apply", "--auto-approve"]).code(1);
    failed.stderr_contains("does not take the user `ci-b`").stderr_contains("nothing was given to nodes");
    assert_eq!(user(&ns), "ci-a");
    assert!(users(&ns).contains(&"ci-a".to_owned()), "the user that nodes have still works");
    // The next run goes on where this one has stopped, with the same password.
    let kept = ns.get("secret/registry-pull-ci")["data"].clone();
    project.edit("regplan.toml", "replicas       = 1", "replicas       = 0");
    project.apply();
    assert_eq!(user(&ns), "ci-b");
    let password = login(&ns, "{ns}").unwrap()["password"].as_str().unwrap().to_owned();
    assert_eq!(kept["b.2026-11"], STANDARD.encode(password).as_str());
    project.apply();
    project.expect_settled();
}

fn a_rotation_needs_the_right_to_ask_the_pods() {
    let ns = Namespace::new();
    let project = pulling(&ns, IN_TURN);
    project.apply();
    let rules = json!([
        {"apiGroups": ["*"], "resources": ["secrets", "configmaps", "serviceaccounts", "services", "deployments",
            "persistentvolumeclaims"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
    ]);
    let project = project.kubeconfig(ns.account("tenant", &rules));
    project.run(["plan"]).success().stdout_lacks("pods/portforward");
    project.edit("regplan.toml", "2026-10", "2026-11");
    let told = "`get` and `create` `pods/portforward`";
    project.run(["plan"]).success().stdout_contains(told);
    let refused = project.run(["apply", "--auto-approve"]).code(1);
    refused.stderr_contains("so nothing was done").stderr_contains("get and create pods/portforward");
    // A WebSocket begins as a GET, so either right alone is not enough.
    let mut project = project;
    for (account, verb) in [("only-create", "create"), ("only-get", "get")] {
        let forwarding = json!({"apiGroups": [""], "resources": ["pods/portforward"], "verbs": [verb]});
        let rules: Vec<Value> = rules.as_array().unwrap().iter().cloned().chain([forwarding]).collect();
        project = project.kubeconfig(ns.account(account, &json!(rules)));
        project.run(["plan"]).success().stdout_contains(told);
    }
    assert_eq!(user(&ns), "ci-a");
    assert!(!users(&ns).contains(&"ci-b".to_owned()), "the registry does not know the new user either");
}

fn another_user_is_given_to_nodes_when_the_pods_take_it_or_cannot_be_asked() {
    let ns = Namespace::new();
    let project = pulling(&ns, "namespaces = [\"{ns}\"]\nlifecycle.timeouts.ready = \"2s\"");
    project.apply();
    // These pods have no node that could ask them.
    project.edit("regplan.toml", "replicas       = 0", "replicas       = 1");
    project.apply();
    project.edit("regplan.toml", "user     = \"ci\"", "user     = \"robot\"");
    project.run(["plan"]).success().stderr_lacks("pull-gap");
    let told = project.run(["apply", "--auto-approve"]).success();
    told.check(
        format!("{}{}", told.stdout(), told.stderr())
            .contains("whether the registry takes it already is not known"),
        "why nobody was asked is told",
    );
    assert_eq!(user(&ns), "robot");
    project.expect_settled();
    // A user that goes while nodes have it is a gap.
    project.edit("regplan.toml", "user     = \"robot\"", "user     = \"ci\"");
    project.edit("regplan.toml", ", robot = { generate = { length = 20 } }", "");
    project.run(["plan"]).success().stderr_contains("pull-gap").stderr_contains("the user `robot` goes");
}

fn a_lost_password_is_no_reason_to_change_users_silently() {
    let ns = Namespace::new();
    let project = pulling(&ns, IN_TURN);
    project.apply();
    ns.delete("secret/registry-pull-ci");
    let kept = ns.fill("pull_secret.pull/Secret/{ns}/registry-pull-ci");
    project
        .run(["plan"])
        .code(1)
        .stderr_contains("is lost")
        .stderr_contains("`--consent")
        .stderr_contains(&kept);
    assert_eq!(user(&ns), "ci-a");
    project.run(["apply", "--auto-approve", "--consent", &kept]).success();
    assert_eq!(user(&ns), "ci-b");
    // So it is where somebody takes the password out of the Secret.
    ns.patch("secret/registry-pull-ci", &json!({"data": {"b.2026-10": null}}));
    project.run(["plan"]).code(1).stderr_contains("nodes have the user `ci-b`").stderr_contains("`--replace");
    project.run(["apply", "--auto-approve", "--replace", &kept]).success();
    assert_eq!(user(&ns), "ci-a");
}

fn a_changed_password_of_one_user_is_announced() {
    let ns = Namespace::new();
    let project = pulling(&ns, "namespaces = [\"{ns}\"]");
    project.apply();
    project.run(["plan"]).success().stderr_lacks("pull-gap");
    let project = project.env("CI_PASSWORD", "another long password");
    project.run(["plan"]).success().stderr_contains("pull-gap").stderr_contains("`rotate` lets two users");
    project.apply();
    project.run(["plan"]).success().stderr_lacks("pull-gap");
}
