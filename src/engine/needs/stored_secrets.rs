//! The secrets that blocks ask for: those that the cluster stores, and those that are given or generated.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt as _;
use rand::distr::Alphanumeric;
use serde_json::Value;

use super::files;
use super::outside::Outside;
use crate::blocks::{SecretInputs, SecretKeyRef, SecretText};
use crate::config::{Generate, SecretSource};
use crate::provider::Provider;
use crate::resource::{Identity, Reading, Target};

/// The largest size of the file of a secret, in bytes: a Secret of the cluster holds no more.
const LARGEST_SECRET: u64 = 1 << 20;

/// The values that more than one need may ask for.
#[derive(Default)]
pub(super) struct Lookups {
    /// The Secrets that were read.
    secrets: BTreeMap<Identity, StoredSecret>,
    /// The generated values: those that the cluster has, and new ones.
    generated: BTreeMap<SecretKeyRef, SecretText>,
    /// What the values of sources that come from outside are.
    pub(super) inputs: SecretInputs,
}

/// A Secret of the cluster.
enum StoredSecret {
    /// Its `data`, as it was read.
    Data(Value),
    /// The cluster says that it does not exist.
    Absent,
    /// It could not be read, and this is why.
    Unreadable(String),
}

/// The value of a key of a Secret.
pub(super) enum StoredText {
    /// This text.
    Text(String),
    /// The cluster says that there is none.
    Nothing,
    /// It is not known, and this is why.
    Unknown(String),
}

impl Lookups {
    /// Reads the Secrets that have not been read yet, all at once.
    pub(super) async fn read(&mut self, provider: &dyn Provider, keys: impl Iterator<Item = SecretKeyRef>) {
        let missing: BTreeSet<Identity> =
            keys.map(|key_ref| key_ref.secret).filter(|secret| !self.secrets.contains_key(secret)).collect();
        if missing.is_empty() {
            return;
        }
        let targets: Vec<Target> =
            missing.into_iter().map(|identity| Target { identity, version: Some("v1".to_owned()) }).collect();
        let readings = provider.read(&targets).await;
        let nobody = "the cluster gave no answer".to_owned();
        let mut readings = readings.into_iter();
        for target in targets {
            let stored = match readings.next() {
                Some(Reading::Present(live)) => {
                    StoredSecret::Data(live.object.get("data").cloned().unwrap_or_default())
                }
                Some(Reading::Absent) => StoredSecret::Absent,
                Some(Reading::Unreadable(problem)) => StoredSecret::Unreadable(problem.message),
                None => StoredSecret::Unreadable(nobody.clone()),
            };
            self.secrets.insert(target.identity, stored);
        }
    }

    /// The value of a key of a Secret.
    pub(super) fn stored_text(&self, key_ref: &SecretKeyRef) -> StoredText {
        let SecretKeyRef { secret, key } = key_ref;
        let data = match self.secrets.get(secret) {
            Some(StoredSecret::Data(data)) => data,
            Some(StoredSecret::Absent) => return StoredText::Nothing,
            Some(StoredSecret::Unreadable(reason)) => {
                return StoredText::Unknown(format!("the {secret} cannot be read: {reason}"));
            }
            None => return StoredText::Unknown(format!("the {secret} was not read")),
        };
        let Some(value) = data.get(key) else { return StoredText::Nothing };
        let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
        match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(text) => StoredText::Text(text),
            None => StoredText::Unknown(format!("the {secret} holds no text under `{key}`")),
        }
    }

    /// The value of a source; a generated one is stored at this key.
    pub(super) fn text(
        &mut self,
        source: &SecretSource,
        stored_at: Option<&SecretKeyRef>,
        outside: &Outside<'_>,
    ) -> SecretText {
        if outside.provider.is_none() {
            return SecretText::Placeholder;
        }
        let text = match source {
            // A run without access to secrets (such as a pull request from a fork) often has empty variables.
            SecretSource::Env(name) => match (outside.env)(name) {
                Some(value) if value.is_empty() => {
                    SecretText::Unknown(format!("the environment variable {name} is empty"))
                }
                Some(value) => SecretText::Known(value),
                None => SecretText::Unknown(format!("the environment variable {name} is not set")),
            },
            SecretSource::File(path) => from_file(path),
            SecretSource::Generate(generate) => return self.generated(generate, stored_at, outside),
        };
        if let SecretText::Known(value) = &text {
            self.inputs.0.insert(source.clone(), value.clone());
        }
        text
    }

    /// A generated value: the stored one, or else a new one.
    fn generated(
        &mut self,
        generate: &Generate,
        stored_at: Option<&SecretKeyRef>,
        outside: &Outside<'_>,
    ) -> SecretText {
        let Some(key_ref) = stored_at else {
            return SecretText::Unknown("there is no place to keep a generated value".to_owned());
        };
        if let Some(text) = self.generated.get(key_ref) {
            return text.clone();
        }
        let text = match self.stored_text(key_ref) {
            StoredText::Text(text) => SecretText::Known(text),
            StoredText::Unknown(reason) => SecretText::Unknown(reason),
            StoredText::Nothing if (outside.remembered)(key_ref) => {
                let SecretKeyRef { secret, key } = key_ref;
                SecretText::Lost(format!("the {secret} has no `{key}` any more"))
            }
            StoredText::Nothing => SecretText::New(generate_text(generate.length)),
        };
        self.generated.insert(key_ref.clone(), text.clone());
        text
    }
}

/// A random text of letters and digits.
fn generate_text(length: u16) -> String {
    rand::rng().sample_iter(Alphanumeric).take(usize::from(length)).map(char::from).collect()
}

fn from_file(path: &Path) -> SecretText {
    secret_in_file(path).map_or_else(SecretText::Unknown, SecretText::Known)
}

/// The content of a file without its last newline, or why there is none.
pub(in crate::engine) fn secret_in_file(path: &Path) -> Result<String, String> {
    let mut text = files::text(path, LARGEST_SECRET)
        .map_err(|reason| format!("the file {} cannot be read: {reason}", path.display()))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(format!("the file {} is empty", path.display()));
    }
    Ok(text)
}
