//! An issuer that signs with another account from now on, at the same server.

use crate::kubernetes::certificates::is_issuer;
use crate::plan::model::change::Action;
use crate::plan::model::field_change::{After, FieldChange};
use crate::resource::Desired;

/// The Secret with the key of the account.
const SECRET: &[&str] = &["spec", "acme", "privateKeySecretRef", "name"];
const SERVER: &[&str] = &["spec", "acme", "server"];

/// What is said where the key of the account is in another Secret from now on. At another server, the account is another one anyway.
pub(super) fn warning(desired: &Desired, action: Action, fields: &[FieldChange]) -> Option<String> {
    let identity = &desired.identity;
    let is_written_to = matches!(action, Action::Update | Action::Adopt);
    if !is_issuer(identity) || !is_written_to || fields.iter().any(|field| field.path.is_keys(SERVER)) {
        return None;
    }
    let change = fields.iter().find(|field| field.path.is_keys(SECRET))?;
    let (old, After::Value(new)) = (change.before.as_ref()?.as_str()?, &change.after) else { return None };
    let key = match desired.address.block.kind.as_str() {
        "issuer" => "acme.account_key",
        _ => "spec.acme.privateKeySecretRef.name",
    };
    Some(format!(
        "the key of the account is in the Secret {} from now on. Where there is none yet, the issuer begins with a new account; \
         `{key} = \"{old}\"` keeps the old one",
        new.as_str()?
    ))
}
