//! A state that several machines share: one lock, one journal, one state, on any store that can compare and swap.
//!
//! | file | what is in it |
//! |---|---|
//! | `shelf` | what such a store must be able to do |
//! | `backend` | how a state is kept on a shelf |
//! | `index`, `index_reader` | which revisions there are, also where the index is damaged or missing |
//! | `lease`, `lock_record`, `tenure` | the lock: how it is taken, what it says, until when it is certainly ours |
//! | `object_shelf` | a shelf in an object store |
//! | `remark` | what the user should know while a command works |
//! | `sure` | what became of a write that was not answered |
//! | `boot_clock` | the clock by which a lock runs out |
//! | `journal_parts` | the journal of a store that can only write an item as a whole |

mod backend;
mod boot_clock;
mod index;
mod index_reader;
mod journal_parts;
mod lease;
mod lock_record;
#[cfg(test)]
pub(crate) mod memory;
mod object_shelf;
mod remark;
mod shelf;
mod sure;
mod tenure;

#[cfg(test)]
mod tests;

pub use backend::{KeyMaking, SharedBackend};
pub use index::IndexFault;
#[cfg(test)]
pub(super) use index::{Index, from_bytes as index_from_bytes};
pub use journal_parts::LAST_PART;
pub use lease::locks_released;
pub use lock_record::{LeaseTimes, LockRecord};
pub use object_shelf::{ObjectShelf, connect as connect_object_store};
pub use remark::{Remark, Telling};
pub use shelf::{Item, ItemVersion, Kept, Over, Shelf, ShelfError};
