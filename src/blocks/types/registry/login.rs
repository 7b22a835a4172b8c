//! What others must know to log in to a registry.

use super::common::selector;
use super::config_yml::PORT;
use super::htpasswd;
use super::spec::{RegistrySpec, UserSource, password_need};
use crate::blocks::facts::{Fact, Facts, Need};
use crate::kubernetes::pull_login::{LoginPods, Scheme};

/// How one of the users logs in.
#[derive(Debug)]
pub(in crate::blocks) enum Login {
    /// With the password that answers this question.
    Password(Need),
    /// With a password of which the registry has only a hash.
    Hash,
    /// There is no such user; these there are.
    NoUser(Vec<String>),
    /// Anybody may use the registry.
    Open,
}

impl RegistrySpec {
    /// How the user of this name logs in.
    pub(in crate::blocks) fn login(&self, name: &str, facts: &Facts) -> Login {
        match self.users {
            UserSource::Nobody => Login::Open,
            UserSource::Listed => {
                let found = self.users().find(|user| user.name == name);
                found.map_or_else(
                    || Login::NoUser(self.users().map(|user| user.name).collect()),
                    |user| Login::Password(password_need(&user)),
                )
            }
            UserSource::File => {
                let file = self.htpasswd_file().and_then(|need| facts.get(&need));
                let names = match file {
                    Some(Fact::File(text)) => htpasswd::user_names(text),
                    // What is wrong with the file is a mistake of the registry.
                    _ => return Login::Hash,
                };
                if names.iter().any(|known| known == name) { Login::Hash } else { Login::NoUser(names) }
            }
        }
    }

    /// The names of all users that it lists; `None` where nobody can tell.
    pub(in crate::blocks) fn user_names(&self, facts: &Facts) -> Option<Vec<String>> {
        match self.users {
            UserSource::Nobody => None,
            UserSource::Listed => Some(self.users().map(|user| user.name).collect()),
            UserSource::File => match self.htpasswd_file().and_then(|need| facts.get(&need)) {
                Some(Fact::File(text)) => Some(htpasswd::user_names(text)),
                _ => None,
            },
        }
    }

    /// The pods that must take a login before nodes get it.
    pub(in crate::blocks) fn login_pods(&self) -> LoginPods {
        let labels = selector(self);
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let scheme = if self.ends_tls() { Scheme::Https } else { Scheme::Http };
        LoginPods { namespace: self.namespace.clone(), selector: labels.join(","), port: PORT, scheme }
    }
}
