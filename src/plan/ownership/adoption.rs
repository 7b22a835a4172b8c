//! What an adoption takes from those who made the object.
//!
//! They would stay owners of what we apply besides us, so that a field that is dropped from the configuration
//! later would stay for ever.

use serde_json::Value;

use crate::kubernetes::marks::KUBECTL_NOTE;
use crate::plan::model::change::{After, Cause, FieldChange};
use crate::plan::model::reason::Reason;
use crate::resource::{Desired, FieldPath, Live, ManagedEntry, Operation};

/// The managers that own fields of what is sent, in the server's order. Controllers of the control plane are
/// none of them: they go on with what they do, and would only take it back.
pub(in crate::plan) fn taken_from(ours: &str, live: &Live, sent: &Value) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for entry in live.ownership.entries.iter().filter(|entry| is_a_tools(entry, ours)) {
        let holds = |(path, is_parent): &(FieldPath, bool)| !is_parent && path.get(sent).is_some();
        if !names.contains(&entry.manager) && entry.fields.owned_paths().iter().any(holds) {
            names.push(entry.manager.clone());
        }
    }
    names
}

fn is_a_tools(entry: &ManagedEntry, ours: &str) -> bool {
    let is_ours = entry.manager == ours && entry.operation == Operation::Apply;
    entry.subresource.is_none()
        && !is_ours
        && !crate::kubernetes::field_manager::is_control_plane(&entry.manager)
}

/// Why the object changes because of it.
pub(in crate::plan) fn reason(live: &Live, taken_from: &[String]) -> Reason {
    if taken_from.is_empty() {
        let made_by = live.ownership.managers().into_iter().map(str::to_owned).collect();
        return Reason::Adopted { made_by };
    }
    Reason::AdoptedFrom { managers: taken_from.to_vec() }
}

/// The note of `kubectl apply`, which goes with an adoption: by it a later `kubectl apply` would take away
/// what its file lacks, and it repeats every value, those of secrets included.
pub(in crate::plan) fn note_that_goes(desired: &Desired, live: &Live) -> Option<FieldChange> {
    let path = note();
    let before = path.get(&live.object)?.clone();
    if path.get(&desired.object).is_some() {
        return None;
    }
    Some(FieldChange {
        path,
        before: Some(before),
        after: After::Absent,
        sensitive: true,
        origin: None,
        forces_replacement: false,
        cause: Cause::Yours,
        keep: None,
    })
}

fn note() -> FieldPath {
    FieldPath::keys(["metadata", "annotations", KUBECTL_NOTE])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::marks::is_note_of_kubectl;
    use crate::resource::{Address, FieldSet, Ownership, Segment, Stamp};
    use serde_json::json;

    fn entry(manager: &str, subresource: Option<&str>, key: &str) -> ManagedEntry {
        let mut fields = FieldSet::default();
        let data = fields.children.entry(Segment::Key("data".into())).or_default();
        data.children.insert(Segment::Key(key.into()), FieldSet { owned: true, ..FieldSet::default() });
        let subresource = subresource.map(str::to_owned);
        ManagedEntry {
            api_version: "v1".into(),
            manager: manager.into(),
            operation: Operation::Update,
            time: None,
            subresource,
            fields,
        }
    }

    #[test]
    fn only_tools_that_own_what_is_sent_lose_it() {
        let entries = vec![
            entry("kubectl-create", None, "a"),
            entry("helm", None, "a"),
            entry("other", None, "b"),
            entry("kube-controller-manager", None, "a"),
            entry("scaler", Some("scale"), "a"),
        ];
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
                            "metadata": {"name": "c", "annotations": {KUBECTL_NOTE: "hunter2"}}});
        let stamp = Stamp { uid: "u".into(), version: "1".into() };
        let live = Live { object: object.clone(), stamp, ownership: Ownership { entries } };
        let sent = json!({"data": {"a": "1"}});
        assert_eq!(taken_from("regplan:p", &live, &sent), ["kubectl-create", "helm"]);
        let mut desired = Desired::new(Address::block("resource", "c"), object).unwrap();
        assert_eq!(note_that_goes(&desired, &live), None, "the configuration sets it");
        desired.object["metadata"]["annotations"] = json!({});
        let gone = note_that_goes(&desired, &live).unwrap();
        assert!(gone.sensitive && is_note_of_kubectl(&gone.path));
    }
}
