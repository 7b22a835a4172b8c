//! Several renderings of one chart, held against each other.
//!
//! What differs between two renderings of the same is made anew each time: random passwords, certificates, times. What
//! differs when only the secrets are others carries a secret, in whatever encoding.

use std::collections::BTreeMap;

use serde_json::Value;

use super::chart_object::{ChartObject, Kept, Unstable};
use super::frame::Frame;
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

/// Why a chart cannot be taken apart, in words without any secret.
#[derive(Debug)]
pub(super) struct Obstacle {
    /// What is in the way.
    pub(super) reason: String,
    /// What to do.
    pub(super) help: Option<&'static str>,
}

/// Why no plan could follow an object of a chart.
#[derive(Clone, Copy)]
enum Strange {
    /// Its name is made at random.
    RandomName,
    /// Its name, or its namespace, has a secret in it.
    SecretName,
    /// With other secrets it would not be there.
    ThereBySecret,
}

impl Strange {
    /// The obstacle. Neither a name nor anything else of the object is told: it may be the secret.
    fn of(self, template: Option<&str>) -> Obstacle {
        let (what, help) = match self {
            Self::RandomName => (
                "has another name each time, so that no plan could follow it",
                "set its name by a value of the chart",
            ),
            Self::SecretName => (
                "has a secret in its name or in its namespace, and those are shown everywhere",
                "give the chart a value without a secret for the name, and the secret by another one",
            ),
            Self::ThereBySecret => (
                "is there only with a certain secret, so that a plan would tell something of it",
                "switch the object on by a value that is no secret",
            ),
        };
        let template = template.unwrap_or("the chart");
        Obstacle { reason: format!("an object of {template} {what}"), help: Some(help) }
    }
}

/// The objects of a chart, by two renderings of the same.
///
/// # Errors
/// The output cannot be read, the renderings do not have the same objects, or a secret is in a name.
pub(super) fn compare(
    first: &Rendered,
    again: &Rendered,
    carriers: Carriers<'_>,
    patches: &[Patch],
) -> Result<Vec<ChartObject>, Obstacle> {
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
        let strange = |why: Strange| Err(why.of(template.as_deref()));
        let (mut unstable, mut secret) = (Vec::new(), Vec::new());
        // What is no object is reported later, by the rules for all objects.
        if let Some(identity) = Identity::of(&object) {
            match again.get(&identity) {
                Some(twin) => unstable = changing(&object, twin),
                None => return strange(Strange::RandomName),
            }
            match others.as_ref().map(|others| (others, others.get(&identity))) {
                Some((_, Some(twin))) => differing(&FieldPath::root(), &object, twin, &mut secret),
                Some((others, None)) if is_renamed(&identity, others, &again) => {
                    return strange(Strange::SecretName);
                }
                Some((_, None)) => return strange(Strange::ThereBySecret),
                None if holds_secret(&redactor, &identity.to_string()) => {
                    return strange(Strange::SecretName);
                }
                None => holding(&FieldPath::root(), &object, &redactor, &mut secret),
            }
        }
        objects.push(ChartObject { object, template, unstable, batch: None, secret, hook: None });
    }
    Ok(objects)
}

/// The objects of one rendering, of whose fields nothing is known.
///
/// # Errors
/// The output cannot be read.
pub(super) fn plain(rendered: &Rendered, patches: &[Patch]) -> Result<Vec<ChartObject>, Obstacle> {
    let objects = printed(rendered, patches)?.into_iter().map(|Printed { object, line }| {
        let template = rendered.template(line);
        ChartObject { object, template, unstable: Vec::new(), batch: None, secret: Vec::new(), hook: None }
    });
    Ok(objects.collect())
}

/// An object, as Helm printed it and the block changes it, and the line at which it begins.
struct Printed {
    object: Value,
    line: u64,
}

fn printed(rendered: &Rendered, patches: &[Patch]) -> Result<Vec<Printed>, Obstacle> {
    // An error would quote a line of an output that nobody sees, and that may hold a secret.
    let documents = rendered.output.documents.as_ref().map_err(|error| {
        let line = error.place().map_or(0, |(line, _)| line);
        let template = rendered.template(line).unwrap_or_else(|| "the chart".to_owned());
        let reason = format!("what {template} makes is not YAML that can be read, or has a key twice");
        Obstacle { reason, help: None }
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

fn by_identity(rendered: &Rendered, patches: &[Patch]) -> Result<BTreeMap<Identity, Value>, Obstacle> {
    let all = printed(rendered, patches)?.into_iter();
    Ok(all.filter_map(|printed| Some((Identity::of(&printed.object)?, printed.object))).collect())
}

/// Whether an object that is not there with other secrets has another name then: one of its kind is there which is not
/// there with the right ones.
fn is_renamed(
    identity: &Identity,
    others: &BTreeMap<Identity, Value>,
    right: &BTreeMap<Identity, Value>,
) -> bool {
    let mut new = others.keys().filter(|other| !right.contains_key(other));
    new.any(|other| other.group_kind() == identity.group_kind())
}

/// The fields that differ between two renderings of the same.
fn changing(object: &Value, twin: &Value) -> Vec<Unstable> {
    let mut paths = Vec::new();
    differing(&FieldPath::root(), object, twin, &mut paths);
    let of = |path: &FieldPath, object: &Value| path.get(object).cloned().unwrap_or_default();
    let unstable = paths.into_iter().map(|path| {
        let frame = Frame::of(&path, of(&path, object), of(&path, twin));
        Unstable { path, frame, kept: Kept::default() }
    });
    unstable.collect()
}

/// Whether a secret is in a text, as it is or in a usual encoding.
fn holds_secret(redactor: &Redactor, text: &str) -> bool {
    redactor.text(text.to_owned()) != text
}

/// The paths of texts that hold a secret, and of tables that have one in a key.
fn holding(path: &FieldPath, value: &Value, redactor: &Redactor, found: &mut Vec<FieldPath>) {
    match value {
        Value::String(text) if holds_secret(redactor, text) => found.push(path.clone()),
        Value::Object(map) if map.keys().any(|key| holds_secret(redactor, key)) => found.push(path.clone()),
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
        Rendered {
            output: ManifestFile::parse(PathBuf::from("helm"), text.as_bytes()),
            helm: "v4.0.0".to_owned(),
            skipped_hooks: Vec::new(),
        }
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
        insta::assert_snapshot!(error.reason, @"an object of the chart has another name each time, so that no plan could follow it");
        let error = compare(&named("a"), &named("a"), Carriers::By(&rendered("")), &[]).unwrap_err();
        insta::assert_snapshot!(error.reason, @"an object of the chart is there only with a certain secret, so that a plan would tell something of it");
    }

    #[test]
    fn no_secret_stands_in_a_name() {
        let named = |name: &str| rendered(&format!("apiVersion: v1\nkind: Pod\nmetadata: {{{name}}}\n"));
        for (right, other) in
            [("name: x-right", "name: x-other"), ("name: x, namespace: right", "name: x, namespace: other")]
        {
            let right = named(right);
            let others = named(other);
            let secrets = ["right".to_owned()];
            for carriers in [Carriers::By(&others), Carriers::Holding(&secrets)] {
                let error = compare(&right, &right, carriers, &[]).unwrap_err();
                assert_eq!(
                    error.reason,
                    "an object of the chart has a secret in its name or in its namespace, and those are shown everywhere"
                );
                assert!(error.help.is_some());
            }
        }
    }

    #[test]
    fn a_key_with_a_secret_hides_its_table() {
        let (right, other) = (config_map("{a-secret: x}"), config_map("{another: x}"));
        for carriers in [Carriers::By(&other), Carriers::Holding(&["a-secret".to_owned()])] {
            let found = compare(&right, &right, carriers, &[]).unwrap();
            assert_eq!(names(&found[0].secret), ["data"]);
        }
    }

    #[test]
    fn what_holds_a_secret_is_known_where_no_other_one_can_be_tried() {
        let first = config_map("{clear: a-secret, coded: YS1zZWNyZXQ=, other: b}");
        let found = compare(&first, &first, Carriers::Holding(&["a-secret".to_owned()]), &[]).unwrap();
        assert_eq!(names(&found[0].secret), ["data.clear", "data.coded"]);
    }
}
