//! `[pull_secret.NAME]`: how nodes log in to a registry to pull images.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `options` | Which keys does the block have? |
//! | `namespaces` | Which namespaces get the Secret? |
//! | `docker_config` | What is in the Secret? |
//! | `rules` | What is wrong with a block that no schema finds? |

mod docker_config;
mod namespaces;
mod options;
mod rules;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::blocks::block_type::{BlockType, CompileContext, Defaults};
use crate::blocks::codes;
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::{Need, SecretText};
use crate::blocks::keys::{self, span_of};
use crate::blocks::types::registry::{Login, RegistrySpec};
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::label_selector::LabelSelector;
use crate::resource::{Address, Desired, FieldPath, Identity, KeyFact, PullEntry};
use options::PullSecretKeys;

/// The block type `pull_secret`.
pub(in crate::blocks) struct PullSecretBlock;

/// What a block says, and what follows from it.
pub(in crate::blocks) struct PullSecretSpec {
    keys: PullSecretKeys,
    /// The name of the Secret.
    name: String,
    /// The namespace of objects that name none.
    namespace: String,
    /// Which namespaces get the Secret besides those that are listed.
    selector: Option<LabelSelector>,
}

impl PullSecretSpec {
    /// The question for the password; `None` where nobody says where it comes from.
    fn password(&self, registry: &RegistrySpec, context: &CompileContext<'_>) -> Option<Need> {
        match registry.login(&self.keys.user, context.facts) {
            Login::Password(need) => Some(need),
            Login::Hash => {
                let source = self.keys.password.clone()?;
                Some(Need::Secret { source, stored_at: None })
            }
            Login::NoUser(_) | Login::Open => None,
        }
    }

    /// A draft of an object.
    fn draft(&self, block: &Block, object: Value) -> Draft {
        let addressing = Addressing::WithinBlock { block_namespace: self.namespace.clone() };
        Draft::new(block, object, addressing, &self.namespace)
    }

    /// What there is in one namespace: the Secret, and its entries in the lists of accounts.
    fn objects(&self, block: &Block, namespace: &str, login: &SecretText) -> Vec<Draft> {
        let secret = self.secret(block, namespace, login);
        let entries = self.accounts().map(|account| self.entry(block, namespace, account));
        [secret].into_iter().chain(entries).collect()
    }

    /// The accounts, each once.
    fn accounts(&self) -> impl Iterator<Item = &str> {
        let all: BTreeSet<&str> = self.keys.service_accounts.iter().map(String::as_str).collect();
        all.into_iter()
    }

    /// The entry in the list of one account. It is added when the Secret is there: a pod that starts in between would pull
    /// without it.
    fn entry(&self, block: &Block, namespace: &str, account: &str) -> Draft {
        let entry = PullEntry {
            namespace: namespace.to_owned(),
            account: account.to_owned(),
            secret: self.name.clone(),
        };
        let mut draft = self.draft(block, entry.object());
        let secret = Identity::namespaced("", "Secret", namespace, self.name.as_str());
        draft.depends_on.push(Address::object(block.address.clone(), &secret, Some(&self.namespace)));
        draft.from(block, FieldPath::keys(["spec"]), ["service_accounts"])
    }

    /// The Secret in one namespace.
    fn secret(&self, block: &Block, namespace: &str, login: &SecretText) -> Draft {
        let object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self.name, "namespace": namespace},
            "type": docker_config::SECRET_TYPE,
        });
        let mut draft = self.draft(block, object);
        let login_at = FieldPath::keys(["stringData", docker_config::KEY]);
        draft.put_secret(login_at.clone(), login);
        let is_listed = self.keys.namespaces.iter().any(|listed| listed == namespace);
        let key = if is_listed { "namespaces" } else { "namespace_selector" };
        draft
            .from(block, login_at, ["user"])
            .from(block, FieldPath::keys(["metadata", "name"]), ["name"])
            .from(block, FieldPath::keys(["metadata", "namespace"]), [key])
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

impl BlockType for PullSecretBlock {
    const KIND: &'static str = "pull_secret";
    type Keys = PullSecretKeys;
    type Spec = PullSecretSpec;

    fn read(
        &self,
        block: &Block,
        defaults: Defaults<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<PullSecretSpec> {
        let keys: PullSecretKeys = keys::read(block, mistakes)?;
        let selector = selector(block, &keys, mistakes);
        let name = keys.name.clone().unwrap_or_else(|| block.address.name.to_lowercase().replace('_', "-"));
        let spec = PullSecretSpec { keys, name, namespace: defaults.namespace.to_owned(), selector };
        rules::check(block, &spec, mistakes);
        Some(spec)
    }

    fn needs(&self, _block: &Block, spec: &PullSecretSpec, context: &CompileContext<'_>) -> Vec<Need> {
        let namespaces = spec.selector.as_ref().map(|_| Need::Namespaces);
        let registry = context.spec(&spec.keys.registry);
        let password = registry.and_then(|registry| spec.password(registry, context));
        namespaces.into_iter().chain(password).collect()
    }

    fn compile(
        &self,
        block: &Block,
        spec: &PullSecretSpec,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let Some(registry) = context.spec(&spec.keys.registry) else { return Vec::new() };
        rules::check_login(block, spec, registry, context, mistakes);
        let Some(need) = spec.password(registry, context) else { return Vec::new() };
        let password = context.facts.text(&need);
        let login =
            password.map(|password| docker_config::render(&registry.authority(), &spec.keys.user, password));
        let namespaces = namespaces::of(block, spec, context, mistakes);
        namespaces.iter().flat_map(|namespace| spec.objects(block, namespace, &login)).collect()
    }

    /// A namespace of the configuration itself may have the labels that the selector asks for.
    fn asks_for_all_objects(&self) -> bool {
        true
    }

    /// The Secret: to be written is all that an entry can be waited for.
    fn leads(&self, desired: &Desired) -> bool {
        desired.identity.is("", "Secret")
    }

    fn has_leader(&self) -> bool {
        true
    }

    fn key_facts(&self, spec: &PullSecretSpec) -> Vec<KeyFact> {
        let listed = spec.keys.namespaces.iter().map(String::as_str);
        let selected = spec.keys.namespace_selector.as_ref().map(|text| format!("those with {text}"));
        let namespaces: Vec<&str> = listed.chain(selected.as_deref()).collect();
        let accounts: Vec<&str> = spec.accounts().collect();
        vec![
            KeyFact::new("registry", spec.keys.registry.to_string()),
            KeyFact::new("user", spec.keys.user.as_str()),
            KeyFact::new("namespaces", namespaces.join(", ")),
            KeyFact::new(
                "accounts",
                if accounts.is_empty() { "none".to_owned() } else { accounts.join(", ") },
            ),
        ]
    }
}
