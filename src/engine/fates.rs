//! What becomes of values that were made once: passwords that were generated, and what charts make at random.

use super::PlanRequest;
use super::needs::Fate;
use crate::blocks::SecretKeyRef;
use crate::plan::Mode;
use crate::resource::{Address, Identity};
use crate::state::{Intent, IntentKind, State};

/// Whether a generated value was there before, and nobody has consented to making a new one. What is destroyed
/// needs no value back, and neither does what an interrupted run was about to delete: nobody else has lost it.
pub(super) fn is_remembered(state: &State, kept: &SecretKeyRef, request: &PlanRequest) -> bool {
    request.mode == Mode::Apply
        && state.resources.iter().any(|(address, resource)| {
            let holds = resource.identity == kept.secret && resource.keys.contains(&kept.key);
            holds && !request.consent.contains(address) && !is_perhaps_deleted(state, &kept.secret)
        })
}

/// What becomes of the values of an object that a chart has made at random. `--replace` asks for new ones, and
/// `--consent` agrees to them where the old ones are lost.
pub(super) fn fate(state: &State, identity: &Identity, request: &PlanRequest) -> Fate {
    let named =
        |addresses: &[Address], known: &Address| addresses.iter().any(|named| known.is_meant_by(named));
    let mut of_state = state.resources.iter().filter(|(_, resource)| resource.identity == *identity);
    let Some((address, _)) = of_state.next().filter(|_| request.mode == Mode::Apply) else {
        return Fate::Free;
    };
    if named(&request.replace, address) {
        Fate::Renewed
    } else if named(&request.consent, address) || is_perhaps_deleted(state, identity) {
        Fate::Free
    } else {
        Fate::Remembered
    }
}

/// Whether a run was interrupted that was to delete the object, and nobody knows whether it did.
fn is_perhaps_deleted(state: &State, identity: &Identity) -> bool {
    let deletes = |intent: &Intent| matches!(intent.action, IntentKind::Delete | IntentKind::Replace);
    state.in_doubt.iter().any(|intent| intent.target.identity == *identity && deletes(intent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Target;
    use crate::state::{Provenance, StoredResource};

    #[test]
    fn a_generated_value_is_remembered_until_a_new_one_is_consented_to() {
        let identity = Identity::namespaced("", "Secret", "a", "users");
        let target = Target { identity: identity.clone(), version: None };
        let keys = ["ci".to_owned()].into();
        let resource = StoredResource { keys, ..StoredResource::new(target, "u", Provenance::Created) };
        let address: Address = "registry.main/Secret/users".parse().unwrap();
        let mut state = State::new("p");
        state.resources.insert(address.clone(), resource);
        let kept = |key: &str| SecretKeyRef { secret: identity.clone(), key: key.into() };
        let request = PlanRequest::all(Mode::Apply);
        assert!(is_remembered(&state, &kept("ci"), &request));
        assert!(!is_remembered(&state, &kept("alice"), &request), "another key");
        assert!(!is_remembered(&State::new("p"), &kept("ci"), &request), "another state");
        assert!(!is_remembered(&state, &kept("ci"), &PlanRequest::all(Mode::Destroy)));
        let mut interrupted = state.clone();
        let target = Target { identity: identity.clone(), version: None };
        let mut doubt =
            Intent { address: address.clone(), action: IntentKind::Update, target, renews: false };
        interrupted.in_doubt = vec![doubt.clone()];
        assert!(is_remembered(&interrupted, &kept("ci"), &request), "an update deletes nothing");
        doubt.action = IntentKind::Delete;
        interrupted.in_doubt = vec![doubt];
        assert!(!is_remembered(&interrupted, &kept("ci"), &request), "we may have deleted it ourselves");
        let consented = PlanRequest { consent: vec![address], ..request };
        assert!(!is_remembered(&state, &kept("ci"), &consented));
    }
}
