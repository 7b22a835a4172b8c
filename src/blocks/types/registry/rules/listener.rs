//! The listener of a Gateway that is there: whether it takes passwords in clear.

use serde_json::Value;

use super::Rules;
use crate::blocks::codes;
use crate::blocks::facts::{Fact, LiveObject};
use crate::blocks::types::registry::options::Gateway;
use crate::resource::Identity;

/// What is known of the listener through which a registry with users is reached.
#[derive(Debug, PartialEq, Eq)]
enum Listener {
    /// It ends TLS.
    EndsTls,
    /// It does something else, said as after "it is": `for HTTP`.
    Other(String),
    /// The Gateway has none of this name.
    Missing,
}

impl Rules<'_> {
    /// A listener of somebody else's Gateway takes no password in clear, as far as the Gateway can be read.
    pub(super) fn listener(&mut self, gateway: &Gateway) {
        let Some(need) = self.registry.spec.gateway_need().filter(|_| self.has_users()) else { return };
        let (name, identity) = (gateway.listener(), self.registry.spec.gateway(gateway));
        match self.registry.facts.get(&need) {
            Some(Fact::Live(LiveObject::There(live))) => match read(&live.object, name) {
                Listener::EndsTls => {}
                Listener::Other(what) => self.in_clear(name, &identity, &what),
                Listener::Missing => self.warn(
                    codes::UNKNOWN_REFERENCE,
                    &["gateway"],
                    format!("{} has no listener `{name}`, so nothing leads to the registry", identity.short_name()),
                    "name one of its listeners that ends TLS (`gateway.listener`)",
                ),
            },
            Some(Fact::Unknown(why) | Fact::Failed(why)) => self.warn(
                codes::NO_TLS,
                &["gateway"],
                format!(
                    "{} could not be read ({why}), so nobody knows here whether its listener `{name}` ends TLS; if not, \
                     passwords are sent in clear",
                    identity.short_name()
                ),
                "look at its listener, or let this run read Gateways there",
            ),
            // Of one that is not there yet, the plan says so.
            _ => {}
        }
    }

    fn in_clear(&mut self, listener: &str, gateway: &Identity, what: &str) {
        self.error(
            codes::PLAIN_LISTENER,
            &["gateway"],
            format!(
                "the listener `{listener}` of {} is {what}, so it would not end TLS, and passwords might be sent in clear",
                gateway.short_name()
            ),
            "name a listener of the protocol HTTPS that ends TLS (`gateway.listener`), or let a Gateway be made: `gateway.class`",
        );
    }
}

/// What a Gateway says of its listener.
fn read(gateway: &Value, name: &str) -> Listener {
    let listeners = gateway.pointer("/spec/listeners").and_then(Value::as_array);
    let found = listeners.into_iter().flatten().find(|listener| listener["name"] == name);
    let Some(listener) = found else { return Listener::Missing };
    let protocol = listener["protocol"].as_str().unwrap_or_default();
    // A listener that does not say what it does with TLS ends it.
    let mode = listener.pointer("/tls/mode").and_then(Value::as_str).unwrap_or("Terminate");
    match (protocol, mode) {
        ("HTTPS", "Terminate") => Listener::EndsTls,
        ("HTTPS" | "TLS", mode) => Listener::Other(format!("for {protocol} with the mode {mode}")),
        (protocol, _) => Listener::Other(format!("for {protocol}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_listener_for_https_that_terminates_ends_tls() {
        let gateway = json!({"spec": {"listeners": [
            {"name": "http", "protocol": "HTTP"},
            {"name": "https", "protocol": "HTTPS", "tls": {"mode": "Terminate"}},
            {"name": "usual", "protocol": "HTTPS", "tls": {}},
            {"name": "through", "protocol": "TLS", "tls": {"mode": "Passthrough"}},
        ]}});
        let read = |name: &str| read(&gateway, name);
        assert_eq!([read("https"), read("usual")], [Listener::EndsTls, Listener::EndsTls]);
        assert_eq!(read("http"), Listener::Other("for HTTP".into()));
        assert_eq!(read("through"), Listener::Other("for TLS with the mode Passthrough".into()));
        assert_eq!(read("other"), Listener::Missing);
    }
}
