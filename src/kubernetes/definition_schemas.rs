//! The schemas in a `CustomResourceDefinition`: which fields are in one, and what is said of one in short.
//!
//! A schema has thousands of fields, and nobody reads them one by one. So it is told how large it is and which one it
//! is.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kubernetes::list_items::name_of;
use crate::resource::{FieldPath, Identity, Segment, digest};

/// The path of a version has so many steps: `spec.versions[v1]`. Its schema is one step below.
const OF_VERSION: usize = 3;

/// Which schema it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaSummary {
    /// Its size as JSON, in bytes.
    pub bytes: usize,
    /// The SHA-256 of its JSON, with the name of the method before it.
    pub digest: String,
}

impl SchemaSummary {
    /// Of a schema as the definition has it.
    pub fn of(schema: &Value) -> Self {
        let text = schema.to_string();
        Self { bytes: text.len(), digest: digest(&text) }
    }
}

/// The path of the schema in which a field of this object is; `None` for a field of any other object, and for one that
/// is in no schema.
pub fn schema_above(identity: &Identity, path: &FieldPath) -> Option<FieldPath> {
    let (version, below) = path.segments().split_at_checked(OF_VERSION)?;
    let is_schema = matches!(below.first(), Some(Segment::Key(key)) if key == "schema");
    let schema = || path.segments().iter().take(OF_VERSION + 1).cloned().collect();
    (is_schema && is_version(identity, version)).then(schema)
}

/// What a version says beside its schema and the schema, each with its path; or what all versions say, and their schemas.
/// The schemas come last. `None` for every other field, and where there is no schema.
pub fn apart(
    identity: &Identity,
    path: &FieldPath,
    value: &Value,
) -> Option<(Value, Vec<(FieldPath, Value)>)> {
    let mut rest = value.clone();
    let mut schemas = Vec::new();
    match &mut rest {
        Value::Array(versions) if is_versions(identity, path.segments()) => {
            for version in versions {
                let place = path.join(Segment::Item(name_of(version, &["name"])));
                schemas.extend(taken(&place, version));
            }
        }
        version if is_version(identity, path.segments()) => schemas.extend(taken(path, version)),
        _ => {}
    }
    (!schemas.is_empty()).then_some((rest, schemas))
}

/// Takes the schema out of a version.
fn taken(path: &FieldPath, version: &mut Value) -> Option<(FieldPath, Value)> {
    Some((path.key("schema"), version.as_object_mut()?.remove("schema")?))
}

fn is_version(identity: &Identity, path: &[Segment]) -> bool {
    path.len() == OF_VERSION && is_versions(identity, path.split_last().map_or(path, |(_, above)| above))
}

fn is_versions(identity: &Identity, path: &[Segment]) -> bool {
    let is = |segment: &Segment, name: &str| matches!(segment, Segment::Key(key) if key == name);
    let [spec, versions] = path else { return false };
    identity.is("apiextensions.k8s.io", "CustomResourceDefinition")
        && is(spec, "spec")
        && is(versions, "versions")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_is_known_by_its_place_in_a_definition() {
        let definition =
            Identity::cluster("apiextensions.k8s.io", "CustomResourceDefinition", "a.a.example.com");
        let above = |identity: &Identity, path: &str| {
            schema_above(identity, &path.parse().unwrap()).map(|path| path.to_string())
        };
        for path in ["spec.versions[v1].schema", "spec.versions[v1].schema.openAPIV3Schema.type"] {
            assert_eq!(above(&definition, path).as_deref(), Some("spec.versions[v1].schema"));
        }
        for path in ["spec.group", "spec.versions[v1]", "spec.versions[v1].served", "spec.names.schema.a"] {
            assert_eq!(above(&definition, path), None, "{path}");
        }
        let other = Identity::cluster("example.com", "Thing", "a");
        assert_eq!(above(&other, "spec.versions[v1].schema"), None);
    }

    #[test]
    fn a_schema_is_taken_out_of_a_version_and_of_all_versions() {
        let definition =
            Identity::cluster("apiextensions.k8s.io", "CustomResourceDefinition", "a.a.example.com");
        let version = json!({"name": "v2", "served": true, "schema": {"x": 1}});
        let split = |path: &str, value: &Value| {
            let (rest, schemas) = apart(&definition, &path.parse().unwrap(), value)?;
            let [(path, schema)] = schemas.as_slice() else { panic!("{schemas:?}") };
            Some((rest, path.to_string(), schema.clone()))
        };
        let path = "spec.versions[v2].schema".to_owned();
        let rest = json!({"name": "v2", "served": true});
        let expected = Some((rest.clone(), path.clone(), json!({"x": 1})));
        assert_eq!(split("spec.versions[v2]", &version), expected);
        assert_eq!(split("spec.versions", &json!([version])), Some((json!([rest]), path, json!({"x": 1}))));
        for other in ["spec", "spec.names", "spec.versions[v2].served", "spec.versions[v2].schema"] {
            assert_eq!(split(other, &version), None, "{other}");
        }
    }
}
