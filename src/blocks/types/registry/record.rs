//! The record of DNS that leads to the registry, where the block names a zone for it.
//!
//! It leads to where the registry is reached: to a Gateway, to a load balancer, or to the ingress controller. A controller's own Service is asked first: so the name is there before the
//! certificate is asked for, and the Ingress comes last. Where no such Service has an address, the Ingress tells it, and comes
//! first.

use super::common::{Registry, path};
use super::spec::RegistrySpec;
use super::way::Way;
use crate::blocks::block_type::CompileContext;
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::{Fact, LiveObject, Need};
use crate::blocks::ingress_controllers::Controller;
use crate::blocks::types::dns::{DnsSpec, Leading};
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
    registry.dns.filter(|dns| dns.is_zone() && registry.spec.tells_address())
}

/// Whether only the Ingress tells to which address the name leads.
pub(super) fn waits_for_ingress(registry: &Registry<'_>) -> bool {
    let is_ingress = matches!(registry.spec.way(), Way::Ingress(_));
    is_ingress && zone(registry).is_some() && addresses_of_controller(registry).is_empty()
}

/// The record; `None` where none is made here.
pub(super) fn object(registry: &Registry<'_>, context: &CompileContext<'_>) -> Option<Draft> {
    let dns = zone(registry)?;
    let addresses = addresses_of_controller(registry);
    let leading = if addresses.is_empty() {
        Leading::Later(Reference::Live(LiveReference { text: status(registry)? }).mark())
    } else {
        Leading::Known(addresses)
    };
    let addressing = Addressing::WithinBlock { block_namespace: registry.spec.namespace.clone() };
    let draft = dns.draft(registry.block, registry.spec.host(), &leading, addressing, context);
    let draft = registry.from(draft, path(&["metadata", "name"]), &["host"]);
    Some(registry.from(draft, path(&["spec"]), &["dns"]))
}

/// The field that tells the address: `registry.main/Ingress/registry.status.loadBalancer.ingress`.
fn status(registry: &Registry<'_>) -> Option<String> {
    let (object, field) = registry.spec.place_of_address()?;
    let namespace = Some(registry.spec.namespace.as_str());
    let object = Address::object(registry.block.address.clone(), &object, namespace);
    Some(format!("{object}.{field}"))
}

/// The address of the record that a certificate waits for; `None` where none is made here. Pods that end TLS need theirs before
/// anything leads to them: it is not proved by the name.
pub(super) fn address(registry: &Registry<'_>) -> Option<Address> {
    zone(registry).filter(|_| !registry.spec.ends_tls())?;
    let identity = DnsSpec::identity(registry.spec.host());
    Some(Address::object(registry.block.address.clone(), &identity, Some(&registry.spec.namespace)))
}
