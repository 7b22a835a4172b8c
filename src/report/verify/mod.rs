//! What came of looking at registries: text, JSON and `JUnit`.

pub(super) mod json;
pub(super) mod junit;
pub(super) mod text;
