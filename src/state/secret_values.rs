//! The secret values of a revision, which the revision itself does not have.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::resource::{Address, Desired, FieldPath};

/// Secret values of resources, by the fields that they stand in. Its `Debug` form shows none.
#[derive(Clone, Default, PartialEq)]
pub struct SecretValues(BTreeMap<Address, Fields>);

/// The secret values of one resource.
pub(super) type Fields = BTreeMap<FieldPath, Value>;

impl SecretValues {
    /// Adds those of what was desired that stand in these fields.
    pub fn add<'p>(&mut self, desired: &Desired, fields: impl IntoIterator<Item = &'p FieldPath>) {
        let value = |path: &FieldPath| Some((path.clone(), path.get(&desired.object)?.clone()));
        // What became known only after the write was not in the desired object.
        let is_known = |path: &&FieldPath| desired.unresolved.nearest(path).is_none();
        let fields: Fields = fields.into_iter().filter(is_known).filter_map(value).collect();
        if !fields.is_empty() {
            self.0.insert(desired.address.clone(), fields);
        }
    }

    /// The value that a field had.
    pub fn get(&self, address: &Address, field: &FieldPath) -> Option<&Value> {
        self.0.get(address)?.get(field)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn by_resource(&self) -> impl Iterator<Item = (&Address, &Fields)> {
        self.0.iter()
    }
}

impl FromIterator<(Address, Fields)> for SecretValues {
    fn from_iter<I: IntoIterator<Item = (Address, Fields)>>(resources: I) -> Self {
        Self(resources.into_iter().collect())
    }
}

impl fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretValues").finish_non_exhaustive()
    }
}
