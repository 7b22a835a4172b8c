//! Several renderings of one chart, held against each other.
//!
//! What differs between two renderings of the same is made anew each time: random passwords, certificates, times. What
//! differs when only the secrets are others carries a secret, in whatever encoding.

use std::collections::BTreeMap;

use serde_json::Value;

use super::request::Secrets;
use crate::blocks::facts::{Document, Rendered};
use crate::blocks::object_filter::name_of;
use crate::resource::{FieldPath, Identity};

/// An object of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChartObject {
    /// The object, as Helm printed it.
    pub(super) object: Value,
    /// The template that it comes from.
    pub(super) template: Option<String>,
    /// The fields that the chart makes anew each time.
    pub(super) unstable: Vec<FieldPath>,
    /// The fields that carry a secret.
    pub(super) secret: Vec<FieldPath>,
    /// Why these could not be checked.
    pub(super) unchecked: Option<String>,
}

/// The objects of a chart, by two renderings of the same, and one with other secrets where there are any.
///
/// # Errors
/// The output cannot be read, or the renderings do not have the same objects: the reason in words.
pub(super) fn compare(renderings: &[&Rendered], secrets: Secrets) -> Result<Vec<ChartObject>, String> {
    let [first, again, ..] = renderings else { return Err("it was not rendered".to_owned()) };
    let substituted = renderings.get(2);
    let again = by_identity(again)?;
    let substituted = substituted.map(|rendered| by_identity(rendered)).transpose()?;
    let unchecked = match secrets {
        Secrets::Unknown(reason) => Some(reason),
        Secrets::None | Secrets::Known => None,
    };
    let mut objects = Vec::new();
    for Document { object, line, .. } in documents(first)? {
        let identity = Identity::of(object);
        let name = || name_of(object).unwrap_or_else(|| "an object".to_owned());
        let other_name =
            |why: &str| Err(format!("the name of {} {why}, so that no plan could follow it", name()));
        let (mut unstable, mut secret) = (Vec::new(), Vec::new());
        // What is no object is reported later, by the rules for all objects.
        if identity.is_some() {
            match identity.as_ref().and_then(|identity| again.get(identity)) {
                Some(twin) => differing(&FieldPath::root(), object, twin, &mut unstable),
                None => return other_name("is another one each time"),
            }
            let others = substituted
                .as_ref()
                .map(|others| identity.as_ref().and_then(|identity| others.get(identity)));
            match others {
                Some(Some(twin)) => differing(&FieldPath::root(), object, twin, &mut secret),
                Some(None) => return other_name("has a secret in it"),
                None => {}
            }
        }
        // A field that changes each time may carry a secret as well, and nobody can tell.
        let template = first.template(*line);
        objects.push(ChartObject {
            object: object.clone(),
            template,
            unstable,
            secret,
            unchecked: unchecked.clone(),
        });
    }
    Ok(objects)
}

fn documents(rendered: &Rendered) -> Result<&[Document], String> {
    // The lines are those of an output that nobody sees.
    rendered.output.documents.as_deref().map_err(|error| format!("Helm's output is no YAML{error}"))
}

fn by_identity(rendered: &Rendered) -> Result<BTreeMap<Identity, &Value>, String> {
    let documents = documents(rendered)?.iter();
    Ok(documents.filter_map(|document| Some((Identity::of(&document.object)?, &document.object))).collect())
}

/// The paths at which two values differ: of texts, numbers and the like, and of whole lists and tables where they have
/// not the same items or keys.
fn differing(path: &FieldPath, left: &Value, right: &Value, found: &mut Vec<FieldPath>) {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) if left.keys().eq(right.keys()) => {
            for ((key, left), right) in left.iter().zip(right.values()) {
                differing(&path.key(key.as_str()), left, right, found);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                differing(&path.index(index), left, right, found);
            }
        }
        (left, right) if left == right => {}
        _ => found.push(path.clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::blocks::facts::ManifestFile;

    fn rendered(text: &str) -> Rendered {
        Rendered { output: ManifestFile::parse(PathBuf::from("helm"), text.as_bytes()) }
    }

    fn config_map(data: &str) -> Rendered {
        rendered(&format!(
            "---\n# Source: chart/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {data}\n"
        ))
    }

    fn names(paths: &[FieldPath]) -> Vec<String> {
        paths.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_differs_each_time_is_told_from_what_carries_a_secret() {
        let first = config_map("{same: x, random: a1, secret: s, list: [1, 2]}");
        let again = config_map("{same: x, random: a2, secret: s, list: [1, 2]}");
        let other = config_map("{same: x, random: a3, secret: t, list: [1, 3]}");
        let found = compare(&[&first, &again, &other], Secrets::Known).unwrap();
        let [object] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(names(&object.unstable), ["data.random"]);
        assert_eq!(names(&object.secret), ["data.list[1]", "data.random", "data.secret"]);
        assert_eq!(object.template.as_deref(), Some("templates/a.yaml"));
        assert_eq!(object.unchecked, None);
    }

    #[test]
    fn tables_and_lists_of_another_shape_differ_as_a_whole() {
        let (first, again) = (config_map("{k-1: a}"), config_map("{k-2: a}"));
        let found = compare(&[&first, &again], Secrets::None).unwrap();
        assert_eq!(names(&found[0].unstable), ["data"]);
    }

    #[test]
    fn names_must_be_the_same_each_time() {
        let named =
            |name: &str| rendered(&format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n"));
        let error = compare(&[&named("a"), &named("b")], Secrets::None).unwrap_err();
        insta::assert_snapshot!(error, @"the name of Pod/a is another one each time, so that no plan could follow it");
        let error = compare(&[&named("a"), &named("a"), &named("b")], Secrets::Known).unwrap_err();
        insta::assert_snapshot!(error, @"the name of Pod/a has a secret in it, so that no plan could follow it");
    }
}
