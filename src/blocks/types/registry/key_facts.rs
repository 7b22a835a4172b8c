//! What a reader of a plan wants to know of a registry first.

use super::options::Volume;
use super::spec::{RegistrySpec, UserSource};
use super::storage::Store;
use super::way::Way;
use crate::resource::KeyFact;

/// Host, image, volume or bucket, users by name, TLS, and where it is reached.
pub(super) fn key_facts(spec: &RegistrySpec) -> Vec<KeyFact> {
    let options = &spec.options;
    let mut facts =
        vec![KeyFact::new("host", options.host.as_str()), KeyFact::new("image", options.image.as_str())];
    facts.extend(spec.store().map(storage));
    facts.push(KeyFact::new("users", users(spec)));
    let tls = match (spec.issuer(), spec.tls_secret()) {
        (Some(issuer), _) => format!("certificate of {issuer}"),
        (None, Some(secret)) => format!("Secret {secret}"),
        (None, None) => "none".to_owned(),
    };
    facts.push(KeyFact::new("TLS", tls));
    facts.push(reached(spec));
    facts
}

fn storage(store: Store<'_>) -> KeyFact {
    match store {
        Store::Volume(Volume { size, class: Some(class), .. }) => {
            KeyFact::new("volume", format!("{size} (class {class})"))
        }
        Store::Volume(volume) => KeyFact::new("volume", format!("{} (default class)", volume.size)),
        Store::Bucket(bucket) => KeyFact::new("bucket", bucket.place()),
    }
}

fn users(spec: &RegistrySpec) -> String {
    match spec.users {
        UserSource::Listed => {
            spec.options.auth.users.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
        }
        UserSource::File => match &spec.options.auth.htpasswd {
            Some(path) => format!("those of {}", path.display()),
            None => "those of a file".to_owned(),
        },
        UserSource::Nobody => "anybody".to_owned(),
    }
}

/// By which way it is reached.
fn reached(spec: &RegistrySpec) -> KeyFact {
    let of_class = |class: &Option<String>| match class {
        Some(class) => format!("class {class}"),
        None => "default class".to_owned(),
    };
    match spec.way() {
        Way::Cluster => KeyFact::new("Ingress", "none"),
        Way::Ingress(ingress) => KeyFact::new("Ingress", of_class(&ingress.class)),
        Way::Gateway(gateway) if gateway.class.is_some() => KeyFact::new("Gateway", of_class(&gateway.class)),
        Way::Gateway(gateway) => KeyFact::new("Gateway", spec.gateway(gateway).short_name()),
        Way::LoadBalancer(balancer) => KeyFact::new("load balancer", of_class(&balancer.class)),
        Way::NodePort(port) => KeyFact::new(
            "node port",
            port.port.map_or_else(|| "a free one".to_owned(), |port| port.to_string()),
        ),
    }
}
