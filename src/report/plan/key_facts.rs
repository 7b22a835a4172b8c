//! What a reader wants to know first of an object that is made: one small table by kind.

use serde_json::Value;

use crate::plan::{After, Change, FieldChange};
use crate::report::plan::schema;
use crate::resource::{KeyFact, Segment};

/// Workloads: image and replicas. A claim: size and class. A definition: versions and schema. Of all else nothing.
pub(in crate::report) fn of_object(change: &Change) -> Vec<KeyFact> {
    let identity = &change.target.identity;
    match (identity.group.as_str(), identity.kind.as_str()) {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job" | "CronJob")
        | ("", "Pod" | "ReplicationController") => {
            let replicas = value_at(change, &["spec", "replicas"]).map(|text| KeyFact::new("replicas", text));
            images(change).into_iter().chain(replicas).collect()
        }
        ("", "PersistentVolumeClaim") => {
            let size = value_at(change, &["spec", "resources", "requests", "storage"]);
            let class = value_at(change, &["spec", "storageClassName"]);
            let class = match class {
                None => "the default".to_owned(),
                Some(class) if class.is_empty() => "none".to_owned(),
                Some(class) => class,
            };
            size.map(|text| KeyFact::new("size", text))
                .into_iter()
                .chain([KeyFact::new("class", class)])
                .collect()
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(change),
        _ => Vec::new(),
    }
}

/// The facts in one line: `image: registry:3.1.1; replicas: 1`.
pub(in crate::report) fn line(facts: &[KeyFact]) -> String {
    let all: Vec<String> = facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect();
    all.join("; ")
}

fn images(change: &Change) -> Option<KeyFact> {
    let mut images: Vec<String> =
        change.fields.iter().filter(|field| is_image(field)).filter_map(text_of).collect();
    images.dedup();
    let name = if images.len() == 1 { "image" } else { "images" };
    (!images.is_empty()).then(|| KeyFact::new(name, images.join(", ")))
}

/// Whether it is the image of a container; init containers do not count.
fn is_image(field: &FieldChange) -> bool {
    matches!(field.path.segments(), [.., Segment::Key(list), _, Segment::Key(key)] if list == "containers" && key == "image")
}

fn definition(change: &Change) -> Vec<KeyFact> {
    let is_name = |field: &&FieldChange| {
        matches!(field.path.segments(), [Segment::Key(spec), Segment::Key(versions), _, Segment::Key(name)]
            if spec == "spec" && versions == "versions" && name == "name")
    };
    let versions: Vec<String> = change.fields.iter().filter(is_name).filter_map(text_of).collect();
    let schemas = change.schemas.iter().filter_map(|schema| schema.after.as_ref());
    let schemas: Vec<String> = schemas.map(schema::summary).collect();
    let fact =
        |name: &str, texts: Vec<String>| (!texts.is_empty()).then(|| KeyFact::new(name, texts.join(", ")));
    [fact("versions", versions), fact("schema", schemas)].into_iter().flatten().collect()
}

fn value_at(change: &Change, keys: &[&str]) -> Option<String> {
    change.fields.iter().find(|field| field.path.is_keys(keys)).and_then(text_of)
}

/// The value of a field; `None` for a secret, and for what is not known yet.
fn text_of(field: &FieldChange) -> Option<String> {
    match &field.after {
        _ if field.sensitive => None,
        After::Value(Value::String(text)) => Some(text.clone()),
        After::Value(Value::Null) | After::Absent | After::Unknown(_) => None,
        After::Value(other) => Some(other.to_string()),
    }
}
