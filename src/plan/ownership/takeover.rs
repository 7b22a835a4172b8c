//! What must become ours before a write, so that the write can take it away: what the server filled in or others set,
//! and what has no place beside what is sent.
//!
//! Server-side apply removes only what its manager owns. A default of the server has no owner; and where others change
//! the key of an item in a list (the number of a port), the server sees a new item of theirs beside ours.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::kubernetes::unions::{rivals, says_that_fields_exclude_each_other};
use crate::plan::diff::compare::keyed;
use crate::plan::diff::outcome::find_sent;
use crate::plan::ownership::field_owners::others;
use crate::resource::{Applied, FieldPath, Held, Identity, Live, Problem, ProblemKind, Segment};

/// An object of others, or of nobody, beside what we send.
#[derive(Debug, Clone)]
pub(in crate::plan) struct Beside<'a> {
    /// Our field manager.
    pub(in crate::plan) manager: String,
    /// Which object.
    pub(in crate::plan) identity: &'a Identity,
    /// The object as it is.
    pub(in crate::plan) live: &'a Live,
    /// The object as it is sent.
    pub(in crate::plan) sent: &'a Value,
}

impl Beside<'_> {
    /// What has no place beside what is sent, by the rules of Kubernetes' own kinds.
    pub(in crate::plan) fn by_rules(&self) -> Vec<FieldPath> {
        let found = rivals(self.identity, &self.live.object, self.sent);
        found.into_iter().filter(|path| !self.goes_by_itself(path)).collect()
    }

    /// What others made of our items: an item of ours is gone since the last write, and another one of theirs is there
    /// that says the same under another key.
    pub(in crate::plan) fn by_record(&self, applied: &Applied) -> Vec<FieldPath> {
        let gone = self.gone_items(applied);
        let known = applied.foreign_items.as_ref();
        let mut strangers = self.items_of_others();
        strangers.retain(|path| known.is_none_or(|known| !known.contains(&path.to_string())));
        let says = |path: &FieldPath, told: &[(FieldPath, &Value)]| {
            let item = path.get(&self.live.object);
            told.iter().all(|(below, value)| item.and_then(|item| below.get(item)) == Some(*value))
        };
        let mut found: Vec<FieldPath> = Vec::new();
        let mut left: Vec<&FieldPath> = Vec::new();
        for (item, told) in &gone {
            let in_list = strangers.iter().filter(|path| is_beside(path, item) && !found.contains(path));
            let same = in_list.clone().find(|path| !told.is_empty() && says(path, told)).cloned();
            if same.is_none() {
                left.push(item);
            }
            found.extend(same);
        }
        // Where nothing tells the same, their number does: as many are new as are gone. Of an older record, nobody knows
        // which are new; it tells only of items that are nothing but their keys.
        left.retain(|item| known.is_some() || gone.get(*item).is_some_and(Vec::is_empty));
        while let Some(item) = left.first().copied() {
            let in_list = strangers.iter().filter(|path| is_beside(path, item) && !found.contains(path));
            let new: Vec<FieldPath> = in_list.cloned().collect();
            let (of_list, others) = left.into_iter().partition::<Vec<_>, _>(|other| is_beside(other, item));
            if of_list.len() == new.len() {
                found.extend(new);
            }
            left = others;
        }
        found
    }

    /// All that is known to stand in the way: what the server has `told`, the rules, and the record of the last write.
    pub(in crate::plan) fn known(&self, applied: Option<&Applied>, told: &[FieldPath]) -> Vec<FieldPath> {
        let by_record = applied.map(|applied| self.by_record(applied)).unwrap_or_default();
        once([told.to_vec(), by_record, self.by_rules()].concat(), &self.live.object)
    }

    /// What stands in the way of a write that must first take over list items of others, if it must.
    pub(in crate::plan) fn displaced(&self, applied: &Applied) -> Option<Vec<FieldPath>> {
        (!self.by_record(applied).is_empty()).then(|| self.known(Some(applied), &[]))
    }

    /// What stands in the way by the server's own words, together with what was `taken` before it said them. `None`
    /// where they name nothing more: then it is about something else. What else they name stands in the next refusal.
    pub(in crate::plan) fn by_refusal(
        &self,
        problem: &Problem,
        taken: &[FieldPath],
    ) -> Option<Vec<FieldPath>> {
        if problem.kind != ProblemKind::Rejected {
            return None;
        }
        let named = |(path, reason, words): &(Option<FieldPath>, String, String)| match path {
            Some(path) if reason == "FieldValueDuplicate" => Some(self.duplicates(path)),
            Some(path) if says_that_fields_exclude_each_other(words) => Some(self.named(path)),
            _ => None,
        };
        let named: Vec<Vec<FieldPath>> = problem.causes.iter().filter_map(named).collect();
        if named.is_empty() {
            return None;
        }
        let found = [taken.to_vec(), self.by_rules(), named.concat()].concat();
        let found = once(found, &self.live.object);
        (found.len() > taken.len()).then_some(found)
    }

    /// Whether the write takes it away anyway: nobody but we own it.
    fn goes_by_itself(&self, path: &FieldPath) -> bool {
        let ours = self.live.ownership.applied_by(&self.manager);
        ours.is_some_and(|ours| ours.touches(path))
            && !others(&self.manager, self.live).any(|entry| entry.fields.touches(path))
    }

    /// A field that the server names, that is there, and that we do not send.
    fn named(&self, path: &FieldPath) -> Vec<FieldPath> {
        let places = in_every_item(path, &self.live.object);
        let is_left = |path: &FieldPath| {
            find_sent(self.sent, path).is_none()
                && path.get(&self.live.object).is_some()
                && !self.goes_by_itself(path)
        };
        places.into_iter().filter(is_left).collect()
    }

    /// The items of others with a value that an item of ours has as well, at the field that the server names.
    fn duplicates(&self, path: &FieldPath) -> Vec<FieldPath> {
        let segments = path.segments();
        let Some(at) = segments.iter().rposition(|segment| matches!(segment, Segment::Index(_))) else {
            return Vec::new();
        };
        let field: FieldPath = segments.iter().skip(at + 1).cloned().collect();
        let list: FieldPath = segments.iter().take(at).cloned().collect();
        let lists = in_every_item(&list, &self.live.object);
        let is_twice = |item: &FieldPath| {
            let Some(list) =
                item.parent().filter(|list| lists.iter().any(|other| is_same_place(list, other)))
            else {
                return false;
            };
            let value = item.get(&self.live.object).and_then(|item| field.get(item));
            let ours = find_sent(self.sent, &list).and_then(Value::as_array);
            value.is_some() && ours.is_some_and(|ours| ours.iter().any(|ours| field.get(ours) == value))
        };
        self.items_of_others().into_iter().filter(is_twice).collect()
    }

    /// The items that others own, and that we do not send.
    fn items_of_others(&self) -> Vec<FieldPath> {
        let entries = others(&self.manager, self.live).filter(|entry| entry.subresource.is_none());
        let mut found: Vec<FieldPath> = entries
            .flat_map(|entry| entry.fields.owned_paths())
            .map(|(path, _)| path)
            .filter(|path| matches!(path.segments().last(), Some(Segment::Item(_))))
            .filter(|path| path.get(&self.live.object).is_some_and(Value::is_object))
            .filter(|path| find_sent(self.sent, path).is_none())
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// The items of ours that are gone, each with what it held beside its keys.
    fn gone_items<'r>(&self, applied: &'r Applied) -> BTreeMap<FieldPath, Vec<(FieldPath, &'r Value)>> {
        let recorded =
            || applied.fields.iter().filter_map(|(path, held)| Some((path.parse::<FieldPath>().ok()?, held)));
        let is_gone = |path: &FieldPath| {
            matches!(path.segments().last(), Some(Segment::Item(_)))
                && path.get(&self.live.object).is_none()
                && find_sent(self.sent, path).is_some()
        };
        let items =
            recorded().filter(|(path, held)| **held == Held::Parent && is_gone(path)).map(|(path, _)| path);
        items
            .map(|item| {
                let below = recorded().filter(|(path, _)| item.contains(path) && *path != item);
                let told = below.filter_map(|(path, held)| match held {
                    Held::Value(value) => Some((path.seen_from(&item), value)),
                    _ => None,
                });
                let told = told.filter(|(path, value)| !is_key(&item, path, value)).collect();
                (item, told)
            })
            .collect()
    }
}

/// Each field of the object once, by whatever names it is called.
fn once(mut paths: Vec<FieldPath>, object: &Value) -> Vec<FieldPath> {
    paths.sort();
    let mut seen = BTreeSet::new();
    paths.retain(|path| path.get(object).is_none_or(|value| seen.insert(std::ptr::from_ref(value))));
    paths
}

/// Whether both are items of one list.
fn is_beside(a: &FieldPath, b: &FieldPath) -> bool {
    a.parent() == b.parent()
}

/// Whether the field is one of the keys of the item.
fn is_key(item: &FieldPath, field: &FieldPath, value: &Value) -> bool {
    let Some(Segment::Item(keys)) = item.segments().last() else { return false };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    keys.iter().any(|(key, named)| *named == text && (key.is_empty() || field.is_keys(&[key])))
}

/// The path in every item of the lists on its way: the server names items by their positions in an object that nobody
/// else sees.
fn in_every_item(path: &FieldPath, object: &Value) -> Vec<FieldPath> {
    let mut places = vec![FieldPath::root()];
    for segment in path.segments() {
        places = places
            .into_iter()
            .flat_map(|place| match (segment, place.get(object)) {
                (Segment::Index(_), Some(Value::Array(items))) => {
                    (0..items.len()).map(|at| keyed(object, &place.index(at))).collect()
                }
                _ => vec![place.join(segment.clone())],
            })
            .collect();
    }
    places
}

/// Whether two names of a list are those of one list: an item on the way has several names.
fn is_same_place(a: &FieldPath, b: &FieldPath) -> bool {
    let both = || a.segments().iter().zip(b.segments());
    a.segments().len() == b.segments().len()
        && both().all(|(a, b)| a == b || a.is_called(b) || b.is_called(a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::field_manager;
    use crate::plan::proof::by_record::record;
    use crate::plan::testing::{PROJECT_NAME, entry, owned};
    use crate::resource::{Address, Desired, Operation};
    use serde_json::json;

    fn service(ports: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "a"},
               "spec": {"ports": ports}})
    }

    fn taken(before: &Value, paths: &[&str], now: &Value, theirs: &[&str], sent: &Value) -> Vec<String> {
        let sent = service(sent);
        let desired = Desired::new(Address::block("resource", "s"), sent.clone()).unwrap();
        let applied = record(PROJECT_NAME, &desired, &sent, &owned(service(before), paths));
        let mut live = owned(service(now), &[]);
        live.ownership.entries.push(entry("other", Operation::Update, theirs));
        let manager = field_manager(PROJECT_NAME);
        let beside = Beside { manager, identity: &desired.identity, live: &live, sent: &sent };
        beside.by_record(&applied).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_item_with_another_key_is_told_from_one_that_was_added() {
        let port = |number: u16, name: &str| json!({"port": number, "protocol": "TCP", "name": name});
        let ours = ["spec.ports[port=80,protocol=TCP]", "spec.ports[port=80,protocol=TCP].name"];
        let theirs = ["spec.ports[port=81,protocol=TCP]", "spec.ports[port=82,protocol=TCP]"];
        let sent = json!([{"port": 80, "name": "http"}]);
        let before = json!([port(80, "http")]);
        let renamed = json!([port(81, "http"), port(82, "more")]);
        assert_eq!(taken(&before, &ours, &renamed, &theirs, &sent), ["spec.ports[port=81,protocol=TCP]"]);
        let added = json!([port(80, "http"), port(81, "http2")]);
        assert_eq!(taken(&before, &ours, &added, &theirs, &sent), [""; 0]);
        let other = json!([port(81, "other")]);
        assert_eq!(taken(&before, &ours, &other, &theirs, &sent), ["spec.ports[port=81,protocol=TCP]"]);
        let two = json!([port(81, "other"), port(82, "more")]);
        assert_eq!(taken(&before, &ours, &two, &theirs, &sent), [""; 0]);
    }
}
