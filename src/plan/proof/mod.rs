//! What proves, without asking the server, that a write would change nothing.
//!
//! | file | question |
//! |---|---|
//! | `record` | does the record of the last apply prove it? |
//! | `ownership` | do the object and its managed fields prove it? |
//! | `list_items` | which items of a list are ours? |

mod list_items;
pub(in crate::plan) mod ownership;
pub(in crate::plan) mod record;
