//! What an adoption takes from the managers that made the object.
//!
//! Otherwise they would own the fields together with us, and a field that is removed from the configuration later
//! would stay in the object for ever.

use serde_json::Value;

use crate::kubernetes::marks::KUBECTL_NOTE;
use crate::plan::model::field_change::{After, FieldChange};
use crate::plan::model::reason::Reason;
use crate::resource::{Desired, FieldPath, Live, ManagedEntry, Operation};

/// The managers that own fields of what is sent, in the server's order. Controllers of the control plane keep
/// theirs: they go on with what they do, and would only take the fields back.
pub(in crate::plan) fn taken_from(ours: &str, live: &Live, sent: &Value) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for entry in live.ownership.entries.iter().filter(|entry| is_of_a_tool(entry, ours)) {
        let holds = |(path, is_parent): &(FieldPath, bool)| !is_parent && path.get(sent).is_some();
        if !names.contains(&entry.manager) && entry.fields.owned_paths().iter().any(holds) {
            names.push(entry.manager.clone());
        }
    }
    names
}

fn is_of_a_tool(entry: &ManagedEntry, ours: &str) -> bool {
    let is_ours = entry.manager == ours && entry.operation == Operation::Apply;
    entry.subresource.is_none()
        && !is_ours
        && !crate::kubernetes::field_manager::is_control_plane(&entry.manager)
}

/// What the plan says of it.
pub(in crate::plan) fn reason(live: &Live, taken_from: &[String]) -> Reason {
    if taken_from.is_empty() {
        let made_by = live.ownership.managers().into_iter().map(str::to_owned).collect();
        return Reason::Adopted { made_by };
    }
    Reason::AdoptedFrom { managers: taken_from.to_vec() }
}

/// The removal of the note of `kubectl apply`. By this note a later `kubectl apply` would remove what its file does
/// not have; and it repeats every value, those of secrets included.
pub(in crate::plan) fn removed_note(desired: &Desired, live: &Live) -> Option<FieldChange> {
    let path = note();
    let before = path.get(&live.object)?.clone();
    if path.get(&desired.object).is_some() {
        return None;
    }
    Some(FieldChange { sensitive: true, ..FieldChange::new(path, Some(before), After::Absent) })
}

fn note() -> FieldPath {
    FieldPath::keys(["metadata", "annotations", KUBECTL_NOTE])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::marks::is_note_of_kubectl;
    use crate::plan::testing::{entry, live};
    use crate::resource::Address;
    use serde_json::json;

    #[test]
    fn only_tools_that_own_what_is_sent_lose_it() {
        let owning = |manager: &str, path: &str| entry(manager, Operation::Update, &[path]);
        let scale = ManagedEntry { subresource: Some("scale".into()), ..owning("scaler", "data.a") };
        let entries = vec![
            owning("kubectl-create", "data.a"),
            owning("helm", "data.a"),
            owning("other", "data.b"),
            owning("kube-controller-manager", "data.a"),
            scale,
        ];
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
                            "metadata": {"name": "c", "annotations": {KUBECTL_NOTE: "hunter2"}}});
        let live = live(object.clone(), entries);
        let sent = json!({"data": {"a": "1"}});
        assert_eq!(taken_from("regplan:p", &live, &sent), ["kubectl-create", "helm"]);
        let mut desired = Desired::new(Address::block("resource", "c"), object).unwrap();
        assert_eq!(removed_note(&desired, &live), None, "the configuration sets it");
        desired.object["metadata"]["annotations"] = json!({});
        let gone = removed_note(&desired, &live).unwrap();
        assert!(gone.sensitive && is_note_of_kubectl(&gone.path));
    }
}
