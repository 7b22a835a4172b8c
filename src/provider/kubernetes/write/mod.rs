//! Writing: server-side apply, deletes, and other owners for fields, each under its guard.

mod apply;
mod delete;
mod lost_write;
mod managed;
mod reassign;
mod request;
mod tries;
mod undeclared;
mod whole;

pub(in crate::provider::kubernetes) use self::apply::{preview, write};
pub(in crate::provider::kubernetes) use self::delete::delete;
pub(in crate::provider::kubernetes) use self::reassign::{JSON_PATCH, reassign};
pub(in crate::provider::kubernetes) use self::whole::preview_whole;
