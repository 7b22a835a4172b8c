//! What a pull secret's block says: its keys, and the names and questions that follow from them.

use std::collections::BTreeSet;

use super::options::PullSecretKeys;
use crate::blocks::block_type::{CompileContext, Defaults};
use crate::blocks::codes;
use crate::blocks::facts::Need;
use crate::blocks::keys::{self, span_of};
use crate::blocks::types::registry::login::Login;
use crate::blocks::types::registry::spec::RegistrySpec;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::label_selector::LabelSelector;
use crate::resource::{Identity, KeyFact};

/// What a block says, and what follows from it.
pub(in crate::blocks) struct PullSecretSpec {
    pub(super) keys: PullSecretKeys,
    /// The name of the Secret.
    pub(super) name: String,
    /// The namespace of objects that name none.
    pub(super) namespace: String,
    /// Which namespaces get the Secret besides those that are listed.
    pub(super) selector: Option<LabelSelector>,
}

impl PullSecretSpec {
    /// Reads a block that its schema has accepted.
    pub(super) fn read(
        block: &Block,
        defaults: Defaults<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let keys: PullSecretKeys = keys::read(block, mistakes)?;
        let selector = selector(block, &keys, mistakes);
        let name = keys.name.clone().unwrap_or_else(|| block.address.name.to_lowercase().replace('_', "-"));
        Some(Self { keys, name, namespace: defaults.namespace.to_owned(), selector })
    }

    /// The Secret in a namespace.
    pub(super) fn secret_in(&self, namespace: &str) -> Identity {
        Identity::namespaced("", "Secret", namespace, self.name.as_str())
    }

    /// The Secret in which the passwords of its two users are kept. No other block has these users, and so their Secret.
    pub(super) fn kept_in(&self, registry: &RegistrySpec) -> Identity {
        registry.secret(&format!("pull-{}", self.keys.user))
    }

    /// The accounts that get entries, each once.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &str> {
        let all: BTreeSet<&str> = self.keys.service_accounts.iter().map(String::as_str).collect();
        all.into_iter()
    }

    /// The question for the password of its one user; `None` where nobody says where it comes from.
    pub(super) fn password(&self, registry: &RegistrySpec, context: &CompileContext<'_>) -> Option<Need> {
        match registry.login(&self.keys.user, context.facts) {
            Login::Password(need) => Some(need),
            Login::Hash => {
                let source = self.keys.password.clone()?;
                Some(Need::Secret { source, stored_at: None })
            }
            Login::NoUser(_) | Login::Open => None,
        }
    }

    /// Registry, user, namespaces and accounts.
    pub(super) fn key_facts(&self) -> Vec<KeyFact> {
        let keys = &self.keys;
        let listed = keys.namespaces.iter().map(String::as_str);
        let selected = keys.namespace_selector.as_ref().map(|text| format!("those with {text}"));
        let namespaces: Vec<&str> = listed.chain(selected.as_deref()).collect();
        let accounts: Vec<&str> = self.accounts().collect();
        let user = match &keys.rotate {
            Some(word) => format!("{0}-a and {0}-b in turn ({word})", keys.user),
            None => keys.user.clone(),
        };
        vec![
            KeyFact::new("registry", keys.registry.to_string()),
            KeyFact::new("user", user),
            KeyFact::new("namespaces", namespaces.join(", ")),
            KeyFact::new(
                "accounts",
                if accounts.is_empty() { "none".to_owned() } else { accounts.join(", ") },
            ),
        ]
    }
}

/// The selector of a block; a mistake is pushed for a text that is none.
fn selector(block: &Block, keys: &PullSecretKeys, mistakes: &mut Vec<Diagnostic>) -> Option<LabelSelector> {
    let text = keys.namespace_selector.as_ref()?;
    let why = match text.parse() {
        Ok(selector) => return Some(selector),
        Err(why) => why,
    };
    mistakes.push(
        Diagnostic::error(codes::BAD_VALUE, format!("the selector `{text}` {why}"))
            .at(span_of(block, ["namespace_selector"]), "")
            .help("write it as for `kubectl get namespaces -l`: `team=a`, `tier in (web, api)`, `!legacy`"),
    );
    None
}
