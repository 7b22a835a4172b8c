//! What proves, without asking the server, that a write would change nothing.
//!
//! | file | question |
//! |---|---|
//! | `by_record` | does the record of the last apply prove it? |
//! | `by_owner` | do the object and its managed fields prove it? |
//! | `content` | what did an object run with that has ended by itself? |
//! | `list_items` | which items of a list are ours? |

pub(in crate::plan) mod by_owner;
pub(in crate::plan) mod by_record;
pub(in crate::plan) mod content;
mod list_items;
