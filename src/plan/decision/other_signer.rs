//! An issuer with which another authority signs from now on, under the same name.

use crate::kubernetes::certificates::is_issuer;
use crate::plan::model::change::Action;
use crate::plan::model::field_change::FieldChange;
use crate::resource::{Desired, FieldPath};

/// The fields of an issuer of cert-manager that say who signs; the second ones only as a whole.
const SIGNERS: [&[&str]; 3] = [&["spec", "ca"], &["spec", "selfSigned"], &["spec", "acme", "server"]];
const SORTS: [&[&str]; 3] = [&["spec", "acme"], &["spec", "vault"], &["spec", "venafi"]];

/// What is said where another authority signs from now on: cert-manager compares the name of the issuer alone with the one that has signed.
pub(super) fn warning(desired: &Desired, action: Action, fields: &[FieldChange]) -> Option<String> {
    let identity = &desired.identity;
    let is_written_to = matches!(action, Action::Update | Action::Adopt);
    if !is_issuer(identity) || !is_written_to || !fields.iter().any(|field| says_who_signs(&field.path)) {
        return None;
    }
    Some(format!(
        "another authority signs from now on, and certificates that are there stay as they are until they are renewed: \
         cert-manager signs anew only where the issuer has another name. Give {} another name, or have a certificate signed \
         anew by `cmctl renew CERTIFICATE`",
        desired.address
    ))
}

fn says_who_signs(path: &FieldPath) -> bool {
    SIGNERS.iter().any(|signer| path.is_below_keys(signer)) || SORTS.iter().any(|sort| path.is_keys(sort))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_in_which_names_are_proved_says_nothing_of_who_signs() {
        let says = |path: &str| says_who_signs(&path.parse().unwrap());
        assert!(says("spec.acme.server") && says("spec.acme") && says("spec.ca.secretName"));
        assert!(says("spec.selfSigned") && says("spec.vault"));
        assert!(!says("spec.acme.solvers") && !says("spec.acme.email") && !says("spec.acme.caBundle"));
    }
}
