//! Several renderings of one chart, held against each other.
//!
//! What differs between two renderings of the same is made anew each time: random passwords, certificates, times. What
//! differs when only the secrets are others carries a secret, in whatever encoding.

use std::collections::BTreeMap;

use serde_json::Value;

use super::chart_object::{ChartObject, Frame, Kept, Unstable};
use super::patch::Patch;
use crate::blocks::facts::Rendered;
use crate::resource::{FieldPath, Identity, Redactor};

/// How it is found out which fields carry a secret.
#[derive(Clone, Copy)]
pub(super) enum Carriers<'a> {
    /// There is no secret.
    Nobody,
    /// They differ in this rendering, which has other secrets.
    By(&'a Rendered),
    /// They hold one of these texts, in a usual encoding: the chart cannot be rendered with other secrets.
    Holding(&'a [String]),
}

/// The objects of a chart, by two renderings of the same.
///
/// # Errors
/// The output cannot be read, or the renderings do not have the same objects: the reason in words.
pub(super) fn compare(
    first: &Rendered,
    again: &Rendered,
    carriers: Carriers<'_>,
    patches: &[Patch],
) -> Result<Vec<ChartObject>, String> {
    let again = by_identity(again, patches)?;
    let others = match carriers {
        Carriers::By(others) => Some(by_identity(others, patches)?),
        Carriers::Nobody | Carriers::Holding(_) => None,
    };
    let redactor = Redactor::default();
    if let Carriers::Holding(secrets) = carriers {
        for secret in secrets {
            redactor.learn_text(secret);
        }
    }
    let mut objects = Vec::new();
    for Printed { object, line } in printed(first, patches)? {
        let template = first.template(line);
        // Neither a name nor anything else of it is told: it may be the secret.
        let strange = |why: &str| {
            let template = template.as_deref().unwrap_or("the chart");
            Err(format!("an object of {template} {why}, so that no plan could follow it"))
        };
        let (mut unstable, mut secret) = (Vec::new(), Vec::new());
        // What is no object is reported later, by the rules for all objects.
        if let Some(identity) = Identity::of(&object) {
            match again.get(&identity) {
                Some(twin) => unstable = changing(&object, twin),
                None => return strange("has another name each time"),
            }
            match others.as_ref().map(|others| others.get(&identity)) {
                Some(Some(twin)) => differing(&FieldPath::root(), &object, twin, &mut secret),
                Some(None) => return strange("has a secret in its name, or is there only with it"),
                None => holding(&FieldPath::root(), &object, &redactor, &mut secret),
            }
        }
        objects.push(ChartObject { object, template, unstable, secret, hook: None });
    }
    Ok(objects)
}

/// An object, as Helm printed it and the block changes it, and the line at which it begins.
struct Printed {
    object: Value,
    line: u64,
}

fn printed(rendered: &Rendered, patches: &[Patch]) -> Result<Vec<Printed>, String> {
    // An error would quote a line of an output that nobody sees, and that may hold a secret.
    let documents = rendered.output.documents.as_ref().map_err(|error| {
        let line = error.place().map_or(0, |(line, _)| line);
        let template = rendered.template(line).unwrap_or_else(|| "the chart".to_owned());
        format!("what {template} makes is not YAML that can be read, or has a key twice")
    })?;
    let patched = documents.iter().map(|document| {
        let mut object = document.object.clone();
        for patch in patches {
            patch.change(&mut object);
        }
        Printed { object, line: document.line }
    });
    Ok(patched.collect())
}

fn by_identity(rendered: &Rendered, patches: &[Patch]) -> Result<BTreeMap<Identity, Value>, String> {
    let all = printed(rendered, patches)?.into_iter();
    Ok(all.filter_map(|printed| Some((Identity::of(&printed.object)?, printed.object))).collect())
}

/// The fields that differ between two renderings of the same.
fn changing(object: &Value, twin: &Value) -> Vec<Unstable> {
    let mut paths = Vec::new();
    differing(&FieldPath::root(), object, twin, &mut paths);
    let text = |path: &FieldPath, object: &Value| path.get(object).and_then(Value::as_str).map(str::to_owned);
    let unstable = paths.into_iter().map(|path| {
        let frame = text(&path, object).zip(text(&path, twin)).map(|(one, other)| Frame::of(&one, &other));
        Unstable { path, frame, kept: Kept::default() }
    });
    unstable.collect()
}

/// The paths of texts that hold a secret.
fn holding(path: &FieldPath, value: &Value, redactor: &Redactor, found: &mut Vec<FieldPath>) {
    match value {
        Value::String(text) if redactor.text(text.clone()) != *text => found.push(path.clone()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                holding(&path.index(index), item, redactor, found);
            }
        }
        Value::Object(map) => {
            for (key, below) in map {
                holding(&path.key(key.as_str()), below, redactor, found);
            }
        }
        _ => {}
    }
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

    fn unstable(object: &ChartObject) -> Vec<String> {
        object.unstable.iter().map(|unstable| unstable.path.to_string()).collect()
    }

    #[test]
    fn what_differs_each_time_is_told_from_what_carries_a_secret() {
        let first = config_map("{same: x, random: a1, secret: s, list: [1, 2]}");
        let again = config_map("{same: x, random: a2, secret: s, list: [1, 2]}");
        let other = config_map("{same: x, random: a3, secret: t, list: [1, 3]}");
        let found = compare(&first, &again, Carriers::By(&other), &[]).unwrap();
        let [object] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(unstable(object), ["data.random"]);
        assert_eq!(names(&object.secret), ["data.list[1]", "data.random", "data.secret"]);
        assert_eq!(object.template.as_deref(), Some("templates/a.yaml"));
    }

    #[test]
    fn tables_and_lists_of_another_shape_differ_as_a_whole() {
        let (first, again) = (config_map("{k-1: a}"), config_map("{k-2: a}"));
        let found = compare(&first, &again, Carriers::Nobody, &[]).unwrap();
        assert_eq!(unstable(&found[0]), ["data"]);
    }

    #[test]
    fn names_must_be_the_same_each_time() {
        let named =
            |name: &str| rendered(&format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n"));
        let error = compare(&named("a"), &named("b"), Carriers::Nobody, &[]).unwrap_err();
        insta::assert_snapshot!(error, @"an object of the chart has another name each time, so that no plan could follow it");
        let error = compare(&named("a"), &named("a"), Carriers::By(&named("b")), &[]).unwrap_err();
        insta::assert_snapshot!(error, @"an object of the chart has a secret in its name, or is there only with it, so that no plan could follow it");
    }

    #[test]
    fn what_holds_a_secret_is_known_where_no_other_one_can_be_tried() {
        let first = config_map("{clear: a-secret, coded: YS1zZWNyZXQ=, other: b}");
        let found = compare(&first, &first, Carriers::Holding(&["a-secret".to_owned()]), &[]).unwrap();
        assert_eq!(names(&found[0].secret), ["data.clear", "data.coded"]);
    }

    #[test]
    fn the_ends_of_a_text_are_compared_and_its_random_part_is_not() {
        let frame = Frame::of("cookie: a1b\nlevel: 1", "cookie: a2c\nlevel: 1");
        let fits = |text: &str| frame.fits(&Value::from(text));
        assert!(fits("cookie: zzz\nlevel: 1") && !fits("cookie: zzz\nlevel: 2"));
        // Random texts may begin alike.
        assert!(Frame::of("abX", "abY").fits(&Value::from("q")));
    }
}
