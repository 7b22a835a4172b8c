//! The listeners of a Gateway that is there: whether they take passwords in clear, and whether they take the registry's routes.

use serde_json::Value;

use super::Rules;
use crate::blocks::codes;
use crate::blocks::facts::{Fact, LiveObject};
use crate::blocks::types::registry::options::Gateway;
use crate::resource::Identity;

/// What is known of a listener.
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
    /// The listeners of somebody else's Gateway, as far as it can be read. One that this configuration changes is not judged by
    /// what it is now.
    pub(super) fn listeners(&mut self, gateway: &Gateway) {
        let identity = self.registry.spec.gateway(gateway);
        if self.registry.declared_gateways.contains(&identity) {
            return;
        }
        let Some(need) = self.registry.spec.gateway_need() else { return };
        match self.registry.facts.get(&need) {
            Some(Fact::Live(LiveObject::There(live))) => {
                let there = There { object: &live.object, identity: &identity };
                self.main_listener(there, gateway.listener());
                if let Some(name) = &gateway.redirect_from {
                    self.redirecting_listener(there, name);
                }
            }
            Some(Fact::Unknown(why) | Fact::Failed(why)) if self.has_users() => {
                self.unread_gateway(&identity, gateway.listener(), why);
            }
            // Of one that is not there yet, the plan says so.
            _ => {}
        }
    }

    /// The listener through which the registry is reached. It takes no password in clear.
    fn main_listener(&mut self, gateway: There<'_>, name: &str) {
        match read(gateway.object, name) {
            Listener::Other(what) if self.has_users() => self.in_clear(name, gateway.identity, &what),
            Listener::Other(what) => self.open_to_all(name, gateway.identity, &what),
            Listener::EndsTls => {}
            Listener::Missing => self.warn(
                codes::UNKNOWN_REFERENCE,
                &["gateway"],
                format!(
                    "{} has no listener `{name}`, so nothing leads to the registry",
                    gateway.identity.short_name()
                ),
                "name one of its listeners that ends TLS (`gateway.listener`)",
            ),
        }
        self.refusing(gateway, ("listener", name), "the route to the registry");
    }

    /// The listener whose requests are sent on to HTTPS.
    fn redirecting_listener(&mut self, gateway: There<'_>, name: &str) {
        if read(gateway.object, name) == Listener::Missing {
            self.warn(
                codes::UNKNOWN_REFERENCE,
                &["gateway", "redirect_from"],
                format!(
                    "{} has no listener `{name}`, so nothing sends plain HTTP on to HTTPS",
                    gateway.identity.short_name()
                ),
                "name its listener for plain HTTP (`gateway.redirect_from`), or take the key out",
            );
        }
        self.refusing(gateway, ("redirect_from", name), "the route that sends plain HTTP on to HTTPS");
    }

    fn unread_gateway(&mut self, gateway: &Identity, listener: &str, why: &str) {
        self.warn(
            codes::NO_TLS,
            &["gateway"],
            format!(
                "{} could not be read ({why}), so nobody knows here whether its listener `{listener}` ends TLS; if not, \
                 passwords are sent in clear",
                gateway.short_name()
            ),
            "look at its listener, or let this run read Gateways there",
        );
    }

    /// A listener that a key names takes the routes of the registry.
    fn refusing(&mut self, gateway: There<'_>, (key, name): (&str, &str), route: &str) {
        let spec = self.registry.spec;
        let is_elsewhere = gateway.identity.namespace.as_ref() != Some(&spec.namespace);
        let place = Place { namespace: &spec.namespace, is_elsewhere, host: spec.host() };
        let Some(refusal) = found(gateway.object, name).and_then(|listener| refusal(listener, place)) else {
            return;
        };
        self.warn(
            codes::REFUSED_ROUTE,
            &["gateway", key],
            format!(
                "the listener `{name}` of {} {refusal}, so its controller refuses {route}",
                gateway.identity.short_name()
            ),
            "have whoever keeps the Gateway take it in (`allowedRoutes` and `hostname` of the listener), or name another listener",
        );
    }

    /// No password is sent to a registry for everybody. Only its address is wrong then: nobody can tell it before the Gateway was
    /// read, and an address may not change from one plan to the next.
    fn open_to_all(&mut self, listener: &str, gateway: &Identity, what: &str) {
        let host = self.registry.spec.host();
        self.warn(
            codes::PLAIN_LISTENER,
            &["gateway"],
            format!(
                "the listener `{listener}` of {} is {what}, so it does not end TLS, and the address of the registry is given as \
                 `https://{host}` all the same",
                gateway.short_name()
            ),
            "name a listener of the protocol HTTPS that ends TLS (`gateway.listener`). If plain HTTP is meant, pull from the host by \
             `http`, which clients take only where they are told so (`insecure-registries` of docker); outputs, pull secrets and `verify` \
             go on to say `https`",
        );
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

/// A Gateway that is there.
#[derive(Debug, Clone, Copy)]
struct There<'a> {
    object: &'a Value,
    identity: &'a Identity,
}

/// Where the registry is, as its Gateway sees it.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    namespace: &'a str,
    /// Whether the Gateway is in another namespace.
    is_elsewhere: bool,
    host: &'a str,
}

/// The listener of this name.
fn found<'g>(gateway: &'g Value, name: &str) -> Option<&'g Value> {
    let listeners = gateway.pointer("/spec/listeners").and_then(Value::as_array);
    listeners.into_iter().flatten().find(|listener| listener["name"] == name)
}

/// Why a listener does not take the routes of a registry, said as after its name. Labels of namespaces are not looked up: a
/// selector is judged by the name alone.
/// Source: <https://gateway-api.sigs.k8s.io/reference/spec/#allowedroutes>
fn refusal(listener: &Value, place: Place<'_>) -> Option<String> {
    let Place { namespace, is_elsewhere, host } = place;
    let from = listener.pointer("/allowedRoutes/namespaces/from").and_then(Value::as_str).unwrap_or("Same");
    let named =
        listener.pointer("/allowedRoutes/namespaces/selector/matchLabels/kubernetes.io~1metadata.name");
    let named = named.and_then(Value::as_str).filter(|named| *named != namespace);
    match (from, named) {
        ("None", _) => return Some("takes no routes".to_owned()),
        ("Same", _) if is_elsewhere => return Some("takes routes of its own namespace alone".to_owned()),
        ("Selector", Some(named)) => return Some(format!("takes routes of the namespace {named} alone")),
        _ => {}
    }
    let kinds = listener.pointer("/allowedRoutes/kinds").and_then(Value::as_array);
    if kinds.is_some_and(|kinds| !kinds.is_empty() && kinds.iter().all(|kind| kind["kind"] != "HTTPRoute")) {
        return Some("takes no routes of the kind HTTPRoute".to_owned());
    }
    let hostname = listener["hostname"].as_str().filter(|hostname| !is_for(hostname, host))?;
    Some(format!("is for the name {hostname}, and not for {host}"))
}

/// Whether a listener with this name, which may begin with `*`, serves the host.
fn is_for(hostname: &str, host: &str) -> bool {
    match hostname.strip_prefix('*') {
        Some(end) => host.len() > end.len() && host.ends_with(end),
        None => hostname.is_empty() || hostname == host,
    }
}

/// What a Gateway says of its listener.
fn read(gateway: &Value, name: &str) -> Listener {
    let Some(listener) = found(gateway, name) else { return Listener::Missing };
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

    #[test]
    fn a_listener_takes_routes_by_namespace_kind_and_name() {
        let place = Place { namespace: "reg", is_elsewhere: true, host: "r.example.com" };
        let refused = |listener: Value| refusal(&listener, place).unwrap_or_default();
        let from = |from: &str, more: Value| {
            let mut namespaces = more;
            namespaces["from"] = json!(from);
            json!({"allowedRoutes": {"namespaces": namespaces}})
        };
        assert_eq!(refused(from("All", json!({}))), "");
        assert_eq!(refused(json!({})), "takes routes of its own namespace alone");
        assert_eq!(refusal(&json!({}), Place { is_elsewhere: false, ..place }), None);
        assert_eq!(refused(from("None", json!({}))), "takes no routes");
        let name = |name: &str| json!({"selector": {"matchLabels": {"kubernetes.io/metadata.name": name}}});
        assert_eq!(refused(from("Selector", name("reg"))), "");
        assert_eq!(refused(from("Selector", name("shop"))), "takes routes of the namespace shop alone");
        assert_eq!(refused(from("Selector", json!({"selector": {"matchLabels": {"a": "b"}}}))), "");
        let all = json!({"from": "All"});
        let kinds = |kinds: &[&str]| {
            let kinds: Vec<Value> = kinds.iter().map(|kind| json!({"kind": kind})).collect();
            json!({"allowedRoutes": {"namespaces": all, "kinds": kinds}})
        };
        assert_eq!(refused(kinds(&["HTTPRoute", "GRPCRoute"])), "");
        assert_eq!(refused(kinds(&["GRPCRoute"])), "takes no routes of the kind HTTPRoute");
        let hostname = |hostname: &str| json!({"allowedRoutes": {"namespaces": all}, "hostname": hostname});
        for fits in ["r.example.com", "*.example.com", "*.com", ""] {
            assert_eq!(refused(hostname(fits)), "", "{fits}");
        }
        assert_eq!(
            refused(hostname("*.r.example.com")),
            "is for the name *.r.example.com, and not for r.example.com"
        );
        assert_eq!(
            refused(hostname("x.example.com")),
            "is for the name x.example.com, and not for r.example.com"
        );
    }
}
