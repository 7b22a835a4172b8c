//! How a difference is known.

use serde::{Deserialize, Serialize};

use crate::resource::{Address, FieldPath, GroupKind};

/// How a difference is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "reason")]
pub enum Fidelity {
    /// It was read, and nothing more is needed to know (deletes, shared namespaces).
    Observed,
    /// It was read, and what was read proves that nothing changes.
    Proved(Proof),
    /// The server was asked, and said what it would do.
    DryRun,
    /// The server could not be asked; this says why.
    Predicted(PredictionReason),
}

/// What proves that a resource is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The record of the last apply: the same is sent, and what came of it is still there.
    Record,
    /// The object itself: it holds every field that is sent, and we own just these.
    Ownership,
}

/// Why the server could not be asked what a write would change. The words are in `report::reason`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PredictionReason {
    /// This plan creates the namespace.
    NamespaceCreated {
        /// Its name.
        namespace: String,
    },
    /// The namespace is not there, and something stands against creating it.
    NamespaceMissing {
        /// Its name.
        namespace: String,
    },
    /// This plan creates the definition of the kind.
    KindCreated {
        /// The kind that is defined.
        defined: GroupKind,
    },
    /// This plan changes the definition of the kind.
    KindChanged {
        /// The kind that is defined.
        defined: GroupKind,
    },
    /// The definition of the kind is not there, and something stands against creating it.
    KindMissing {
        /// The kind that is not defined.
        defined: GroupKind,
    },
    /// It takes a value from a field that has none before the apply.
    ValuePending {
        /// The resource that has the field.
        address: Address,
        /// The field.
        field: FieldPath,
    },
    /// It takes a value from something that is not there.
    DanglingReference {
        /// The reference as it is written.
        reference: String,
    },
    /// The server does not take dry-runs of this write.
    DryRunRefused {
        /// What the server said.
        message: String,
    },
    /// Our rights do not allow a dry-run.
    Forbidden {
        /// What the server said.
        message: String,
    },
}
