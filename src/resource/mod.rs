//! The nouns that every room shares: what a resource is called, what it should be, what it is.
//!
//! Objects travel as [`serde_json::Value`]; typed Kubernetes structs would drop the fields that they
//! do not know. This room knows no other room but [`diagnostic`](crate::diagnostic).
//!
//! | File | The question that it answers |
//! |---|---|
//! | `address` | How does a user name a block, and an object of a block? |
//! | `identity` | Which object is it for Kubernetes: group, kind, namespace, name? |
//! | `api_groups` | Which API groups does the house know, and which serves Kubernetes itself? |
//! | `house_groups` | Do the objects of this API group live in a house beside the cluster (DNS), and in its namespaces? |
//! | `record_set` | What is a record set of DNS, and which record marks it as ours? |
//! | `desired` | What should be there, and where does each field of it come from? |
//! | `lifecycle` | How does a block want its resources to be treated? |
//! | `key_fact` | What does a reader want to know first of something that is made? |
//! | `helm_release` | Which objects has a release of Helm, and where does Helm remember that? |
//! | `hook` | When is an object of a chart run, instead of being there for ever? |
//! | `ending_certificates` | Which certificates that a chart has made end soon? |
//! | `health` | Does an object that stays as it is do its work? |
//! | `live` | What is there, and what can go wrong with reading it? |
//! | `moment` | How is a moment written that people read? |
//! | `nesting` | How deep may an object be nested? |
//! | `ownership` | Which field manager owns which fields of a live object? |
//! | `applied` | What is remembered of the last apply? |
//! | `permit` | May this process still change the world? |
//! | `pull_entry` | What is an entry in the `imagePullSecrets` of an account, as a resource? |
//! | `selection` | Which namespaces does a block choose by their labels? |
//! | `path` | Where in an object: how is a path written, followed, set? |
//! | `path_map` | What is known of single fields of an object? |
//! | `expression` | Which value is not known yet, and what does it wait for? |
//! | `dependencies` | What does an object give to others, and what does it require of them? |
//! | `withhold` | Which values of an object are secret, and what stands for them where it is stored? |
//! | `digest` | How are texts digested, public ones and secrets? |
//! | `redactor` | How are the secrets of a run taken out of what is said? |
//! | `asked` | What is said of a question to a server, a store or a program? |

mod address;
mod api_groups;
mod applied;
mod asked;
pub mod dependencies;
mod desired;
mod digest;
mod ending_certificates;
mod expression;
mod health;
mod helm_release;
mod hook;
mod house_groups;
mod identity;
mod key_fact;
mod lifecycle;
mod live;
mod moment;
mod nesting;
mod ownership;
mod path;
mod path_map;
mod permit;
mod pull_entry;
pub mod record_set;
mod redactor;
mod selection;
mod withhold;

pub use address::{Address, AddressError, BlockAddress, ObjectName};
pub use api_groups::{GATEWAY_GROUP, is_builtin_group};
pub(crate) use applied::RecordedFields;
pub use applied::{
    Applied, Held, SentObject, all_held, foreign_items, foreign_items_beside, held, held_at, is_written_since,
};
pub use asked::{ASKED, asked, done_or_failed};
pub use desired::{Batch, Desired, FilePlace, Origin, Unchecked};
pub use digest::{Key, digest};
pub(crate) use digest::{digest_bytes, hex};
pub use ending_certificates::EndingCertificates;
pub use expression::{Encoding, Expression, LiveReference, Part, Reference, Unclosed};
pub use health::Health;
pub use helm_release::{HelmPast, HelmRecord, HelmRelease, RELEASE_NAME, RELEASE_NAMESPACE};
pub use hook::{Ending, Hook, Moment, Phase, Side};
pub use house_groups::{house_groups, house_namespaces, is_house_group};
pub use identity::{GroupKind, Identity, Target, api_version_parts};
pub use key_fact::KeyFact;
pub use lifecycle::{IgnoreRule, Lifecycle, ReadyRule, Timeouts};
pub use live::{ClusterIdentity, Live, Problem, ProblemKind, Reading, Stamp};
pub use moment::to_the_second;
pub use nesting::{DEEPEST_READ, DEEPEST_SENT, depth_of, from_json, too_deep};
pub use ownership::{FieldManager, FieldSet, ManagedEntry, Operation, Ownership};
pub use path::{FieldPath, NAMING_KEYS, PathError, Segment, has_keys};
pub use path_map::PathMap;
pub use permit::Permit;
pub use pull_entry::{PULL_ENTRY_GROUP, PULL_ENTRY_KIND, PullEntry};
pub use redactor::Redactor;
pub use selection::NamespaceSelection;
pub use withhold::{WITHHELD, withhold};
