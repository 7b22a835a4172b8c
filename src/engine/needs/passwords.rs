//! Makes an htpasswd file. A stored hash is kept as long as it matches its password.

use std::collections::BTreeMap;
use std::fmt;

use bcrypt::{HashParts, Version};
use futures::StreamExt as _;

use super::stored_secrets::StoredText;
use crate::blocks::{Fact, SecretText};

/// The bcrypt cost of new hashes: a guess takes about 50 ms.
const COST: u32 = 10;
/// Stored hashes of a higher cost are not checked: otherwise anybody who can write the Secret could keep us
/// busy for days.
const HIGHEST_COST: u32 = 14;
/// How many bytes of a password bcrypt uses. It silently ignores the rest.
const LONGEST: usize = 72;

/// The name of a user and the password.
struct Credentials {
    name: String,
    password: String,
}

/// Why a password could not be hashed, with the user's name. It never says the password.
enum HashFailure {
    TooLong(String),
    HasNul(String),
    Failed(String),
}

impl fmt::Display for HashFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(name) => write!(
                f,
                "the password of `{name}` has more than {LONGEST} bytes, and bcrypt ignores what follows them"
            ),
            Self::HasNul(name) => write!(f, "the password of `{name}` has a NUL character"),
            Self::Failed(name) => write!(f, "the password of `{name}` could not be hashed"),
        }
    }
}

/// The file for these users, in the order of their names. A stored hash that matches the password is kept, so
/// that an unchanged configuration gives an unchanged file.
pub(super) async fn htpasswd(users: Vec<(String, SecretText)>, stored: StoredText) -> Fact {
    let mut known = Vec::with_capacity(users.len());
    for (name, password) in users {
        match password {
            SecretText::Known(password) | SecretText::New(password) => {
                known.push(Credentials { name, password });
            }
            // A lost password is reported for the Secret that stored it, not for this file.
            SecretText::Lost(reason) => return Fact::Text(SecretText::Unknown(reason)),
            other => return Fact::Text(other),
        }
    }
    let old = match stored {
        StoredText::Text(text) => hashes(&text),
        StoredText::Nothing => BTreeMap::new(),
        StoredText::Unknown(reason) => return Fact::Text(SecretText::Unknown(reason)),
    };
    known.sort_by(|a, b| a.name.cmp(&b.name));
    let at_once = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let lines: Vec<Result<String, HashFailure>> = futures::stream::iter(known)
        .map(|user| {
            let old = old.get(&user.name).cloned();
            async move {
                let name = user.name.clone();
                let hashed = tokio::task::spawn_blocking(move || line(&user, old.as_deref())).await;
                hashed.unwrap_or(Err(HashFailure::Failed(name)))
            }
        })
        .buffered(at_once)
        .collect()
        .await;
    let mut text = String::new();
    for line in lines {
        match line {
            Ok(line) => text.push_str(&line),
            Err(refusal) => return Fact::Failed(refusal.to_string()),
        }
    }
    let is_kept = hashes(&text).iter().all(|(name, hash)| old.get(name) == Some(hash));
    Fact::Text(if is_kept { SecretText::Known(text) } else { SecretText::New(text) })
}

/// The hashes of a file, by user. If a user has several, the last one counts, as it does for the registry.
fn hashes(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.trim().split_once(':'))
        .map(|(name, hash)| (name.to_owned(), hash.to_owned()))
        .collect()
}

/// The user's line in the file: the old hash where it still matches the password, else a new one.
fn line(user: &Credentials, old: Option<&str>) -> Result<String, HashFailure> {
    let Credentials { name, password } = user;
    if password.len() > LONGEST {
        return Err(HashFailure::TooLong(name.clone()));
    }
    if password.contains('\0') {
        return Err(HashFailure::HasNul(name.clone()));
    }
    if let Some(old) = old
        && is_affordable(old)
        && bcrypt::verify(password, old).unwrap_or(false)
    {
        return Ok(format!("{name}:{old}\n"));
    }
    let parts = bcrypt::hash_with_result(password, COST).map_err(|_| HashFailure::Failed(name.clone()))?;
    // Apache's `htpasswd` writes this version of the format.
    Ok(format!("{name}:{}\n", parts.format_for_version(Version::TwoY)))
}

/// Whether a hash is cheap enough to be checked.
fn is_affordable(hash: &str) -> bool {
    hash.parse::<HashParts>().is_ok_and(|parts| parts.get_cost() <= HIGHEST_COST)
}
