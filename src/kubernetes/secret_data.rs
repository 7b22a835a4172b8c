//! The fields of a `Secret` that are secret.

use crate::resource::{FieldPath, Identity};

/// The maps that hold its values: base64 in the first, plain text in the second, which the server accepts and
/// never returns.
pub const MAPS: [&str; 2] = ["data", "stringData"];

/// Whether it is a Secret.
pub fn is_secret(identity: &Identity) -> bool {
    identity.is("", "Secret")
}

/// Whether the field of a Secret is one of these maps, or below one.
pub fn is_content(path: &FieldPath) -> bool {
    MAPS.iter().any(|map| path.is_below_keys(&[map]))
}
