//! The objects of a pull secret: in each namespace the Secret and its entries, and the passwords that are kept.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::docker_config;
use super::rotation::Turn;
use super::spec::PullSecretSpec;
use super::standing::Standing;
use crate::blocks::codes;
use crate::blocks::draft::{Addressing, Draft, lost_value};
use crate::blocks::facts::{Facts, Need, SecretText};
use crate::blocks::keys::span_of;
use crate::blocks::types::registry::spec::RegistrySpec;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;
use crate::kubernetes::marks::{LOGIN_AT, LOGIN_TRIED_AT};
use crate::kubernetes::pull_login::{KEY, SECRET_TYPE};
use crate::resource::{Address, FieldPath, Identity, PullEntry};

/// A pull secret while its objects are made.
pub(super) struct Objects<'a> {
    pub(super) block: &'a Block,
    pub(super) spec: &'a PullSecretSpec,
    pub(super) registry: &'a RegistrySpec,
    pub(super) facts: &'a Facts,
    pub(super) namespaces: BTreeSet<String>,
}

impl Objects<'_> {
    /// Those with the one user of `user`.
    pub(super) fn of_one_user(&self, password: Option<Need>, mistakes: &mut Vec<Diagnostic>) -> Vec<Draft> {
        let Some(need) = password else { return Vec::new() };
        let password = self.facts.text(&need);
        mistakes.extend(self.gap(&password));
        let login = self.login(&self.spec.keys.user, &password);
        self.namespaces
            .iter()
            .flat_map(|namespace| {
                let mut secret = self.secret(namespace, &login);
                self.mark_pods(&mut secret, LOGIN_TRIED_AT);
                self.in_namespace(secret)
            })
            .collect()
    }

    /// Those with two users in turn.
    pub(super) fn of_two_users(&self, standing: Standing, mistakes: &mut Vec<Diagnostic>) -> Vec<Draft> {
        let at = span_of(self.block, ["rotate"]);
        let kept_in = self.spec.kept_in(self.registry);
        let mistake = match standing {
            Standing::Known(turn) => {
                mistakes.extend(self.gap_of_turn(&turn));
                return self.of_turn(&turn, &kept_in);
            }
            // What is not known yet is asked; what nobody knows is no turn.
            Standing::Asking(_) => return Vec::new(),
            Standing::Unknown(reason) => {
                let message = format!("which user nodes have now is not known: {reason}");
                Diagnostic::error(codes::ROTATION_NOT_KNOWN, message)
                    .help("give the right to read these Secrets, and plan again")
            }
            Standing::Lost => {
                let reason = format!("the {kept_in} is not there any more");
                lost_value(&self.block.address.to_string(), &reason, &self.address(&kept_in))
            }
            Standing::Incomplete(user) => {
                let message =
                    format!("nodes have the user `{user}`, and the {kept_in} has no password of it any more");
                Diagnostic::error(codes::LOST_SECRET, message)
                    .help(format!("restore it, or agree to new ones: `--replace {}`", self.address(&kept_in)))
            }
            Standing::Unfinished(words) => {
                let words = list(words.iter().map(String::as_str));
                let message = format!(
                    "the last rotation of `{}` has not ended: nodes have both users",
                    self.block.address
                );
                Diagnostic::error(codes::ROTATION_NOT_ENDED, message).help(format!(
                    "set `rotate` to the newer one of {words} and apply; then begin the next rotation"
                ))
            }
        };
        mistakes.push(mistake.at(at, ""));
        Vec::new()
    }

    fn of_turn(&self, turn: &Turn, kept_in: &Identity) -> Vec<Draft> {
        let mut kept = self.draft(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": kept_in.name, "namespace": kept_in.namespace},
            "type": "Opaque",
        }));
        for made in turn.all() {
            let at = FieldPath::keys(["stringData", made.key().as_str()]);
            kept.put_secret(at.clone(), &self.facts.text(&made.need(kept_in)));
            kept = kept.from(self.block, at, ["rotate"]);
        }
        let password = self.facts.text(&turn.current.need(kept_in));
        let login = self.login(&turn.current.side.user(&self.spec.keys.user), &password);
        let secrets = self.namespaces.iter().flat_map(|namespace| {
            let mut secret = self.secret(namespace, &login);
            self.mark_pods(&mut secret, LOGIN_AT);
            // A password that nodes have is kept before they have it.
            secret.depends_on.push(self.address(kept_in));
            self.in_namespace(secret)
        });
        [kept].into_iter().chain(secrets).collect()
    }

    /// The text for nodes.
    fn login(&self, user: &str, password: &SecretText) -> SecretText {
        password.map(|password| docker_config::render(&self.registry.authority(), user, password))
    }

    /// Notes which pods are asked before the Secret is written.
    fn mark_pods(&self, secret: &mut Draft, mark: &str) {
        let mark = FieldPath::keys(["metadata", "annotations", mark]);
        mark.set(&mut secret.object, Value::from(self.registry.login_pods().to_string()));
    }

    /// A Secret, and its entries in the lists of accounts.
    fn in_namespace(&self, secret: Draft) -> Vec<Draft> {
        let namespace =
            secret.object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
        let entries: Vec<Draft> =
            self.spec.accounts().map(|account| self.entry(namespace, account)).collect();
        [secret].into_iter().chain(entries).collect()
    }

    /// The Secret in one namespace.
    fn secret(&self, namespace: &str, login: &SecretText) -> Draft {
        let mut draft = self.draft(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self.spec.name, "namespace": namespace},
            "type": SECRET_TYPE,
        }));
        let login_at = FieldPath::keys(["stringData", KEY]);
        draft.put_secret(login_at.clone(), login);
        let is_listed = self.spec.keys.namespaces.iter().any(|listed| listed == namespace);
        let key = if is_listed { "namespaces" } else { "namespace_selector" };
        let user = if self.spec.keys.rotate.is_some() { "rotate" } else { "user" };
        draft
            .from(self.block, login_at, [user])
            .from(self.block, FieldPath::keys(["metadata", "name"]), ["name"])
            .from(self.block, FieldPath::keys(["metadata", "namespace"]), [key])
    }

    /// The entry in the list of one account. It is added when the Secret is there: a pod that starts in between would pull
    /// without it.
    fn entry(&self, namespace: &str, account: &str) -> Draft {
        let entry = PullEntry {
            namespace: namespace.to_owned(),
            account: account.to_owned(),
            secret: self.spec.name.clone(),
        };
        let mut draft = self.draft(entry.object());
        draft.depends_on.push(self.address(&self.spec.secret_in(namespace)));
        draft.from(self.block, FieldPath::keys(["spec"]), ["service_accounts"])
    }

    fn address(&self, identity: &Identity) -> Address {
        Address::object(self.block.address.clone(), identity, Some(&self.spec.namespace))
    }

    fn draft(&self, object: Value) -> Draft {
        let addressing = Addressing::WithinBlock { block_namespace: self.spec.namespace.clone() };
        Draft::new(self.block, object, addressing, &self.spec.namespace)
    }
}
