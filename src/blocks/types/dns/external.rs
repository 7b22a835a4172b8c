//! Records that external-dns makes: an object of the cluster says which ones.

use serde_json::{Value, json};

use super::Leading;
use super::options::DnsKeys;
use super::rules::type_of;
use crate::resource::record_set::{RECORD_SET, RecordType, RecordValue};
use crate::resource::{FieldPath, Identity};

/// The group of its kinds.
const GROUP: &str = "externaldns.k8s.io";
/// The version in which it reads them.
const API_VERSION: &str = "externaldns.k8s.io/v1alpha1";
/// The prefixes of its annotations: that of today, and the one before 0.22.
const PREFIXES: [&str; 2] = ["external-dns.kubernetes.io", "external-dns.alpha.kubernetes.io"];

/// The object that asks for the records of a name.
pub(super) fn endpoint(keys: &DnsKeys, name: &str, leading: &Leading, object: &Identity) -> Value {
    let endpoint = |record_type: RecordType, targets: Value| json!({"dnsName": name, "recordType": record_type.name(), "recordTTL": keys.ttl, "targets": targets});
    let said = type_of(keys.record_type);
    let endpoints: Vec<Value> = match (leading, said) {
        (_, Some(said)) => vec![endpoint(said, leading.value())],
        // What is known only later has a type; the rules see to that.
        (Leading::Later(_) | Leading::Unknown(_), None) => vec![endpoint(RecordType::A, leading.value())],
        (Leading::Known(values), None) => RecordType::of_kind(RECORD_SET)
            .iter()
            .map(|record_type| (*record_type, of_type(values, *record_type)))
            .filter(|(_, values)| !values.is_empty())
            .map(|(record_type, values)| endpoint(record_type, json!(values)))
            .collect(),
    };
    json!({
        "apiVersion": API_VERSION,
        "kind": "DNSEndpoint",
        "metadata": {"name": object.name, "namespace": object.namespace},
        "spec": {"endpoints": endpoints},
    })
}

fn of_type(values: &[String], record_type: RecordType) -> Vec<&str> {
    let is_it = |text: &&String| {
        RecordValue::parse(RECORD_SET, text).is_ok_and(|value| value.record_type() == record_type)
    };
    values.iter().filter(is_it).map(String::as_str).collect()
}

/// The field that takes addresses which are known later.
pub(super) fn targets() -> FieldPath {
    FieldPath::keys(["spec", "endpoints"]).index(0).key("targets")
}

/// The identity of that object.
pub(super) fn identity(namespace: &str, name: &str) -> Identity {
    Identity::namespaced(GROUP, "DNSEndpoint", namespace, name)
}

/// The annotations by which external-dns makes a record of an Ingress, for its versions of today and before.
pub(super) fn annotations(keys: &DnsKeys, host: &str) -> Vec<(String, String)> {
    let values = [("hostname", host.to_owned()), ("ttl", keys.ttl.to_string())];
    let all = PREFIXES
        .iter()
        .flat_map(|prefix| values.iter().map(move |(key, value)| (format!("{prefix}/{key}"), value.clone())));
    all.collect()
}
