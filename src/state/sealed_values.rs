//! The secret values of a revision as they are kept beside it.
//!
//! Each resource's are sealed by themselves. So a run that leaves a resource out can carry its values on to the next
//! revision without being able to read them.

use std::collections::BTreeMap;
use std::fmt;

use age::DecryptError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::format::Content;
use super::id::RunId;
use super::revision::RevisionHead;
use super::seal::{Identities, Seal, SealedBy};
use super::secret_values::{Fields, SecretValues};
use crate::resource::{Address, from_json};

/// The secret values of one revision, sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedValues {
    /// The revision.
    pub revision: u64,
    /// The run that it came from.
    pub run: RunId,
    /// How they are sealed.
    pub sealed_by: SealedBy,
    /// For each resource its values, in Base64.
    pub values: BTreeMap<Address, String>,
}

/// Why sealed values cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// They are encrypted, and nobody gave an identity.
    #[error("they are encrypted, and no identity is given")]
    NoIdentity,
    /// They cannot be decrypted.
    #[error("those of {address} cannot be opened: {reason}")]
    Refused {
        /// The resource.
        address: Box<Address>,
        /// Why.
        reason: String,
    },
    /// What is there is nothing that regplan has written.
    #[error("those of {address} are damaged")]
    Damaged {
        /// The resource.
        address: Box<Address>,
    },
}

impl SealedValues {
    /// Seals the values of a revision.
    ///
    /// # Errors
    /// They cannot be encrypted.
    pub(super) fn new(
        revision: u64,
        run: RunId,
        values: &SecretValues,
        seal: &Seal,
    ) -> std::io::Result<Self> {
        let sealed = values.by_resource().map(|(address, fields)| {
            let bytes = serde_json::to_vec(&fields.iter().collect::<Vec<_>>())?;
            Ok((address.clone(), STANDARD.encode(seal.seal(&bytes)?)))
        });
        Ok(Self { revision, run, sealed_by: seal.kind(), values: sealed.collect::<std::io::Result<_>>()? })
    }

    /// No values, where none are sealed anew. Only what is encrypted already can be added.
    pub(super) fn none(revision: u64, run: RunId) -> Self {
        Self { revision, run, sealed_by: SealedBy::Age, values: BTreeMap::new() }
    }

    /// Whether they are those of this revision, and not of a run of the same number that could not save its own.
    pub fn are_of(&self, head: &RevisionHead) -> bool {
        self.run == head.run
    }

    /// Takes over the values of a resource that has another address by now, as they are: for the recipients of then.
    ///
    /// Those of one place are all sealed by the same means, and a migration seals them as the new place does. So what
    /// differs here is no place's own, and must not come into it in clear.
    pub(super) fn carry_over(&mut self, before: &Self, then: &Address, now: &Address) {
        if self.sealed_by == before.sealed_by
            && let Some(values) = before.values.get(then)
        {
            self.values.entry(now.clone()).or_insert_with(|| values.clone());
        }
    }

    /// All values.
    ///
    /// # Errors
    /// The first ones that cannot be opened: none of the identities opens them, or they are damaged.
    pub fn open(&self, identities: Option<&Identities>) -> Result<SecretValues, NotOpened> {
        let (values, unopened) = self.open_each(identities);
        unopened.into_values().next().map_or(Ok(values), Err)
    }

    /// The values that can be opened; and of every other resource, why its values cannot. A run may have carried them on
    /// that were encrypted for others.
    pub fn open_each(&self, identities: Option<&Identities>) -> (SecretValues, BTreeMap<Address, NotOpened>) {
        let (mut opened, mut unopened) = (BTreeMap::new(), BTreeMap::new());
        for (address, sealed) in &self.values {
            match self.fields(address, sealed, identities) {
                Ok(fields) => drop(opened.insert(address.clone(), fields)),
                Err(error) => drop(unopened.insert(address.clone(), error)),
            }
        }
        (opened.into_iter().collect(), unopened)
    }

    fn fields(
        &self,
        address: &Address,
        sealed: &str,
        identities: Option<&Identities>,
    ) -> Result<Fields, NotOpened> {
        let damaged = || NotOpened::Damaged { address: Box::new(address.clone()) };
        let unopened = |error: DecryptError| match error {
            DecryptError::InvalidHeader
            | DecryptError::InvalidMac
            | DecryptError::DecryptionFailed
            | DecryptError::UnknownFormat
            | DecryptError::Io(_) => damaged(),
            other => NotOpened::Refused { address: Box::new(address.clone()), reason: other.to_string() },
        };
        let bytes = STANDARD.decode(sealed).map_err(|_| damaged())?;
        let bytes = match self.sealed_by {
            SealedBy::Place => bytes,
            SealedBy::Age => identities.ok_or(NotOpened::NoIdentity)?.open(&bytes).map_err(unopened)?,
        };
        // What the parser says could quote a value.
        let fields: Vec<_> = from_json(&bytes).map_err(|_| damaged())?;
        Ok(fields.into_iter().collect())
    }
}

/// Values that the place seals are in it as they are, so nothing is shown.
impl fmt::Debug for SealedValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedValues").field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl Content for SealedValues {
    /// Format 1 had no such file.
    fn from_format_1(file: &[u8]) -> serde_json::Result<Self> {
        from_json(file)
    }
}

#[cfg(test)]
mod tests;
