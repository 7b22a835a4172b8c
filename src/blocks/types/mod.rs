//! The types of blocks: a file or a folder for each.
//!
//! To add one:
//!
//! 1. Write its file here: a `NameBlock` that implements [`BlockType`](super::block_type::BlockType), with the keys
//!    as a type whose documentation is that of the keys.
//! 2. Add two lines below: the `mod`, and the type in [`TYPES`].
//!
//! Its schema (`regplan schema`, completion in editors), the checks of its keys and `docs/configuration.md`
//! follow from its type. Namespaces, addresses, references, secrets, `depends_on`, `lifecycle`
//! and the rules for names are done for all types alike.

pub(super) mod chart;
pub(super) mod dns;
pub(super) mod issuer;
pub(super) mod manifest;
pub(super) mod pull_secret;
pub(super) mod registry;
pub(super) mod resource;
pub(super) mod secret;

use super::block_type::AnyBlockType;

/// Every type of block.
pub(super) const TYPES: &[&dyn AnyBlockType] = &[
    &registry::RegistryBlock,
    &pull_secret::PullSecretBlock,
    &chart::ChartBlock,
    &issuer::IssuerBlock,
    &dns::DnsBlock,
    &manifest::ManifestBlock,
    &resource::ResourceBlock,
    &secret::SecretBlock,
];
