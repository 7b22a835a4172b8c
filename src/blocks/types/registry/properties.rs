//! What a registry gives to those who refer to it, beside its keys.

use serde_json::Value;

use super::config_yml::PORT;
use super::htpasswd;
use super::spec::{RegistrySpec, UserSource};
use crate::blocks::facts::{Fact, Facts};
use crate::config::Property;

const ADDRESS: &str = "address";
const USERS: &str = "users";

/// What there is.
pub(super) const PROPERTIES: &[Property] = &[
    Property {
        name: ADDRESS,
        about: "The URL at which the registry is reached: `https://HOST` with `tls`, `http://HOST` with `ingress` alone; \
                without an Ingress the one of its Service, `http://NAME.NAMESPACE.svc:5000`.",
    },
    Property {
        name: USERS,
        about: "The names of the users, as a list: those of `auth.users` or of the file `auth.htpasswd`, without those \
                that a pull secret adds; empty for a registry without users.",
    },
];

/// The value of one.
pub(super) fn property(spec: &RegistrySpec, name: &str, facts: &Facts) -> Option<Value> {
    match name {
        ADDRESS => Some(Value::from(address(spec))),
        USERS => users(spec, facts).map(Value::from),
        _ => None,
    }
}

fn address(spec: &RegistrySpec) -> String {
    match (&spec.options.ingress, &spec.options.tls) {
        (Some(_), Some(_)) => format!("https://{}", spec.host()),
        (Some(_), None) => format!("http://{}", spec.host()),
        (None, _) => format!("http://{}.{}.svc:{PORT}", spec.name, spec.namespace),
    }
}

fn users(spec: &RegistrySpec, facts: &Facts) -> Option<Vec<String>> {
    match spec.users {
        UserSource::Listed => Some(spec.options.auth.users.keys().cloned().collect()),
        UserSource::Nobody => Some(Vec::new()),
        UserSource::File => match facts.get(&spec.htpasswd_file()?)? {
            Fact::File(text) => Some(htpasswd::user_names(text)),
            _ => None,
        },
    }
}
