//! Which users pull secrets add to a registry.

use crate::blocks::facts::HtpasswdUser;

/// The users that pull secrets with `rotate` add to those of a registry.
pub(in crate::blocks) enum PullUsers {
    /// These.
    Known(Vec<HtpasswdUser>),
    /// It is asked first where the rotations stand.
    Asking,
    /// Nobody knows, for this reason. The pull secret tells what to do about it.
    Unknown(String),
}
