//! Records that external-dns makes: an object of the cluster says which ones.

use serde_json::{Value, json};

use super::DnsSpec;
use super::Leading;
use super::options::DnsKeys;
use super::rules::type_of;
use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::types::chart::ChartBlock;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::marks::{NAME_SERVERS, ZONE};
use crate::kubernetes::record_requests::{API_VERSION, GROUP, KIND};
use crate::resource::record_set::{RECORD_SET, RecordType, RecordValue};
use crate::resource::{FieldPath, Identity};

/// The prefixes of its annotations: that of today, and the one before 0.22.
const PREFIXES: [&str; 2] = ["external-dns.kubernetes.io", "external-dns.alpha.kubernetes.io"];

/// The object that asks for the records of a name.
pub(super) fn endpoint(spec: &DnsSpec, name: &str, leading: &Leading, object: &Identity) -> Value {
    let keys = &spec.keys;
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
        "kind": KIND,
        "metadata": {"name": object.name, "namespace": object.namespace, "annotations": whom_to_ask(spec)},
        "spec": {"endpoints": endpoints},
    })
}

/// Whose answers show that the records are there.
fn whom_to_ask(spec: &DnsSpec) -> Value {
    let mut marks = json!({ZONE: spec.zone});
    let servers = spec.keys.external_dns.as_ref().map(|external| external.name_servers.join(","));
    if let Some(servers) = servers.filter(|servers| !servers.is_empty()) {
        marks[NAME_SERVERS] = Value::from(servers);
    }
    marks
}

/// What external-dns reads: the objects of a source, as its option `--source` names it.
#[derive(Debug, Clone, Copy)]
pub(in crate::blocks) enum RecordSource {
    Endpoints,
    Ingresses,
    Routes,
    Services,
}

impl RecordSource {
    fn name(self) -> &'static str {
        match self {
            Self::Endpoints => "crd",
            Self::Ingresses => "ingress",
            Self::Routes => "gateway-httproute",
            Self::Services => "service",
        }
    }

    fn objects(self) -> &'static str {
        match self {
            Self::Endpoints => "DNSEndpoints",
            Self::Ingresses => "Ingresses",
            Self::Routes => "HTTPRoutes",
            Self::Services => "Services",
        }
    }
}

/// A warning where the charts of this configuration bring external-dns, and none tells it to read these objects. Another one may
/// do that in the cluster.
pub(super) fn unread(source: RecordSource, context: &CompileContext<'_>) -> Option<Diagnostic> {
    let charts = context.specs::<ChartBlock>();
    let charts = charts.filter_map(|(address, chart)| Some((address, chart.record_sources.as_ref()?)));
    let charts: Vec<_> = charts.collect();
    let is_read = |sources: &[String]| sources.iter().any(|read| read == source.name());
    let (first, _) = charts.first().filter(|_| !charts.iter().any(|(_, sources)| is_read(sources)))?;
    let (objects, name) = (source.objects(), source.name());
    let message = format!(
        "`{first}` does not tell external-dns to read {objects}, by which these records are asked for"
    );
    let help =
        format!("add `\"{name}\"` to `values.sources` of `{first}`, unless another external-dns reads them");
    Some(Diagnostic::warning(codes::RECORDS_NOT_READ, message).help(help))
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
    Identity::namespaced(GROUP, KIND, namespace, name)
}

/// The annotations by which external-dns makes a record of an Ingress, for its versions of today and before.
pub(super) fn annotations(keys: &DnsKeys, host: &str) -> Vec<(String, String)> {
    let values = [("hostname", host.to_owned()), ("ttl", keys.ttl.to_string())];
    let all = PREFIXES
        .iter()
        .flat_map(|prefix| values.iter().map(move |(key, value)| (format!("{prefix}/{key}"), value.clone())));
    all.collect()
}
