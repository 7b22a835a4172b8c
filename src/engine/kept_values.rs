//! The secret values of a revision, as far as they are kept and can be read here.

use std::collections::BTreeMap;

use crate::config::{Encryption, IdentitySource};
use crate::resource::{Address, FieldPath};
use crate::state::{Backend, Identities, NotOpened, Revision, SecretValues};
use serde_json::Value;

use super::Project;

/// What is known here of the secret values of a revision.
#[derive(Debug)]
pub(super) enum KeptValues {
    /// None are kept.
    No,
    /// They are kept, and none of them can be read here.
    Closed(Closed),
    /// They are kept.
    Open {
        /// Those that can be read here.
        values: SecretValues,
        /// The resources whose values cannot.
        closed: BTreeMap<Address, Closed>,
    },
}

/// Values that are kept and cannot be read here.
#[derive(Debug, Clone)]
pub(super) struct Closed {
    /// Why not.
    pub(super) why: String,
    /// What to do about it.
    pub(super) help: String,
}

impl KeptValues {
    /// The values of a resource in these fields; `None` where not all of them are known here.
    pub(super) fn of<'v>(
        &'v self,
        address: &Address,
        fields: impl IntoIterator<Item = &'v FieldPath>,
    ) -> Option<Vec<(&'v FieldPath, &'v Value)>> {
        let Self::Open { values, .. } = self else { return None };
        fields.into_iter().map(|field| Some((field, values.get(address, field)?))).collect()
    }

    /// Why the values of a resource cannot be read here, though they are kept.
    pub(super) fn closed(&self, address: &Address) -> Option<&Closed> {
        match self {
            Self::No => None,
            Self::Closed(closed) => Some(closed),
            Self::Open { closed, .. } => closed.get(address),
        }
    }
}

impl Project {
    /// The secret values of a revision. An identity is only asked for where there is something to open.
    pub(super) async fn kept_values(&self, backend: &dyn Backend, revision: &Revision) -> KeptValues {
        let sealed = match backend.values(revision.head.number).await {
            Ok(None) => return KeptValues::No,
            Ok(Some(sealed)) => sealed,
            // Whoever may only plan may not read them, and goes on without.
            Err(error) => return KeptValues::Closed(Closed { why: error.to_string(), help: error.help() }),
        };
        if !sealed.are_of(&revision.head) {
            return KeptValues::No;
        }
        let encryption = self.config.state.encryption();
        match self.identities(encryption) {
            Ok(identities) => {
                let (values, unopened) = sealed.open_each(identities.as_ref());
                let closed =
                    unopened.into_iter().map(|(address, error)| (address, closed(&error, encryption)));
                KeptValues::Open { values, closed: closed.collect() }
            }
            Err(why) => {
                let help = "correct the identity in `[state] encryption`".to_owned();
                KeptValues::Closed(Closed { why, help })
            }
        }
    }

    /// What opens the values; `None` where nothing is given. The error says what is wrong with it.
    pub(super) fn identities(&self, encryption: Option<&Encryption>) -> Result<Option<Identities>, String> {
        let Some(source) = encryption.and_then(|encryption| encryption.identity.as_ref()) else {
            return Ok(None);
        };
        let text =
            match source {
                IdentitySource::Env(name) => (self.host.variables)(name),
                IdentitySource::File(path) if crate::config::is_absent(path) => None,
                IdentitySource::File(path) => Some(std::fs::read_to_string(path).map_err(|error| {
                    format!("the identity in `{}` cannot be read: {error}", path.display())
                })?),
            };
        let read = |text: String| {
            Identities::read(&text).map_err(|reason| {
                format!("{} does not hold an identity of age: {reason}", source_name(source))
            })
        };
        text.filter(|text| !text.trim().is_empty()).map(read).transpose()
    }
}

/// Why values that are kept cannot be read here, and what to do about it.
fn closed(error: &NotOpened, encryption: Option<&Encryption>) -> Closed {
    let source = encryption.and_then(|encryption| encryption.identity.as_ref());
    let help = match (error, source) {
        (NotOpened::NoIdentity, Some(IdentitySource::Env(name))) => {
            format!("set `{name}` to an identity of age that opens them")
        }
        (NotOpened::NoIdentity, Some(IdentitySource::File(path))) => {
            format!("put an identity of age that opens them into `{}`", path.display())
        }
        (NotOpened::NoIdentity, None) => {
            "say in `[state] encryption` for whom they are encrypted, and where the identity is: \
             `{ recipients = [\"age1…\"], identity = { env = \"AGE_IDENTITY\" } }`"
                .to_owned()
        }
        (NotOpened::Refused { .. }, _) => {
            "give the identity of one of the recipients that they were encrypted for".to_owned()
        }
        (NotOpened::Damaged { .. }, _) => {
            "put what is kept of the values of this revision back from a backup".to_owned()
        }
    };
    Closed { why: error.to_string(), help }
}

fn source_name(source: &IdentitySource) -> String {
    match source {
        IdentitySource::Env(name) => format!("the variable `{name}`"),
        IdentitySource::File(path) => format!("`{}`", path.display()),
    }
}
