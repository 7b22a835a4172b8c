//! A choice of namespaces by their labels: each of them gets a Secret, also one that is made later.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Address, BlockAddress, Identity};

/// Which namespaces get a Secret of a block. The labels of a namespace can change at any time, so what follows from it is
/// looked up anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamespaceSelection {
    /// The block.
    pub block: BlockAddress,
    /// The namespace of the block, which its addresses do not name.
    pub namespace: String,
    /// The label selector, as `kubectl -l` takes it.
    pub selector: String,
    /// The name of the Secret.
    pub secret: String,
    /// The namespaces that get it whatever their labels.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub besides: BTreeSet<String>,
}

impl NamespaceSelection {
    /// The Secret in a namespace.
    pub fn secret_in(&self, namespace: &str) -> Identity {
        Identity::namespaced("", "Secret", namespace, self.secret.as_str())
    }

    /// Its address.
    pub fn address_in(&self, namespace: &str) -> Address {
        Address::object(self.block.clone(), &self.secret_in(namespace), Some(&self.namespace))
    }

    /// Whether an object is the Secret in one of the namespaces.
    pub fn makes(&self, address: &Address, identity: &Identity) -> bool {
        address.block == self.block && identity.is("", "Secret") && identity.name == self.secret
    }
}
