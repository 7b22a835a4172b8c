//! Finding what an object names, by patterns of field paths.

use serde_json::Value;

use super::facility::{Facility, Requirement, Selection, Strength};
use crate::resource::{FieldPath, Identity, Segment};

/// A step of the way to a value; borrowed, so that a path is only built for what is found.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
    Item(&'a str),
}

/// An object's requirements as they are found.
pub(super) struct Found<'a> {
    /// The value in which patterns begin, and the way to it.
    start: (&'a Value, Vec<Step<'a>>),
    namespace: Option<&'a str>,
    requirements: Vec<Requirement>,
}

/// A value in the object, and the way to it.
pub(super) struct FoundValue<'a, 'w> {
    pub(super) value: &'a Value,
    way: &'w [Step<'a>],
}

/// The group and the kind of what a field names.
pub(super) type Named = (&'static str, &'static str);

pub(super) const CONFIG_MAP: Named = ("", "ConfigMap");
pub(super) const SECRET: Named = ("", "Secret");
pub(super) const SERVICE: Named = ("", "Service");
pub(super) const SERVICE_ACCOUNT: Named = ("", "ServiceAccount");
pub(super) const CLAIM: Named = ("", "PersistentVolumeClaim");
pub(super) const STORAGE_CLASS: Named = ("storage.k8s.io", "StorageClass");

impl<'a> Found<'a> {
    pub(super) fn new(object: &'a Value, namespace: Option<&'a str>) -> Self {
        Self { start: (object, Vec::new()), namespace, requirements: Vec::new() }
    }

    pub(super) fn into_requirements(self) -> Vec<Requirement> {
        self.requirements
    }

    pub(super) fn namespace(&self) -> Option<&'a str> {
        self.namespace
    }

    /// Notes that something is needed.
    pub(super) fn push(&mut self, path: FieldPath, facility: Facility, strength: Strength) {
        self.select(path, Selection::one(facility), strength);
    }

    /// Notes that whatever this selects is needed.
    pub(super) fn select(&mut self, path: FieldPath, needs: Selection, strength: Strength) {
        self.requirements.push(Requirement { needs, path, strength, through: false });
    }

    /// Notes that an object is needed, and what stands behind it.
    pub(super) fn push_through(&mut self, path: FieldPath, identity: Identity, strength: Strength) {
        let needs = Selection::one(Facility::Object(identity));
        self.requirements.push(Requirement { needs, path, strength, through: true });
    }

    /// Notes each text that the pattern leads to as the name of an object in the same namespace.
    pub(super) fn local(&mut self, pattern: &str, named: Named, strength: Strength) {
        let Some(namespace) = self.namespace else { return };
        self.each(pattern, |found, place| {
            if let Some(name) = place.text() {
                let identity = Identity::namespaced(named.0, named.1, namespace, name);
                found.push(place.path(), Facility::Object(identity), strength);
            }
        });
    }

    /// Like [`local`](Self::local), for maps with `optional` beside the name.
    pub(super) fn local_unless_optional(&mut self, pattern: &str, key: &str, named: Named) {
        let Some(namespace) = self.namespace else { return };
        self.each(pattern, |found, place| {
            if place.value.get("optional").and_then(Value::as_bool) == Some(true) {
                return;
            }
            if let Some(name) = place.get(key) {
                let identity = Identity::namespaced(named.0, named.1, namespace, name);
                found.push(place.path().key(key), Facility::Object(identity), Strength::Running);
            }
        });
    }

    /// Notes each text that the pattern leads to as the name of an object of the whole cluster.
    pub(super) fn global(&mut self, pattern: &str, named: Named, strength: Strength) {
        self.each(pattern, |found, place| {
            if let Some(name) = place.text() {
                let identity = Identity::cluster(named.0, named.1, name);
                found.push(place.path(), Facility::Object(identity), strength);
            }
        });
    }

    /// Notes each map with `kind`, `name` and a group (and perhaps a namespace) that the pattern leads
    /// to. What the map leaves out is taken from `usual`.
    pub(super) fn typed(&mut self, pattern: &str, group_key: &str, usual: Option<Named>, strength: Strength) {
        let namespace = self.namespace;
        self.each(pattern, |found, place| {
            let group = place.get(group_key).or(usual.map(|(group, _)| group)).unwrap_or_default();
            let kind = place.get("kind").or(usual.map(|(_, kind)| kind));
            let (Some(kind), Some(name)) = (kind, place.get("name")) else { return };
            let namespace = place.get("namespace").or(namespace);
            // Whether the kind lives in a namespace is not known here; at most one of both exists.
            let away = namespace.map(|namespace| Identity::namespaced(group, kind, namespace, name));
            let either = away.into_iter().chain([Identity::cluster(group, kind, name)]);
            let either = either.map(Facility::Object).collect();
            let needs = Selection { all_of: vec![either], none_of: Vec::new() };
            found.select(place.path().key("name"), needs, strength);
        });
    }

    /// Calls back for every place that the pattern leads to: keys with dots between them, `*` for every
    /// item of a list.
    pub(super) fn each(&mut self, pattern: &str, mut visit: impl FnMut(&mut Self, &FoundValue<'a, '_>)) {
        let (value, mut way) = self.start.clone();
        descend(self, value, pattern, &mut way, &mut visit);
    }

    /// Lets patterns begin at every place that this one leads to, for as long as `look` looks there.
    pub(super) fn inside(&mut self, pattern: &str, mut look: impl FnMut(&mut Self)) {
        self.each(pattern, |found, place| {
            let above = std::mem::replace(&mut found.start, (place.value, place.way.to_vec()));
            look(found);
            found.start = above;
        });
    }
}

fn descend<'a>(
    found: &mut Found<'a>,
    value: &'a Value,
    pattern: &str,
    way: &mut Vec<Step<'a>>,
    visit: &mut impl FnMut(&mut Found<'a>, &FoundValue<'a, '_>),
) {
    if pattern.is_empty() {
        visit(found, &FoundValue { value, way });
        return;
    }
    let (head, rest) = pattern.split_once('.').unwrap_or((pattern, ""));
    match value {
        Value::Array(list) if head == "*" => {
            for (index, item) in list.iter().enumerate() {
                way.push(step(index, item));
                descend(found, item, rest, way, visit);
                way.pop();
            }
        }
        Value::Object(map) => {
            if let Some((key, value)) = map.get_key_value(head) {
                way.push(Step::Key(key));
                descend(found, value, rest, way, visit);
                way.pop();
            }
        }
        _ => {}
    }
}

/// A list item as the plan prints it: by its name where it has one that reads as a name.
fn step(index: usize, item: &Value) -> Step<'_> {
    match item.get("name").and_then(Value::as_str) {
        Some(name) if name.bytes().any(|byte| !byte.is_ascii_digit()) => Step::Item(name),
        _ => Step::Index(index),
    }
}

impl<'a> FoundValue<'a, '_> {
    /// The path to it.
    pub(super) fn path(&self) -> FieldPath {
        let segments = self.way.iter().map(|step| match *step {
            Step::Key(key) => Segment::Key(key.to_owned()),
            Step::Index(index) => Segment::Index(index),
            Step::Item(name) => Segment::Item(vec![(String::new(), name.to_owned())]),
        });
        segments.collect()
    }

    /// The text there; an empty one is as good as none.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.value.as_str().filter(|text| !text.is_empty())
    }

    /// The text under a key of the map there.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.value.get(key)?.as_str().filter(|text| !text.is_empty())
    }
}
