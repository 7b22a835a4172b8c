//! Gathers the facts that blocks need from outside: from files, the environment, the cluster.
//!
//! Each thing is asked for once, many at a time. What cannot be read is *unknown*, with the reason, and never
//! counts as absent: a new value is generated only where the cluster says that there is none.

mod files;
mod passwords;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::{BoxFuture, FutureExt as _, join_all, ready};
use rand::RngExt as _;
use rand::distr::Alphanumeric;
use serde_json::Value;

use crate::blocks::{Blocks, Fact, Facts, Need, SecretInputs, SecretKeyRef, SecretText};
use crate::config::{Config, Generate, SecretSource};
use crate::provider::Provider;
use crate::resource::{BlockAddress, GroupKind, Identity, Reading, Target};

/// The largest size of the file of a secret, in bytes: a Secret of the cluster holds no more.
const LARGEST_SECRET: u64 = 1 << 20;
/// How many rounds of needs blocks may have. More rounds would be a mistake in regplan.
const ROUNDS: usize = 8;

/// The outside that needs are answered from.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// The cluster. Without one (`validate`, `render`) no secret is read: objects hold placeholders.
    pub provider: Option<&'a dyn Provider>,
    /// Looks up a variable of the environment.
    pub env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Whether the state says that a generated value is stored under this key, so that its absence is a loss.
    /// It returns `false` where the user has consented to a new value.
    pub remembered: &'a (dyn Fn(&SecretKeyRef) -> bool + Sync),
}

impl fmt::Debug for Outside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("cluster", &self.provider.is_some()).finish_non_exhaustive()
    }
}

/// Gathers all facts that the blocks of a configuration need.
pub async fn gather(config: &Config, outside: &Outside<'_>) -> Facts {
    gather_within(config, None, Facts::default(), outside).await
}

/// Gathers the facts that the blocks of a configuration need beyond the known ones. With `blocks`, only the
/// secrets that these blocks need are read; all others stay placeholders, as without a cluster.
pub async fn gather_within(
    config: &Config,
    blocks: Option<&BTreeSet<BlockAddress>>,
    known: Facts,
    outside: &Outside<'_>,
) -> Facts {
    let read = Blocks::read(config);
    let mut facts = known;
    // However many rounds there are, a Secret is read once, and a value is generated once.
    let mut lookups = Lookups::default();
    for _ in 0..ROUNDS {
        let needs = read.needs(&facts);
        if needs.is_empty() {
            break;
        }
        let wanted = blocks.map(|blocks| read.needs_of(blocks, &facts));
        let (asked, left_out): (Vec<Need>, Vec<Need>) = needs.into_iter().partition(|need| {
            let is_secret = matches!(need, Need::Secret { .. } | Need::Htpasswd { .. });
            !is_secret || wanted.as_ref().is_none_or(|wanted| wanted.contains(need))
        });
        for need in left_out {
            facts.insert(need, Fact::Text(SecretText::Placeholder));
        }
        for (need, fact) in answer(asked, outside, &mut lookups).await {
            facts.insert(need, fact);
        }
    }
    facts.secret_inputs = lookups.inputs;
    facts
}

/// The values that more than one need may ask for.
#[derive(Default)]
struct Lookups {
    /// The Secrets that were read.
    secrets: BTreeMap<Identity, StoredSecret>,
    /// The generated values: those that the cluster has, and new ones.
    generated: BTreeMap<SecretKeyRef, SecretText>,
    inputs: SecretInputs,
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
enum StoredText {
    /// This text.
    Text(String),
    /// The cluster says that there is none.
    Nothing,
    /// It is not known, and this is why.
    Unknown(String),
}

/// Answers these needs.
async fn answer(needs: Vec<Need>, outside: &Outside<'_>, lookups: &mut Lookups) -> Vec<(Need, Fact)> {
    if let Some(provider) = outside.provider {
        lookups.read(provider, needs.iter().flat_map(stored_at)).await;
    }
    let begun = needs.into_iter().map(|need| {
        let fact = begin(&need, outside, lookups);
        async { (need, fact.await) }
    });
    // All are begun before the first is awaited, so that files are read and passwords are hashed at the same
    // time.
    let begun: Vec<_> = begun.collect();
    join_all(begun).await
}

/// Begins to answer a need. The future does what takes time: reading files, hashing passwords.
fn begin<'a>(need: &Need, outside: &'a Outside<'_>, lookups: &mut Lookups) -> BoxFuture<'a, Fact> {
    match need {
        Need::Files(path) => files::texts(path.clone()).boxed(),
        Need::Manifests(path) => files::manifests(path.clone()).boxed(),
        Need::Scope { kind, version } => {
            let (kind, version) = (kind.clone(), version.clone());
            async move { Fact::Scope(scope(outside, &kind, &version).await) }.boxed()
        }
        Need::Secret { source, stored_at } => {
            ready(Fact::Text(lookups.text(source, stored_at.as_ref(), outside))).boxed()
        }
        Need::Htpasswd { .. } if outside.provider.is_none() => {
            ready(Fact::Text(SecretText::Placeholder)).boxed()
        }
        Need::Htpasswd { users, stored_at } => {
            let users = users
                .iter()
                .map(|user| (user.name.clone(), lookups.text(&user.source, user.stored_at.as_ref(), outside)))
                .collect();
            passwords::htpasswd(users, lookups.stored_text(stored_at)).boxed()
        }
    }
}

/// The keys of Secrets that store the answer to a need.
fn stored_at(need: &Need) -> Vec<SecretKeyRef> {
    match need {
        Need::Secret { stored_at, .. } => stored_at.iter().cloned().collect(),
        Need::Htpasswd { users, stored_at } => {
            let users = users.iter().filter_map(|user| user.stored_at.clone());
            users.chain([stored_at.clone()]).collect()
        }
        Need::Files(_) | Need::Manifests(_) | Need::Scope { .. } => Vec::new(),
    }
}

/// Whether a kind has namespaces; `None` where the cluster does not answer, which the plan then reports.
async fn scope(outside: &Outside<'_>, kind: &GroupKind, version: &str) -> Option<bool> {
    let identity = Identity::cluster(kind.group.as_str(), kind.kind.as_str(), "");
    let target = Target { identity, version: Some(version.to_owned()) };
    outside.provider?.is_namespaced(&target).await.ok().flatten()
}

impl Lookups {
    /// Reads the Secrets that have not been read yet, all at once.
    async fn read(&mut self, provider: &dyn Provider, keys: impl Iterator<Item = SecretKeyRef>) {
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
    fn stored_text(&self, key_ref: &SecretKeyRef) -> StoredText {
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
    fn text(
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

/// The content of a file without its last newline.
fn from_file(path: &Path) -> SecretText {
    let mut text = match files::text(path, LARGEST_SECRET) {
        Ok(text) => text,
        Err(reason) => {
            return SecretText::Unknown(format!("the file {} cannot be read: {reason}", path.display()));
        }
    };
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return SecretText::Unknown(format!("the file {} is empty", path.display()));
    }
    SecretText::Known(text)
}

#[cfg(test)]
mod tests;
