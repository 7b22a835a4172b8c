//! What an issuer gives to those who refer to it, beside its keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::IssuerSpec;
use crate::blocks::endpoint::Signer;
use crate::blocks::facts::{Fact, Facts, LiveObject, Need};
use crate::config::Property;
use crate::resource::Target;

const ROOT: &str = "root";

/// What there is.
pub(super) const PROPERTIES: &[Property] = &[Property {
    name: ROOT,
    about: "`ca`: the certificate of the authority, in PEM: nodes and clients that pull have to trust it. It is known when the \
            authority is there.",
}];

/// The value of one; `null` where the issuer does not have it.
pub(super) fn property(spec: &IssuerSpec, name: &str, facts: &Facts) -> Option<Value> {
    let Some(need) = need(spec, name) else { return Some(Value::Null) };
    let Fact::Live(LiveObject::There(secret)) = facts.get(&need)? else { return None };
    let encoded = secret.object.get("data")?.get("tls.crt")?.as_str()?;
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok().map(Value::from)
}

/// What must be read for it: the Secret of the authority. Others have none.
pub(super) fn need(spec: &IssuerSpec, name: &str) -> Option<Need> {
    match spec.signer() {
        Signer::Authority(identity) if name == ROOT => Some(Need::Live(Target { identity, version: None })),
        _ => None,
    }
}
