//! `[state]`: which backend, and whether its keys go with it.

use std::time::Duration;

use super::lifecycle::duration_at;
use super::{Assembly, codes};
use crate::config::node::Node;
use crate::config::state_settings::{ClusterState, StateSettings};
use crate::config::tables::{BackendName, StateTable};
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
            BackendName::Local => StateSettings::Local { path: table.path },
            BackendName::Kubernetes => StateSettings::Kubernetes(ClusterState {
                namespace: table.namespace.unwrap_or_else(|| NAMESPACE.to_owned()),
                name: table.name.unwrap_or_else(|| project.to_owned()),
                lock_duration: self.lock_duration(&node),
            }),
        }
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
