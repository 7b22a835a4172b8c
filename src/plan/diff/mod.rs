//! What differs between two objects.
//!
//! | file | question |
//! |---|---|
//! | `changed_users` | which users of an htpasswd file change |
//! | `compare` | which fields differ, and how list items are identified |
//! | `field_changes` | the differences as the plan shows them |
//! | `outcome` | what an object probably is after a write that nobody can ask the server about |
//! | `overlay` | a write laid over an object |
//! | `published_schema` | whether an object fits what the server publishes of its kind |
//! | `replacing_fields` | which changes replace the object |
//! | `misfit` | fields that do not fit a schema, as an error |
//! | `schema` | whether a custom resource fits the definition in the same plan |
//! | `sensitive_fields` | which fields nobody may see |
//! | `secret_values` | what these fields hold |

mod changed_users;
pub(in crate::plan) mod compare;
pub(in crate::plan) mod field_changes;
mod misfit;
pub(in crate::plan) mod outcome;
pub(in crate::plan) mod overlay;
pub(in crate::plan) mod published_schema;
pub(in crate::plan) mod replacing_fields;
pub(in crate::plan) mod schema;
pub(in crate::plan) mod secret_values;
pub(in crate::plan) mod sensitive_fields;
