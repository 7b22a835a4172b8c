//! How secret values are kept from eyes: encrypted for recipients, or by the place that keeps them.

use std::fmt;
use std::io::{self, Read as _, Write as _};

use age::x25519::Recipient;
use age::{DecryptError, Decryptor, Encryptor, IdentityFile};
use serde::{Deserialize, Serialize};

/// How the secret values of revisions are written.
#[derive(Clone)]
pub enum Seal {
    /// As they are: the place itself keeps them from eyes, as the Secrets of a cluster do.
    ByPlace,
    /// Encrypted by age, for these recipients.
    Age(Vec<Recipient>),
}

/// How values are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealedBy {
    /// By the place that keeps them.
    Place,
    /// By age.
    Age,
}

/// What opens values that were encrypted by age.
pub struct Identities(Vec<Box<dyn age::Identity + Send + Sync>>);

impl Seal {
    /// The one that encrypts for these recipients (`age1…`).
    ///
    /// # Errors
    /// The first one that is none; or there is none at all.
    pub fn for_recipients(recipients: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            text.parse().map_err(|reason| format!("`{text}` is not a recipient of age: {reason}"))
        };
        let recipients: Vec<Recipient> = recipients.iter().map(read).collect::<Result<_, _>>()?;
        if recipients.is_empty() {
            Err("no recipient is named".to_owned())
        } else {
            Ok(Self::Age(recipients))
        }
    }

    /// What values say that are sealed so.
    pub(super) fn kind(&self) -> SealedBy {
        match self {
            Self::ByPlace => SealedBy::Place,
            Self::Age(_) => SealedBy::Age,
        }
    }

    /// The bytes as they are kept.
    pub(super) fn seal(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let Self::Age(recipients) = self else { return Ok(bytes.to_vec()) };
        let recipients = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let mut sealed = Vec::new();
        let mut writer = encryptor.wrap_output(&mut sealed)?;
        writer.write_all(bytes)?;
        writer.finish()?;
        Ok(sealed)
    }
}

impl Identities {
    /// Those in the text of a file that `age-keygen` wrote.
    ///
    /// # Errors
    /// There is none in it, or another line. The message holds nothing of the text.
    pub fn read(text: &str) -> Result<Self, String> {
        let file = IdentityFile::from_buffer(text.as_bytes()).map_err(|error| error.to_string())?;
        let identities = file.into_identities().map_err(|error| error.to_string())?;
        if identities.is_empty() {
            Err("there is no identity in it".to_owned())
        } else {
            Ok(Self(identities))
        }
    }

    /// What was sealed.
    ///
    /// # Errors
    /// It was not encrypted for any of them, or is damaged.
    pub(super) fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, DecryptError> {
        let decryptor = Decryptor::new(sealed)?;
        let identities = self.0.iter().map(|identity| identity.as_ref() as &dyn age::Identity);
        let mut reader = decryptor.decrypt(identities)?;
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByPlace => f.write_str("ByPlace"),
            Self::Age(recipients) => f.debug_tuple("Age").field(&recipients.len()).finish(),
        }
    }
}

/// Shows nothing of them.
impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities").finish_non_exhaustive()
    }
}
