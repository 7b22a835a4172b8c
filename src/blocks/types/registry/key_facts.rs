//! What a reader of a plan wants to know of a registry first.

use super::options::{Options, Volume};
use super::spec::{RegistrySpec, UserSource};
use crate::resource::KeyFact;

/// Host, image, volume, users by name, TLS, and where it is reached.
pub(super) fn key_facts(spec: &RegistrySpec) -> Vec<KeyFact> {
    let options = &spec.options;
    let mut facts = vec![
        KeyFact::new("host", options.host.as_str()),
        KeyFact::new("image", options.image.as_str()),
        KeyFact::new("volume", volume(&options.storage.volume)),
        KeyFact::new("users", users(spec)),
    ];
    let tls = match (spec.issuer(), spec.tls_secret()) {
        (Some(issuer), _) => format!("certificate of {issuer}"),
        (None, Some(secret)) => format!("Secret {secret}"),
        (None, None) => "none".to_owned(),
    };
    facts.push(KeyFact::new("TLS", tls));
    facts.push(KeyFact::new("Ingress", exposure(options)));
    facts
}

fn volume(volume: &Volume) -> String {
    match &volume.class {
        Some(class) => format!("{} (class {class})", volume.size),
        None => format!("{} (default class)", volume.size),
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

fn exposure(options: &Options) -> String {
    match &options.ingress {
        None => "none".to_owned(),
        Some(ingress) => match &ingress.class {
            Some(class) => format!("class {class}"),
            None => "default class".to_owned(),
        },
    }
}
