//! An entry in the `imagePullSecrets` of a `ServiceAccount`, as a resource of its own.
//!
//! Kubernetes has that list as one field, which whoever writes it writes as a whole. Here each entry is an object, so
//! that one can be added, looked at and taken away, and those of others stay what they are.

use serde_json::{Value, json};

use super::Identity;

/// The group of such entries. Their house is beside the cluster.
pub const PULL_ENTRY_GROUP: &str = "accounts.regplan.dev";
/// The kind of such entries.
pub const PULL_ENTRY_KIND: &str = "ImagePullSecret";

/// Between the names of account and Secret. Neither of them can have it.
const BETWEEN: char = '_';

/// An entry: which Secret, in the list of which account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PullEntry {
    /// The namespace of both.
    pub namespace: String,
    /// The name of the `ServiceAccount`.
    pub account: String,
    /// The name of the Secret.
    pub secret: String,
}

impl PullEntry {
    /// The entry of this identity; `None` for anything else.
    pub fn of(identity: &Identity) -> Option<Self> {
        if !identity.is(PULL_ENTRY_GROUP, PULL_ENTRY_KIND) {
            return None;
        }
        let (account, secret) = identity.name.split_once(BETWEEN)?;
        let namespace = identity.namespace.clone()?;
        Some(Self { namespace, account: account.to_owned(), secret: secret.to_owned() })
    }

    /// The entry as an object.
    pub fn object(&self) -> Value {
        let Self { namespace, account, secret } = self;
        json!({
            "apiVersion": format!("{PULL_ENTRY_GROUP}/v1"),
            "kind": PULL_ENTRY_KIND,
            "metadata": {"name": format!("{account}{BETWEEN}{secret}"), "namespace": namespace},
            "spec": {"account": account, "secret": secret},
        })
    }

    /// The account.
    pub fn account(&self) -> Identity {
        Identity::namespaced("", "ServiceAccount", self.namespace.as_str(), self.account.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_known_by_its_name_whatever_dots_that_has() {
        let entry = PullEntry { namespace: "a".into(), account: "b.c".into(), secret: "d.e-f".into() };
        let identity = Identity::of(&entry.object()).unwrap();
        assert_eq!(PullEntry::of(&identity), Some(entry));
        assert_eq!(PullEntry::of(&Identity::namespaced("", "Secret", "a", "b_c")), None);
    }
}
