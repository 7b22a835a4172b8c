//! What becomes of stored data when pods get other volumes: nothing is moved.

use serde_json::Value;

use crate::resource::Identity;
use crate::resource::dependencies::{Facility, requires};

/// What is said of the claims that the pods of an object leave, and of the first ones that they get.
pub(super) fn nothing_is_moved(identity: &Identity, before: &Value, after: &Value) -> Option<String> {
    let (before, after) = (claims(identity, before), claims(identity, after));
    let left: Vec<&str> =
        before.iter().filter(|claim| !after.contains(claim)).map(|claim| claim.name.as_str()).collect();
    if !left.is_empty() {
        return Some(format!(
            "its pods leave the volume of {}: what is stored there stays there, and nothing is moved to where they store now",
            left.join(", ")
        ));
    }
    let new: Vec<&str> = after.iter().map(|claim| claim.name.as_str()).collect();
    (before.is_empty() && !new.is_empty()).then(|| {
        format!(
            "its pods get the volume of {}: what they stored elsewhere stays there, and nothing is moved to it",
            new.join(", ")
        )
    })
}

/// The claims that the pods of an object mount.
fn claims(identity: &Identity, object: &Value) -> Vec<Identity> {
    let needed = requires(identity, object).into_iter().flat_map(|required| required.needs.all_of).flatten();
    let claims = needed.filter_map(|facility| match facility {
        Facility::Object(identity) if identity.is("", "PersistentVolumeClaim") => Some(identity),
        _ => None,
    });
    claims.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(claims: &[&str]) -> Value {
        let volumes = claims.iter().map(|name| json!({"persistentVolumeClaim": {"claimName": name}}));
        json!({"spec": {"template": {"spec": {"volumes": volumes.collect::<Vec<_>>()}}}})
    }

    #[test]
    fn what_is_stored_stays_where_it_is() {
        let identity = Identity::namespaced("apps", "Deployment", "a", "d");
        let said = |before: &[&str], after: &[&str]| {
            nothing_is_moved(&identity, &deployment(before), &deployment(after)).unwrap_or_default()
        };
        assert!(said(&["images"], &[]).starts_with("its pods leave the volume of images:"));
        assert!(said(&["images", "b"], &["b", "c"]).starts_with("its pods leave the volume of images:"));
        assert!(said(&[], &["images"]).starts_with("its pods get the volume of images:"));
        // One more is no move.
        for (before, after) in [(&["images"][..], &["images", "cache"][..]), (&["a"], &["a"]), (&[], &[])] {
            assert_eq!(said(before, after), "");
        }
    }
}
