//! Who certifies the registry's name: a Certificate of cert-manager, where the block names an issuer.

use serde_json::{Value, json};

use super::common::{Registry, path};
use super::options::KeyRotation;
use super::record;
use crate::blocks::draft::Draft;
use crate::blocks::types::issuer;
use crate::resource::{Address, Identity};

/// The certificate; `None` where nobody is named who signs it.
pub(super) fn object(registry: &Registry<'_>) -> Option<Draft> {
    let tls = registry.spec.options.tls.as_ref().filter(|tls| tls.issuer.is_some())?;
    let rotation = match tls.key_rotation {
        KeyRotation::Always => "Always",
        KeyRotation::Never => "Never",
    };
    let mut spec = json!({
        "secretName": registry.spec.tls_secret(),
        "dnsNames": registry.spec.hosts(),
        "privateKey": {"rotationPolicy": rotation},
        "issuerRef": registry.issuer?.reference(),
    });
    for (field, time) in [("duration", &tls.duration), ("renewBefore", &tls.renew_before)] {
        if let Some(time) = time {
            spec[field] = Value::from(time.as_str());
        }
    }
    let mut draft = registry.draft(json!({
        "apiVersion": issuer::API_VERSION,
        "kind": "Certificate",
        "metadata": registry.metadata(&registry.spec.name),
        "spec": spec,
    }));
    let given: [(&str, &[&str]); 6] = [
        ("secretName", &["tls", "secret"]),
        ("dnsNames", &["host"]),
        ("privateKey", &["tls", "key_rotation"]),
        ("issuerRef", &["tls", "issuer"]),
        ("duration", &["tls", "duration"]),
        ("renewBefore", &["tls", "renew_before"]),
    ];
    for (field, keys) in given {
        draft = registry.from(draft, path(&["spec", field]), keys);
    }
    for position in 1..registry.spec.hosts().len() {
        draft = registry.from(draft, path(&["spec", "dnsNames"]).index(position), &["tls", "names"]);
    }
    // An ACME server that looks at the name finds it.
    draft.depends_on.extend(record::address(registry));
    Some(draft)
}

/// Its address; `None` where there is none.
pub(super) fn address(registry: &Registry<'_>) -> Option<Address> {
    registry.issuer?;
    let namespace = registry.spec.namespace.as_str();
    let identity =
        Identity::namespaced("cert-manager.io", "Certificate", namespace, registry.spec.name.as_str());
    Some(Address::object(registry.block.address.clone(), &identity, Some(namespace)))
}
