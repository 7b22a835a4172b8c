//! The records of DNS that lead to the registry, where the block names a zone for them: one for its host, and one for each further
//! name of its certificate that lies in the zone too.
//!
//! Where they lead is said by the zone, or by what the registry is reached by (`record/address.rs`). An address that is known
//! beforehand makes the records come before the certificate, and what lets requests in last. Where only an object of the registry
//! tells it, that object comes first.

mod address;

use std::collections::BTreeSet;

use super::common::{Registry, path};
use super::serving::Serving;
use super::spec::RegistrySpec;
use super::way::Way;
use crate::blocks::block_type::CompileContext;
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::Need;
use crate::blocks::types::dns::{DnsBlock, DnsSpec, Leading, ObjectPlace};
use crate::resource::record_set::{domain_name, lies_in};
use crate::resource::{Address, ReadyRule};

/// What must be known of the outside.
pub(super) fn needs(spec: &RegistrySpec, dns: Option<&DnsSpec>, serving: Option<&Serving<'_>>) -> Vec<Need> {
    let Some(dns) = dns.filter(|dns| dns.is_zone()) else { return Vec::new() };
    dns.needs().into_iter().chain(address::needs(spec, serving)).collect()
}

/// Whether it can be said where a name in this zone is to lead.
pub(super) fn is_led(registry: &Registry<'_>, dns: &DnsSpec) -> bool {
    let is_annotated = dns.asks_by_annotations() && !matches!(registry.spec.way(), Way::Cluster);
    is_annotated || dns.target(registry.facts).is_some() || registry.spec.tells_address()
}

/// The zone in which the records are made here; `None` where there is none, or the records are made by others.
fn zone<'a>(registry: &Registry<'a>) -> Option<&'a DnsSpec> {
    registry.dns.filter(|dns| dns.is_zone() && !dns.asks_by_annotations() && is_led(registry, dns))
}

/// Where the records lead: what the zone says, or else where the registry is reached.
fn leading(registry: &Registry<'_>, dns: &DnsSpec) -> Leading {
    dns.target(registry.facts).unwrap_or_else(|| address::leading(registry))
}

/// Whether the address is known only later, and is taken for one of IPv4 until then.
pub(super) fn assumes_type(registry: &Registry<'_>) -> bool {
    waits_for_address(registry) && zone(registry).is_some_and(DnsSpec::assumes_type)
}

/// Whether only an object of the registry tells to which address the name leads.
fn waits_for_address(registry: &Registry<'_>) -> bool {
    zone(registry).is_some_and(|dns| matches!(leading(registry, dns), Leading::Later(_)))
}

/// Whether only the Ingress tells to which address the name leads.
pub(super) fn waits_for_ingress(registry: &Registry<'_>) -> bool {
    matches!(registry.spec.way(), Way::Ingress(_)) && waits_for_address(registry)
}

/// When the Gateway of the registry is ready, if not by the rule of its kind. Where it lacks its certificate, it may never say
/// that it is programmed. So where the certificate waits for the record, and the record for the address of the Gateway, that
/// address is enough.
pub(super) fn ready_gateway(registry: &Registry<'_>) -> Option<ReadyRule> {
    let (_, field) = registry.spec.place_of_address()?;
    (registry.issuer.is_some() && waits_for_address(registry)).then(|| ReadyRule::Field(path(field)))
}

/// The further names of its certificate that get a record beside its host: those in the zone that no block leads anywhere. A name with
/// `*` gets none: it would lead all other names below it here as well.
pub(super) fn further_names(
    spec: &RegistrySpec,
    dns: Option<&DnsSpec>,
    context: &CompileContext<'_>,
) -> Vec<String> {
    let Some(zone) = dns.filter(|dns| dns.is_zone()).map(DnsSpec::zone) else { return Vec::new() };
    let mut names = names_without_block(spec, context);
    names.retain(|name| lies_in(name, zone));
    names
}

/// The further names of its certificate, without those with `*`, that no block leads anywhere; in the form in which names are compared.
pub(super) fn names_without_block(spec: &RegistrySpec, context: &CompileContext<'_>) -> Vec<String> {
    let has_block = |name: &str| context.specs::<DnsBlock>().any(|(_, other)| other.name() == Some(name));
    let further = spec.hosts().into_iter().skip(1).filter_map(|name| domain_name(name).ok());
    let without: BTreeSet<String> =
        further.filter(|name| !name.starts_with("*.") && name != spec.host() && !has_block(name)).collect();
    without.into_iter().collect()
}

/// The names that have records here: the host, and the further ones.
fn names<'a>(registry: &Registry<'a>) -> impl Iterator<Item = &'a str> {
    [registry.spec.host()].into_iter().chain(registry.further_records.iter().map(String::as_str))
}

/// The records; none where they are not made here.
pub(super) fn objects(registry: &Registry<'_>, context: &CompileContext<'_>) -> Vec<Draft> {
    let Some(dns) = zone(registry) else { return Vec::new() };
    let leading = leading(registry, dns);
    let object = |name: &str| {
        let (object, key) = object_of(registry, name);
        let draft = dns.draft(registry.block, name, &leading, place(registry, &object), context);
        let draft = registry.from(draft, path(&["metadata", "name"]), key);
        registry.from(draft, path(&["spec"]), &["dns"])
    };
    names(registry).map(object).collect()
}

/// What stands for a name where its object is not called by it, and the key that gives the name.
fn object_of(registry: &Registry<'_>, name: &str) -> (String, &'static [&'static str]) {
    if name == registry.spec.host() {
        (registry.spec.name.clone(), &["host"])
    } else {
        (registry.spec.suffixed(name), &["tls", "names"])
    }
}

fn place<'a>(registry: &Registry<'a>, object: &'a str) -> ObjectPlace<'a> {
    let addressing = Addressing::WithinBlock { block_namespace: registry.spec.namespace.clone() };
    ObjectPlace { addressing, namespace: &registry.spec.namespace, name: object }
}

/// The annotations that ask for the records, of whatever lets requests in.
pub(super) fn annotations(registry: &Registry<'_>) -> Vec<(String, String)> {
    let dns = registry.dns.filter(|dns| dns.is_zone());
    dns.map_or_else(Vec::new, |dns| dns.annotations(&names(registry).collect::<Vec<_>>()))
}

/// The addresses of the records that a certificate waits for; none where they are not made here. Pods that end TLS need theirs
/// before anything leads to them: it is not proved by the name.
pub(super) fn addresses(registry: &Registry<'_>) -> Vec<Address> {
    let Some(dns) = zone(registry).filter(|_| !registry.spec.ends_tls()) else { return Vec::new() };
    let namespace = &registry.spec.namespace;
    let address = |name: &str| {
        let identity = dns.identity(name, &place(registry, &object_of(registry, name).0));
        Address::object(registry.block.address.clone(), &identity, Some(namespace))
    };
    names(registry).map(address).collect()
}
