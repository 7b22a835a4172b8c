//! What an object can give, and what another one can require of it.

use crate::resource::{FieldPath, GroupKind, Identity};

/// Something that one object gives and another needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Facility {
    /// The object itself.
    Object(Identity),
    /// That objects of this kind can exist (a CRD gives it).
    Kind(GroupKind),
    /// That objects of this API group are served (an `APIService` with a server of its own gives it).
    Group(String),
    /// A volume that is kept for this claim.
    VolumeFor(Identity),
    /// The rights of this service account.
    RightsOf(Identity),
    /// To be the priority class of pods that name none.
    DefaultPriority,
    /// Pods in a namespace, or perhaps pods: those of a custom resource are made by its controller.
    MakesPods {
        /// Their namespace.
        namespace: String,
    },
    /// Pods in a namespace.
    Pods {
        /// Their namespace.
        namespace: String,
        /// A label that they carry; `None` for any pods at all.
        label: Option<PodLabel>,
    },
}

/// A label of pods.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PodLabel {
    /// Its key.
    pub key: String,
    /// Its value; `None` where only the key counts.
    pub value: Option<String>,
}

/// Which objects are required: those that give something of each group, and nothing of what is excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Of each group, an object must give at least one.
    pub all_of: Vec<Vec<Facility>>,
    /// An object that gives one of these is excluded.
    pub none_of: Vec<Facility>,
}

/// How much an object needs another one. Where needs form a cycle, the weakest yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strength {
    /// It exists and works, but does its task only with the other.
    Useful,
    /// It is taken by the server, but becomes ready only with the other.
    Running,
    /// The server does not take it without the other.
    Accepted,
}

/// What an object needs, and the field that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// What is needed.
    pub needs: Selection,
    /// The field that names it.
    pub path: FieldPath,
    /// How much it is needed.
    pub strength: Strength,
    /// Whether what the needed object [selects](super::selects) is needed as well: a webhook answers only with
    /// the pods behind its Service.
    pub through: bool,
}

impl Selection {
    /// Whatever gives this.
    pub fn one(facility: Facility) -> Self {
        Self { all_of: vec![vec![facility]], none_of: Vec::new() }
    }
}
