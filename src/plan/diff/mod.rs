//! What differs between two objects.
//!
//! | file | question |
//! |---|---|
//! | `changed_users` | which users of an htpasswd file change |
//! | `compare` | which fields differ, and how list items are identified |
//! | `field_changes` | the differences as the plan shows them |
//! | `overlay` | what an object probably is after a write that nobody can ask the server about |
//! | `replacing_fields` | which changes replace the object |
//! | `schema` | whether a custom resource fits the definition in the same plan |
//! | `sensitive_fields` | which fields nobody may see |
//! | `secret_values` | what these fields hold |

mod changed_users;
pub(in crate::plan) mod compare;
pub(in crate::plan) mod field_changes;
pub(in crate::plan) mod overlay;
pub(in crate::plan) mod replacing_fields;
pub(in crate::plan) mod schema;
pub(in crate::plan) mod secret_values;
pub(in crate::plan) mod sensitive_fields;
