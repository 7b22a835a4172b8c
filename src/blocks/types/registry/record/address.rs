//! At which address a registry is reached, for the record that leads there.
//!
//! An ingress controller's own Service is asked first, where the class is the usual one of that controller: so the name is there
//! before the certificate is asked for. Where this configuration makes that Service, it is waited for. A Gateway that somebody else made is asked as well. What the registry makes by itself tells its address in its status, once it is there.

use crate::blocks::facts::{Fact, LiveObject, Need};
use crate::blocks::types::dns::Leading;
use crate::blocks::types::registry::common::Registry;
use crate::blocks::types::registry::serving::Serving;
use crate::blocks::types::registry::spec::RegistrySpec;
use crate::blocks::types::registry::way::Way;
use crate::resource::record_set::addresses_in;
use crate::resource::{Address, Identity, LiveReference, Reference, Target};

/// What must be known of the outside.
pub(super) fn needs(spec: &RegistrySpec, serving: Option<&Serving<'_>>) -> Vec<Need> {
    match spec.way() {
        Way::Ingress(_) => serving.into_iter().flat_map(services).collect(),
        Way::Gateway(_) => spec.gateway_need().into_iter().collect(),
        Way::Cluster | Way::LoadBalancer(_) | Way::NodePort(_) => Vec::new(),
    }
}

/// The questions for the Services by which the controller may be reached.
fn services(serving: &Serving<'_>) -> impl Iterator<Item = Need> {
    usual_services(serving).map(live)
}

/// The Services by which the controller may be reached. Where nobody knows the class, or it is not the usual one, nobody knows by
/// which installation the registry is reached before the Ingress says so.
fn usual_services(serving: &Serving<'_>) -> impl Iterator<Item = Identity> {
    let usual = serving.class_name().zip(serving.controller());
    let known = usual.map_or(&[][..], |(class, controller)| controller.services(class));
    known.iter().map(|(namespace, name)| Identity::namespaced("", "Service", *namespace, *name))
}

fn live(identity: Identity) -> Need {
    Need::Live(Target { identity, version: Some("v1".to_owned()) })
}

/// Where the registry is reached.
pub(super) fn leading(registry: &Registry<'_>) -> Leading {
    let made = made_service(registry);
    let asked = match &made {
        // The others are those of another installation.
        Some((service, _)) => vec![live(service.clone())],
        None => needs(registry.spec, registry.serving),
    };
    let found = asked.into_iter().map(|need| told(registry, &need));
    if let Some(known) = found.into_iter().find(|addresses| !addresses.is_empty()) {
        return Leading::Known(known);
    }
    if let Some(service) = awaited_service(registry) {
        return Leading::Later(reference(service, "status.loadBalancer.ingress"));
    }
    match registry.spec.place_of_address() {
        Some((object, field)) => {
            let namespace = Some(registry.spec.namespace.as_str());
            let object = Address::object(registry.block.address.clone(), &object, namespace);
            Leading::Later(reference(&object, &field.join(".")))
        }
        None => Leading::Unknown(why_unknown(registry)),
    }
}

/// The Service of the controller that this configuration makes itself, and to which a load balancer is to lead.
pub(super) fn made_service<'a>(registry: &Registry<'a>) -> Option<(Identity, &'a Address)> {
    let Way::Ingress(_) = registry.spec.way() else { return None };
    let mut usual = usual_services(registry.serving?);
    usual.find_map(|service| Some((service.clone(), registry.declared_balancers.get(&service)?)))
}

/// That Service where it is not there yet, so that its address is waited for. One that is there without an address may never get
/// one: then the Ingress may have another address.
pub(super) fn awaited_service<'a>(registry: &Registry<'a>) -> Option<&'a Address> {
    let (service, address) = made_service(registry)?;
    let is_to_come = match registry.facts.get(&live(service)) {
        Some(Fact::Live(LiveObject::Absent | LiveObject::NotAsked)) | None => true,
        Some(_) => false,
    };
    is_to_come.then_some(address)
}

/// The addresses that an object of the cluster tells; none where it is not there, or has none yet.
fn told(registry: &Registry<'_>, need: &Need) -> Vec<String> {
    match registry.facts.get(need) {
        Some(Fact::Live(LiveObject::There(live))) => {
            live.object.get("status").map_or_else(Vec::new, addresses_in)
        }
        _ => Vec::new(),
    }
}

/// The field that tells the address: `registry.main/Ingress/registry.status.loadBalancer.ingress`.
fn reference(object: &Address, field: &str) -> String {
    Reference::Live(LiveReference { text: format!("{object}.{field}") }).mark()
}

/// Why nobody knows where a Gateway of others is reached.
fn why_unknown(registry: &Registry<'_>) -> String {
    let Way::Gateway(gateway) = registry.spec.way() else {
        return "nothing of the registry tells where the name is to lead".to_owned();
    };
    let identity = registry.spec.gateway(gateway);
    match registry.spec.gateway_need().and_then(|need| registry.facts.get(&need)) {
        Some(Fact::Live(LiveObject::There(_))) => format!("{} has no address yet", identity.short_name()),
        Some(Fact::Live(LiveObject::NotAsked)) | None => "no cluster is asked here".to_owned(),
        Some(Fact::Unknown(reason) | Fact::Failed(reason)) => reason.clone(),
        Some(_) => format!("{} is not there", identity.short_name()),
    }
}
