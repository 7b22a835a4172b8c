//! The edge that answers what blocks ask of the outside: files, the environment, the cluster.
//!
//! Everything is asked once, in bulk. What cannot be had is *unknown* with its reason, and never taken for
//! absent: only a cluster that says that a generated value is not there gets a new one.

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

use crate::blocks::{self, Fact, Facts, Given, Need, SecretKeyRef, Text};
use crate::config::{Config, SecretSource};
use crate::provider::Provider;
use crate::resource::{BlockAddress, GroupKind, Identity, Reading, Target};

/// A Secret holds no more than this anyway.
const LARGEST_SECRET: u64 = 1 << 20;
/// How often blocks may ask again before that is taken for a mistake of ours.
const ROUNDS: usize = 8;

/// The outside.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// The cluster. Without one (`validate`, `render`) no secret is read: objects hold placeholders.
    pub provider: Option<&'a dyn Provider>,
    /// Looks up a variable of the environment.
    pub env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Whether the state knows that a generated value was kept there, so that its absence is a loss. Says
    /// no where a new value has been consented to.
    pub remembered: &'a (dyn Fn(&SecretKeyRef) -> bool + Sync),
}

impl fmt::Debug for Outside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("cluster", &self.provider.is_some()).finish_non_exhaustive()
    }
}

/// Finds out everything that the blocks of a configuration need to know.
pub async fn gather(config: &Config, outside: &Outside<'_>) -> Facts {
    gather_within(config, None, Facts::default(), outside).await
}

/// Finds out what the blocks of a configuration need to know beyond what is known already, but asks for the
/// secrets of these alone: those of all others are as unread as they are without a cluster.
pub async fn gather_within(
    config: &Config,
    blocks: Option<&BTreeSet<BlockAddress>>,
    known: Facts,
    outside: &Outside<'_>,
) -> Facts {
    let asking = blocks.map(|blocks| within(config, blocks));
    let mut facts = known;
    // Secrets are read once, and a generated value is made once, however many rounds there are.
    let mut lookups = Lookups::default();
    for _ in 0..ROUNDS {
        let needs = blocks::needs(config, &facts);
        if needs.is_empty() {
            break;
        }
        let wanted = asking.as_ref().map(|asking| blocks::needs(asking, &facts));
        let (asked, spared): (Vec<Need>, Vec<Need>) = needs.into_iter().partition(|need| {
            let is_secret = matches!(need, Need::Secret { .. } | Need::Htpasswd { .. });
            !is_secret || wanted.as_ref().is_none_or(|wanted| wanted.contains(need))
        });
        for need in spared {
            facts.insert(need, Fact::Text(Text::Placeholder));
        }
        for (need, fact) in answer(asked, outside, &mut lookups).await {
            facts.insert(need, fact);
        }
    }
    facts.given = lookups.given;
    facts
}

/// The configuration as if it had these blocks alone.
fn within(config: &Config, blocks: &BTreeSet<BlockAddress>) -> Config {
    let mut config = config.clone();
    config.blocks.retain(|block| blocks.contains(&block.address));
    config.secrets.retain(|name, secret| {
        let is_kept = matches!(secret.source, SecretSource::Generate(_));
        !is_kept || blocks.contains(&BlockAddress::new("secret", name.as_str()))
    });
    config
}

/// What has been found out that more than one need may ask for.
#[derive(Default)]
struct Lookups {
    secrets: BTreeMap<Identity, Stored>,
    generated: BTreeMap<SecretKeyRef, Text>,
    given: Given,
}

/// A Secret of the cluster.
enum Stored {
    /// Its `data`, as it was read.
    Data(Value),
    /// The cluster says that it is not there.
    Absent,
    /// Nobody knows, and this is why.
    Unreadable(String),
}

/// What a key of a Secret holds.
enum StoredText {
    Text(String),
    Nothing,
    Unknown(String),
}

async fn answer(needs: Vec<Need>, outside: &Outside<'_>, lookups: &mut Lookups) -> Vec<(Need, Fact)> {
    if let Some(provider) = outside.provider {
        lookups.read(provider, needs.iter().flat_map(kept_by)).await;
    }
    let begun = needs.into_iter().map(|need| {
        let fact = begin(&need, outside, lookups);
        async { (need, fact.await) }
    });
    // All have begun before the first is awaited: files are read, and passwords are hashed, side by side.
    let begun: Vec<_> = begun.collect();
    join_all(begun).await
}

/// Begins to answer: what was seen already is at hand, what takes time is not.
fn begin<'a>(need: &Need, outside: &'a Outside<'_>, lookups: &mut Lookups) -> BoxFuture<'a, Fact> {
    match need {
        Need::Files(path) => files::texts(path.clone()).boxed(),
        Need::Manifests(path) => files::manifests(path.clone()).boxed(),
        Need::Scope { kind, version } => {
            let (kind, version) = (kind.clone(), version.clone());
            async move { Fact::Scope(scope(outside, &kind, &version).await) }.boxed()
        }
        Need::Secret { source, kept } => {
            ready(Fact::Text(lookups.text(source, kept.as_ref(), outside))).boxed()
        }
        Need::Htpasswd { .. } if outside.provider.is_none() => ready(Fact::Text(Text::Placeholder)).boxed(),
        Need::Htpasswd { users, kept } => {
            let users = users
                .iter()
                .map(|user| (user.name.clone(), lookups.text(&user.source, user.kept.as_ref(), outside)))
                .collect();
            passwords::htpasswd(users, lookups.kept(kept)).boxed()
        }
    }
}

/// Where the answer to a need is kept.
fn kept_by(need: &Need) -> Vec<SecretKeyRef> {
    match need {
        Need::Secret { kept, .. } => kept.iter().cloned().collect(),
        Need::Htpasswd { users, kept } => {
            let users = users.iter().filter_map(|user| user.kept.clone());
            users.chain([kept.clone()]).collect()
        }
        Need::Files(_) | Need::Manifests(_) | Need::Scope { .. } => Vec::new(),
    }
}

/// Whether a kind has namespaces. A cluster that does not answer leaves it open here; the plan says so.
async fn scope(outside: &Outside<'_>, kind: &GroupKind, version: &str) -> Option<bool> {
    let identity = Identity::cluster(kind.group.as_str(), kind.kind.as_str(), "");
    let target = Target { identity, version: Some(version.to_owned()) };
    outside.provider?.is_namespaced(&target).await.ok().flatten()
}

impl Lookups {
    /// Reads the Secrets that have not been read yet, all at once.
    async fn read(&mut self, provider: &dyn Provider, kept: impl Iterator<Item = SecretKeyRef>) {
        let missing: BTreeSet<Identity> =
            kept.map(|kept| kept.secret).filter(|secret| !self.secrets.contains_key(secret)).collect();
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
                    Stored::Data(live.object.get("data").cloned().unwrap_or_default())
                }
                Some(Reading::Absent) => Stored::Absent,
                Some(Reading::Unreadable(problem)) => Stored::Unreadable(problem.message),
                None => Stored::Unreadable(nobody.clone()),
            };
            self.secrets.insert(target.identity, stored);
        }
    }

    fn kept(&self, kept: &SecretKeyRef) -> StoredText {
        let SecretKeyRef { secret, key } = kept;
        let data = match self.secrets.get(secret) {
            Some(Stored::Data(data)) => data,
            Some(Stored::Absent) => return StoredText::Nothing,
            Some(Stored::Unreadable(reason)) => {
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

    /// The value of a source.
    fn text(&mut self, source: &SecretSource, kept: Option<&SecretKeyRef>, outside: &Outside<'_>) -> Text {
        if outside.provider.is_none() {
            return Text::Placeholder;
        }
        let text = match source {
            // A run without access to secrets (a pull request from a fork) often gets empty variables.
            SecretSource::Env(name) => match (outside.env)(name) {
                Some(value) if value.is_empty() => {
                    Text::Unknown(format!("the environment variable {name} is empty"))
                }
                Some(value) => Text::Known(value),
                None => Text::Unknown(format!("the environment variable {name} is not set")),
            },
            SecretSource::File(path) => from_file(path),
            SecretSource::Generate(generate) => {
                let Some(kept) = kept else {
                    return Text::Unknown("there is no place to keep a generated value".to_owned());
                };
                if let Some(text) = self.generated.get(kept) {
                    return text.clone();
                }
                let text = match self.kept(kept) {
                    StoredText::Text(text) => Text::Known(text),
                    StoredText::Unknown(reason) => Text::Unknown(reason),
                    StoredText::Nothing if (outside.remembered)(kept) => {
                        let SecretKeyRef { secret, key } = kept;
                        Text::Lost(format!("the {secret} has no `{key}` any more"))
                    }
                    StoredText::Nothing => Text::New(generate_text(generate.length)),
                };
                self.generated.insert(kept.clone(), text.clone());
                return text;
            }
        };
        if let Text::Known(value) = &text {
            self.given.0.insert(source.clone(), value.clone());
        }
        text
    }
}

/// A text of letters and digits, from the system's own source of randomness.
fn generate_text(length: u16) -> String {
    rand::rng().sample_iter(Alphanumeric).take(usize::from(length)).map(char::from).collect()
}

/// The content of a file without its last newline.
fn from_file(path: &Path) -> Text {
    let mut text = match files::text(path, LARGEST_SECRET) {
        Ok(text) => text,
        Err(reason) => return Text::Unknown(format!("the file {} cannot be read: {reason}", path.display())),
    };
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Text::Unknown(format!("the file {} is empty", path.display()));
    }
    Text::Known(text)
}

#[cfg(test)]
mod tests;
