//! What is remembered of an apply: enough to prove later that nothing has changed, and to say what has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FieldPath, FieldSet, Live, ManagedEntry, Segment, from_json};

/// What the last apply sent, and what the server made of it.
///
/// No secret value, and nothing that was computed from one, is in it: that a hidden field is as it was
/// shows by our still owning it, since whoever changes a value takes the field from us.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    /// The `resourceVersion` of the server's answer.
    pub resource_version: String,
    /// SHA-256 of the object that was sent, hidden values left out.
    pub sent: String,
    /// The object that was sent; `None` where the record does not tell (format 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_object: Option<SentObject>,
    /// The digest of all that its chart was rendered from, where it comes from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered_from: Option<String>,
    /// What the server's answer held under each field that we owned then, by path.
    pub fields: BTreeMap<String, Held>,
    /// What others had then in the maps and lists in which we own something, by path: keys and list items that
    /// are not ours. `None` where the record does not tell (format 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign_items: Option<BTreeSet<String>>,
    /// Fields that are made anew each time (a chart's random text), and so keep their live value.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unstable_fields: BTreeSet<FieldPath>,
    /// Our entries in lists that are owned as a whole, and by others. Never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub owned_entries: BTreeMap<FieldPath, Vec<Value>>,
}

/// The object that an apply sent, the values taken out that nobody may see.
///
/// It is kept as text. Most plans compare with its digest alone, and a plan over thousands of objects would
/// pay for each tree that it does not look at.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SentObject(Box<str>);

impl SentObject {
    /// From an object out of which all secrets are taken ([`withhold`](super::withhold)).
    pub fn new(withheld: &Value) -> Self {
        Self::of_text(withheld.to_string())
    }

    /// From the JSON text of such an object.
    pub(crate) fn of_text(text: String) -> Self {
        Self(text.into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As an object. Where a value was taken out, [`WITHHELD`](super::WITHHELD) stands.
    ///
    /// # Errors
    /// Where the text is no JSON: something else than regplan wrote it.
    pub fn object(&self) -> serde_json::Result<Value> {
        from_json(self.0.as_bytes())
    }
}

/// Its text, as it is.
impl fmt::Debug for SentObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an owned field held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held<V = Value> {
    /// This value.
    Value(V),
    /// A map or a list item whose own fields are listed beside it.
    Parent,
    /// Nothing: the server owns up to a field that it does not store (an env value `""`).
    Nothing,
    /// A value that nobody may see.
    Hidden,
}

impl<V> Held<V> {
    /// The same with a look at the value.
    pub fn as_ref(&self) -> Held<&V> {
        match self {
            Self::Value(value) => Held::Value(value),
            Self::Parent => Held::Parent,
            Self::Nothing => Held::Nothing,
            Self::Hidden => Held::Hidden,
        }
    }
}

impl Held<&Value> {
    /// The same with a copy of the value.
    pub fn cloned(self) -> Held {
        match self {
            Self::Value(value) => Held::Value(value.clone()),
            Self::Parent => Held::Parent,
            Self::Nothing => Held::Nothing,
            Self::Hidden => Held::Hidden,
        }
    }
}

/// The fields of a record, to be looked up one after the other: a plan does so for each field of each object.
#[derive(Debug)]
pub(crate) struct RecordedFields<'a> {
    fields: &'a BTreeMap<String, Held>,
    /// The path that is looked up, as text.
    path: String,
}

impl<'a> RecordedFields<'a> {
    pub(crate) fn of(applied: &'a Applied) -> Self {
        Self { fields: &applied.fields, path: String::new() }
    }

    /// What the field held then.
    pub(crate) fn get(&mut self, path: &FieldPath) -> Option<Held<&'a Value>> {
        self.path.clear();
        // A text takes whatever is written to it.
        let _ = write!(self.path, "{path}");
        self.fields.get(&self.path).map(Held::as_ref)
    }
}

/// What the fields of an object hold that a manager owns by server-side apply. Of a field that is hidden,
/// nothing but that it is there gets out of here.
pub fn held(live: &Live, manager: &str, hides: impl Fn(&FieldPath) -> bool) -> Vec<(FieldPath, Held)> {
    let mut found = Vec::new();
    all_held(live, manager, hides, |path, held| {
        found.push((path.clone(), held.cloned()));
        true
    });
    found
}

/// What these fields of an object hold, whoever owns them: for an object of a house that keeps no field owners. Of
/// a field that is hidden, nothing but that it is there gets out of here.
pub fn held_at(
    paths: impl IntoIterator<Item = FieldPath>,
    object: &Value,
    hides: impl Fn(&FieldPath) -> bool,
) -> impl Iterator<Item = (FieldPath, Held)> {
    paths.into_iter().map(move |path| {
        let held = match path.get(object) {
            None => Held::Nothing,
            Some(_) if hides(&path) => Held::Hidden,
            Some(value) => Held::Value(value.clone()),
        };
        (path, held)
    })
}

/// Whether all of what these fields hold is as `is_right` wants it; they are shown until one is not.
pub fn all_held<'v>(
    live: &'v Live,
    manager: &str,
    hides: impl Fn(&FieldPath) -> bool,
    mut is_right: impl FnMut(&FieldPath, Held<&'v Value>) -> bool,
) -> bool {
    let nothing = FieldSet::default();
    let fields = live.ownership.applied_by(manager).unwrap_or(&nothing);
    fields.each_owned(&mut FieldPath::root(), &mut |path, is_parent| {
        let held = match path.get(&live.object) {
            None => Held::Nothing,
            Some(_) if is_parent => Held::Parent,
            Some(_) if hides(path) => Held::Hidden,
            Some(value) => Held::Value(value),
        };
        is_right(path, held)
    })
}

/// Whether the manager has written the object again since this record: a field that is still its own has another value,
/// or it has come to own a value that is not recorded. Whoever else changes a field takes it from the manager.
pub fn is_written_since(applied: &Applied, live: &Live, manager: &str) -> bool {
    let mut recorded = RecordedFields::of(applied);
    let is_recorded = |path: &FieldPath, held: Held<&Value>| match (recorded.get(path), held) {
        (Some(Held::Value(then)), Held::Value(now)) => then == now || is_open(then) && is_open(now),
        (None, Held::Value(_)) => false,
        _ => true,
    };
    !all_held(live, manager, |_| false, is_recorded)
}

/// Whether others may have put entries into it since it was applied empty: they own these, and not the whole.
fn is_open(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// What others own in the maps and lists in which a manager owns something by server-side apply: the keys and
/// list items that it does not own, without what is below them. The `status` is no such map.
///
/// The name of a hidden field is told, its value is not: an item that is a plain value names itself by it, and
/// is left out where `hides` says so.
pub fn foreign_items(live: &Live, manager: &str, hides: impl Fn(&FieldPath) -> bool) -> BTreeSet<FieldPath> {
    let ours = live.ownership.applied_by(manager);
    ours.map(|ours| foreign_items_beside(live, manager, ours, hides)).unwrap_or_default()
}

/// The same beside other fields than those that the manager owns now.
pub fn foreign_items_beside(
    live: &Live,
    manager: &str,
    ours: &FieldSet,
    hides: impl Fn(&FieldPath) -> bool,
) -> BTreeSet<FieldPath> {
    let mut found = BTreeSet::new();
    let own = live.ownership.apply_entry(manager);
    let status = Segment::Key("status".to_owned());
    // What is written through another subresource (`scale`, `ephemeralcontainers`) is in the object's own fields.
    let is_of_status = |entry: &&ManagedEntry| entry.subresource.as_deref() == Some("status");
    let entries = live.ownership.entries.iter();
    for entry in entries.filter(|entry| !is_of_status(entry) && Some(*entry) != own) {
        entry.fields.each_beside(ours, &mut FieldPath::root(), &mut |path| {
            let is_hidden_value = || {
                let is_plain = path.get(&live.object).is_none_or(|item| !item.is_object());
                is_plain && matches!(path.segments().last(), Some(Segment::Item(_))) && hides(path)
            };
            if path.segments().first() != Some(&status) && !is_hidden_value() {
                found.insert(path.clone());
            }
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::{Operation, Ownership, Stamp};

    fn entry(manager: &str, operation: Operation, subresource: Option<&str>, paths: &[&str]) -> ManagedEntry {
        ManagedEntry {
            manager: manager.to_owned(),
            operation,
            api_version: "v1".to_owned(),
            time: None,
            subresource: subresource.map(str::to_owned),
            fields: paths.iter().map(|path| path.parse().unwrap()).collect(),
        }
    }

    fn items(object: Value, entries: Vec<ManagedEntry>, hidden: &str) -> Vec<String> {
        let stamp = Stamp { uid: "u".into(), version: "1".into() };
        let live = Live { object, stamp, ownership: Ownership { entries } };
        let hides = |path: &FieldPath| !hidden.is_empty() && path.to_string().starts_with(hidden);
        foreign_items(&live, "us", hides).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_others_have_beside_ours_is_told_by_its_name() {
        let ours = ["metadata.labels.app", "spec.containers[web]", "spec.containers[web].image", "spec.args"];
        let theirs = [
            "metadata.labels.theirs",
            "metadata.annotations.note",
            "spec.containers[web].image",
            "spec.containers[web].tty",
            "spec.containers[sidecar]",
            "spec.containers[sidecar].image",
            "spec.args",
            "status.phase",
        ];
        let entries = vec![
            entry("us", Operation::Apply, None, &ours),
            // What an admission webhook changes in our own write is not ours either.
            entry("us", Operation::Update, None, &["metadata.labels.injected"]),
            entry("them", Operation::Update, None, &theirs),
            entry("them", Operation::Update, Some("status"), &["spec.never"]),
            entry("them", Operation::Update, Some("scale"), &["spec.replicas"]),
        ];
        let expected = [
            "metadata.annotations",
            "metadata.labels.injected",
            "metadata.labels.theirs",
            "spec.containers[sidecar]",
            "spec.containers[web].tty",
            "spec.replicas",
        ];
        assert_eq!(items(json!({}), entries, ""), expected);
    }

    #[test]
    fn an_object_in_which_we_own_nothing_has_nothing_beside_ours() {
        let entries = vec![entry("them", Operation::Update, None, &["data.k"])];
        assert_eq!(items(json!({}), entries, ""), Vec::<String>::new());
    }

    #[test]
    fn a_hidden_item_is_told_by_its_key_and_never_by_its_value() {
        let entries = |theirs: &str| {
            let ours = entry("us", Operation::Apply, None, &["spec.list[ours]", "data.ours"]);
            vec![ours, entry("them", Operation::Update, None, &[theirs])]
        };
        let plain = json!({"spec": {"list": ["ours", "hunter2"]}});
        assert_eq!(items(plain.clone(), entries("spec.list[hunter2]"), ""), ["spec.list[hunter2]"]);
        assert_eq!(items(plain, entries("spec.list[hunter2]"), "spec.list"), Vec::<String>::new());
        let keyed = json!({"spec": {"list": [{"name": "ours"}, {"name": "theirs"}]}});
        assert_eq!(items(keyed, entries("spec.list[theirs]"), "spec.list"), ["spec.list[theirs]"]);
        let secret = json!({"data": {"ours": "x", "theirs": "aHVudGVyMg=="}});
        assert_eq!(items(secret, entries("data.theirs"), "data"), ["data.theirs"]);
    }
}
