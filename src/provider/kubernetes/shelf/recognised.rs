//! Whether an object that stands in a namespace keeps a part of a state, of whichever project.

use serde_json::Value;

use super::form::MANAGED_BY;
use super::manifests::manifests;
use super::names::Names;
use crate::resource::Identity;

/// Whether regplan made the object for a state: it has our label, and one of the names that a state gives.
pub fn keeps_a_state(identity: &Identity, object: &Value) -> bool {
    let (key, value) = MANAGED_BY;
    let Some(namespace) =
        identity.namespace.as_deref().filter(|_| object["metadata"]["labels"][key] == value)
    else {
        return false;
    };
    states(&identity.name).any(|state| {
        let names = Names { namespace: namespace.to_owned(), state: state.to_owned() };
        let roles = manifests(namespace, state).roles;
        names.all().iter().any(|place| place.identity() == *identity)
            || roles.iter().any(|role| Identity::of(role).as_ref() == Some(identity))
    })
}

/// The names that the state of this object may have: the whole name, as that of a Lease, or what stands before a dot.
fn states(name: &str) -> impl Iterator<Item = &str> {
    let before_a_dot = name.match_indices('.').map(|(at, _)| &name[..at]);
    before_a_dot.chain([name])
}

#[cfg(test)]
mod tests {
    use super::super::form::empty;
    use super::super::layout::Slot;
    use super::*;
    use crate::state::Item;
    use serde_json::json;

    fn is_kept(object: &Value) -> bool {
        keeps_a_state(&Identity::of(object).unwrap(), object)
    }

    #[test]
    fn everything_that_a_state_has_in_its_namespace_is_recognised() {
        let names = Names { namespace: "regplan-state".to_owned(), state: "shop.eu".to_owned() };
        for place in [
            names.of(Item::State),
            names.of(Item::Index),
            names.of(Item::Key),
            names.of(Item::Lock),
            names.of(Item::Journal(3)),
            names.of(Item::Revision(4711)),
            names.of(Item::Values(2)),
            names.chunk(Item::State, Slot::B, 1),
        ] {
            assert!(is_kept(&empty(&place)), "{}", place.name);
        }
        let made = manifests("regplan-state", "shop.eu");
        assert!(made.roles.iter().all(is_kept));
    }

    #[test]
    fn what_users_made_there_is_not() {
        let of = |kind: &str, name: &str, labels: Value| {
            json!({"apiVersion": "v1", "kind": kind,
                   "metadata": {"name": name, "namespace": "regplan-state", "labels": labels}})
        };
        let ours = json!({"app.kubernetes.io/managed-by": "regplan"});
        for theirs in [
            of("ConfigMap", "shop.state", json!({})),
            of("ConfigMap", "shop.settings", ours.clone()),
            of("Secret", "shop.state", ours.clone()),
            of("Service", "shop", ours),
        ] {
            assert!(!is_kept(&theirs), "{theirs}");
        }
    }
}
