//! `[manifest.NAME]`.

use std::path::PathBuf;

use super::*;

const MANIFEST: &str = "[manifest.app]\npath = '/deploy/app.yaml'\nnamespace = 'apps'\n";

fn with(file: &str) -> Vec<Desired> {
    compiled_with(MANIFEST, file, &SecretText::Placeholder)
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
        .resources
}

fn wrong(file: &str) -> String {
    found_with(MANIFEST, file, &SecretText::Placeholder)
}

#[test]
fn objects_are_addressed_by_kind_and_name() {
    let resources = with(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: other}\n---\n\
         apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: tls}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:x', namespace: y}\n",
    );
    let addresses: Vec<_> = resources.iter().map(|desired| desired.address.to_string()).collect();
    assert_eq!(
        addresses,
        [
            "namespace.apps",
            "namespace.other",
            "manifest.app/ConfigMap/a",
            "manifest.app/ConfigMap/other/a",
            "manifest.app/Certificate.cert-manager.io/tls",
            "manifest.app/ClusterRole/system:x",
        ]
    );
    let origin = resources[3].origin(&path("data.x")).unwrap();
    assert_eq!(origin.key, "manifest.app.path (/deploy/app.yaml, document 2, line 5)");
    assert_eq!(resources[5].object["metadata"], json!({"name": "system:x"}));
}

#[test]
fn what_the_server_writes_is_left_out_and_text_is_text() {
    let resources = with(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  uid: x\n  resourceVersion: '1'\n  \
         creationTimestamp: null\n  managedFields: []\nstringData:\n  x: ${secret.y}\n  yes: 'yes'\nstatus: {}\n",
    );
    let secret = object(&resources, "manifest.app/Secret/a");
    assert_eq!(secret.object["metadata"], json!({"name": "a", "namespace": "apps"}));
    assert_eq!(secret.object.get("status"), None);
    assert_eq!(secret.object["data"], json!({"x": "JHtzZWNyZXQueX0=", "yes": "eWVz"}));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    insta::assert_snapshot!(wrong("a: 1\nb: [\n"), @r"
    error bad-file: /deploy/app.yaml:2:4: unclosed bracket '['
      at `'/deploy/app.yaml'` read from here
    ");
    insta::assert_snapshot!(wrong("kind: A\n---\njust text\n---\napiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n"), @r"
    error not-an-object: manifest.app.path (/deploy/app.yaml, document 1, line 1) is not a Kubernetes object: it has no `apiVersion`, no `metadata.name`
      at `'/deploy/app.yaml'` 
    error not-an-object: manifest.app.path (/deploy/app.yaml, document 2, line 3) is not a Kubernetes object: it is text
      at `'/deploy/app.yaml'` 
    error not-an-object: manifest.app.path (/deploy/app.yaml, document 3, line 5) is not a Kubernetes object: it has no `metadata.name`
      at `'/deploy/app.yaml'` 
      help: `generateName` makes another object at every apply: give it a `name`
    ");
    insta::assert_snapshot!(
        wrong("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"),
        @r"
    error duplicate-object: Pod apps/x is declared twice: by `manifest.app.path (/deploy/app.yaml, document 1, line 1)` and by `manifest.app.path (/deploy/app.yaml, document 2, line 5)`
      at `'/deploy/app.yaml'` 
      help: remove one of them, or give it another name or namespace
    "
    );
    insta::assert_snapshot!(wrong("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: X}\ndata: {a: yes}\n"), @r"
    error invalid-name: the name `X` of a ConfigMap must be lower-case letters, digits, `-` and `.`, each part beginning and ending with a letter or digit
      at `'/deploy/app.yaml'` manifest.app.path (/deploy/app.yaml, document 1, line 1)
    error invalid-data: the data under `a` must be text, and is true or false
      at `'/deploy/app.yaml'` manifest.app.path (/deploy/app.yaml, document 1, line 1)
      help: put it in quotes
    ");
}

#[test]
fn a_file_may_be_pinned() {
    let pinned = |digest: &str| format!("[manifest.app]\npath = '/x.yaml'\nsha256 = '{digest}'\n");
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(found_with(&pinned(empty), "", &SecretText::Placeholder), "");
    insta::assert_snapshot!(found_with(&pinned(empty), "# changed\n", &SecretText::Placeholder), @r"
    error wrong-digest: /x.yaml has the SHA-256 8ff88919a6004572b4249e0f72b28ed9945e61bdd0e2e7d79ddb9c5b1248674f
      at `'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'` another one is expected here
      help: look at what changed in the file; if it is right, write its digest here
    ");
}

#[test]
fn a_file_that_cannot_be_read_is_a_mistake() {
    let config = config(MANIFEST);
    let mut facts = Facts::default();
    let path = PathBuf::from("/deploy/app.yaml");
    facts.insert(Need::Manifests(path), Fact::Failed("/deploy/app.yaml: there is no such file".into()));
    let mistakes = Blocks::read(&config).compile(&facts).mistakes;
    assert_eq!(mistakes.to_string(), "/deploy/app.yaml: there is no such file");
}

#[test]
fn two_thousand_documents() {
    let mut file = String::new();
    for number in 0..2000 {
        write!(file, "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}}}\n---\n").unwrap();
    }
    assert_eq!(with(&file).len(), 2001);
}
