//! What is to be said where nodes have a login that the registry forgets with this plan: it knows one password of a user at a
//! time, and takes no user that it does not list.

use super::objects::Objects;
use super::rotation::{Side, Turn};
use super::standing::live;
use crate::blocks::codes;
use crate::blocks::facts::{Fact, LiveObject, SecretText};
use crate::blocks::keys::span_of;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::pull_login::logins;

impl Objects<'_> {
    /// What is to be said of the one user of `user`.
    pub(super) fn gap(&self, password: &SecretText) -> Option<Diagnostic> {
        let (user, password) = (self.spec.keys.user.as_str(), password.get()?);
        let had = self.had();
        if let Some(old) = self.gone(&had, &[user.to_owned()]) {
            return Some(self.told_of_gone(old, &had, user));
        }
        let changed = had.iter().filter(|(name, old)| name == user && old != password).count();
        if changed == 0 {
            return None;
        }
        let message = format!(
            "the password of `{user}` changes, and nodes in {} have the old one: until both are changed, pods \
             that start may fail to pull",
            in_namespaces(changed)
        );
        Some(self.told(message, "`rotate` lets two users take turns, so that pulls go on".to_owned()))
    }

    /// What is to be said of two users in turn.
    pub(super) fn gap_of_turn(&self, turn: &Turn) -> Option<Diagnostic> {
        let stem = &self.spec.keys.user;
        let made: Vec<String> = turn.all().map(|made| made.side.user(stem)).collect();
        let had = self.had();
        let old = self.gone(&had, &made)?;
        Some(self.told_of_gone(old, &had, &turn.current.side.user(stem)))
    }

    /// The logins that nodes have.
    fn had(&self) -> Vec<(String, String)> {
        self.namespaces.iter().filter_map(|namespace| self.login_in(namespace)).collect()
    }

    /// The login that nodes have for a namespace.
    fn login_in(&self, namespace: &str) -> Option<(String, String)> {
        match self.facts.get(&live(self.spec.secret_in(namespace))) {
            Some(Fact::Live(LiveObject::There(live))) => logins(&live.object).into_iter().next(),
            _ => None,
        }
    }

    /// A user among these logins whom the registry does not list any more, and who is none of these.
    fn gone<'h>(&self, had: &'h [(String, String)], made: &[String]) -> Option<&'h str> {
        let listed = self.registry.user_names(self.facts)?;
        let is_known = |name: &String| listed.contains(name) || made.contains(name);
        had.iter().map(|(name, _)| name).find(|name| !is_known(name)).map(String::as_str)
    }

    fn told_of_gone(&self, old: &str, had: &[(String, String)], user: &str) -> Diagnostic {
        let count = had.iter().filter(|(name, _)| name == old).count();
        let message = format!(
            "the user `{old}` goes, and nodes in {} have it: until they have `{user}`, pods that start may fail to pull",
            in_namespaces(count)
        );
        self.told(message, self.way_round(old))
    }

    /// How the gap is avoided. Whoever was made for a rotation cannot be listed by hand.
    fn way_round(&self, old: &str) -> String {
        match Side::stem_of(old) {
            Some(stem) if self.spec.keys.rotate.is_some() && stem == self.spec.keys.user => {
                "its password is lost, so apply when few pods start".to_owned()
            }
            Some(_) => "add a second [pull_secret] with the new user and another `name`; take the old one out with the \
                        apply after that"
                .to_owned(),
            None if self.spec.keys.rotate.is_some() => {
                format!("leave `{old}` in `auth.users` of the registry until the next apply")
            }
            None => "leave the old user in the registry until the next apply; or `rotate` lets two users take turns"
                .to_owned(),
        }
    }

    fn told(&self, message: String, help: String) -> Diagnostic {
        Diagnostic::warning(codes::PULL_GAP, message).at(span_of(self.block, ["user"]), "").help(help)
    }
}

fn in_namespaces(count: usize) -> String {
    format!("{count} {}", if count == 1 { "namespace" } else { "namespaces" })
}
