//! Which records a `DNSEndpoint` asks external-dns for, and whose answers show that they are there.
//!
//! Source: <https://kubernetes-sigs.github.io/external-dns/latest/docs/sources/crd/>

use serde_json::Value;

use super::marks::{NAME_SERVERS, ZONE};
use crate::resource::Identity;
use crate::resource::record_set::{RECORD_SET, RecordValue};

/// The group of the kinds of external-dns.
pub const GROUP: &str = "externaldns.k8s.io";
/// The version in which it reads them.
pub const API_VERSION: &str = "externaldns.k8s.io/v1alpha1";
/// The kind of an object that asks for records.
pub const KIND: &str = "DNSEndpoint";

/// Records that external-dns is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRequest {
    /// Their name.
    pub name: String,
    /// The zone in which it lies.
    pub zone: String,
    /// The servers of the zone; none where the resolver is to tell them.
    pub name_servers: Vec<String>,
    /// Addresses, or one other name.
    pub values: Vec<RecordValue>,
}

impl RecordRequest {
    /// What this object asks for; `None` for one that asks for nothing, or does not say in which zone. Texts are left out:
    /// external-dns may keep some of its own at the same name.
    pub fn of(identity: &Identity, object: &Value) -> Option<Self> {
        if !is_request(identity) {
            return None;
        }
        let mark = |key: &str| object.pointer("/metadata/annotations")?.get(key)?.as_str();
        let zone = mark(ZONE)?.to_owned();
        let endpoints = object.pointer("/spec/endpoints")?.as_array()?;
        let name = endpoints.first()?.get("dnsName")?.as_str()?.to_owned();
        let servers = mark(NAME_SERVERS).unwrap_or_default().split(',');
        let name_servers = servers.filter(|server| !server.is_empty()).map(str::to_owned).collect();
        let values: Vec<RecordValue> = endpoints.iter().flat_map(values).collect();
        (!values.is_empty()).then_some(Self { name, zone, name_servers, values })
    }
}

/// Whether an object asks external-dns for records.
pub fn is_request(identity: &Identity) -> bool {
    identity.is(GROUP, KIND)
}

fn values(endpoint: &Value) -> impl Iterator<Item = RecordValue> {
    let is_text = endpoint.get("recordType").and_then(Value::as_str) == Some("TXT");
    let targets = endpoint.get("targets").and_then(Value::as_array).filter(|_| !is_text);
    let targets = targets.into_iter().flatten().filter_map(Value::as_str);
    targets.filter_map(|text| RecordValue::parse(RECORD_SET, text).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_says_what_it_asks_for_and_whom_to_ask() {
        let identity = Identity::namespaced(GROUP, KIND, "a", "x");
        let endpoint = |record_type: &str, target: &str| json!({"dnsName": "r.example.com", "recordType": record_type, "targets": [target]});
        let object = |annotations: Value, endpoints: Value| json!({"metadata": {"annotations": annotations}, "spec": {"endpoints": endpoints}});
        let both = json!([endpoint("A", "192.0.2.1"), endpoint("AAAA", "2001:db8::1")]);
        let marks = json!({ZONE: "example.com", NAME_SERVERS: "192.0.2.53,192.0.2.54:5353"});
        let request = RecordRequest::of(&identity, &object(marks, both.clone())).unwrap();
        assert_eq!((request.name.as_str(), request.zone.as_str()), ("r.example.com", "example.com"));
        assert_eq!(request.name_servers, ["192.0.2.53", "192.0.2.54:5353"]);
        assert_eq!(request.values.len(), 2);

        let zone = json!({ZONE: "example.com"});
        let none =
            [object(json!({}), both.clone()), object(zone.clone(), json!([endpoint("TXT", "a text")]))];
        for object in none {
            assert_eq!(RecordRequest::of(&identity, &object), None, "{object}");
        }
        let other = Identity::namespaced("example.com", KIND, "a", "x");
        assert_eq!(RecordRequest::of(&other, &object(zone, both)), None);
    }
}
