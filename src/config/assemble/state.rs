//! `[state]`: which backend, and whether its keys go with it.

use std::time::Duration;

use super::lifecycle::duration_at;
use super::{Assembly, codes};
use crate::config::encryption::{Encryption, IdentitySource};
use crate::config::node::{Node, NodeValue};
use crate::config::object_state::{ObjectState, ObjectStoreKind};
use crate::config::state_settings::{ClusterState, RECORDED_IN, StateSettings};
use crate::config::tables::{
    BackendName, EncryptionTable, IdentityEnv, IdentityFile, IdentityTable, StateTable,
};
use crate::diagnostic::Diagnostic;

/// The namespace of states where none is named.
const NAMESPACE: &str = "regplan-state";
/// How long a lock lasts where nothing is said.
const LOCK_DURATION: Duration = Duration::from_secs(15);
/// Below that, a short break of the network would cost the lock.
const SHORTEST_LOCK: Duration = Duration::from_secs(5);

impl Assembly<'_> {
    /// The settings of `[state]` for this project.
    pub(super) fn state(&mut self, project: &str) -> StateSettings {
        let node = self.root.at(["state"]).cloned();
        let (Some(node), Some(table)) = (node, self.single::<StateTable>("state")) else {
            return StateSettings::default();
        };
        self.refuse_keys_of_others(&node, table.backend);
        match table.backend {
            BackendName::Local => {
                let encryption = self.encryption(&node, table.encryption);
                let recorded_in = table.namespace.unwrap_or_else(|| RECORDED_IN.to_owned());
                StateSettings::Local { path: table.path, encryption, recorded_in }
            }
            BackendName::Kubernetes => StateSettings::Kubernetes(ClusterState {
                namespace: table.namespace.unwrap_or_else(|| NAMESPACE.to_owned()),
                name: table.name.unwrap_or_else(|| project.to_owned()),
                lock_duration: self.lock_duration(&node),
            }),
            BackendName::S3 | BackendName::Gcs | BackendName::Azblob => {
                StateSettings::Objects(self.objects(&node, table, project))
            }
        }
    }

    /// The settings of a state in an object store.
    fn objects(&mut self, node: &Node, table: StateTable, project: &str) -> ObjectState {
        let StateTable { backend, bucket, account, container, prefix, region, endpoint, path_style, .. } =
            table;
        let is_of_azure = |endpoint: &str| endpoint.to_ascii_lowercase().contains("://blob.");
        let stands_in_path = |endpoint: &str| backend != BackendName::Azblob || !is_of_azure(endpoint);
        let path_style = path_style.unwrap_or_else(|| endpoint.as_deref().is_some_and(stands_in_path));
        let store = match backend {
            BackendName::Gcs => ObjectStoreKind::Gcs { endpoint },
            BackendName::Azblob => {
                let account = self.required(node, backend, "account", account);
                self.refuse_account_in_endpoint(node, &account);
                ObjectStoreKind::Azblob { account, endpoint, path_style }
            }
            _ => ObjectStoreKind::S3 { region, endpoint, path_style },
        };
        let bucket = match &store {
            ObjectStoreKind::Azblob { .. } => self.required(node, backend, "container", container),
            _ => self.required(node, backend, "bucket", bucket),
        };
        ObjectState {
            store,
            bucket,
            prefix: prefix.unwrap_or_else(|| project.to_owned()),
            lock_duration: self.lock_duration(node),
            encryption: self.encryption(node, table.encryption),
        }
    }

    /// The portal of Azure shows the address of an account, which would have the account twice.
    fn refuse_account_in_endpoint(&mut self, state: &Node, account: &str) {
        let Some(node) = state.at(["endpoint"]) else { return };
        let Some((_, host)) = node.as_str().and_then(|endpoint| endpoint.split_once("://")) else { return };
        if account.is_empty() || !host.to_ascii_lowercase().starts_with(&format!("{account}.")) {
            return;
        }
        self.mistakes.push(
            Diagnostic::error(codes::BAD_VALUE, "`state.endpoint` names the account, which `state.account` does already")
                .at(node.span, format!("expected it without `{account}.`"))
                .help("leave `endpoint` out where it ends in `.blob.core.windows.net`: that is where Azure's stores are"),
        );
    }

    /// The value of a key without which a backend has no place.
    fn required(&mut self, node: &Node, backend: BackendName, key: &str, value: Option<String>) -> String {
        value.unwrap_or_else(|| {
            let word = backend.word();
            self.mistakes.push(
                Diagnostic::error(codes::MISSING_KEY, format!("`state.{key}` is missing"))
                    .at(node.span, format!("the backend `{word}` needs it"))
                    .help(format!("add `{key} = \"NAME\"`")),
            );
            String::new()
        })
    }

    /// How secret values are kept. A recipient that is none is a mistake at its place: what is written for it nobody
    /// could open.
    fn encryption(&mut self, state: &Node, table: Option<EncryptionTable>) -> Option<Encryption> {
        let table = table?;
        let node = state.at(["encryption", "recipients"])?;
        let items = match &node.value {
            NodeValue::Array(items) => items.as_slice(),
            _ => &[],
        };
        for (item, text) in items.iter().zip(&table.recipients) {
            if let Err(reason) = text.parse::<age::x25519::Recipient>() {
                self.mistakes.push(
                    Diagnostic::error(codes::BAD_VALUE, format!("this is not a recipient of age: {reason}"))
                        .at(item.span, "expected `age1…`")
                        .help("`age-keygen` prints one, as the public key; an identity (`AGE-SECRET-KEY-1…`) does not belong here"),
                );
            }
        }
        if table.recipients.is_empty() {
            self.mistakes.push(
                Diagnostic::error(codes::BAD_VALUE, "`state.encryption` names no recipient")
                    .at(node.span, "expected at least one")
                    .help("make a key pair with `age-keygen`, and name its public key here"),
            );
        }
        let identity = table.identity.map(|identity| match identity {
            IdentityTable::Env(IdentityEnv { env }) => IdentitySource::Env(env),
            IdentityTable::File(IdentityFile { file }) => IdentitySource::File(file),
        });
        Some(Encryption { recipients: table.recipients, identity })
    }

    /// A key that only another backend has would be without effect.
    fn refuse_keys_of_others(&mut self, node: &Node, backend: BackendName) {
        let entries = node.as_table().into_iter().flat_map(|table| &table.entries);
        for (key, entry) in entries {
            if key == "backend" || backend.keys().contains(&key.as_str()) {
                continue;
            }
            let word = backend.word();
            let others: Vec<_> =
                BackendName::with(key).map(|other| format!("`backend = \"{}\"`", other.word())).collect();
            self.mistakes.push(
                Diagnostic::error(
                    codes::CONFLICTING_KEYS,
                    format!("`state.{key}` means nothing where the backend is `{word}`"),
                )
                .at(entry.key_span, "")
                .help(format!("remove it, or write {}", others.join(" or "))),
            );
        }
    }

    fn lock_duration(&mut self, state: &Node) -> Duration {
        let Some(node) = state.at(["lock_duration"]) else { return LOCK_DURATION };
        let Some(duration) = duration_at(node, self.mistakes) else { return LOCK_DURATION };
        if duration < SHORTEST_LOCK {
            let shortest = SHORTEST_LOCK.as_secs();
            self.mistakes.push(
                Diagnostic::error(codes::BAD_VALUE, "`state.lock_duration` is too short")
                    .at(node.span, format!("expected at least `{shortest}s`"))
                    .help("a lock is renewed three times in that time; a short break of the network must not cost it"),
            );
        }
        duration
    }
}
