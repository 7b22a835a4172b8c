//! What the listeners of a Gateway do with requests.
//! Source: <https://gateway-api.sigs.k8s.io/reference/spec/#listener>

use serde_json::Value;

/// What is known of a listener.
#[derive(Debug, PartialEq, Eq)]
pub enum Listener {
    /// It ends TLS.
    EndsTls,
    /// It takes plain HTTP.
    Plain,
    /// It does something else, said as after "it is": `for TLS with the mode Passthrough`.
    Other(String),
    /// The Gateway has none of this name.
    Missing,
}

/// What a Gateway says of its listener.
pub fn read(gateway: &Value, name: &str) -> Listener {
    let Some(listener) = named(gateway, name) else { return Listener::Missing };
    let protocol = listener["protocol"].as_str().unwrap_or_default();
    // A listener that does not say what it does with TLS ends it.
    let mode = listener.pointer("/tls/mode").and_then(Value::as_str).unwrap_or("Terminate");
    match (protocol, mode) {
        ("HTTPS", "Terminate") => Listener::EndsTls,
        ("HTTP", _) => Listener::Plain,
        ("HTTPS" | "TLS", mode) => Listener::Other(format!("for {protocol} with the mode {mode}")),
        (protocol, _) => Listener::Other(format!("for {protocol}")),
    }
}

/// The listener of this name.
pub fn named<'g>(gateway: &'g Value, name: &str) -> Option<&'g Value> {
    let listeners = gateway.pointer("/spec/listeners").and_then(Value::as_array);
    listeners.into_iter().flatten().find(|listener| listener["name"] == name)
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
            {"name": "tcp", "protocol": "TCP"},
        ]}});
        let read = |name: &str| read(&gateway, name);
        assert_eq!([read("https"), read("usual")], [Listener::EndsTls, Listener::EndsTls]);
        assert_eq!(read("http"), Listener::Plain);
        assert_eq!(read("through"), Listener::Other("for TLS with the mode Passthrough".into()));
        assert_eq!(read("tcp"), Listener::Other("for TCP".into()));
        assert_eq!(read("other"), Listener::Missing);
    }
}
