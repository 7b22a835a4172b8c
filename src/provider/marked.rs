//! What carries our marks, wherever it lives.

use serde_json::Value;

use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT, PROTECT, protects};
use crate::resource::{GroupKind, Identity, Live};

/// An object that carries our annotations, whichever project it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// Which object.
    pub identity: Identity,
    /// Its uid.
    pub uid: String,
    /// The project that it names.
    pub project: String,
    /// The lineage that it names.
    pub lineage: Option<String>,
    /// The address that it names.
    pub address: Option<String>,
    /// Whether it is marked as protected.
    pub protect: bool,
    /// The object, where its name alone does not lead to it.
    pub object: Option<Value>,
}

impl Marked {
    /// What an object of a house says of itself; `None` where it carries no mark of ours.
    pub fn of(identity: &Identity, live: &Live) -> Option<Self> {
        let annotation = |key: &str| live.annotation(key).map(str::to_owned);
        Some(Self {
            identity: identity.clone(),
            uid: live.stamp.uid.clone(),
            project: annotation(PROJECT)?,
            lineage: annotation(LINEAGE),
            address: annotation(ADDRESS),
            protect: protects(live.annotation(PROTECT)),
            object: None,
        })
    }
}

/// What was seen of the objects of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkedObjects {
    /// What is there, sorted by identity.
    pub seen: Vec<Marked>,
    /// How many kinds of the cluster could be looked at.
    pub looked_at: usize,
    /// The kinds that could not be looked at, each with the reason.
    pub hidden: Vec<(GroupKind, String)>,
    /// Where only the names that the configuration and the state tell were looked at, each with the reason, as a sentence.
    pub partly: Vec<String>,
}
