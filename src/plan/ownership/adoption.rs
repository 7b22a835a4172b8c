//! What an adoption takes from the managers that made the object.
//!
//! Otherwise they would own the fields together with us, and a field that is removed from the configuration later
//! would stay in the object for ever.

use serde_json::Value;

use crate::kubernetes::marks::KUBECTL_NOTE;
use crate::plan::model::field_change::{After, FieldChange};
use crate::plan::model::reason::Reason;
use crate::resource::{Desired, FieldPath, Live, ManagedEntry, Operation, RELEASE_NAME, RELEASE_NAMESPACE};

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

/// The removal of what other tools note on an object. By the note of `kubectl apply`, a later one would remove what its file
/// does not have; and it repeats every value, those of secrets included. By its own notes, Helm would go on with an object
/// that is taken over from a release.
pub(in crate::plan) fn removed_notes(desired: &Desired, live: &Live) -> Vec<FieldChange> {
    let of_kubectl = removed(KUBECTL_NOTE, desired, live);
    let of_kubectl = of_kubectl.map(|note| FieldChange { sensitive: true, ..note });
    let of_release = desired.release.iter().flat_map(|_| [RELEASE_NAME, RELEASE_NAMESPACE]);
    let of_release = of_release.filter_map(|key| removed(key, desired, live));
    of_kubectl.into_iter().chain(of_release).collect()
}

/// The removal of an annotation, unless the configuration sets it.
fn removed(key: &str, desired: &Desired, live: &Live) -> Option<FieldChange> {
    let path = FieldPath::keys(["metadata", "annotations", key]);
    let before = path.get(&live.object)?.clone();
    if path.get(&desired.object).is_some() {
        return None;
    }
    Some(FieldChange::new(path, Some(before), After::Absent))
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
        assert_eq!(removed_notes(&desired, &live), [], "the configuration sets it");
        desired.object["metadata"]["annotations"] = json!({});
        let gone = removed_notes(&desired, &live);
        assert!(gone[0].sensitive && is_note_of_kubectl(&gone[0].path));
    }
}
