//! What is lost when an object is made anew: fields of the old one that the new one does not have.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kubernetes::defaults::comes_again;
use crate::kubernetes::field_manager;
use crate::kubernetes::field_manager::is_control_plane;
use crate::kubernetes::marks::{is_note_of_a_tool, is_ours_path};
use crate::plan::diff::outcome::find_sent;
use crate::plan::diff::sensitive_fields::SensitiveFields;
use crate::plan::model::field_change::{After, Cause, FieldChange};
use crate::resource::{Desired, FieldManager, FieldPath, Live, ManagedEntry, Segment};

/// An object that is deleted, and the one that takes its place.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Succession<'a> {
    /// The project, whose field manager is ours.
    pub(in crate::plan) project: &'a str,
    /// What the configuration wants.
    pub(in crate::plan) desired: &'a Desired,
    /// The object that is deleted.
    pub(in crate::plan) old: &'a Live,
    /// The object that is made, as it is sent.
    pub(in crate::plan) new: &'a Value,
}

impl Succession<'_> {
    /// What others have in the old object. What we sent ourselves is among the changes already.
    pub(in crate::plan) fn lost_by_others(self) -> Vec<FieldChange> {
        let manager = field_manager(self.project);
        self.lost(|entry| entry.manager != manager)
    }

    /// What anybody has in the old object: one of another name, of which no change tells.
    pub(in crate::plan) fn lost_by_all(self) -> Vec<FieldChange> {
        self.lost(|_| true)
    }

    /// The fields of these managers. Those of the control plane are written again, and so are defaults.
    fn lost(self, is_counted: impl Fn(&ManagedEntry) -> bool) -> Vec<FieldChange> {
        let ours = field_manager(self.project);
        let mut found: BTreeMap<FieldPath, Vec<FieldManager>> = BTreeMap::new();
        let counted = self.old.ownership.entries.iter().filter(|entry| {
            entry.subresource.as_deref() != Some("status")
                && !is_control_plane(&entry.manager)
                && is_counted(entry)
        });
        for entry in counted {
            for (path, _) in entry.fields.owned_paths().into_iter().filter(|(_, is_parent)| !is_parent) {
                let Some(path) = self.missing(&path) else { continue };
                let managers = found.entry(path).or_default();
                let manager = entry.field_manager();
                if entry.manager != ours && !managers.contains(&manager) {
                    managers.push(manager);
                }
            }
        }
        let sensitive_fields = SensitiveFields::new(self.desired, &self.old.object);
        let line = |(path, by): (FieldPath, Vec<FieldManager>)| {
            let cause = if by.is_empty() { Cause::Yours } else { Cause::Conflict { by } };
            let before = path.get(&self.old.object).cloned();
            let sensitive = sensitive_fields.hides(&path);
            FieldChange { sensitive, cause, ..FieldChange::new(path, before, After::Absent) }
        };
        found.into_iter().map(line).collect()
    }

    /// The largest part of the old object around an owned field that the new one does not have: an item of a list, a
    /// map, or the field itself.
    fn missing(self, owned: &FieldPath) -> Option<FieldPath> {
        let value = owned.get(&self.old.object)?;
        if find_sent(self.new, owned).is_some() || is_ours_path(owned) || is_note_of_a_tool(owned) {
            return None;
        }
        let steps = owned.segments();
        let prefix = |length: usize| steps.iter().take(length).cloned().collect::<FieldPath>();
        let highest = (1..steps.len()).find(|length| find_sent(self.new, &prefix(*length)).is_none());
        let highest = highest.unwrap_or(steps.len());
        let is_in_map =
            |path: &FieldPath| ["labels", "annotations"].iter().any(|map| path.is_keys(&["metadata", map]));
        let names_an_item =
            matches!(steps.get(highest), Some(Segment::Item(_))) || is_in_map(&prefix(highest));
        let found = prefix(if names_an_item { highest + 1 } else { highest });
        // A default is no loss, unless it is a part of something that is.
        let is_within = matches!(found.segments().last(), Some(Segment::Item(_))) || found != *owned;
        let stays = comes_again(owned, value) && (!is_within || self.is_all_default(&found));
        (!stays).then_some(found)
    }

    /// Whether the server would fill in all of it.
    fn is_all_default(self, path: &FieldPath) -> bool {
        fn all(path: &FieldPath, value: &Value) -> bool {
            match value {
                Value::Object(map) if !map.is_empty() => {
                    map.iter().all(|(key, value)| all(&path.key(key.as_str()), value))
                }
                value => comes_again(path, value),
            }
        }
        path.get(&self.old.object).is_some_and(|value| all(path, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{deployment, entry, live};
    use crate::resource::{Address, Operation};
    use serde_json::json;

    #[test]
    fn what_others_have_is_lost_by_its_largest_part_and_defaults_are_not() {
        let old = deployment(json!({
            "dnsPolicy": "ClusterFirst", "containers": [{"name": "a", "image": "a"}, {"name": "side", "image": "s"}],
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}, "x": {"y": {"z": 1, "w": 2}}}));
        let theirs = [
            "spec.dnsPolicy",
            "spec.strategy.type",
            "spec.strategy.rollingUpdate.maxSurge",
            "spec.containers[side].name",
            "spec.containers[side].image",
            "spec.containers[a].image",
            "spec.x.y.z",
            "spec.x.y.w",
            "metadata.labels.app",
        ];
        let old = live(
            old,
            vec![
                entry("kubectl", Operation::Update, &theirs),
                entry("kube-controller-manager", Operation::Update, &["spec.x.y.z"]),
            ],
        );
        let mut new = deployment(json!({"containers": [{"name": "a", "image": "a"}]}));
        new["metadata"].as_object_mut().unwrap().remove("labels");
        let desired = Desired::new(Address::block("resource", "web"), new.clone()).unwrap();
        let succession = Succession { project: "p", desired: &desired, old: &old, new: &new };
        let lost = succession.lost_by_others();
        let paths: Vec<String> = lost.iter().map(|field| field.path.to_string()).collect();
        assert_eq!(paths, ["metadata.labels.app", "spec.containers[side]", "spec.x"]);
        assert!(
            lost.iter()
                .all(|field| matches!(&field.cause, Cause::Conflict { by } if by[0].name == "kubectl"))
        );
    }
}
