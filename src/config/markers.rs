//! The keywords of our own in the JSON Schemas of blocks.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Marks a text as a path: a relative one is made absolute from the folder of the file that names it.
pub const PATH: &str = "x-path";
/// Marks a text as a pattern of paths. A block sees it as it is written, with the folder of the file that names it
/// beside it ([`Sources::folder`](crate::diagnostic::Sources::folder)): nothing in a folder's name is a pattern.
pub const PATTERN: &str = "x-pattern";
/// Marks a text as a URL: a user or a password in it would be a secret in clear.
pub const URL: &str = "x-url";
/// Says in words where the login belongs that somebody has put into such a URL: ``the keys are `access_key` and `secret_key` ``.
pub const LOGIN: &str = "x-login";
/// Marks a schema as a source of a secret: a text in its place is a secret in clear.
pub const SECRET_SOURCE: &str = "x-secret-source";
/// Marks a text as one in which a secret may stand.
pub const SECRET: &str = "x-secret";
/// Names the type of block (`"x-block": "issuer"`) whose address a text is.
pub const BLOCK: &str = "x-block";
/// Says in words what a pattern or a format demands: `lower-case letters, digits and "-"`.
pub const RULE: &str = "x-rule";

/// The schema of a path, for `#[schemars(schema_with = "…")]`: a relative one is made absolute, from the
/// folder of the file that names it, before a block sees it.
pub fn path_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "x-path": true })
}
