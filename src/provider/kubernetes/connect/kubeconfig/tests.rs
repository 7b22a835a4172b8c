use std::fs;

use super::super::settings::Environment;
use super::*;

const CONFIG: &str = "
apiVersion: v1
kind: Config
current-context: prod
clusters:
- {name: c, cluster: {server: 'https://k8s.example.com:6443'}}
- {name: odd, cluster: {server: 'k8s.example.com'}}
- {name: badca, cluster: {server: 'https://x', certificate-authority: missing.crt}}
users:
- {name: u, user: {token: t}}
contexts:
- {name: prod, context: {cluster: c, user: u, namespace: team}}
- {name: staging, context: {cluster: c, user: u}}
- {name: odd, context: {cluster: odd}}
- {name: badca, context: {cluster: badca}}
- {name: lost, context: {cluster: gone}}
- {name: nobody, context: {cluster: c, user: nobody}}
";

fn settings(folder: &Path, list: &[&str]) -> Settings {
    let paths = std::env::join_paths(list.iter().map(|name| folder.join(name))).unwrap();
    let pairs = [("KUBECONFIG".to_owned(), paths.into_string().unwrap())];
    Settings::new(pairs.into_iter().collect())
}

fn problem(settings: &Settings) -> Problem {
    let Err(problem) = Chosen::find(settings).and_then(|chosen| chosen.config().map(|_| ())) else {
        panic!("it was accepted");
    };
    assert_eq!(problem.kind, ProblemKind::Settings);
    problem
}

#[test]
fn a_missing_file_of_several_is_skipped_and_the_first_wins() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), CONFIG).unwrap();
    fs::write(folder.path().join("b"), "current-context: other\n").unwrap();
    let chosen = Chosen::find(&settings(folder.path(), &["none", "a", "b"])).unwrap();
    assert_eq!(chosen.context.namespace.as_deref(), Some("team"));
    let (config, server_info) = chosen.config().unwrap();
    assert_eq!(server_info.server, "https://k8s.example.com:6443");
    assert_eq!(server_info.ca_digest, None);
    assert_eq!(config.default_namespace, "team");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_there_and_cannot_be_read_is_not_skipped() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), CONFIG).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
    for list in [&["link"][..], &["link", "a"], &["a/below", "a"]] {
        let problem = problem(&settings(folder.path(), list));
        assert!(problem.message.contains("cannot be read"), "{list:?}: {problem}");
    }
}

#[test]
fn every_mistake_in_a_kubeconfig_has_its_own_words() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), CONFIG).unwrap();
    fs::write(folder.path().join("broken"), "contexts: [}\n  token: secret\n").unwrap();
    let with =
        |context: &str| Settings { context: Some(context.to_owned()), ..settings(folder.path(), &["a"]) };
    assert!(problem(&settings(folder.path(), &["none"])).message.contains("there is no kubeconfig at"));
    let broken = problem(&settings(folder.path(), &["broken"]));
    assert!(broken.message.contains("is not valid"), "{broken}");
    assert!(!broken.message.contains("secret"), "{broken}");
    let unknown = problem(&with("stagin"));
    assert!(unknown.message.contains("no context `stagin`"), "{unknown}");
    assert!(unknown.help.unwrap().starts_with("it has `staging`, "));
    assert!(problem(&with("odd")).message.contains("not an http(s) URL"));
    assert!(problem(&with("badca")).message.contains("missing.crt"));
    assert!(problem(&with("lost")).message.contains("the cluster `gone`"));
    assert!(problem(&with("nobody")).message.contains("the user `nobody`"));
    let homeless = problem(&Settings::new(Environment::default()));
    assert!(homeless.message.contains("neither KUBECONFIG nor HOME"));
}
