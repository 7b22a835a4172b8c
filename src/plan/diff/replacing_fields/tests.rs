use super::*;
use crate::kubernetes::immutable::Loss;
use crate::plan::UnknownValue;
use serde_json::json;

fn changes(paths: &[&str]) -> Vec<FieldChange> {
    let change =
        |path: &&str| FieldChange::new(path.parse().unwrap(), Some(json!(1)), After::Value(json!(2)));
    paths.iter().map(change).collect()
}

fn forcing(fields: &[FieldChange]) -> Vec<String> {
    fields.iter().filter(|field| field.forces_replacement).map(|field| field.path.to_string()).collect()
}

#[test]
fn where_the_server_names_only_the_whole_our_fields_below_it_are_named() {
    let identity = Identity::namespaced("apps", "StatefulSet", "a", "db");
    let mut fields = changes(&["spec.replicas", "spec.serviceName", "spec.template.x", "metadata.labels.a"]);
    flag_named(&identity, &json!({}), &["spec".parse().unwrap()], &mut fields);
    assert_eq!(forcing(&fields), ["spec.serviceName"]);
    assert_eq!(
        reasons(&identity, &fields),
        [
            Reason::ImmutableFields {
                object_kind: "StatefulSet".into(),
                fields: vec!["spec.serviceName".parse().unwrap()]
            },
            Reason::ReplacementLoss { loss: Loss::RunningPodsOfStatefulSet },
        ]
    );
    // A kind that the table does not know is taken at the server's word.
    let custom = Identity::namespaced("x.y", "Foo", "a", "f");
    let mut fields = changes(&["spec.a", "data.b"]);
    flag_named(&custom, &json!({}), &["spec".parse().unwrap()], &mut fields);
    assert_eq!(forcing(&fields), ["spec.a"]);
}

#[test]
fn what_is_frozen_depends_on_the_live_object_and_what_is_unknown_forces_nothing() {
    let identity = Identity::namespaced("", "Secret", "a", "s");
    let mut fields = changes(&["data.k"]);
    assert!(!flag_by_rules(&identity, &json!({}), &mut fields));
    assert!(flag_by_rules(&identity, &json!({"immutable": true}), &mut fields));
    fields[0].after = After::Unknown(UnknownValue::Expression("${x}".into()));
    assert!(!flag_by_rules(&identity, &json!({"immutable": true}), &mut fields));
    let mut fields = changes(&["type"]);
    assert!(flag_by_rules(&identity, &json!({}), &mut fields));
}

#[test]
fn another_cause_beside_an_immutable_field_counts_unless_it_ends_with_the_old_object() {
    let causes = ["spec.containers[1].resources.requests", "spec"].map(|path| path.parse().ok());
    let words =
        ["must be less than or equal to memory limit", "pod updates may not change fields other than"];
    let causes = causes.into_iter().zip(words);
    let causes =
        causes.map(|(path, words)| (path, "FieldValueInvalid".to_owned(), words.to_owned())).collect();
    let problem = Problem { causes, ..Problem::new(ProblemKind::Rejected, "invalid") };
    let pod = |containers: Value| json!({"spec": {"containers": containers}});
    let with = |name: &str, resources: Value| json!({"name": name, "resources": resources});
    let full = json!({"limits": {"memory": "2"}, "requests": {"memory": "2"}});
    let live = pod(json!([with("a", full.clone()), with("b", full.clone())]));
    let named = |sent: Value| named_by_server(&problem, &sent, &live);
    // The order of what is sent is another one.
    let (limit, b) = (json!({"limits": {"memory": "1"}}), with("a", full));
    assert!(named(pod(json!([with("b", limit.clone()), b]))).is_some());
    let request = json!({"limits": {"memory": "1"}, "requests": {"memory": "2"}});
    assert!(named(pod(json!([with("b", request), with("a", limit.clone())]))).is_none(), "it is sent");
    let mut of_range = live.clone();
    of_range["metadata"]["annotations"] = json!({"kubernetes.io/limit-ranger": "memory request"});
    assert!(named_by_server(&problem, &pod(json!([with("b", limit)])), &of_range).is_none());
}
