//! The record of DNS that leads to the registry, where the block names a zone for it.
//!
//! Where it leads is said by the zone, or by what the registry is reached by (`record/address.rs`). An address that is known
//! beforehand, or that of a Service which another block makes, lets the record come before the certificate, and what lets requests in
//! last. Where only an object of the registry tells it, that object comes first.

mod address;

use super::common::{Registry, path};
use super::serving::Serving;
use super::spec::RegistrySpec;
use super::way::Way;
use crate::blocks::block_type::CompileContext;
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::Need;
use crate::blocks::keys::span_of;
use crate::blocks::types::dns::{DnsSpec, Leading, ObjectPlace, RecordSource};
use crate::diagnostic::Diagnostic;
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

/// The zone in which the record is made here; `None` where there is none, or the record is made by others.
fn zone<'a>(registry: &Registry<'a>) -> Option<&'a DnsSpec> {
    registry.dns.filter(|dns| dns.is_zone() && !dns.asks_by_annotations() && is_led(registry, dns))
}

/// Where the record leads: what the zone says, or else where the registry is reached.
fn leading(registry: &Registry<'_>, dns: &DnsSpec) -> Leading {
    dns.target(registry.facts).unwrap_or_else(|| address::leading(registry))
}

/// Whether the address is known only later, and is taken for one of IPv4 until then.
pub(super) fn assumes_type(registry: &Registry<'_>) -> bool {
    waits_for_address(registry) && zone(registry).is_some_and(DnsSpec::assumes_type)
}

/// Whether only an object that is made here tells to which address the name leads.
fn waits_for_address(registry: &Registry<'_>) -> bool {
    zone(registry).is_some_and(|dns| matches!(leading(registry, dns), Leading::Later(_)))
}

/// Whether it may be the Ingress alone that tells to which address the name leads.
pub(super) fn waits_for_ingress(registry: &Registry<'_>) -> bool {
    let is_ingress = matches!(registry.spec.way(), Way::Ingress(_));
    let is_said = zone(registry).is_some_and(|dns| dns.target(registry.facts).is_some());
    let may_be_ingress = is_said || address::awaited_service(registry).is_none();
    is_ingress && may_be_ingress && waits_for_address(registry)
}

/// When the Gateway of the registry is ready, if not by the rule of its kind. Where it lacks its certificate, it may never say
/// that it is programmed. So where the certificate waits for the record, and the record for the address of the Gateway, that
/// address is enough.
pub(super) fn ready_gateway(registry: &Registry<'_>) -> Option<ReadyRule> {
    let (_, field) = registry.spec.place_of_address()?;
    (registry.issuer.is_some() && waits_for_address(registry)).then(|| ReadyRule::Field(path(field)))
}

/// The record; `None` where none is made here.
pub(super) fn object(registry: &Registry<'_>, context: &CompileContext<'_>) -> Option<Draft> {
    let dns = zone(registry)?;
    let leading = leading(registry, dns);
    let draft = dns.draft(registry.block, registry.spec.host(), &leading, place(registry), context);
    let mut draft = registry.from(draft, path(&["metadata", "name"]), &["host"]);
    // Also where its address is known: the name must not lead to a Service that is gone.
    if dns.target(registry.facts).is_none() {
        draft.depends_on.extend(address::made_service(registry).map(|(_, service)| service.clone()));
    }
    Some(registry.from(draft, path(&["spec"]), &["dns"]))
}

fn place<'a>(registry: &Registry<'a>) -> ObjectPlace<'a> {
    let addressing = Addressing::WithinBlock { block_namespace: registry.spec.namespace.clone() };
    ObjectPlace { addressing, namespace: &registry.spec.namespace, name: &registry.spec.name }
}

/// The annotations that ask for the record, of whatever lets requests in.
pub(super) fn annotations(registry: &Registry<'_>) -> Vec<(String, String)> {
    let dns = registry.dns.filter(|dns| dns.is_zone());
    dns.map_or_else(Vec::new, |dns| dns.annotations(registry.spec.host()))
}

/// Pushes a warning where external-dns is not told to read what has these annotations.
pub(super) fn check_annotations(
    registry: &Registry<'_>,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let source = match registry.spec.way() {
        Way::Cluster => return,
        Way::Ingress(_) => RecordSource::Ingresses,
        Way::Gateway(_) => RecordSource::Routes,
        Way::LoadBalancer(_) | Way::NodePort(_) => RecordSource::Services,
    };
    let unread = registry.dns.and_then(|dns| dns.unread_annotations(source, context));
    mistakes.extend(unread.map(|unread| unread.at(span_of(registry.block, ["dns"]), "")));
}

/// The address of the record that a certificate waits for; `None` where none is made here. Pods that end TLS need theirs before
/// anything leads to them: it is not proved by the name.
pub(super) fn address(registry: &Registry<'_>) -> Option<Address> {
    let dns = zone(registry).filter(|_| !registry.spec.ends_tls())?;
    let identity = dns.identity(registry.spec.host(), &place(registry));
    Some(Address::object(registry.block.address.clone(), &identity, Some(&registry.spec.namespace)))
}
