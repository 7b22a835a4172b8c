//! Custom resources whose definition is created or changed by the same plan: they are checked against its schema.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::{HEAD, Namespace, Project, change};

tests! {
    what_the_schema_in_the_plan_refuses_the_server_refuses,
    a_resource_may_use_a_field_that_its_definition_gets_in_the_same_plan,
    a_version_that_the_definition_in_the_plan_does_not_serve_is_an_error,
    what_stands_on_a_definition_that_is_refused_has_no_error_of_its_own,
}

const DEFINITION: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: "widgets.{prefix}.example.com" }
spec:
  group: "{prefix}.example.com"
  names: { kind: Widget, plural: widgets, singular: widget }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            status: { type: object, properties: { a: { type: string } } }
            spec:
              type: object
              properties:
                text: { type: string, minLength: 2, maxLength: 4, pattern: "^[a-z]+$" }
                count: { type: integer, minimum: 1, maximum: 10, exclusiveMaximum: true }
                ratio: { type: number, multipleOf: 0.5 }
                flag: { type: boolean }
                mode: { type: string, enum: [a, b] }
                either: { x-kubernetes-int-or-string: true }
                maybe: { type: string, nullable: true }
                kept: { type: string, default: x }
                free: { type: object, x-kubernetes-preserve-unknown-fields: true, properties: { num: { type: integer } } }
                labels: { type: object, additionalProperties: { type: string } }
                empty: { type: object }
                inner: { type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true }
                closed: { type: object, x-kubernetes-embedded-resource: true, properties: { spec: { type: object } } }
                set: { type: array, x-kubernetes-list-type: set, items: { type: string } }
                items:
                  type: array
                  maxItems: 2
                  items: { type: object, required: [name], properties: { name: { type: string }, num: { type: integer, default: 1 } } }
                keyed:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items: { type: object, required: [name], properties: { name: { type: string }, num: { type: integer } } }
                one:
                  type: object
                  properties: { a: { type: string }, b: { type: string } }
                  oneOf: [{ required: [a] }, { required: [b] }]
"#;

/// Values for `spec`, in TOML.
const SPECS: &[&str] = &[
    "{}",
    "{ text = \"abc\" }",
    "{ text = \"a\" }",
    "{ text = \"abcde\" }",
    "{ text = \"äöü\" }",
    "{ text = \"ABC\" }",
    "{ text = 5 }",
    "{ txet = \"abc\" }",
    "{ count = 1 }",
    "{ count = 0 }",
    "{ count = 10 }",
    "{ count = 2.0 }",
    "{ count = 2.5 }",
    "{ count = \"2\" }",
    "{ ratio = 1.5 }",
    "{ ratio = 1.3 }",
    "{ flag = true }",
    "{ flag = \"true\" }",
    "{ mode = \"a\" }",
    "{ mode = \"c\" }",
    "{ either = 1 }",
    "{ either = \"1\" }",
    "{ either = true }",
    "{ either = 1.5 }",
    "{ kept = 5 }",
    "{ free = { any = [1, \"x\"], num = 1 } }",
    "{ free = { num = \"x\" } }",
    "{ labels = { a = \"b\" } }",
    "{ labels = { a = 1 } }",
    "{ empty = {} }",
    "{ inner = { apiVersion = \"v1\", kind = \"Pod\", spec = { a = 1 } } }",
    "{ inner = { spec = { a = 1 } } }",
    "{ closed = { apiVersion = \"v1\", kind = \"Pod\", metadata = { name = \"x\" }, spec = {} } }",
    "{ closed = { apiVersion = \"v1\", kind = \"Pod\", other = 1 } }",
    "{ set = [\"a\", \"b\"] }",
    "{ set = [\"a\", \"a\"] }",
    "{ items = [{ name = \"a\" }] }",
    "{ items = [{ num = 1 }] }",
    "{ items = [{ name = \"a\", m = 1 }] }",
    "{ items = [{ name = \"a\" }, { name = \"b\" }, { name = \"c\" }] }",
    "{ items = { name = \"a\" } }",
    "{ keyed = [{ name = \"a\" }, { name = \"b\" }] }",
    "{ keyed = [{ name = \"a\" }, { name = \"a\", num = 1 }] }",
    "{ keyed = [{ num = 1 }] }",
    "{ one = { a = \"x\" } }",
    "{ one = { a = \"x\", b = \"y\" } }",
    "{ one = {} }",
];

/// Values with null, which can be written in manifests only.
const NULLS: &[&str] = &["{ text: null }", "{ maybe: null }", "{ kept: null }", "{ items: null }", "null"];

/// The message of each resource that has an error.
fn errors(project: &Project<'_>) -> BTreeMap<String, String> {
    let plan = project.run(["plan", "--format", "json"]).code(1).json();
    let errors = plan["errors"].as_array().unwrap();
    assert!(errors.iter().all(|error| error["kind"] == "rejected"), "{errors:#?}");
    let text = |error: &Value, key: &str| error[key].as_str().unwrap().to_owned();
    errors.iter().map(|error| (text(error, "address"), text(error, "message"))).collect()
}

fn what_the_schema_in_the_plan_refuses_the_server_refuses() {
    let ns = Namespace::new();
    let mut widgets = String::new();
    for (index, spec) in SPECS.iter().enumerate() {
        let _ = write!(
            widgets,
            "\n[resource.w{index}]\napiVersion = \"{{prefix}}.example.com/v1\"\nkind = \"Widget\"\nspec = {spec}\n"
        );
    }
    let mut nulls = String::new();
    for (index, spec) in NULLS.iter().enumerate() {
        let _ = write!(
            nulls,
            "---\napiVersion: \"{{prefix}}.example.com/v1\"\nkind: Widget\n\
             metadata: {{ name: n{index}, namespace: \"{{ns}}\" }}\nspec: {spec}\n"
        );
    }
    let odd = "\n[resource.bare]\napiVersion = \"{prefix}.example.com/v1\"\nkind = \"Widget\"\n\
               \n[resource.labelled]\napiVersion = \"{prefix}.example.com/v1\"\nkind = \"Widget\"\nspec = {}\nmetadata.labels = { a = \"b\" }\n\
               \n[resource.more]\napiVersion = \"{prefix}.example.com/v1\"\nkind = \"Widget\"\nspec = {}\nother = 1\n\
               \n[manifest.nulls]\npath = \"nulls.yaml\"\n";
    let all = format!("{HEAD}{widgets}{odd}");
    let with_definition = format!("{all}\n[manifest.definition]\npath = \"definition.yaml\"\n");
    let project = ns
        .project()
        .write("regplan.toml", &with_definition)
        .write("nulls.yaml", &nulls)
        .write("definition.yaml", DEFINITION);
    let ours = errors(&project);
    ns.apply(DEFINITION);
    let established = ["wait", "--for=condition=Established", "crd/widgets.{prefix}.example.com"];
    ns.kubectl(established).run().success();
    project.rewrite("regplan.toml", &all);
    let theirs = errors(&project);
    let told = |address: &str, words: &str| {
        let spec = address.strip_prefix("resource.w").and_then(|index| index.parse::<usize>().ok());
        format!("{address} {}: {words}", spec.map_or("", |index| SPECS[index]))
    };
    let only = |these: &BTreeMap<String, String>, those: &BTreeMap<String, String>| -> Vec<String> {
        let missing = these.iter().filter(|(address, _)| !those.contains_key(*address));
        missing.map(|(address, words)| told(address, words)).collect()
    };
    assert_eq!((only(&ours, &theirs), only(&theirs, &ours)), (Vec::new(), Vec::new()));
    assert!(ours.len() > 20, "{ours:?}");
    ns.clean_up("crd/widgets.{prefix}.example.com");
}

const WIDGET: &str = r#"
[manifest.definition]
path = "definition.yaml"

[resource.one]
apiVersion = "{prefix}.example.com/v1"
kind = "Widget"
spec = { text = "abc" }
"#;

fn a_resource_may_use_a_field_that_its_definition_gets_in_the_same_plan() {
    let ns = Namespace::new();
    let project =
        ns.project().write("regplan.toml", &format!("{HEAD}{WIDGET}")).write("definition.yaml", DEFINITION);
    let made = project.run(["plan"]).success();
    made.stdout_contains("predicted: the kind Widget").stdout_contains("is made by this plan");
    project.apply();
    project.edit(
        "definition.yaml",
        "flag: { type: boolean }",
        "flag: { type: boolean }\n                fresh: { type: integer }",
    );
    project.edit("regplan.toml", "{ text = \"abc\" }", "{ text = \"abc\", fresh = \"1\" }");
    let wrong = project.run(["plan"]).code(1);
    wrong
        .stdout_contains("! resource.one")
        .stdout_contains("it does not fit the schema of its definition in this plan (manifest.definition")
        .stdout_contains("spec.fresh: ")
        .stdout_contains("(from `resource.one.spec.fresh`)");
    project.run(["apply", "--auto-approve"]).code(1);
    project.edit("regplan.toml", "fresh = \"1\"", "fresh = 1");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("predicted: the kind Widget").stdout_contains("is changed by this plan");
    project.apply();
    assert_eq!(ns.field("widget.{prefix}.example.com/one", "/spec/fresh"), 1);
    project.run(["plan", "--detailed-exitcode"]).success();
    ns.clean_up("crd/widgets.{prefix}.example.com");
}

fn a_version_that_the_definition_in_the_plan_does_not_serve_is_an_error() {
    let ns = Namespace::new();
    let project = ns
        .project()
        .write("regplan.toml", &format!("{HEAD}{}", WIDGET.replace("com/v1", "com/v2")))
        .write("definition.yaml", DEFINITION);
    let plan = project.run(["plan"]).code(1);
    plan.stdout_contains("! resource.one")
        .stdout_contains(&ns.fill("does not serve `{prefix}.example.com/v2`; it serves v1"))
        .stdout_contains("+ manifest.definition");
}

fn what_stands_on_a_definition_that_is_refused_has_no_error_of_its_own() {
    let ns = Namespace::new();
    let broken = DEFINITION.replace("served: true", "served: true\n      nonsense: 1");
    let project =
        ns.project().write("regplan.toml", &format!("{HEAD}{WIDGET}")).write("definition.yaml", &broken);
    let plan: Value = project.run(["plan", "--format", "json"]).code(1).json();
    let errors = plan["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    let fidelity = &change(&plan, "resource.one")["fidelity"];
    assert_eq!(fidelity["kind"], json!("predicted"));
    assert!(fidelity["reason"].as_str().unwrap().contains("is not there, and cannot be made"), "{fidelity}");
}
