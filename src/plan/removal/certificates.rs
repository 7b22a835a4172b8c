//! Certificates that go with what is deleted. A new one is not to be had at any time: public authorities limit how many
//! they sign for the same names.

use std::collections::BTreeSet;

use crate::kubernetes::certificates::issuer_of_kept;
use crate::provider::Dependent;
use crate::resource::{Identity, Live};

/// How many Secrets are named.
const NAMED: usize = 4;

/// What to know before the Secret of a certificate is deleted; `None` for any other object.
pub(super) fn in_secret(live: &Live) -> Option<String> {
    let issuer = issuer_of_kept(&Identity::of(&live.object)?, live.object.get("metadata")?)?;
    Some(format!(
        "the certificate in it, which the issuer `{issuer}` gave, goes too; {}",
        what_a_new_one_costs()
    ))
}

/// What to know before a namespace is deleted in which certificates are kept.
pub(super) fn among(dependents: &[Dependent]) -> Option<String> {
    let kept: Vec<_> =
        dependents.iter().filter_map(|one| Some((&one.identity.name, one.issuer.as_ref()?))).collect();
    if kept.is_empty() {
        return None;
    }
    let issuers: BTreeSet<&String> = kept.iter().map(|(_, issuer)| *issuer).collect();
    let issuers: Vec<String> = issuers.into_iter().map(|issuer| format!("`{issuer}`")).collect();
    let names: Vec<String> = kept.iter().take(NAMED).map(|(name, _)| format!("`{name}`")).collect();
    let more = match kept.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "the certificates in the Secrets {}{more}, from {}, go too; {}",
        names.join(", "),
        issuers.join(", "),
        what_a_new_one_costs(),
    ))
}

/// Source: <https://letsencrypt.org/docs/rate-limits/>
fn what_a_new_one_costs() -> &'static str {
    "a new one counts against the limits of its authority (Let's Encrypt: 5 in 7 days for the same names)"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, issuer: Option<&str>) -> Dependent {
        Dependent {
            identity: Identity::namespaced("", "Secret", "a", name),
            uid: name.to_owned(),
            owners: vec![],
            issuer: issuer.map(str::to_owned),
        }
    }

    #[test]
    fn certificates_that_go_with_a_namespace_are_named() {
        assert_eq!(among(&[secret("password", None)]), None);
        let one = [secret("password", None), secret("tls", Some("letsencrypt"))];
        assert!(
            among(&one)
                .unwrap()
                .starts_with("the certificates in the Secrets `tls`, from `letsencrypt`, go too; ")
        );
        let many: Vec<Dependent> = (0..6).map(|n| secret(&format!("tls-{n}"), Some("letsencrypt"))).collect();
        let said = among(&many).unwrap();
        assert!(said.contains("`tls-3` and 2 more, from `letsencrypt`, go too"), "{said}");
    }
}
