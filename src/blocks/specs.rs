//! What all blocks of a configuration say, each read once into the type of its own.

use std::any::Any;
use std::collections::BTreeMap;

use crate::resource::BlockAddress;

/// The spec of each block, by its address. A block with a mistake has none.
#[derive(Default)]
pub(super) struct Specs {
    by_address: BTreeMap<BlockAddress, Box<dyn Any + Send + Sync>>,
}

impl Specs {
    /// Adds a block's spec.
    pub(super) fn insert<S: Send + Sync + 'static>(&mut self, address: BlockAddress, spec: S) {
        self.by_address.insert(address, Box::new(spec));
    }

    /// The specs of this type, each with the address of its block.
    pub(super) fn all<S: 'static>(&self) -> impl Iterator<Item = (&BlockAddress, &S)> {
        self.by_address.iter().filter_map(|(address, spec)| Some((address, spec.downcast_ref()?)))
    }

    /// The spec of a block; `None` where it has none, or one of another type.
    pub(super) fn get<S: 'static>(&self, address: &BlockAddress) -> Option<&S> {
        self.by_address.get(address)?.downcast_ref()
    }
}
