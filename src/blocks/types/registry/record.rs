//! The record of DNS that leads to the registry, where the block names a zone for it.
//!
//! It leads to the ingress controller. The controller's own Service is asked first: so the name is there before the
//! certificate is asked for, and the Ingress comes last. Where no such Service has an address, the Ingress tells it, and comes
//! first.

use super::common::{Registry, path};
use super::spec::RegistrySpec;
use crate::blocks::block_type::CompileContext;
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::{Fact, LiveObject, Need};
use crate::blocks::ingress_controllers::Controller;
use crate::blocks::types::dns::{DnsSpec, Leading, ObjectPlace};
use crate::resource::record_set::addresses_in;
use crate::resource::{Address, Identity, LiveReference, Reference, Target};

/// What must be known of the outside.
pub(super) fn needs(spec: &RegistrySpec, dns: Option<&DnsSpec>) -> Vec<Need> {
    let Some(dns) = dns.filter(|dns| dns.is_zone()) else { return Vec::new() };
    dns.needs().into_iter().chain(services(spec)).collect()
}

/// The questions for the Services by which the controller may be reached.
fn services(spec: &RegistrySpec) -> impl Iterator<Item = Need> {
    let controller = spec.options.ingress.as_ref().and_then(super::options::Ingress::controller);
    controller.map_or(&[][..], Controller::services).iter().map(|(namespace, name)| {
        let identity = Identity::namespaced("", "Service", *namespace, *name);
        Need::Live(Target { identity, version: Some("v1".to_owned()) })
    })
}

/// The addresses of the controller's Service; none where there is no such Service, or it has none yet.
fn addresses_of_controller(registry: &Registry<'_>) -> Vec<String> {
    let found = services(registry.spec).filter_map(|need| match registry.facts.get(&need) {
        Some(Fact::Live(LiveObject::There(service))) => {
            Some(addresses_in(service.object.pointer("/status/loadBalancer/ingress")?))
        }
        _ => None,
    });
    found.into_iter().find(|addresses| !addresses.is_empty()).unwrap_or_default()
}

/// The zone in which the record is made here; `None` where there is none, or the record is a block of its own.
fn zone<'a>(registry: &Registry<'a>) -> Option<&'a DnsSpec> {
    registry
        .dns
        .filter(|dns| dns.is_zone() && !dns.asks_by_annotations() && registry.spec.options.ingress.is_some())
}

/// Whether only the Ingress tells to which address the name leads.
pub(super) fn waits_for_ingress(registry: &Registry<'_>) -> bool {
    zone(registry).is_some_and(|dns| dns.target(registry.facts).is_none())
        && addresses_of_controller(registry).is_empty()
}

/// The record; `None` where none is made here.
pub(super) fn object(registry: &Registry<'_>, context: &CompileContext<'_>) -> Option<Draft> {
    let dns = zone(registry)?;
    let leading = dns.target(registry.facts).unwrap_or_else(|| to_controller(registry));
    let draft = dns.draft(registry.block, registry.spec.host(), &leading, place(registry), context);
    let draft = registry.from(draft, path(&["metadata", "name"]), &["host"]);
    Some(registry.from(draft, path(&["spec"]), &["dns"]))
}

/// Where the ingress controller is reached.
fn to_controller(registry: &Registry<'_>) -> Leading {
    let addresses = addresses_of_controller(registry);
    if addresses.is_empty() {
        Leading::Later(Reference::Live(LiveReference { text: status_of_ingress(registry) }).mark())
    } else {
        Leading::Known(addresses)
    }
}

fn place<'a>(registry: &Registry<'a>) -> ObjectPlace<'a> {
    let addressing = Addressing::WithinBlock { block_namespace: registry.spec.namespace.clone() };
    ObjectPlace { addressing, namespace: &registry.spec.namespace, name: &registry.spec.name }
}

/// The annotations of the Ingress that ask for the record.
pub(super) fn annotations(registry: &Registry<'_>) -> Vec<(String, String)> {
    let dns = registry.dns.filter(|dns| dns.is_zone());
    dns.map_or_else(Vec::new, |dns| dns.annotations(registry.spec.host()))
}

/// `registry.main/Ingress/registry.status.loadBalancer.ingress`.
fn status_of_ingress(registry: &Registry<'_>) -> String {
    let namespace = registry.spec.namespace.as_str();
    let identity =
        Identity::namespaced("networking.k8s.io", "Ingress", namespace, registry.spec.name.as_str());
    let ingress = Address::object(registry.block.address.clone(), &identity, Some(namespace));
    format!("{ingress}.status.loadBalancer.ingress")
}

/// The address of the record; `None` where none is made here.
pub(super) fn address(registry: &Registry<'_>) -> Option<Address> {
    let identity = zone(registry)?.identity(registry.spec.host(), &place(registry));
    Some(Address::object(registry.block.address.clone(), &identity, Some(&registry.spec.namespace)))
}
