//! How the registry is reached, for those who look whether it is.

use super::spec::{RegistrySpec, UserSource, password_need};
use super::way::Way;
use crate::blocks::endpoint::{Access, Endpoint, Entry, Exposed, Reach, ServedTls, Signed};
use crate::blocks::types::issuer::IssuerSpec;
use crate::kubernetes::class_controllers::nginx_size::bytes;
use crate::resource::{BlockAddress, Identity};

/// How it is reached, and who may use it. `issuer` is what the issuer's block says that signs its certificate.
pub(super) fn endpoint(block: &BlockAddress, spec: &RegistrySpec, issuer: Option<&IssuerSpec>) -> Endpoint {
    let reach = match entry(spec) {
        None => {
            Reach::Cluster { service: object(spec, "", "Service", &spec.name), port: spec.service_port() }
        }
        Some(entry) => {
            Reach::Outside(Box::new(Exposed { entry, body_limit: body_limit(spec), tls: tls(spec, issuer) }))
        }
    };
    Endpoint {
        block: block.clone(),
        host: spec.host().to_owned(),
        reach,
        access: access(spec),
        claim: spec.volume().map(|_| object(spec, "", "PersistentVolumeClaim", &spec.name)),
        pull_secrets: Vec::new(),
    }
}

fn object(spec: &RegistrySpec, group: &str, kind: &str, name: &str) -> Identity {
    Identity::namespaced(group, kind, spec.namespace.as_str(), name)
}

/// What lets requests in; `None` where nothing does.
fn entry(spec: &RegistrySpec) -> Option<Entry> {
    let service = || object(spec, "", "Service", &spec.suffixed("external"));
    match spec.way() {
        Way::Cluster => None,
        Way::Ingress(_) => Some(Entry::Object(object(spec, "networking.k8s.io", "Ingress", &spec.name))),
        Way::Gateway(gateway) => Some(Entry::Object(spec.gateway(gateway))),
        Way::LoadBalancer(_) => Some(Entry::Object(service())),
        Way::NodePort(options) => Some(Entry::Nodes { service: service(), port: options.port }),
    }
}

/// What an ingress controller is told; the other ways have no limit.
fn body_limit(spec: &RegistrySpec) -> Option<u64> {
    match spec.way() {
        Way::Ingress(ingress) => bytes(&ingress.body_size),
        Way::Cluster | Way::Gateway(_) | Way::LoadBalancer(_) | Way::NodePort(_) => None,
    }
}

fn tls(spec: &RegistrySpec, issuer: Option<&IssuerSpec>) -> Option<ServedTls> {
    let Some(options) = spec.options.tls.as_ref() else {
        let is_of_others = matches!(spec.way(), Way::Gateway(gateway) if gateway.class.is_none());
        return is_of_others.then(|| ServedTls { secret: None, names: Vec::new(), signed: None });
    };
    let secret = spec.tls_secret().map(|secret| object(spec, "", "Secret", &secret));
    let signed = spec.issuer().zip(issuer).map(|(named, issuer)| Signed {
        certificate: object(spec, "cert-manager.io", "Certificate", &spec.name),
        issuer: named.block().clone(),
        signer: issuer.signer(),
    });
    Some(ServedTls { secret, names: options.names.clone(), signed })
}

fn access(spec: &RegistrySpec) -> Access {
    match spec.users {
        UserSource::Listed => {
            Access::Users(spec.users().map(|user| (user.name.clone(), password_need(&user))).collect())
        }
        UserSource::File => Access::Hashes,
        UserSource::Nobody => Access::Anybody,
    }
}
