//! What becomes of a certificate that another issuer is to sign.

use crate::kubernetes::certificates::is_certificate;
use crate::plan::{Action, Change};

/// What says by whom it is signed.
const ISSUER: &[&str] = &["spec", "issuerRef"];

/// Says that a certificate is signed anew, and that nobody is without one meanwhile; `None` for any other change. cert-manager
/// signs anew where the issuer has another name, and changes the Secret when that is done.
pub(super) fn anew(change: &Change) -> Option<String> {
    let is_other =
        change.fields.iter().any(|field| field.before.is_some() && field.path.is_below_keys(ISSUER));
    let is_signed = change.action == Action::Update && is_certificate(&change.target.identity) && is_other;
    is_signed.then(|| {
        "another issuer signs it anew, and the certificate that is there serves until the new one is there".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::{After, FieldChange};
    use crate::report::plan::sample;
    use crate::resource::Identity;

    fn told(kind: &str, action: Action, field: FieldChange) -> Option<String> {
        let mut change = sample::change("registry", action, vec![field]);
        change.target.identity = Identity::namespaced("cert-manager.io", kind, "registry", "registry");
        anew(&change)
    }

    #[test]
    fn only_a_certificate_that_is_there_and_has_another_issuer_is_signed_anew() {
        let name = |before| sample::field("spec.issuerRef.name", before, After::Value(json!("new")));
        let other = name(Some(json!("old")));
        assert!(
            told("Certificate", Action::Update, other.clone())
                .unwrap()
                .contains("serves until the new one is there")
        );
        assert_eq!(told("Certificate", Action::Create, name(None)), None);
        assert_eq!(told("CertificateRequest", Action::Update, other), None);
        let names = sample::field("spec.dnsNames", Some(json!(["a"])), After::Value(json!(["b"])));
        assert_eq!(told("Certificate", Action::Update, names), None);
    }
}
