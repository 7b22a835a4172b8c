//! What regplan knows of Kubernetes without asking a cluster: names and rules, as data and pure functions.
//!
//! | file | question |
//! |---|---|
//! | `marks` | which annotations are ours, and which of other tools we read |
//! | `field_manager` | what our field manager is called, and which ones belong to the control plane |
//! | `names` | what is a valid name, label, annotation key, quantity |
//! | `nodes` | Where are the nodes reached? |
//! | `kinds` | which kinds belong to the whole cluster, define other kinds, or hold data |
//! | `definition_schemas` | which fields of a definition are in a schema, and which schema it is, in short |
//! | `removed_apis` | which API versions Kubernetes has removed, and what took their place |
//! | `remains` | what is left of the time of Helm 2 and of old versions of cert-manager |
//! | `namespaces` | what every cluster, and every namespace, has without us |
//! | `newest_state` | the `ConfigMap` that tells which copy of a state is the newest one |
//! | `cascade`, `deletion_time` | what else is deleted with an object, how long that takes, and what holds it up |
//! | `propagation` | whether a deletion waits for what the object owns |
//! | `immutable` | which fields cannot change on an existing object, and what is lost when it is made anew |
//! | `atomic` | which fields are owned as a whole |
//! | `defaults` | which values the server fills in again, or keeps |
//! | `filled_in` | which fields of an object nobody has to write |
//! | `schema_defaults` | which fields of a custom resource hold just what its definition fills in |
//! | `controlled` | what controllers write into objects, and what an export brings along |
//! | `endpoints`, `leases` | which of them programs make for themselves, and which are a user's |
//! | `server_fields` | which fields only the server writes |
//! | `openapi` | what a server says of the fields of a kind |
//! | `quantity` | in which form an amount is stored, and which one is larger |
//! | `encoded_bytes` | which bytes a text in base64 stands for |
//! | `release` | which release of Kubernetes a version belongs to |
//! | `label_selector` | which labels a selector means |
//! | `list_items` | which keys identify the items of a list, and how a path names them |
//! | `unions` | which fields leave no place for others |
//! | `secret_data` | which fields of an object are secret, above all of a Secret |
//! | `record_requests` | which records external-dns is asked for, and whose answers show them |
//! | `readiness` | when an object is ready, by its kind, and how long that may take |
//! | `class_controllers` | which controller serves a class of Ingresses or Gateways, and where it usually is |
//! | `ingress_classes` | which class an Ingress gets that names none |
//! | `completion` | which objects end by themselves, and how they ended |
//! | `conditions` | what `status.conditions` say, and about which generation |
//! | `pull_login` | which login is in a pull Secret, and which pods are to take it first |
//! | `certificates` | what cert-manager says of a certificate that is not there, or is not renewed |
//! | `certifier` | whether cert-manager takes good requests and refuses bad ones, and what it lacks |
//! | `proofs` | which names a certificate is asked for, and which of them an issuer can prove |
//! | `certificate_texts` | which certificates are in a text, and whether one of them ends soon |
//! | `x509` | what a certificate says |
//! | `volume_stats` | how much room a volume has, as nodes say it |
//! | `registry_log`, `full_volume` | what the log of a registry says of pushes, and whether its volume is full |
//! | `pods`, `events` | what pods and events say about why something is not ready |
//!
//! Rules about what a status means go here (`readiness`); requests go into
//! [`provider::kubernetes`](crate::provider::kubernetes). This room knows [`resource`](crate::resource) and no
//! other. What objects need of each other is in [`resource::dependencies`](crate::resource::dependencies), and which
//! groups Kubernetes itself serves is beside the addresses ([`is_builtin_group`](crate::resource::is_builtin_group)),
//! since these are written by it.

pub mod atomic;
pub mod cascade;
pub mod certificate_texts;
pub mod certificates;
pub mod certifier;
pub mod class_controllers;
pub mod completion;
pub mod conditions;
pub mod controlled;
pub mod defaults;
pub mod definition_schemas;
pub mod deletion_time;
pub mod encoded_bytes;
pub mod endpoints;
pub mod events;
pub mod field_manager;
pub mod filled_in;
pub mod full_volume;
pub mod immutable;
pub mod ingress_classes;
pub mod kinds;
pub mod label_selector;
pub mod leases;
pub mod list_items;
pub mod marks;
pub mod names;
pub mod namespaces;
pub mod newest_state;
pub mod nodes;
pub mod openapi;
pub mod pods;
pub mod proofs;
pub mod propagation;
pub mod pull_login;
pub mod quantity;
pub mod readiness;
pub mod record_requests;
pub mod registry_log;
pub mod release;
pub mod remains;
pub mod removed_apis;
pub mod schema_defaults;
pub mod secret_data;
pub mod server_fields;
pub mod unions;
pub mod volume_stats;
pub mod x509;

pub use field_manager::field_manager;
