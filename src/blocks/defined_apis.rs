//! The kinds that the blocks of a configuration define, as Helm names them: `example.com/v1`, `example.com/v1/Foo`.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use crate::kubernetes::kinds::defined_apis;
use crate::resource::BlockAddress;

/// What the blocks define.
#[derive(Debug, Default)]
pub(super) struct DefinedApis {
    blocks: BTreeMap<BlockAddress, Own>,
}

/// What one block defines.
#[derive(Debug, Default)]
struct Own {
    /// Whatever is served.
    always: BTreeSet<String>,
    /// By something that may look at what is served.
    perhaps: BTreeSet<String>,
}

impl DefinedApis {
    /// Adds what an object of a block defines; whether that was not known.
    pub(super) fn add(&mut self, block: &BlockAddress, draft: &Draft) -> bool {
        let apis = defined_apis(&draft.object);
        if apis.is_empty() {
            return false;
        }
        let own = self.blocks.entry(block.clone()).or_default();
        let known = if draft.looks_at_apis { &mut own.perhaps } else { &mut own.always };
        let before = known.len();
        known.extend(apis);
        known.len() > before
    }

    /// What a block can count on. It does not count on what it defines only where that is not served: it would define it
    /// once, and take it away with the next plan.
    pub(super) fn known_to(&self, block: &BlockAddress) -> BTreeSet<&String> {
        let always = self.blocks.values().flat_map(|own| &own.always);
        let perhaps = self.blocks.iter().filter(|(address, _)| *address != block);
        always.chain(perhaps.flat_map(|(_, own)| &own.perhaps)).collect()
    }
}
