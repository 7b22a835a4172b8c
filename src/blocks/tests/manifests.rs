//! `[manifest.NAME]`.

use super::*;
use crate::diagnostic::Diagnostic;

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
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:x', namespace: 'y'}\n",
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
      at `'/deploy/app.yaml'` /deploy/app.yaml:1
    error not-an-object: manifest.app.path (/deploy/app.yaml, document 2, line 3) is not a Kubernetes object: it is text
      at `'/deploy/app.yaml'` /deploy/app.yaml:3
    error not-an-object: manifest.app.path (/deploy/app.yaml, document 3, line 5) is not a Kubernetes object: it has no `metadata.name`
      at `'/deploy/app.yaml'` /deploy/app.yaml:7
      help: `generateName` makes another object at every apply: give it a `name`
    ");
    insta::assert_snapshot!(
        wrong("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"),
        @r"
    error duplicate-object: Pod apps/x is declared twice: by `manifest.app.path (/deploy/app.yaml, document 1, line 1)` and by `manifest.app.path (/deploy/app.yaml, document 2, line 5)`
      at `'/deploy/app.yaml'` again here: /deploy/app.yaml:5
      at `'/deploy/app.yaml'` first here: /deploy/app.yaml:1
      help: remove one of them, or give it another name or namespace
    "
    );
    insta::assert_snapshot!(wrong("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: X}\ndata: {a: yes}\n"), @r"
    error invalid-name: the name `X` of a ConfigMap must be lower-case letters, digits, `-` and `.`, each part beginning and ending with a letter or digit
      at `'/deploy/app.yaml'` /deploy/app.yaml:3
    error invalid-data: the data under `a` must be text, and is true or false
      at `'/deploy/app.yaml'` /deploy/app.yaml:4
      help: put it in quotes
    ");
}

const CHART: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\n---\n\
     apiVersion: batch/v1\nkind: Job\nmetadata: {name: uninstall, annotations: {helm.sh/hook: pre-delete}}\n---\n\
     apiVersion: v1\nkind: Pod\nmetadata: {name: check, labels: {tier: test}, annotations: {helm.sh/hook: test}}\n";

fn of_chart(keys: &str) -> (String, Vec<String>) {
    let text = format!("{MANIFEST}{keys}\n");
    let found = found_with(&text, CHART, &SecretText::Placeholder);
    let compiled = compiled_with(&text, CHART, &SecretText::Placeholder);
    let resources = compiled.map(|compiled| compiled.resources).unwrap_or_default();
    let names = resources.iter().map(|desired| desired.address.to_string());
    (found, names.filter(|name| name.starts_with("manifest")).collect())
}

#[test]
fn hooks_of_helm_are_no_silent_guests() {
    let (found, resources) = of_chart("");
    assert_eq!(resources.len(), 3);
    insta::assert_snapshot!(found, @r#"
    warning helm-hooks: `manifest.app` has objects that are hooks of Helm: `Job/uninstall (pre-delete)`, `Pod/check (test)`
      at `'/deploy/app.yaml'` 
      help: Helm runs each only at the moment that its annotation names; here they are applied together with all other objects. To leave them out: `exclude = ['metadata.annotations["helm.sh/hook"]']`
    "#);
    for keys in [
        "exclude = ['metadata.annotations[\"helm.sh/hook\"]']",
        "exclude = ['Job', 'Pod/check']",
        "only = ['ConfigMap']",
    ] {
        let left = (String::new(), vec!["manifest.app/ConfigMap/app".to_owned()]);
        assert_eq!(of_chart(keys), left, "{keys}");
    }
}

#[test]
fn objects_are_taken_and_left_out_by_what_they_are() {
    let (found, resources) =
        of_chart("only = ['*/uninstall', 'metadata.labels.tier=t*']\nexclude = ['Pod:metadata.labels.tier']");
    assert_eq!(resources, ["manifest.app/Job/uninstall"], "{found}");
    insta::assert_snapshot!(of_chart("exclude = ['Job/unistall', 'Job/', 'Pod/*']").0, @r#"
    warning helm-hooks: `manifest.app` has objects that are hooks of Helm: `Job/uninstall (pre-delete)`
      at `'/deploy/app.yaml'` 
      help: Helm runs each only at the moment that its annotation names; here they are applied together with all other objects. To leave them out: `exclude = ['metadata.annotations["helm.sh/hook"]']`
    error rule-without-object: `Job/unistall` means no object of `manifest.app`
      at `'Job/unistall'` 
      help: correct it, or take it out; there are `ConfigMap/app`, `Job/uninstall`, `Pod/check`
    error bad-value: `Job/` names no object
      at `'Job/'` 
      help: name kind and name (`Job/setup`), or a field (`metadata.labels.tier=test`)
    "#);
}

#[test]
fn what_is_left_out_need_not_be_right() {
    let text = format!("{MANIFEST}exclude = ['Job']\n");
    let file = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: x-}\n---\n\
                apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    assert_eq!(found_with(&text, file, &SecretText::Placeholder), "");
}

/// What is found in one document, one mistake a line.
fn lines(file: &str) -> Vec<String> {
    let config = config(MANIFEST);
    let mistakes =
        Blocks::read(&config).compile(&facts_with(&config, file, &SecretText::Placeholder)).mistakes;
    let line = |mistake: &Diagnostic| format!("{:?} {}", mistake.severity, mistake.message);
    mistakes.iter().map(line).collect()
}

#[test]
fn a_value_of_another_type_is_never_taken_for_a_missing_one() {
    for value in ["4711", "true", "[x]", "{a: b}", "1.5"] {
        for key in ["apiVersion", "kind", "metadata.name", "metadata.namespace"] {
            let said =
                |wanted: &str, fine: &str| if wanted == key { value.to_owned() } else { fine.to_owned() };
            let file = format!(
                "apiVersion: {}\nkind: {}\nmetadata: {{name: {}, namespace: {}}}\n",
                said("apiVersion", "v1"),
                said("kind", "ConfigMap"),
                said("metadata.name", "x"),
                said("metadata.namespace", "y"),
            );
            let found = lines(&file);
            assert!(found.len() == 1 && found[0].contains(&format!("its `{key}` is ")), "{file}: {found:?}");
        }
        for key in ["metadata.labels", "metadata.annotations", "data", "binaryData"] {
            // A table is right there, and what is in it is text.
            if value.starts_with('{') {
                continue;
            }
            let (inner, outer) = match key.strip_prefix("metadata.") {
                Some(key) => (format!(", {key}: {value}"), String::new()),
                None => (String::new(), format!("{key}: {value}\n")),
            };
            let file = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x{inner}}}\n{outer}");
            let found = lines(&file);
            assert!(found.len() == 1 && found[0].contains("must be a table of texts"), "{file}: {found:?}");
        }
    }
    let nothing = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: null}\n";
    assert_eq!(lines(nothing), [""; 0]);
    assert_eq!(with(nothing)[1].identity.namespace.as_deref(), Some("apps"));
}

#[test]
fn generate_name_is_refused_for_each_object_and_hides_no_other_mistake() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: run-, labels: {a: '-'}}\n";
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n{0}{0}",
        job.replace("api", "- api").replace("\nk", "\n  k").replace("\nm", "\n  m")
    );
    let found = lines(&format!("{job}---\n{list}"));
    let refused: Vec<_> = found.iter().filter(|line| line.contains("it has no `metadata.name`")).collect();
    assert_eq!(refused.len(), 3, "{found:?}");
    assert!(refused.iter().any(|line| line.contains("document 2, item 2, line 5")), "{found:?}");
    assert!(found.iter().any(|line| line.contains("the label `a`")), "{found:?}");
    assert_eq!(found.iter().filter(|line| line.contains("declared twice")).count(), 0);
}

#[test]
fn what_the_server_takes_is_no_error() {
    let found = lines(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {x: }, annotations: {UPPER.com/y: null}}\n\
         data: {k: , l: eB==}\nstringData: {m: }\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: }\ndata: {k: }\nbinaryData: {l: eB==}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {name: 9lives}\n---\n\
         apiVersion: networking.k8s.io/v1\nkind: IPAddress\nmetadata: {name: 'fd00::1'}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: 'System:A b'}\n---\n\
         apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: f}\n\
         spec: {template: {metadata: {labels: {-x: 'a b', n: 1}}, spec: {containers: [{resources: {limits: {cpu: many}}}]}}}\n",
    );
    assert!(found.iter().all(|line| line.starts_with("Warning")), "{found:#?}");
    let named: Vec<_> = ["metadata.labels.x", "UPPER.com/y", "data.k", "stringData.m", "9lives"]
        .into_iter()
        .filter(|key| !found.iter().any(|line| line.contains(key)))
        .collect();
    assert_eq!(named, [""; 0], "{found:#?}");
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
    let need = Blocks::read(&config).needs(&facts).remove(0);
    facts.insert(need, Fact::Failed("/deploy/app.yaml: there is no such file".into()));
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

#[test]
fn what_is_wrong_with_a_field_is_said_with_its_own_line() {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: b\n";
    let lines = |file: &str| -> Vec<String> {
        let wrong = wrong(file);
        let labels = wrong.lines().filter_map(|line| line.strip_prefix("  at `'/deploy/app.yaml'` "));
        labels.map(str::to_owned).collect()
    };
    for (object, expected) in [
        (format!("{head}  labels:\n    a: 1\n"), &["/deploy/app.yaml:6"][..]),
        (format!("{head}  labels:\n    a:\n"), &["/deploy/app.yaml:6"]),
        (format!("{head}  annotations:\n    a: b\n    c: true\n"), &["/deploy/app.yaml:7"]),
        (format!("{head}data:\n  a: x\n  b: 2\n"), &["/deploy/app.yaml:7"]),
        (format!("{head}data: x\n"), &["/deploy/app.yaml:5"]),
        // The same words for two objects are two mistakes.
        (
            format!("{head}data:\n  a: 1\n---\n{}data:\n  a: 1\n", head.replace("name: a", "name: b")),
            &["/deploy/app.yaml:6", "/deploy/app.yaml:13"],
        ),
        (format!("{secret}stringData:\n  a: x\n  b: 2\n"), &["/deploy/app.yaml:7"]),
        (format!("{secret}stringData:\n  a: x\n  b/c: x\n"), &["/deploy/app.yaml:7"]),
        (format!("{secret}stringData:\n  a: x\n  b:\n"), &["/deploy/app.yaml:7"]),
        (format!("{secret}stringData: [x]\n"), &["/deploy/app.yaml:5"]),
        (format!("{secret}data: x\nstringData:\n  a: x\n"), &["/deploy/app.yaml:7", "/deploy/app.yaml:5"]),
        (format!("{secret}data:\n  a: '%'\n"), &["/deploy/app.yaml:6"]),
        (head.replace("name: a", "name: 1"), &["/deploy/app.yaml:4"]),
        (head.replace("name: a", "name: a\n  namespace: 7"), &["/deploy/app.yaml:5"]),
        (head.replace("name: a", "generateName: a-"), &["/deploy/app.yaml:4"]),
        (head.replace("name: a", "name: A"), &["/deploy/app.yaml:4"]),
        (
            format!(
                "kind: List\napiVersion: v1\nitems:\n- {}",
                head.replace('\n', "\n  ").replace("name: a", "name: A")
            ),
            &["/deploy/app.yaml:7"],
        ),
        (format!("{head}---\n{head}"), &["again here: /deploy/app.yaml:6", "first here: /deploy/app.yaml:1"]),
    ] {
        assert_eq!(lines(&object), expected, "{object}");
    }
}
