//! Tests with a cluster that has Secrets, lacks them, or does not answer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::blocks::{FilePattern, HtpasswdUser};
use crate::config::{
    Block, ClusterSettings, Generate, Moves, Node, NodeValue, SecretSource, StateSettings, Table, TableEntry,
};
use crate::diagnostic::{SourceId, Sources, Span};
use crate::engine;
use crate::provider::{self, House, Provider};
use crate::resource::{
    BlockAddress, Lifecycle, Live, Moment, Ownership, Problem, ProblemKind, Reading, Stamp,
};

/// A cluster that has Secrets and nothing else.
#[derive(Default)]
struct Secrets {
    /// The data of each Secret, by its name.
    data: BTreeMap<String, BTreeMap<String, String>>,
    down: bool,
    /// How many objects each read has asked for.
    reads: Mutex<Vec<usize>>,
}

/// It answers only what blocks ask for, and has no houses.
#[async_trait]
impl Provider for Secrets {
    fn cluster(&self) -> &dyn provider::Cluster {
        panic!("not asked for")
    }

    fn other_house(&self, _: &str) -> Option<&dyn House> {
        panic!("not asked for")
    }

    async fn is_namespaced(&self, target: &Target) -> Result<Option<bool>, Problem> {
        Ok((target.identity.kind == "Foo").then_some(false))
    }

    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        self.reads.lock().unwrap().push(targets.len());
        let read = |target: &Target| {
            if self.down {
                return Reading::Unreadable(Problem::new(ProblemKind::Unreachable, "no answer"));
            }
            let Some(data) = self.data.get(&target.identity.name) else { return Reading::Absent };
            let data: BTreeMap<_, _> = data.iter().map(|(key, text)| (key, STANDARD.encode(text))).collect();
            Reading::Present(std::sync::Arc::new(Live {
                object: json!({"data": data}),
                stamp: Stamp { uid: "u".into(), version: "1".into() },
                ownership: Ownership::default(),
            }))
        };
        targets.iter().map(read).collect()
    }
}

fn key_ref(name: &str, key: &str) -> SecretKeyRef {
    SecretKeyRef { secret: Identity::namespaced("", "Secret", "a", name), key: key.into() }
}

fn env_user(name: &str) -> HtpasswdUser {
    HtpasswdUser { name: name.into(), source: SecretSource::Env(name.to_uppercase()), stored_at: None }
}

fn htpasswd_need(users: &[&str]) -> Need {
    let users = users.iter().map(|name| env_user(name)).collect();
    Need::Htpasswd { users, stored_at: key_ref("htpasswd", "htpasswd") }
}

fn generated() -> Need {
    let source = SecretSource::Generate(Generate { length: 40 });
    Need::Secret { source, stored_at: Some(key_ref("http", "secret")) }
}

/// The environment: most variables are set, to a password with their name in it.
fn env(name: &str) -> Option<String> {
    match name {
        "UNSET" => None,
        "EMPTY" => Some(String::new()),
        "LONG" => Some("x".repeat(73)),
        name => Some(format!("password of {name}")),
    }
}

async fn ask_all(cluster: Option<&Secrets>, needs: Vec<Need>) -> Vec<Fact> {
    let provider = cluster.map(|cluster| cluster as &dyn Provider);
    let outside = Outside {
        provider,
        helm: &no_charts(),
        env: &env,
        remembered: &|_| false,
        fate: &|_| Fate::Free,
        moment: &|_| Moment::Install,
    };
    answer(needs, &outside, &Helm::new(outside.helm), &mut Lookups::default())
        .await
        .into_iter()
        .map(|(_, fact)| fact)
        .collect()
}

async fn ask(cluster: &Secrets, need: Need) -> Fact {
    ask_all(Some(cluster), vec![need]).await.remove(0)
}

fn known(fact: Fact) -> String {
    match fact {
        Fact::Text(SecretText::Known(text) | SecretText::New(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_hash_that_fits_its_password_is_kept() {
    let mut cluster = Secrets::default();
    let first = known(ask(&cluster, htpasswd_need(&["bob", "alice"])).await);
    let names: Vec<_> = first.lines().map(|line| line.split_once(':').unwrap().0).collect();
    assert_eq!(names, ["alice", "bob"]);
    for line in first.lines() {
        let (name, hash) = line.split_once(':').unwrap();
        assert!(hash.starts_with("$2y$10$"));
        assert!(bcrypt::verify(env(&name.to_uppercase()).unwrap(), hash).unwrap());
    }

    // One user gets another password, one is added, one is removed: the other lines stay as they are.
    let eve = format!("eve:{}\n", bcrypt::hash("another", 4).unwrap());
    cluster.data.insert("htpasswd".into(), [("htpasswd".into(), first.clone() + &eve)].into());
    assert_eq!(known(ask(&cluster, htpasswd_need(&["alice", "bob"])).await), first);
    let changed = known(ask(&cluster, htpasswd_need(&["alice", "eve"])).await);
    assert_eq!(changed.lines().next(), first.lines().next());
    assert!(!changed.contains("bob:") && !changed.contains(eve.trim()));
}

#[tokio::test]
async fn what_this_run_has_made_is_told_from_what_the_cluster_keeps() {
    let mut cluster = Secrets::default();
    let is_new = |fact: &Fact| matches!(fact, Fact::Text(text) if text.is_new());
    let first = ask(&cluster, htpasswd_need(&["alice"])).await;
    assert!(is_new(&first));
    cluster.data.insert("htpasswd".into(), [("htpasswd".into(), known(first))].into());
    assert!(!is_new(&ask(&cluster, htpasswd_need(&["alice"])).await));
    assert!(is_new(&ask(&cluster, htpasswd_need(&["alice", "bob"])).await));
}

#[tokio::test]
async fn a_hash_that_would_keep_us_busy_is_not_tried() {
    let mut cluster = Secrets::default();
    let dear = format!("alice:$2y$31${}\n", "a".repeat(53));
    cluster.data.insert("htpasswd".into(), [("htpasswd".into(), dear)].into());
    let text = known(ask(&cluster, htpasswd_need(&["alice"])).await);
    assert!(text.starts_with("alice:$2y$10$"));
}

#[tokio::test]
async fn what_bcrypt_would_cut_off_is_refused_without_showing_it() {
    let fact = ask(&Secrets::default(), htpasswd_need(&["long"])).await;
    let Fact::Failed(reason) = fact else { panic!("{fact:?}") };
    assert!(reason.contains("`long` has more than 72 bytes") && !reason.contains("xx"));
}

#[tokio::test]
async fn a_value_is_generated_only_where_the_cluster_says_that_there_is_none() {
    let mut cluster = Secrets::default();
    let new = known(ask(&cluster, generated()).await);
    assert!(new.len() == 40 && new.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_ne!(known(ask(&cluster, generated()).await), new);
    cluster.data.insert("http".into(), [("other".into(), "x".into())].into());
    assert_eq!(known(ask(&cluster, generated()).await).len(), 40);
    cluster.data.insert("http".into(), [("secret".into(), "old".into())].into());
    assert_eq!(known(ask(&cluster, generated()).await), "old");
    cluster.down = true;
    let reason = "the Secret a/http cannot be read: no answer".to_owned();
    assert_eq!(ask(&cluster, generated()).await, Fact::Text(SecretText::Unknown(reason)));
    let fact = ask(&cluster, htpasswd_need(&["alice"])).await;
    assert!(matches!(fact, Fact::Text(SecretText::Unknown(_))), "{fact:?}");
}

#[tokio::test]
async fn a_value_that_the_state_remembers_is_lost_and_not_made_anew() {
    let cluster = Secrets::default();
    let outside = Outside {
        provider: Some(&cluster),
        helm: &no_charts(),
        env: &env,
        remembered: &|key_ref| key_ref.key == "secret",
        fate: &|_| Fate::Free,
        moment: &|_| Moment::Install,
    };
    let facts = answer(vec![generated()], &outside, &Helm::new(outside.helm), &mut Lookups::default()).await;
    assert!(matches!(&facts[0].1, Fact::Text(SecretText::Lost(_))), "{facts:?}");
}

#[tokio::test]
async fn all_secrets_are_read_at_once() {
    let cluster = Secrets::default();
    ask_all(Some(&cluster), vec![generated(), htpasswd_need(&["alice"]), generated()]).await;
    assert_eq!(*cluster.reads.lock().unwrap(), [2]);
}

#[tokio::test]
async fn a_generated_password_and_its_hash_belong_together() {
    let user = HtpasswdUser {
        name: "ci".into(),
        source: SecretSource::Generate(Generate { length: 20 }),
        stored_at: Some(key_ref("users", "ci")),
    };
    let password = Need::Secret { source: user.source.clone(), stored_at: user.stored_at.clone() };
    let file = Need::Htpasswd { users: vec![user], stored_at: key_ref("htpasswd", "htpasswd") };
    let mut facts = ask_all(Some(&Secrets::default()), vec![password, file]).await.into_iter().map(known);
    let (password, file) = (facts.next().unwrap(), facts.next().unwrap());
    assert!(bcrypt::verify(password, file.trim().split_once(':').unwrap().1).unwrap());
}

#[tokio::test]
async fn sources_that_are_not_there_are_unknown_and_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        SecretSource::File(folder.path().join(name))
    };
    let cluster = Secrets::default();
    let mut answers = Vec::new();
    for source in [
        SecretSource::Env("UNSET".into()),
        SecretSource::Env("EMPTY".into()),
        SecretSource::File(folder.path().join("missing")),
        file("empty", "\n"),
        file("one", "one\n\n"),
        file("crlf", "two\r\n"),
    ] {
        answers.push(match ask(&cluster, Need::Secret { source, stored_at: None }).await {
            Fact::Text(SecretText::Known(text)) => text,
            Fact::Text(SecretText::Unknown(reason)) => reason.replace(folder.path().to_str().unwrap(), "DIR"),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(
        answers,
        [
            "the environment variable UNSET is not set",
            "the environment variable EMPTY is empty",
            "the file DIR/missing cannot be read: there is no such file",
            "the file DIR/empty is empty",
            "one\n",
            "two",
        ]
    );
    let fact = ask(&cluster, htpasswd_need(&["alice", "unset"])).await;
    assert_eq!(fact, Fact::Text(SecretText::Unknown("the environment variable UNSET is not set".into())));
}

#[tokio::test]
async fn without_a_cluster_no_secret_is_read() {
    let needs = vec![generated(), htpasswd_need(&["unset"])];
    let facts = ask_all(None, needs).await;
    assert_eq!(facts, [Fact::Text(SecretText::Placeholder), Fact::Text(SecretText::Placeholder)]);
}

#[tokio::test]
async fn folders_and_patterns_lead_to_files_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    std::fs::create_dir_all(at("deep/er")).unwrap();
    for path in
        ["b.yaml", "a.yml", "c.JSON", "d.txt", ".hidden.yaml", "deep/e.yaml", "deep/er/f.yaml", "[x].yaml"]
    {
        std::fs::write(at(path), path).unwrap();
    }
    let read = |text: &str| found(folder.path(), text);
    assert_eq!(read(".").unwrap(), ["[x].yaml", "a.yml", "b.yaml", "c.JSON"]);
    assert_eq!(read("*.yaml").unwrap(), [".hidden.yaml", "[x].yaml", "b.yaml"]);
    assert_eq!(read("**/*.yaml").unwrap().len(), 5);
    assert_eq!(read("deep/*/*.yaml").unwrap(), ["deep/er/f.yaml"]);
    assert_eq!(read("{a,b}.y*").unwrap(), ["a.yml", "b.yaml"]);
    assert_eq!(read("[x].yaml").unwrap(), ["[x].yaml"]);
    assert_eq!(read("deep/er/f.yaml").unwrap(), ["deep/er/f.yaml"]);
    assert_eq!(read("missing.yaml"), Err("DIR/missing.yaml: there is no such file".into()));
    assert_eq!(read("*.toml"), Err("DIR/*.toml: no file matches".into()));
    assert_eq!(read("missing/*.yaml"), Err("DIR/missing: there is no such file".into()));
}

/// The files that a text names in a folder, from there, or why there are none.
fn found(folder: &Path, text: &str) -> Result<Vec<String>, String> {
    let here = folder.to_str().unwrap();
    let pattern = FilePattern { folder: folder.to_owned(), text: text.to_owned() };
    let files = files::paths(&pattern).map_err(|why| why.replace(here, "DIR"))?;
    Ok(files.iter().map(|file| file.strip_prefix(here).unwrap().display().to_string()).collect())
}

#[tokio::test]
async fn a_text_is_utf_8() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("latin");
    std::fs::write(&file, [0xE4]).unwrap();
    let why = format!("{}: it is not UTF-8", file.display());
    assert_eq!(files::whole_text(file).await, Fact::Failed(why));
}

#[test]
fn nothing_in_the_name_of_a_folder_is_a_pattern() {
    let above = tempfile::tempdir().unwrap();
    for name in ["a[12]", "f{1,2}", "w?at", "**", "a*", "b\\ack", "{a1", "esc\u{1b}[31m", "[", "]", "!"] {
        let folder = above.path().join(name);
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        for stranger in ["a1", "f1", "what"] {
            std::fs::create_dir_all(above.path().join(stranger)).unwrap();
            std::fs::write(above.path().join(stranger).join("m.yaml"), "").unwrap();
        }
        std::fs::write(folder.join("m.yaml"), "").unwrap();
        std::fs::write(folder.join("sub/n.yaml"), "").unwrap();
        for text in ["*.yaml", "m.yaml", "[m].yaml", ".", "{m,m}.yaml", "./?.yaml", "sub/../*.yaml"] {
            let read = found(&folder, text).unwrap();
            assert_eq!(read.last().unwrap().rsplit('/').next(), Some("m.yaml"), "{name} {text}");
            assert_eq!(read.len(), 1, "{name} {text}");
        }
        assert_eq!(found(&folder, "**/*.yaml"), Ok(vec!["m.yaml".into(), "sub/n.yaml".into()]), "{name}");
        assert_eq!(found(&folder, "*/*.yaml"), Ok(vec!["sub/n.yaml".into()]), "{name}");
        assert_eq!(found(&folder, "x*"), Err("DIR/x*: no file matches".into()), "{name}");
    }
}

#[test]
fn each_name_in_braces_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["m/a.yaml", "base/x.yaml", "dev/y.yml"] {
        std::fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
        std::fs::write(folder.path().join(path), "").unwrap();
    }
    let read = |text: &str| found(folder.path(), text);
    let gone = |path: &str| Err(format!("DIR/{path}: there is no such file"));
    assert_eq!(read("m/{a,b}.yaml"), gone("m/b.yaml"));
    assert_eq!(read("m/{a,{b,c}}.yaml"), gone("m/b.yaml"));
    assert_eq!(read("{base,prod}/*.yaml"), gone("prod"));
    assert_eq!(read("{base,prod}"), gone("prod"));
    assert_eq!(read("{base,dev}").unwrap(), ["base/x.yaml", "dev/y.yml"]);
    // What only might be there may be missing.
    assert_eq!(read("*/*.{yaml,yml,json}").unwrap(), ["base/x.yaml", "dev/y.yml", "m/a.yaml"]);
    assert_eq!(read("*/{x,nothing}.yaml").unwrap(), ["base/x.yaml"]);
    assert_eq!(read("**/**/**").unwrap().len(), 3);
    assert_eq!(read("{a"), Err("DIR/{a: it is not a pattern: a `{` has no `}` after it".into()));
}

/// Root may read everything; as root it cannot be tried.
#[cfg(unix)]
#[test]
fn what_may_not_be_looked_into_is_no_absence() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("a/closed");
    std::fs::create_dir_all(&closed).unwrap();
    std::fs::create_dir(folder.path().join("b")).unwrap();
    std::fs::write(folder.path().join("b/x.yaml"), "").unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read_dir(&closed).is_err() {
        for text in ["*/closed/x.yaml", "**/x.yaml", "a/{closed,open}/x.yaml", "a/closed/*.yaml", "a/closed"]
        {
            let why = found(folder.path(), text).unwrap_err();
            assert!(why.contains("DIR/a/closed") && why.ends_with("it may not be read"), "{text}: {why}");
        }
    }
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn what_a_path_names_and_cannot_be_read_is_never_absent() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let read = |text: &str| found(folder.path(), text).map(|files| files.len());
    for name in ["deploy/a.yaml", "envs/dev/x.yaml", "shared/x.yaml"] {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        std::fs::write(at(name), name).unwrap();
    }
    // A folder that a link leads to is read like any other.
    symlink(at("shared"), at("envs/prod")).unwrap();
    assert_eq!(read("envs/*/x.yaml"), Ok(2));
    symlink("/nowhere", at("envs/stage")).unwrap();
    let broken = "it is a link to /nowhere, which is not there";
    assert_eq!(read("envs/*/x.yaml"), Err(format!("DIR/envs/stage: {broken}")));
    assert_eq!(read("envs/{dev,prod}/x.yaml"), Ok(2));
    symlink("/nowhere", at("deploy/notes.txt")).unwrap();
    symlink("/nowhere", at("deploy/.#a.yaml")).unwrap();
    assert_eq!(read("deploy"), Ok(1));
    symlink("/nowhere", at("deploy/b.yaml")).unwrap();
    for path in ["deploy", "deploy/b.yaml", "deploy/[ab].yaml", "**/b.yaml"] {
        assert_eq!(read(path), Err(format!("DIR/deploy/b.yaml: {broken}")), "{path}");
    }
    std::fs::create_dir(at("pipes")).unwrap();
    std::fs::write(at("pipes/a.yaml"), "").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("pipes/s.yaml")).unwrap();
    let neither = Err("DIR/pipes/s.yaml: it is neither a file nor a folder".to_owned());
    assert_eq!((read("pipes"), read("pipes/*")), (neither.clone(), neither));
}

#[tokio::test]
async fn what_a_file_says_may_lead_to_another_question() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foo.yaml");
    std::fs::write(&path, "apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: x}\n").unwrap();
    let config = manifest(&path);
    let cluster = Secrets::default();
    let outside = Outside {
        provider: Some(&cluster),
        helm: &no_charts(),
        env: &env,
        remembered: &|_| false,
        fate: &|_| Fate::Free,
        moment: &|_| Moment::Install,
    };
    let facts = gather(&config, &outside).await;
    let compiled = Blocks::read(&config).compile(&facts);
    assert_eq!(compiled.resources[0].identity, Identity::cluster("example.com", "Foo", "x"));
    let offline = gather(&config, &Outside { provider: None, ..outside }).await;
    let compiled = Blocks::read(&config).compile(&offline);
    assert_eq!(compiled.resources[0].identity.namespace.as_deref(), Some("default"));
}

#[tokio::test]
async fn a_file_is_read_once_though_the_cluster_has_a_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foo.yaml");
    let compiled = async |kind: &str| {
        let text = format!("apiVersion: {kind}\nmetadata: {{name: x}}\n");
        std::fs::write(&path, text).unwrap();
        let config = manifest(&path);
        let alone = Outside {
            provider: None,
            helm: &no_charts(),
            env: &env,
            remembered: &|_| false,
            fate: &|_| Fate::Free,
            moment: &|_| Moment::Install,
        };
        (engine::compile(&config, &alone).await.unwrap(), config)
    };
    let cluster = Secrets::default();
    let outside = Outside {
        provider: Some(&cluster),
        helm: &no_charts(),
        env: &env,
        remembered: &|_| false,
        fate: &|_| Fate::Free,
        moment: &|_| Moment::Install,
    };
    let (outline, config) = compiled("v1\nkind: ConfigMap").await;
    let whole = engine::complete(&config, &outline, SecretsOf::AllBlocks, &outside).await.unwrap();
    assert!(matches!(whole, Cow::Borrowed(_)), "nobody else has a say in it");
    let (outline, config) = compiled("example.com/v1\nkind: Foo").await;
    std::fs::remove_file(&path).unwrap();
    let whole = engine::complete(&config, &outline, SecretsOf::AllBlocks, &outside).await.unwrap();
    let identities: Vec<&Identity> = whole.graph.resources().map(|desired| &desired.identity).collect();
    assert_eq!(identities, [&Identity::cluster("example.com", "Foo", "x")]);
}

fn manifest(path: &Path) -> Config {
    let span = Span { source: SourceId(0), start: 0, end: 0 };
    let node = Node { value: NodeValue::String(path.display().to_string()), span };
    let entries = [("path".to_owned(), TableEntry { key_span: span, node })].into();
    let block = Block {
        address: BlockAddress::new("manifest", "x"),
        span,
        body: Node { value: NodeValue::Table(Table { entries }), span },
        depends_on: Vec::new(),
        named_blocks: Vec::new(),
        lifecycle: Lifecycle::default(),
        ready_rules: Vec::new(),
    };
    Config {
        sources: Sources::default(),
        folder: PathBuf::new(),
        files: Vec::new(),
        defaulted_variables: crate::config::DefaultedVariables::default(),
        project: "test".into(),
        cluster: ClusterSettings::default(),
        state: StateSettings::default(),
        sensitive_variables: BTreeMap::new(),
        blocks: vec![block],
        moves: Moves::default(),
        imports: Vec::new(),
        outputs: Vec::new(),
    }
}

#[test]
fn nothing_that_is_secret_is_shown_by_debug() {
    let fact = Fact::Text(SecretText::Known("hunter2".into()));
    let files = Fact::File("alice:hunter2".into());
    assert!(!format!("{fact:?} {files:?}").contains("hunter2"));
}

/// Charts are rendered by no test of this file.
fn no_charts() -> HelmSettings {
    let nowhere = PathBuf::from("/nonexistent");
    HelmSettings { program: nowhere.clone(), cache: nowhere, environment: BTreeMap::new() }
}
