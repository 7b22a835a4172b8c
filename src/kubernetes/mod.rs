//! What regplan knows of Kubernetes without asking it: words and rules, as data and pure functions.
//!
//! | file | question |
//! |---|---|
//! | `marks` | which annotations are ours, and which of other tools we read |
//! | `field_manager` | under which name our fields are owned, and which names are the control plane's |
//! | `names` | what may be a name, a label, an annotation's key, a quantity |
//! | `kinds` | which kinds belong to the whole cluster, define other kinds, or hold data |
//! | `namespaces` | what every cluster, and every namespace, has without us |
//! | `cascade`, `deletion` | what else dies with an object, how long that takes, and what holds it up |
//! | `immutable` | which fields cannot change on an existing object, and what is lost when it is made anew |
//! | `atomic` | which fields are owned as a whole |
//! | `server_fields` | which fields only the server writes |
//! | `list_items` | what tells the items of a list apart, and what they are called |
//! | `secret_data` | where an object, and above all a Secret, has what nobody may see |
//! | `readiness` | when an object is ready, by its kind, and how long that may take |
//! | `conditions` | what `status.conditions` say, and about which generation |
//! | `pods`, `events` | what a cluster says about why something is not ready |
//!
//! A state in the cluster that means something goes here; how it is asked for goes into
//! [`provider::kubernetes`](crate::provider::kubernetes). This room knows [`resource`](crate::resource) and no
//! other. What objects need of each other is in [`resource::references`](crate::resource::references), and which
//! groups Kubernetes itself serves is beside the addresses ([`is_builtin_group`](crate::resource::is_builtin_group)),
//! since these are written by it.

pub mod atomic;
pub mod cascade;
pub mod conditions;
pub mod deletion;
pub mod events;
pub mod field_manager;
pub mod immutable;
pub mod kinds;
pub mod list_items;
pub mod marks;
pub mod names;
pub mod namespaces;
pub mod pods;
pub mod readiness;
pub mod secret_data;
pub mod server_fields;

pub use field_manager::field_manager;
