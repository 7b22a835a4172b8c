//! What the server publishes of the kinds that it cannot be asked about.

use std::collections::HashMap;

use crate::kubernetes::openapi::ObjectSchema;
use crate::resource::{GroupKind, Target};

/// The schemas that were asked for, by kind and version.
#[derive(Debug, Default)]
pub(in crate::plan) struct Schemas(HashMap<(GroupKind, Option<String>), Option<ObjectSchema>>);

impl Schemas {
    /// Takes in what the server publishes of the target's kind.
    pub(in crate::plan) fn take(&mut self, target: &Target, schema: Option<ObjectSchema>) {
        self.0.insert(key(target), schema);
    }

    /// Whether it was asked about the target's kind.
    pub(in crate::plan) fn is_known(&self, target: &Target) -> bool {
        self.0.contains_key(&key(target))
    }

    /// What it publishes, if anything.
    pub(super) fn of(&self, target: &Target) -> Option<&ObjectSchema> {
        self.0.get(&key(target))?.as_ref()
    }
}

fn key(target: &Target) -> (GroupKind, Option<String>) {
    (target.identity.group_kind(), target.version.clone())
}
