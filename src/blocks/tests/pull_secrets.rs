//! Pull secrets: which namespaces get one, and what is in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::resource::{Live, Ownership, Stamp};

const REGISTRY: &str = "[registry.main]\nhost = \"r.example.com\"\nimage = \"registry:3.1.1\"\nnamespace = \"reg\"\n\
    storage.volume = { size = \"1Gi\" }\ningress.class = \"nginx\"\ntls.secret = \"t\"\n\
    auth.users = { ci = { env = \"P\" }, robot = { generate = { length = 20 } } }\n";

/// The addresses of the pull Secrets.
fn secrets(text: &str, cluster: &[(&str, &str, &str)]) -> Vec<String> {
    let config = config(text);
    let mut facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
    let mut labels = NamespaceLabels::new();
    for (name, key, value) in cluster {
        labels.entry((*name).into()).or_default().insert((*key).into(), (*value).into());
    }
    facts.insert(Need::Namespaces, Fact::Namespaces(Some(labels.into())));
    let compiled = flawless(Blocks::read(&config).compile(&facts)).unwrap_or_else(|found| panic!("{found}"));
    let addresses = compiled.resources.iter().map(|desired| desired.address.to_string());
    addresses.filter(|address| address.starts_with("pull_secret.")).collect()
}

#[test]
fn each_namespace_gets_the_login_of_the_registry() {
    let text = format!(
        "{REGISTRY}[pull_secret.pull]\nregistry = \"registry.main\"\nuser = \"ci\"\nnamespaces = [\"a\", \"b\", \"a\"]\n"
    );
    let resources = fine(&text);
    let secret = object(&resources, "pull_secret.pull/Secret/a/pull");
    insta::assert_snapshot!(serde_saphyr::to_string(&secret.object).unwrap());
    assert!(secret.is_sensitive(&path("data[\".dockerconfigjson\"]")));
    object(&resources, "pull_secret.pull/Secret/b/pull");
    object(&resources, "namespace.a");
    assert_eq!(resources.iter().filter(|desired| desired.address.block.kind == "pull_secret").count(), 2);
}

#[test]
fn a_password_that_is_not_known_leaves_the_login_unchecked() {
    let text = format!(
        "{REGISTRY}[pull_secret.pull]\nregistry = \"registry.main\"\nuser = \"ci\"\nnamespaces = [\"a\"]\n"
    );
    let unknown = SecretText::Unknown("the environment variable P is not set".into());
    let resources = compiled_with(&text, "", &unknown).unwrap().resources;
    let secret = object(&resources, "pull_secret.pull/Secret/a/pull");
    let login = path("data[\".dockerconfigjson\"]");
    assert_eq!(login.get(&secret.object), Some(&json!("(sensitive)")));
    assert!(secret.unchecked.get(&login).is_some());
    let fresh = compiled_with(&text, "", &SecretText::New("x".into())).unwrap().resources;
    assert!(object(&fresh, "pull_secret.pull/Secret/a/pull").fresh.get(&login).is_some());
}

#[test]
fn a_selector_means_namespaces_of_the_cluster_and_of_the_configuration() {
    let block = "[pull_secret.pull]\nregistry = \"registry.main\"\nuser = \"robot\"\nnamespaces = [\"x\"]\n\
        namespace_selector = \"pull=yes,!legacy\"\n";
    let namespace = |name: &str, pull: &str| {
        format!(
            "[resource.{name}]\napiVersion = \"v1\"\nkind = \"Namespace\"\nmetadata.labels = {{ pull = \"{pull}\" }}\n"
        )
    };
    let text = [REGISTRY, block, &namespace("new", "yes"), &namespace("left", "no")].concat();
    let cluster = [
        ("here", "pull", "yes"),
        ("old", "pull", "yes"),
        ("old", "legacy", ""),
        ("left", "pull", "yes"),
        ("other", "a", "b"),
    ];
    assert_eq!(
        secrets(&text, &cluster),
        ["here", "new", "x"].map(|name| format!("pull_secret.pull/Secret/{name}/pull"))
    );
}

#[test]
fn without_an_answer_nothing_is_concluded_about_namespaces() {
    let text = format!(
        "{REGISTRY}[pull_secret.pull]\nregistry = \"registry.main\"\nuser = \"ci\"\nnamespace_selector = \"a=b\"\n"
    );
    let config = config(&text);
    let mut said = Vec::new();
    for fact in [Fact::Unknown("no permission to read it".into()), Fact::Namespaces(None)] {
        let mut facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
        facts.insert(Need::Namespaces, fact);
        let compiled = Blocks::read(&config).compile(&facts);
        let of_this = compiled.mistakes.into_iter().filter(|found| found.code == codes::NAMESPACES_NOT_KNOWN);
        said.extend(of_this.map(|found| (found.severity, found.message)));
    }
    assert_eq!(
        said.iter().map(|(severity, _)| *severity).collect::<Vec<_>>(),
        [Severity::Error, Severity::Warning]
    );
    assert!(said[0].1.contains("no permission"), "{said:?}");
}

#[test]
fn what_no_schema_can_say_is_a_mistake() {
    let block = |keys: &str| format!("[pull_secret.p]\nregistry = \"registry.main\"\n{keys}\n");
    let of_file = REGISTRY.replace(
        "auth.users = { ci = { env = \"P\" }, robot = { generate = { length = 20 } } }",
        "auth.htpasswd = \"/users\"",
    );
    let of_anybody = REGISTRY.replace(
        "auth.users = { ci = { env = \"P\" }, robot = { generate = { length = 20 } } }",
        "auth.anonymous = true",
    );
    let texts = [
        REGISTRY.to_owned() + &block("user = \"ci\""),
        REGISTRY.to_owned() + &block("user = \"cj\"\nnamespaces = [\"a\"]"),
        REGISTRY.to_owned() + &block("user = \"ci\"\nnamespaces = [\"A b\"]"),
        REGISTRY.to_owned() + &block("user = \"ci\"\nnamespace_selector = \"a=b c\""),
        REGISTRY.to_owned() + &block("user = \"ci\"\nnamespaces = [\"a\"]\npassword = { env = \"X\" }"),
        of_anybody + &block("user = \"ci\"\nnamespaces = [\"a\"]"),
    ];
    let file = format!("ci:$2y$10${}\n", "a".repeat(53));
    let with_file = [
        of_file.clone() + &block("user = \"ci\"\nnamespaces = [\"a\"]"),
        of_file.clone() + &block("user = \"eve\"\nnamespaces = [\"a\"]\npassword = { env = \"X\" }"),
        of_file + &block("user = \"ci\"\nnamespaces = [\"a\"]\npassword = { generate = { length = 20 } }"),
    ];
    let known = SecretText::Known("TEXT".into());
    let said = texts.iter().map(|text| found(text));
    let said: Vec<String> =
        said.chain(with_file.iter().map(|text| found_with(text, &file, &known))).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn an_account_whose_list_is_written_as_a_whole_takes_no_entries() {
    let text = format!(
        "{REGISTRY}[pull_secret.p]\nregistry = \"registry.main\"\nuser = \"ci\"\nnamespaces = [\"a\"]\n\
         service_accounts = [\"default\", \"app\"]\n\
         [resource.app]\napiVersion = \"v1\"\nkind = \"ServiceAccount\"\nmetadata.namespace = \"a\"\n"
    );
    let resources = fine(&text);
    let entry = object(&resources, "pull_secret.p/ImagePullSecret.accounts.regplan.dev/a/default_p");
    assert_eq!(entry.object["spec"], json!({"account": "default", "secret": "p"}));
    assert!(entry.depends_on.iter().any(|(address, _)| address.to_string() == "pull_secret.p/Secret/a/p"));
    insta::assert_snapshot!(found(&format!("{text}imagePullSecrets = [{{ name = \"other\" }}]\n")));
}

const IN_TURN: &str =
    "[pull_secret.p]\nregistry = \"registry.main\"\nuser = \"ci\"\nnamespaces = [\"a\"]\nrotate = \"2\"\n";

/// The objects where the cluster has these, by namespace and name; and the mistakes.
fn in_turn(text: &str, secrets: &[(&str, Value)]) -> CompiledBlocks {
    let config = config(text);
    let blocks = Blocks::read(&config);
    let mut facts = Facts::default();
    loop {
        let needs = blocks.needs(&facts);
        if needs.is_empty() {
            return blocks.compile(&facts);
        }
        for need in needs {
            let fact = match &need {
                Need::Live(target) => {
                    let name =
                        format!("{}/{}", target.identity.namespace.as_deref().unwrap(), target.identity.name);
                    let found = secrets.iter().find(|(known, _)| *known == name);
                    found.map_or(Fact::Live(LiveObject::Absent), |(_, data)| there(data))
                }
                Need::Htpasswd { users, .. } => {
                    let names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
                    Fact::Text(SecretText::Known(names.join(",")))
                }
                _ => Fact::Text(SecretText::Known("TEXT".into())),
            };
            facts.insert(need, fact);
        }
    }
}

fn there(data: &Value) -> Fact {
    let stamp = Stamp { uid: "u".into(), version: "1".into() };
    let object = json!({"data": data});
    Fact::Live(LiveObject::There(Live { object, stamp, ownership: Ownership::default() }.into()))
}

fn decoded(secret: &Desired, key: &str) -> String {
    let text = secret.object["data"][key].as_str().unwrap();
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

fn login_of(user: &str) -> Value {
    let config = json!({"auths": {"r": {"username": user, "password": "x"}}}).to_string();
    json!({".dockerconfigjson": STANDARD.encode(config)})
}

#[test]
fn the_password_file_has_both_users_as_long_as_a_node_has_the_old_one() {
    let text = format!("{REGISTRY}{IN_TURN}");
    let kept = json!({"a.1": "eA=="});
    let compiled =
        flawless(in_turn(&text, &[("reg/registry-pull-ci", kept), ("a/p", login_of("ci-a"))])).unwrap();
    let all = &compiled.resources;
    assert_eq!(
        decoded(object(all, "registry.main/Secret/registry-htpasswd"), "htpasswd"),
        "ci,robot,ci-b,ci-a"
    );
    let kept = object(all, "pull_secret.p/Secret/reg/registry-pull-ci");
    let keys: Vec<_> = kept.object["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["a.1", "b.2"]);
    let secret = object(all, "pull_secret.p/Secret/a/p");
    assert!(decoded(secret, ".dockerconfigjson").contains("ci-b"));
    let mark = "reg/app.kubernetes.io/instance=registry,app.kubernetes.io/name=registry:5000";
    assert_eq!(secret.object["metadata"]["annotations"]["regplan.dev/login-at"], mark);
    // Pods that end TLS themselves are asked over TLS.
    let at_nodes = REGISTRY.replace("ingress.class = \"nginx\"", "node_port.port = 30500");
    let at_nodes = in_turn(&format!("{at_nodes}{IN_TURN}"), &[]).resources;
    let secret = object(&at_nodes, "pull_secret.p/Secret/a/p");
    assert_eq!(secret.object["metadata"]["annotations"]["regplan.dev/login-at"], format!("https://{mark}"));
    assert!(secret.depends_on.iter().any(|(address, _)| *address == kept.address));
    let kept = json!({"a.1": "eA==", "b.2": "eA=="});
    let retired = in_turn(&text, &[("reg/registry-pull-ci", kept), ("a/p", login_of("ci-b"))]).resources;
    assert_eq!(
        decoded(object(&retired, "registry.main/Secret/registry-htpasswd"), "htpasswd"),
        "ci,robot,ci-b"
    );
}

#[test]
fn what_is_wrong_with_a_rotation_is_told() {
    let both = json!({"a.0": "eA==", "b.1": "eA=="});
    let text = format!("{REGISTRY}{}", IN_TURN.replace("[\"a\"]", "[\"a\", \"b\"]"));
    let unfinished = in_turn(
        &text,
        &[("reg/registry-pull-ci", both), ("a/p", login_of("ci-a")), ("b/p", login_of("ci-b"))],
    );
    let lost = in_turn(
        &format!("{REGISTRY}{IN_TURN}"),
        &[("reg/registry-pull-ci", json!({})), ("a/p", login_of("ci-a"))],
    );
    let taken = REGISTRY.replace("robot", "ci-b");
    let twice = IN_TURN.replace("secret.p]", "secret.q]");
    let wrong = in_turn(&format!("{taken}{IN_TURN}{twice}password = {{ env = \"X\" }}\n"), &[]);
    let named = IN_TURN.replace("\"ci\"", "\"CI_bot\"");
    let named = in_turn(&format!("{REGISTRY}{named}"), &[]);
    // Nodes look for it by host and port.
    let unknown_port = REGISTRY.replace("ingress.class = \"nginx\"", "node_port = {}");
    let unknown_port = in_turn(&format!("{unknown_port}{IN_TURN}"), &[]);
    let said: Vec<String> = [unfinished, lost, wrong, named, unknown_port]
        .into_iter()
        .flat_map(|compiled| compiled.mistakes)
        .map(|found| format!("{} | {} | {}", found.code, found.message, found.help.unwrap_or_default()))
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_user_that_the_registry_forgets_while_nodes_have_it_is_told() {
    let without_ci = REGISTRY.replace("ci = { env = \"P\" }, ", "");
    let gaps = |registry: &str, block: &str, nodes: &str, kept: &[(&str, Value)]| {
        let secrets: Vec<(&str, Value)> = kept.iter().cloned().chain([("a/p", login_of(nodes))]).collect();
        let found = in_turn(&format!("{registry}{block}"), &secrets).mistakes;
        let gaps = found.into_iter().filter(|found| found.code == "pull-gap");
        let told = gaps.map(|found| format!("{} | {}", found.message, found.help.unwrap_or_default()));
        told.collect::<Vec<_>>().join("\n")
    };
    let kept = |secret: &'static str, key: &str| [(secret, json!({key: "eA=="}))];
    // Over to two users in turn: the one user goes, or stays for now.
    let goes = gaps(&without_ci, IN_TURN, "ci", &[]);
    assert!(goes.contains("the user `ci` goes, and nodes in 1 namespace have it"), "{goes}");
    assert!(goes.contains("until they have `ci-a`") && goes.contains("leave `ci` in `auth.users`"), "{goes}");
    assert_eq!(gaps(REGISTRY, IN_TURN, "ci", &[]), "");
    // Another user of a rotation: its partners are made anew, and the old ones go.
    let renamed = gaps(REGISTRY, IN_TURN, "robot-a", &kept("reg/registry-pull-robot", "a.1"));
    assert!(
        renamed.contains("the user `robot-a` goes") && renamed.contains("a second [pull_secret]"),
        "{renamed}"
    );
    // A rotation that goes on.
    assert_eq!(gaps(REGISTRY, IN_TURN, "ci-a", &kept("reg/registry-pull-ci", "a.1")), "");
    // Back to one user.
    let back = IN_TURN.replace("rotate = \"2\"\n", "");
    let back = gaps(REGISTRY, &back, "ci-b", &kept("reg/registry-pull-ci", "b.2"));
    assert!(back.contains("the user `ci-b` goes") && back.contains("a second [pull_secret]"), "{back}");
}
