//! Where the rotation of a pull secret stands, by what the cluster has, and what must be known for that.

use std::collections::BTreeSet;

use serde_json::Value;

use super::namespaces::{self, Gap};
use super::rotation::{Made, Side, Turn};
use super::spec::PullSecretSpec;
use crate::blocks::block_type::CompileContext;
use crate::blocks::facts::{Fact, Facts, LiveObject, Need};
use crate::blocks::types::registry::spec::RegistrySpec;
use crate::kubernetes::pull_login::logins;
use crate::resource::{Identity, Target};

/// Where it stands.
pub(super) enum Standing {
    /// That is asked first.
    Asking(Vec<Need>),
    /// There.
    Known(Turn),
    /// Nobody knows, for this reason.
    Unknown(String),
    /// The Secret with the passwords is gone.
    Lost,
    /// The Secret with the passwords has none of this user, whom nodes have.
    Incomplete(String),
    /// The last rotation has not ended, and a third word is asked for: these are the words that there are.
    Unfinished(Vec<String>),
}

impl PullSecretSpec {
    /// Where its rotation stands; `None` without one.
    pub(super) fn standing(&self, registry: &RegistrySpec, context: &CompileContext<'_>) -> Option<Standing> {
        let word = self.keys.rotate.as_ref()?;
        Some(of(self, word, &self.kept_in(registry), context))
    }

    /// What must be known of the outside.
    pub(super) fn needs(&self, registry: &RegistrySpec, context: &CompileContext<'_>) -> Vec<Need> {
        let mut needs: Vec<Need> = self.selector.iter().map(|_| Need::Namespaces).collect();
        match self.standing(registry, context) {
            None => {
                needs.extend(self.password(registry, context));
                // Whether nodes have another password by now.
                let namespaces = namespaces::of(self, context).all;
                needs.extend(namespaces.iter().map(|namespace| live(self.secret_in(namespace))));
            }
            Some(Standing::Asking(first)) => needs.extend(first),
            Some(Standing::Known(turn)) => {
                let kept_in = self.kept_in(registry);
                needs.extend(turn.all().map(|made| made.need(&kept_in)));
            }
            Some(
                Standing::Unknown(_) | Standing::Lost | Standing::Incomplete(_) | Standing::Unfinished(_),
            ) => {}
        }
        needs
    }
}

/// Where the rotation with this word stands; `kept_in` is the Secret with the passwords.
fn of(spec: &PullSecretSpec, word: &str, kept_in: &Identity, context: &CompileContext<'_>) -> Standing {
    let found = namespaces::of(spec, context);
    match found.gap {
        Some(Gap::NotAsked) if context.facts.get(&Need::Namespaces).is_none() => {
            return Standing::Asking(vec![Need::Namespaces]);
        }
        Some(Gap::Unknown(reason)) => return Standing::Unknown(reason),
        Some(Gap::NotAsked) | None => {}
    }
    let secrets = found.all.iter().map(|namespace| live(spec.secret_in(namespace)));
    let (secrets, kept) = (secrets.collect::<Vec<_>>(), live(kept_in.clone()));
    let missing = [&kept].into_iter().chain(&secrets).filter(|need| context.facts.get(need).is_none());
    let missing: Vec<Need> = missing.cloned().collect();
    if !missing.is_empty() {
        return Standing::Asking(missing);
    }
    match look(&kept, &secrets, &spec.keys.user, context.facts) {
        Ok(Seen { stored, used }) => {
            Turn::of(word, &stored, &used).map_or_else(Standing::Unfinished, Standing::Known)
        }
        Err(standing) => standing,
    }
}

/// The question for a Secret.
pub(super) fn live(identity: Identity) -> Need {
    Need::Live(Target { identity, version: Some("v1".to_owned()) })
}

/// What the cluster has.
struct Seen {
    /// The passwords that are kept.
    stored: Vec<Made>,
    /// The sides that pull Secrets have.
    used: BTreeSet<Side>,
}

fn look(kept: &Need, secrets: &[Need], stem: &str, facts: &Facts) -> Result<Seen, Standing> {
    let is_new = matches!(facts.get(kept), Some(Fact::Live(LiveObject::Absent | LiveObject::Unwanted)));
    let stored = match facts.get(kept) {
        Some(Fact::Live(LiveObject::There(live))) => made(&live.object),
        Some(Fact::Live(LiveObject::Lost)) => return Err(Standing::Lost),
        Some(Fact::Unknown(reason)) => return Err(Standing::Unknown(reason.clone())),
        _ => Vec::new(),
    };
    let mut used = BTreeSet::new();
    for secret in secrets {
        match facts.get(secret) {
            Some(Fact::Live(LiveObject::There(live))) => {
                let users = logins(&live.object).into_iter();
                used.extend(users.filter_map(|(user, _)| Side::of_user(stem, &user)));
            }
            // It is made anew, and what it has until then is not known: perhaps each of them.
            Some(Fact::Live(LiveObject::Unwanted)) => used.extend(stored.iter().map(|made| made.side)),
            Some(Fact::Unknown(reason)) => return Err(Standing::Unknown(reason.clone())),
            _ => {}
        }
    }
    let lost = used.iter().find(|side| !stored.iter().any(|made| made.side == **side));
    match lost.filter(|_| !is_new) {
        Some(side) => Err(Standing::Incomplete(side.user(stem))),
        None => Ok(Seen { stored, used }),
    }
}

/// The passwords that are kept in a Secret.
fn made(secret: &Value) -> Vec<Made> {
    let data = secret.get("data").and_then(Value::as_object).into_iter().flatten();
    data.filter_map(|(key, _)| Made::of_key(key)).collect()
}
