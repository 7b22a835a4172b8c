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
