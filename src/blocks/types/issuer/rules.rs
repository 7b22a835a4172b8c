//! What the schema of an issuer cannot say.

use super::dns01;
use super::options::{Acme, Dns01, IssuerKeys, Scope};
use crate::blocks::codes;
use crate::blocks::keys::span_of;
use crate::config::{Block, SecretSource};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;

/// Pushes what is wrong with a block.
pub(super) fn check(block: &Block, keys: &IssuerKeys, mistakes: &mut Vec<Diagnostic>) {
    let mut error = |at: &[&str], code, message: String, help: &str| {
        let span = span_of(block, at.iter().copied());
        mistakes.push(Diagnostic::error(code, message).at(span, "").help(help));
    };
    let given: Vec<&str> =
        [("acme", keys.acme.is_some()), ("ca", keys.ca.is_some()), ("self_signed", keys.self_signed)]
            .into_iter()
            .filter_map(|(key, is_given)| is_given.then_some(key))
            .collect();
    match given.as_slice() {
        [_] => {}
        [] => error(
            &[],
            codes::BAD_VALUE,
            format!("`{}` does not say who signs", block.address),
            "give it `acme`, as in `acme = { server = \"letsencrypt\", http01 = { class = \"nginx\" } }`, or `ca`, or \
             `self_signed = true`",
        ),
        [first, second, ..] => error(
            &[second],
            codes::CONFLICTING_KEYS,
            format!("`{first}` and `{second}` stand together, and only one may"),
            "remove one of them",
        ),
    }
    if keys.scope == Scope::Cluster && keys.namespace.is_some() {
        error(
            &["namespace"],
            codes::USELESS_KEY,
            "an issuer for the whole cluster is in no namespace".to_owned(),
            "take `namespace` out, or set `scope = \"namespace\"`",
        );
    }
    if let Some(ca) = &keys.ca
        && ca.secret.is_some()
        && (ca.common_name.is_some() || ca.duration.is_some())
    {
        error(
            &["ca"],
            codes::USELESS_KEY,
            "`common_name` and `duration` are for an authority that is made here, and `secret` names one"
                .to_owned(),
            "keep `secret`, or the others",
        );
    }
    if let Some(acme) = &keys.acme {
        check_acme(acme, &mut error);
    }
}

fn check_acme(acme: &Acme, error: &mut impl FnMut(&[&str], &'static str, String, &str)) {
    if acme.http01.is_none() && acme.dns01.is_none() {
        error(
            &["acme"],
            codes::BAD_VALUE,
            "`acme` does not say how names are proved to the server".to_owned(),
            "add `http01`, as in `acme.http01 = { class = \"nginx\" }`, or `dns01`",
        );
    }
    if let Some(http01) = &acme.http01
        && http01.class.is_some()
        && http01.gateway.is_some()
    {
        error(
            &["acme", "http01", "gateway"],
            codes::CONFLICTING_KEYS,
            "`class` and `gateway` stand together, and only one may".to_owned(),
            "remove one of them",
        );
    }
    let Some(dns01) = &acme.dns01 else { return };
    match dns01::given_providers(dns01).as_slice() {
        [_] => {}
        [] => error(
            &["acme", "dns01"],
            codes::BAD_VALUE,
            "`dns01` does not say who keeps the zone".to_owned(),
            "add one of `rfc2136`, `cloudflare`, `digitalocean`, `route53`, `azure`, `google`, `webhook`",
        ),
        several => error(
            &["acme", "dns01"],
            codes::CONFLICTING_KEYS,
            format!(
                "`dns01` names several providers, and one keeps a zone: {}",
                list(several.iter().copied())
            ),
            "keep one; a second issuer can have another one",
        ),
    }
    if acme.http01.is_some() && dns01.zones.is_empty() {
        error(
            &["acme", "dns01"],
            codes::BAD_VALUE,
            "`http01` and `dns01` stand together, and nothing says which names each proves".to_owned(),
            "add `dns01.zones`, as in `zones = [\"example.com\"]`: all other names are proved by `http01`",
        );
    }
    check_credentials(dns01, error);
}

/// Pushes what is wrong with that by which one gets in at the provider.
fn check_credentials(dns01: &Dns01, error: &mut impl FnMut(&[&str], &'static str, String, &str)) {
    if let Some(([provider, given], lacking)) = dns01::half_given(dns01) {
        error(
            &["acme", "dns01", provider, given],
            codes::BAD_VALUE,
            format!("`{given}` stands without {}, and cert-manager takes them only together", list(lacking)),
            "add what is missing; or leave all of them out, where cert-manager's pods have the rights themselves",
        );
    }
    if dns01::tells_a_secret(dns01) {
        error(
            &["acme", "dns01", "webhook", "config"],
            codes::BAD_VALUE,
            "`config` has a secret in it, and everybody can read what an issuer has".to_owned(),
            "put it into a Secret, as by a [resource] block, and name that one in the way that the webhook wants",
        );
    }
    if let Some((SecretSource::Generate(_), keys)) = dns01::secret_source(dns01) {
        let at: Vec<&str> = ["acme", "dns01"].into_iter().chain(keys).collect();
        error(
            &at,
            codes::BAD_VALUE,
            "a key of another service cannot be generated here".to_owned(),
            "take it from `{ env = \"NAME\" }` or `{ file = \"PATH\" }`",
        );
    }
}
