//! An issuer at an ACME server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::IssuerSpec;
use super::dns01;
use super::options::{Acme, Dns01, Http01};
use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::draft::Draft;
use crate::blocks::endpoint::Signer;
use crate::blocks::facts::{Fact, Need};
use crate::blocks::keys::span_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::resource::record_set::lies_in;
use crate::resource::{FieldPath, GATEWAY_GROUP, KeyFact, digest};

/// The directories of Let's Encrypt.
/// Source: <https://letsencrypt.org/docs/acme-protocol-updates/>, <https://letsencrypt.org/docs/staging-environment/>
const LETS_ENCRYPT: [(&str, &str); 2] = [
    ("letsencrypt", "https://acme-v02.api.letsencrypt.org/directory"),
    ("letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory"),
];

/// How many digits of the digest of a server's URL tell it from others.
const SHORT: usize = 8;

/// What must be known of the outside.
pub(super) fn needs(acme: &Acme) -> Vec<Need> {
    let bundle = acme.ca_bundle.clone().map(Need::File);
    let secret = acme.dns01.as_ref().and_then(dns01::need);
    bundle.into_iter().chain(secret).collect()
}

/// The issuer, and the Secret by which it proves names, if it has one.
pub(super) fn objects(
    block: &Block,
    spec: &IssuerSpec,
    acme: &Acme,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Vec<Draft> {
    if let Some(dns01) = &acme.dns01 {
        mistakes.extend(dns01::wrong_key(block, dns01, context.facts));
    }
    let account = acme.account_key.clone().unwrap_or_else(|| account_key(spec, acme));
    let mut body = json!({
        "server": directory(&acme.server),
        "privateKeySecretRef": {"name": account},
        "solvers": solvers(spec, acme),
    });
    if let Some(email) = &acme.email {
        body["email"] = Value::from(email.as_str());
    }
    if let Some(bundle) = bundle(block, acme, context, mistakes) {
        body["caBundle"] = Value::from(bundle);
    }
    let mut issuer = spec.issuer(block, &spec.name, &json!({"acme": body}));
    let keys = [("server", "server"), ("email", "email"), ("caBundle", "ca_bundle")];
    for (field, key) in keys {
        issuer = issuer.from(block, FieldPath::keys(["spec", "acme", field]), ["acme", key]);
    }
    issuer =
        issuer.from(block, FieldPath::keys(["spec", "acme", "privateKeySecretRef"]), ["acme", "account_key"]);
    let way = if acme.dns01.is_some() { "dns01" } else { "http01" };
    issuer = issuer.from(block, FieldPath::keys(["spec", "acme", "solvers"]), ["acme", way]);
    let secret = acme.dns01.as_ref().and_then(|dns01| dns01::secret(block, spec, dns01, context.facts));
    secret.into_iter().chain([issuer]).collect()
}

/// The Secret with the key of the account. Each server has one of its own: the key with which somebody has tried out a server
/// signs nothing at the one that counts. The object that has its name from the server needs no other ending.
fn account_key(spec: &IssuerSpec, acme: &Acme) -> String {
    match signer(acme) {
        Signer::Acme(directory) => {
            let short: String = digest(&directory).chars().skip("sha256:".len()).take(SHORT).collect();
            spec.suffixed(&format!("account-{short}"))
        }
        Signer::LetsEncryptStaging if spec.keys.name.is_some() => spec.suffixed("account-staging"),
        _ => spec.suffixed("account"),
    }
}

/// The server, and how names are proved to it.
pub(super) fn key_facts(acme: &Acme) -> Vec<KeyFact> {
    let ways = [
        acme.dns01.as_ref().map(|dns01| format!("DNS ({})", dns01::provider_name(dns01))),
        acme.http01.as_ref().map(|_| "HTTP".to_owned()),
    ];
    let ways: Vec<String> = ways.into_iter().flatten().collect();
    vec![KeyFact::new("server", acme.server.as_str()), KeyFact::new("proves names by", ways.join(", "))]
}

/// Whether the server is Let's Encrypt's for trials, by its name or its URL.
pub(super) fn is_staging(acme: &Acme) -> bool {
    directory(&acme.server) == LETS_ENCRYPT[1].1
}

/// Who signs for it.
pub(super) fn signer(acme: &Acme) -> Signer {
    let directory = directory(&acme.server);
    match LETS_ENCRYPT.map(|(_, url)| url == directory) {
        [true, _] => Signer::LetsEncrypt,
        [_, true] => Signer::LetsEncryptStaging,
        _ => Signer::Acme(directory.to_owned()),
    }
}

fn directory(server: &str) -> &str {
    LETS_ENCRYPT.iter().find(|(name, _)| *name == server).map_or(server, |(_, url)| url)
}

/// The ways to prove a name, the one for single zones first.
fn solvers(spec: &IssuerSpec, acme: &Acme) -> Vec<Value> {
    let dns01 = acme.dns01.as_ref().map(|dns01| dns01::solver(spec, dns01));
    let http01 = acme.http01.as_ref().map(http01);
    dns01.into_iter().chain(http01).collect()
}

/// Who answers at port 80 when a name is proved there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::blocks) enum HttpProof<'a> {
    /// The controller of an ingress class; every controller where none is named.
    Ingress(Option<&'a str>),
    /// A Gateway, as `NAME` or `NAMESPACE/NAME`.
    Gateway(&'a str),
}

/// Who answers where this name is proved at port 80; `None` where it is proved by a record.
pub(super) fn proof_by_http<'a>(acme: &'a Acme, name: &str) -> Option<HttpProof<'a>> {
    let is_elsewhere = |dns01: &Dns01| dns01.zones.iter().any(|zone| lies_in(name, zone));
    let http01 = acme.http01.as_ref().filter(|_| !acme.dns01.as_ref().is_some_and(is_elsewhere))?;
    let by_ingress = HttpProof::Ingress(http01.class.as_deref());
    Some(http01.gateway.as_deref().map_or(by_ingress, HttpProof::Gateway))
}

fn http01(http01: &Http01) -> Value {
    if let Some(gateway) = &http01.gateway {
        let (namespace, name) =
            gateway.split_once('/').map_or((None, gateway.as_str()), |(ns, name)| (Some(ns), name));
        let mut parent = json!({"group": GATEWAY_GROUP, "kind": "Gateway", "name": name});
        if let Some(namespace) = namespace {
            parent["namespace"] = Value::from(namespace);
        }
        return json!({"http01": {"gatewayHTTPRoute": {"parentRefs": [parent]}}});
    }
    let ingress = http01.class.as_ref().map_or_else(|| json!({}), |class| json!({"ingressClassName": class}));
    json!({"http01": {"ingress": ingress}})
}

/// The certificates by which the server is trusted, as the issuer takes them.
fn bundle(
    block: &Block,
    acme: &Acme,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<String> {
    let at = span_of(block, ["acme", "ca_bundle"]);
    match context.facts.get(&Need::File(acme.ca_bundle.clone()?))? {
        Fact::File(text) if text.contains("PRIVATE KEY") => {
            let message =
                "`ca_bundle` names a file with a private key, and everybody can read what an issuer has";
            mistakes.push(
                Diagnostic::error(codes::BAD_FILE, message)
                    .at(at, "")
                    .help("name a file with certificates alone"),
            );
            None
        }
        Fact::File(text) if text.contains("BEGIN CERTIFICATE") => Some(STANDARD.encode(text.as_bytes())),
        Fact::File(_) => {
            let message = "`ca_bundle` names a file without a certificate in PEM";
            mistakes.push(Diagnostic::error(codes::BAD_FILE, message).at(at, ""));
            None
        }
        Fact::Failed(reason) => {
            mistakes.push(Diagnostic::error(codes::BAD_FILE, reason.clone()).at(at, ""));
            None
        }
        _ => None,
    }
}
