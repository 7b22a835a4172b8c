//! What a registry gives to those who refer to it, beside its keys.

use serde_json::Value;

use super::htpasswd;
use super::options::NodePort;
use super::spec::{RegistrySpec, UserSource};
use super::way::Way;
use crate::blocks::facts::{Fact, Facts};
use crate::config::Property;

const ADDRESS: &str = "address";
const USERS: &str = "users";

/// What there is.
pub(super) const PROPERTIES: &[Property] = &[
    Property {
        name: ADDRESS,
        about: "The URL at which the registry is reached: `https://HOST`, or `http://HOST` where nothing ends TLS; with \
                `node_port.port` also that port. Where it is reached within the cluster alone, or at a port that the server \
                chooses, the one of its Service: `http://NAME.NAMESPACE.svc:5000`, and port 5001 with \
                `auth.anonymous`.",
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
    let scheme = |is_encrypted: bool| if is_encrypted { "https" } else { "http" };
    let has_tls = spec.options.tls.is_some();
    let external = |is_encrypted: bool| format!("{}://{}", scheme(is_encrypted), spec.authority());
    match spec.way() {
        // A Gateway that is there already ends TLS by itself.
        Way::Gateway(gateway) => external(has_tls || gateway.class.is_none()),
        Way::Cluster | Way::NodePort(NodePort { port: None, .. }) => {
            let (scheme, port) = (scheme(spec.ends_tls()), spec.service_port());
            format!("{scheme}://{}.{}.svc:{port}", spec.name, spec.namespace)
        }
        Way::Ingress(_) | Way::LoadBalancer(_) | Way::NodePort(_) => external(has_tls),
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
