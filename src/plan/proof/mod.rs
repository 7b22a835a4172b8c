//! What proves, without asking the server, that a write would change nothing.
//!
//! | file | question |
//! |---|---|
//! | `by_record` | does the record of the last apply prove it? |
//! | `by_owner` | do the object and its managed fields prove it? |
//! | `list_items` | which items of a list are ours? |

pub(in crate::plan) mod by_owner;
pub(in crate::plan) mod by_record;
mod list_items;
