//! From TOML files to one checked configuration. It asks no cluster and reads no
//! Kubernetes object.
//!
//! Files are parsed into a tree of our own ([`Node`]: value, file, span), merged and substituted there;
//! each block is then checked against the JSON Schema of its type, collecting every mistake.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `model` | What is a configuration, once it is checked? |
//! | `load` | In which order is it read, and which mistakes are told? |
//! | `inputs`, `file_names` | Which files are read, and how does the state name them? |
//! | `parse` | How does a file become a tree, and what is wrong with its TOML? |
//! | `node` | What is the tree that keeps every value's place? |
//! | `merge` | What comes of several files? |
//! | `outline`, `tables` | Which tables may stand at the top, and with which keys? |
//! | `variables` | Which value has `[variable.NAME]`? |
//! | `references`, `template` | What is put in for `${…}`? |
//! | `assemble` | How do the tables become a configuration: blocks, lifecycle, moves, addresses? |
//! | `validate` | How does a table differ from its schema, in our words? |
//! | `value_rules` | Where may unknown values and secrets stand, and what do relative paths start from? |
//! | `shape`, `markers` | What does a schema say about one place, and with which keywords of our own? |
//! | `state_settings`, `object_state`, `encryption` | Where is the state kept, and how its secret values? |
//! | `imports` | Which existing object does an address take over? |
//! | `moves` | Where has an address moved to, and what was removed? |
//! | `login` | Is there a user or a password in a URL? |
//! | `hidden` | Which lines and values does a mistake not show, because they may be secrets? |
//! | `secret_variables` | Which variables of the environment hold secrets? |
//! | `digest` | Do two configurations say the same? |
//! | `schema` | What does an editor need to complete and check a file? |
//! | `starter` | What does `regplan init` write? |
//! | `codes` | What are the mistakes called? |

mod assemble;
pub mod codes;
mod digest;
mod encryption;
mod file_names;
mod hidden;
mod imports;
mod inputs;
mod load;
mod login;
mod markers;
mod merge;
mod model;
mod moves;
mod node;
mod object_state;
mod outline;
mod parse;
mod presence;
mod references;
mod schema;
mod secret_variables;
mod shape;
mod starter;
mod state_settings;
mod tables;
mod template;
#[cfg(test)]
mod tests;
mod validate;
mod value_rules;
mod variables;

pub use assemble::{BLOCK_KEYS, duration};
pub use encryption::{Encryption, IdentitySource};
pub use imports::Import;
pub use inputs::{DEFAULT_FILE, Inputs, is_read_in_folder};
pub use load::{Loaded, load, load_head, load_text};
pub use login::without_login;
pub use markers::{BLOCK, LOGIN, PATH, PATTERN, RULE, SECRET, SECRET_SOURCE, URL, path_schema};
pub use model::{
    Block, BlockSchema, ClusterSettings, Config, DefaultedVariables, Generate, ObjectReadyRule, Output,
    Property, SecretSource,
};
pub use moves::{Moved, Moves, Removed};
pub(crate) use moves::{is_namespace, still_there};
pub use node::{Node, NodeValue, Table, TableEntry};
pub use object_state::{ObjectState, ObjectStoreKind, object_prefix_schema, store_endpoint_schema};
pub use presence::is_absent;
pub use references::SECRET_KIND;
pub use schema::schema;
pub use starter::starter;
pub use state_settings::{ClusterState, RECORDED_IN, StateSettings};
