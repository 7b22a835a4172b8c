//! What proves, without asking the server, that a write would change nothing.

pub(in crate::plan) mod list_items;
pub(in crate::plan) mod ownership;
pub(in crate::plan) mod record;
