//! The Kubernetes house: client, discovery, lists, dry-runs, writes, watches, readiness.
//!
//! | file | question |
//! |---|---|
//! | `client`, `house` | what one cluster's client holds, and where each question to it is answered |
//! | `connect`: `settings`, `kubeconfig`, `proxy`, `shared` | which server, with which credentials, on which way |
//! | `server_info` | what is known of the server without asking it |
//! | `transport`: `call`, `limits`, `repetition`, `contact`, `error` | one request: deadlines, what is repeated, whether the server answers at all, what it means when no answer comes |
//! | `problem`, `quoted`, `warning` | what a refusal means, which quoted values are shown, what the server warns about |
//! | `access`, `review` | what our rights allow |
//! | `discovery`: `catalogue`, `served` | which kinds are served, and where |
//! | `schemas` | which fields a kind has |
//! | `ownership` | reads `managedFields` |
//! | `pages`, `watch`, `shallow` | a list page by page; what changes in it; objects of which only the upper levels are read |
//! | `read`: `list`, `dependents` | many objects in few requests; what else is deleted with a namespace or a definition |
//! | `write`: `apply`, `request`, `lost_write`, `tries`, `delete` | server-side apply and delete under their guards; what became of a write without an answer, and how often it is tried |
//! | `write`: `reassign`, `managed` | how fields get other owners |
//! | `wait`: `waiter`, `storage_class`, `definition` | when something is ready or gone |
//! | `shelf` | a state that is kept in the cluster |
//! | `certifier`, `seen_whole` | whether cert-manager takes and refuses what it should |
//! | `logins` | whether the pods of a registry take a login |
//! | `pods`, `full_volume` | which pods carry some labels, and what they have written; whether the volume of a registry is full |
//! | `pull_entries` | single entries in the `imagePullSecrets` of accounts: a house of their own |
//! | `wait`: `explain`, `events`, `cause`, `patience` | why something is not ready, and whether it will be |
//!
//! What needs no server to be known is in [`kubernetes`](crate::kubernetes).

mod access;
mod certifier;
mod client;
mod connect;
mod discovery;
mod full_volume;
mod house;
mod logins;
mod ownership;
mod pages;
mod pods;
mod problem;
mod pull_entries;
mod quoted;
mod read;
mod review;
mod schemas;
mod seen_whole;
mod server_info;
mod shallow;
mod shelf;
mod transport;
mod wait;
mod warning;
mod watch;
mod write;

pub use self::client::Kubernetes;
pub use self::connect::{Connections, Environment, Settings};
pub use self::pull_entries::PullEntries;
pub use self::shelf::{ClusterShelf, Ensured, Made, Manifests, keeps_a_state, manifests};
