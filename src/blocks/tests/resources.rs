//! `[resource.NAME]`, secrets and variables.

use super::*;
use crate::resource::BlockAddress;

#[test]
fn a_resource_takes_its_names_from_the_block_and_knows_its_places() {
    let text = "
[cluster]
namespace = 'home'
[resource.greeting]
apiVersion = 'v1'
kind = 'ConfigMap'
[resource.greeting.data]
x = 'hello'
[resource.greeting.metadata.annotations]
'a.b/c' = 'odd'
";
    let resources = fine(text);
    let desired = object(&resources, "resource.greeting");
    assert_eq!(
        desired.object["metadata"],
        json!({"name": "greeting", "namespace": "home", "annotations": {"a.b/c": "odd"}})
    );
    let origin = desired.origin(&path("data.x")).unwrap();
    assert_eq!(origin.key, "resource.greeting.data.x");
    let span = origin.span.unwrap();
    assert_eq!(&text[span.start..span.end], "'hello'");
    assert_eq!(
        desired.origin(&path("metadata.annotations[\"a.b/c\"]")).unwrap().key,
        "resource.greeting.metadata.annotations[\"a.b/c\"]"
    );
    assert_eq!(desired.origin(&path("metadata.name")).unwrap().span, None);
}

#[test]
fn a_misspelt_key_of_ours_is_doubted_and_one_of_the_kind_is_not() {
    let text = "
[resource.a]
apiVersion = 'v1'
kind = 'ConfigMap'
dpends_on = ['resource.b']
immutable = true
[resource.b]
apiVersion = 'v1'
kind = 'ConfigMap'
lifecycel.protect = true
data = { lifecycel = 'x' }
";
    insta::assert_snapshot!(found(text), @r"
    warning doubtful-key: `dpends_on` is sent as a field of the object, and regplan does nothing with it
      at `dpends_on` 
      help: did you mean `depends_on`?
    warning doubtful-key: `lifecycel` is sent as a field of the object, and regplan does nothing with it
      at `lifecycel` 
      help: did you mean `lifecycle`?
    ");
}

#[test]
fn the_scope_of_a_kind_is_asked_for_unless_it_is_kubernetes_own() {
    let text = "
[resource.a]
apiVersion = 'example.com/v1'
kind = 'Foo'
[resource.b]
apiVersion = 'apps/v1'
kind = 'Deployment'
";
    let config = config(text);
    let kind = GroupKind { group: "example.com".into(), kind: "Foo".into() };
    let need = Need::Scope { kind, version: "v1".into() };
    assert_eq!(Blocks::read(&config).needs(&Facts::default()), std::slice::from_ref(&need));
    let mut facts = Facts::default();
    facts.insert(need, Fact::Scope(Some(false)));
    let compiled = Blocks::read(&config).compile(&facts);
    assert_eq!(object(&compiled.resources, "resource.a").identity.namespace, None);
}

#[test]
fn a_crd_of_the_same_configuration_tells_the_scope() {
    let text = "
[resource.foo]
apiVersion = 'example.com/v1'
kind = 'Foo'
[manifest.crds]
path = '/crds.yaml'
";
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
               metadata: {name: foos.example.com}\n\
               spec: {group: example.com, scope: Cluster, names: {kind: Foo, plural: foos}}\n";
    let resources = compiled_with(text, crd, &SecretText::Placeholder).unwrap().resources;
    assert_eq!(object(&resources, "resource.foo").identity.namespace, None);
    object(&resources, "manifest.crds/CustomResourceDefinition/foos.example.com");
}

const SECRETS: &str = "
[secret.db]
env = 'DB_PASSWORD'
[secret.made]
generate = { length = 20 }
[variable.token]
value = 'abc'
[resource.s]
apiVersion = 'v1'
kind = 'Secret'
data.raw = 'aGk='
[resource.s.stringData]
url = 'postgres://u:${secret.db}@db/${var.token}'
made = '${secret.made}'
ip = 'http://${resource.lb.spec.clusterIP}/'
[resource.lb]
apiVersion = 'v1'
kind = 'Service'
[resource.c]
apiVersion = 'v1'
kind = 'ConfigMap'
data.x = 'a ${secret.db}'
";

#[test]
fn secrets_are_put_in_and_stay_secrets() {
    let resources = fine(SECRETS);
    let secret = object(&resources, "resource.s");
    assert_eq!(secret.object.get("stringData"), None);
    let decode = |key: &str| {
        use base64::Engine as _;
        let text = secret.object["data"][key].as_str().unwrap();
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
    };
    assert_eq!(decode("url"), "postgres://u:TEXT@db/abc");
    assert_eq!(decode("raw"), "hi");
    assert!(secret.is_sensitive(&path("data.raw")) && !secret.is_sensitive(&path("metadata.name")));
    assert_eq!(secret.origin(&path("data.url")).unwrap().key, "resource.s.stringData.url");

    let waits = secret.unresolved.get(&path("data.ip")).unwrap();
    assert_eq!(waits.encoding, Encoding::Base64);
    assert_eq!(secret.object["data"]["ip"], "http://${resource.lb.spec.clusterIP}/");

    let map = object(&resources, "resource.c");
    assert_eq!(map.object["data"]["x"], "a TEXT");
    assert!(map.is_sensitive(&path("data.x")));

    // The one that keeps the generated value comes first.
    let keeper = object(&resources, "secret.made");
    assert_eq!(keeper.identity.to_string(), "Secret default/test-made");
    assert_eq!(secret.depends_on, [(keeper.address.clone(), None)]);
}

#[test]
fn a_misspelt_key_of_a_secret_is_as_secret_as_the_right_one() {
    let resources = fine(
        "[resource.s]\napiVersion = 'v1'\nkind = 'Secret'\ntype = 'Opaque'\nstringdata.password = 'hunter2'\n\
         token = 'hunter2'\n",
    );
    let secret = object(&resources, "resource.s");
    assert!(secret.is_sensitive(&path("stringdata.password")) && secret.is_sensitive(&path("token")));
    assert!(!secret.is_sensitive(&path("type")) && !secret.is_sensitive(&path("metadata")));
}

#[test]
fn a_secret_that_is_not_known_is_not_checked() {
    let unknown = SecretText::Unknown("the environment variable DB_PASSWORD is not set".into());
    let resources = compiled_with(SECRETS, "", &unknown).unwrap().resources;
    let secret = object(&resources, "resource.s");
    assert!(secret.unchecked.get(&path("data.url")).unwrap().reason.contains("DB_PASSWORD"));
    assert_eq!(secret.object["data"]["url"], "(sensitive)");
    assert!(object(&resources, "resource.c").unchecked.get(&path("data.x")).is_some());
    let resources = compiled_with(SECRETS, "", &SecretText::Placeholder).unwrap().resources;
    assert_eq!(object(&resources, "resource.c").object["data"]["x"], "(sensitive)");
    let lost = found_with(SECRETS, "", &SecretText::Lost("it is gone".into()));
    assert!(lost.contains("error lost-secret: the generated value of `secret.made` is lost"), "{lost}");
}

#[test]
fn only_what_is_used_is_asked_for() {
    let config = config("[secret.unused]\nenv = 'X'\n");
    assert_eq!(Blocks::read(&config).needs(&Facts::default()), []);
}

/// A generated value has a Secret, and so it is asked for even where no text refers to it.
#[test]
fn generated_values_are_always_asked_for() {
    let config = config("[secret.made]\ngenerate = { length = 20 }\n");
    let blocks = Blocks::read(&config);
    let needs = blocks.needs(&Facts::default());
    let [Need::Secret { stored_at: Some(key_ref), .. }] = needs.as_slice() else { panic!("{needs:?}") };
    assert_eq!(key_ref.secret.to_string(), "Secret default/test-made");
    assert_eq!(blocks.needs_of(&[].into(), &Facts::default()), []);
}

#[test]
fn a_block_alone_asks_for_the_secrets_that_it_refers_to() {
    let config = config(SECRETS);
    let blocks = Blocks::read(&config);
    let asked = |block: &str| {
        let block: BlockAddress = block.parse().unwrap();
        let needs = blocks.needs_of(&[block].into(), &Facts::default());
        needs
            .into_iter()
            .map(|need| matches!(need, Need::Secret { stored_at: Some(_), .. }))
            .collect::<Vec<_>>()
    };
    // `db` comes from the environment, `made` is generated.
    assert_eq!(asked("resource.c"), [false]);
    assert_eq!(asked("resource.s"), [false, true]);
    assert_eq!(asked("resource.lb"), [false; 0]);
}

#[test]
fn what_kubernetes_would_refuse_is_refused_here_with_its_place() {
    let text = "
[resource.Bad_Name]
apiVersion = 'v1'
kind = 'ConfigMap'
data = { 'a b' = 'x', n = 1 }
[resource.labels]
apiVersion = 'apps/v1'
kind = 'Deployment'
metadata.labels = { '-x' = 'a', fine = 'not fine', n = 3 }
metadata.annotations = { 'a/b/c' = 'x' }
spec.template.metadata.labels = { 'a' = '#' }
[[resource.labels.spec.template.spec.containers]]
name = 'x'
resources = { requests = { cpu = '100m', memory = '50MB' }, limits = { cpu = true } }
[resource.cluster]
apiVersion = 'v1'
kind = 'Namespace'
metadata = { namespace = 'x', uid = 'y' }
status.phase = 'Active'
[resource.secret]
apiVersion = 'v1'
kind = 'Secret'
data.x = 'not base64!'
stringData.n = 1
[resource.reference]
apiVersion = 'v1'
kind = 'ConfigMap'
metadata.name = 'x-${resource.secret.metadata.uid}'
[resource.mixed]
apiVersion = 'v1'
kind = 'ConfigMap'
data.x = '${secret.s} ${resource.secret.metadata.uid}'
data.f = nan
";
    insta::assert_snapshot!(found(text), @r#"
    error invalid-name: the name `Bad_Name` of a ConfigMap must be lower-case letters, digits, `-` and `.`, each part beginning and ending with a letter or digit
      at `[resource.Bad_Name]` resource.Bad_Name.metadata.name
    error invalid-name: the key `a b` of the data must be letters, digits, `-`, `_` and `.`
      at `'x'` resource.Bad_Name.data["a b"]
    error invalid-data: the data under `n` must be text, and is a number
      at `1` resource.Bad_Name.data.n
      help: put it in quotes
    error invalid-label: the key `-x` of the label must be letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit
      at `'a'` resource.labels.metadata.labels.-x
    error invalid-label: the value `not fine` of the label `fine` must be letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit
      at `'not fine'` resource.labels.metadata.labels.fine
    error invalid-label: the label `n` must be text, and is a number
      at `3` resource.labels.metadata.labels.n
      help: put it in quotes: `"3"`
    error invalid-annotation: the key `a/b/c` of the annotation must be letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit
      at `'x'` resource.labels.metadata.annotations["a/b/c"]
    error invalid-label: the value `#` of the label `a` must be letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit
      at `'#'` resource.labels.spec.template.metadata.labels.a
    error invalid-quantity: `spec.template.spec.containers[0].resources.requests.memory`: `50MB` is not a quantity: there is no unit `MB` (write `Mi` or `M`)
      at `'50MB'` resource.labels.spec.template.spec.containers[0].resources.requests.memory
    error invalid-quantity: `spec.template.spec.containers[0].resources.limits.cpu`: an amount is text or a number, and this is true or false
      at `true` resource.labels.spec.template.spec.containers[0].resources.limits.cpu
    error bad-value: a Namespace belongs to the whole cluster and has no namespace
      at `'x'` 
      help: remove the key
    error server-field: `metadata.uid` is written by the server alone
      at `'y'` 
      help: remove the key
    error server-field: `status` is written by the server alone
      at `status` 
      help: remove the key
    error invalid-data: the data under `x` is not base64
      at `'not base64!'` resource.secret.data.x
      help: write plain text under `stringData`
    error invalid-data: `stringData` has a number under `n`: it takes texts
      at `1` 
      help: put it in quotes
    error reference-not-expected: `metadata.name` says which object this is, and takes no `${…}`
      at `'x-${resource.secret.metadata.uid}'` 
      help: write the value itself
    error mixed-reference: one text refers to a secret and to a live field
      at `'${secret.s} ${resource.secret.metadata.uid}'` 
      help: give each a text of its own: the plan shows what waits for a live field
    error bad-value: `data.f` is NaN, which Kubernetes cannot take
      at `nan` 
    error invalid-data: the data under `f` must be text, and is nothing
      at `nan` resource.mixed.data.f
      help: put it in quotes
    "#);
}
