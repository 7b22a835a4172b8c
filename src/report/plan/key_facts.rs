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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::Action;
    use crate::report::plan::sample;
    use crate::resource::Identity;

    /// The line of an object of this kind with these fields.
    fn told(kind: (&str, &str), fields: &[(&str, Value)]) -> String {
        let field = |(path, value): &(&str, Value)| sample::field(path, None, After::Value(value.clone()));
        let mut change = sample::change("x", Action::Create, fields.iter().map(field).collect());
        change.target.identity = Identity::namespaced(kind.0, kind.1, "a", "x");
        for field in change.fields.iter_mut().filter(|field| field.path.to_string().contains("secret")) {
            field.sensitive = true;
        }
        line(&of_object(&change))
    }

    #[test]
    fn each_kind_tells_what_matters_and_no_secret() {
        let image = |container: &str, image: &str| (container.to_owned(), json!(image));
        let of = |containers: &[(String, Value)]| {
            let mut fields = vec![("spec.replicas", json!(2))];
            fields.extend(containers.iter().map(|(path, image)| (path.as_str(), image.clone())));
            told(("apps", "Deployment"), &fields)
        };
        let (web, beside) =
            ("spec.template.spec.containers[web].image", "spec.template.spec.containers[s].image");
        let init = image("spec.template.spec.initContainers[i].image", "init:1");
        assert_eq!(of(&[image(web, "web:1"), init]), "image: web:1; replicas: 2");
        assert_eq!(of(&[image(web, "web:1"), image(beside, "web:1")]), "image: web:1; replicas: 2");
        assert_eq!(of(&[image(web, "web:1"), image(beside, "s:1")]), "images: web:1, s:1; replicas: 2");
        assert_eq!(of(&[image("spec.template.spec.containers[secret].image", "hidden:1")]), "replicas: 2");
        let claim = |class: &[(&str, Value)]| {
            let size = ("spec.resources.requests.storage", json!("1Gi"));
            told(("", "PersistentVolumeClaim"), &[&[size], class].concat())
        };
        assert_eq!(claim(&[]), "size: 1Gi; class: the default");
        assert_eq!(claim(&[("spec.storageClassName", json!(""))]), "size: 1Gi; class: none");
        let versions = [("spec.versions[v1].name", json!("v1")), ("spec.versions[v2].name", json!("v2"))];
        assert_eq!(told(("apiextensions.k8s.io", "CustomResourceDefinition"), &versions), "versions: v1, v2");
        assert_eq!(told(("", "ConfigMap"), &[("spec.replicas", json!(2))]), "");
    }
}
