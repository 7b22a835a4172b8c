//! How names are proved to an ACME server: which names a certificate is asked for, and which of them its issuer can prove.
//!
//! A name with `*` is proved by a record in DNS alone, and a solver with a selector proves what that selects.
//! Sources: <https://cert-manager.io/docs/configuration/acme/#adding-multiple-solver-types>,
//! <https://letsencrypt.org/docs/challenge-types/>

use serde_json::Value;

use super::certificates::{GROUP, is_certificate};
use super::conditions::text;
use crate::resource::{FieldPath, GATEWAY_GROUP, Identity};

/// The annotations by which cert-manager makes a certificate of an Ingress or a Gateway, each with the kind of the issuer
/// that it names; the last one names none, and cert-manager takes the issuer of its own settings.
/// Source: <https://cert-manager.io/docs/usage/ingress/#supported-annotations>
const ANNOTATIONS: [(&str, Option<&str>); 3] = [
    ("cert-manager.io/issuer", Some("Issuer")),
    ("cert-manager.io/cluster-issuer", Some("ClusterIssuer")),
    ("kubernetes.io/tls-acme", None),
];

/// Whether cert-manager makes a certificate of an Ingress or a Gateway that has this annotation.
pub fn asks_certificate(annotation: &str) -> bool {
    ANNOTATIONS.iter().any(|(key, _)| *key == annotation)
}

/// Who is to sign which names.
#[derive(Debug, PartialEq, Eq)]
pub struct AskedNames<'o> {
    /// The issuer.
    pub issuer: Identity,
    /// The names, each with its place.
    pub names: Vec<(FieldPath, &'o str)>,
}

/// The names for which this object asks a certificate; `None` where it asks for none.
pub fn asked_names<'o>(identity: &Identity, object: &'o Value) -> Option<AskedNames<'o>> {
    let (kind, name) = if is_certificate(identity) {
        let reference = object.pointer("/spec/issuerRef")?;
        let group = text(reference, "group");
        if !group.is_empty() && group != GROUP {
            return None;
        }
        let kind = text(reference, "kind");
        (if kind.is_empty() { "Issuer" } else { kind }, text(reference, "name"))
    } else {
        let annotations = object.pointer("/metadata/annotations")?;
        ANNOTATIONS.into_iter().find_map(|(key, kind)| Some((kind?, annotations.get(key)?.as_str()?)))?
    };
    let issuer = match kind {
        "ClusterIssuer" => Identity::cluster(GROUP, kind, name),
        _ => Identity::namespaced(GROUP, kind, identity.namespace.clone()?, name),
    };
    Some(AskedNames { issuer, names: names(identity, object) })
}

fn names<'o>(identity: &Identity, object: &'o Value) -> Vec<(FieldPath, &'o str)> {
    let spec = FieldPath::keys(["spec"]);
    match (identity.group.as_str(), identity.kind.as_str()) {
        (GROUP, _) => {
            let common_name = spec.key("commonName");
            let first = common_name.get(object).and_then(Value::as_str).map(|name| (common_name, name));
            first.into_iter().chain(texts(object, &spec.key("dnsNames"))).collect()
        }
        ("networking.k8s.io", "Ingress") => {
            let tables = items(object, &spec.key("tls"));
            tables.flat_map(|(path, _)| texts(object, &path.key("hosts"))).collect()
        }
        (GATEWAY_GROUP, "Gateway") => {
            let listeners = items(object, &spec.key("listeners"));
            listeners
                .filter_map(|(path, listener)| {
                    Some((path.key("hostname"), listener.get("hostname")?.as_str()?))
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

fn items<'o>(object: &'o Value, path: &FieldPath) -> impl Iterator<Item = (FieldPath, &'o Value)> + use<'o> {
    let list = path.get(object).and_then(Value::as_array);
    let path = path.clone();
    list.into_iter().flatten().enumerate().map(move |(index, item)| (path.index(index), item))
}

fn texts<'o>(object: &'o Value, path: &FieldPath) -> Vec<(FieldPath, &'o str)> {
    items(object, path).filter_map(|(path, item)| Some((path, item.as_str()?))).collect()
}

/// Why an issuer cannot prove a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unprovable {
    /// The name has a `*`, and the issuer proves it by HTTP.
    ByHttp,
    /// None of its solvers is for this name.
    NotSelected,
}

/// Why this issuer cannot prove the name to its ACME server; `None` where it can, or need not.
pub fn unprovable(issuer: &Value, name: &str) -> Option<Unprovable> {
    let solvers = issuer.pointer("/spec/acme/solvers")?.as_array().filter(|solvers| !solvers.is_empty())?;
    let selected: Vec<&Value> = solvers.iter().filter(|solver| selects(solver, name)).collect();
    let is_wildcard = name.starts_with("*.");
    let proves = |solver: &&&Value| solver.get("dns01").is_some() || !is_wildcard;
    match (selected.is_empty(), selected.iter().find(proves)) {
        (_, Some(_)) => None,
        (true, None) if !is_wildcard => Some(Unprovable::NotSelected),
        (true, None) if solvers.iter().all(|solver| solver.get("dns01").is_some()) => {
            Some(Unprovable::NotSelected)
        }
        (_, None) => Some(Unprovable::ByHttp),
    }
}

/// Whether a solver is for this name. Which labels it wants is not looked at.
fn selects(solver: &Value, name: &str) -> bool {
    let list = |key: &str| -> Option<Vec<&str>> {
        let list = solver.get("selector")?.get(key)?.as_array().filter(|list| !list.is_empty())?;
        Some(list.iter().filter_map(Value::as_str).collect())
    };
    let is_below =
        |zone: &str| name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'));
    let is_named = list("dnsNames").is_none_or(|names| names.contains(&name));
    is_named && list("dnsZones").is_none_or(|zones| zones.into_iter().any(is_below))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn issuer(solvers: &Value) -> Value {
        json!({"spec": {"acme": {"solvers": solvers}}})
    }

    #[test]
    fn a_name_with_a_star_is_proved_by_a_record_alone() {
        let by_http = issuer(&json!([{"http01": {}}]));
        let by_zone =
            issuer(&json!([{"dns01": {}, "selector": {"dnsZones": ["example.com"]}}, {"http01": {}}]));
        assert_eq!(unprovable(&by_http, "*.example.com"), Some(Unprovable::ByHttp));
        assert_eq!(unprovable(&by_http, "a.example.com"), None);
        for name in ["*.example.com", "a.example.com", "*.b.example.com", "a.example.org"] {
            assert_eq!(unprovable(&by_zone, name), None, "{name}");
        }
        assert_eq!(unprovable(&by_zone, "*.myexample.com"), Some(Unprovable::ByHttp));
        assert_eq!(unprovable(&json!({"spec": {"ca": {}}}), "*.example.com"), None);
        assert_eq!(unprovable(&issuer(&json!([])), "*.example.com"), None, "solvers may come from elsewhere");
    }

    #[test]
    fn a_name_outside_of_all_zones_is_not_proved() {
        let zones = issuer(&json!([{"dns01": {}, "selector": {"dnsZones": ["example.com"]}}]));
        assert_eq!(unprovable(&zones, "a.example.org"), Some(Unprovable::NotSelected));
        assert_eq!(unprovable(&zones, "*.example.org"), Some(Unprovable::NotSelected));
        let names = issuer(&json!([{"http01": {}, "selector": {"dnsNames": ["a.example.com"]}}]));
        assert_eq!(unprovable(&names, "a.example.com"), None);
        assert_eq!(unprovable(&names, "b.example.com"), Some(Unprovable::NotSelected));
    }

    #[test]
    fn names_are_asked_for_by_certificates_and_by_annotations() {
        let certificate = json!({"spec": {
            "commonName": "a.example.com", "dnsNames": ["*.example.com"], "issuerRef": {"name": "le"},
        }});
        let identity = |group: &str, kind: &str| Identity::namespaced(group, kind, "ns", "x");
        let asked = asked_names(&identity(GROUP, "Certificate"), &certificate).unwrap();
        assert_eq!(asked.issuer, Identity::namespaced(GROUP, "Issuer", "ns", "le"));
        let places: Vec<String> = asked.names.iter().map(|(path, name)| format!("{path}={name}")).collect();
        assert_eq!(places, ["spec.commonName=a.example.com", "spec.dnsNames[0]=*.example.com"]);
        let ingress = json!({
            "metadata": {"annotations": {"cert-manager.io/cluster-issuer": "le"}},
            "spec": {"tls": [{"hosts": ["*.example.com"]}]},
        });
        let asked = asked_names(&identity("networking.k8s.io", "Ingress"), &ingress).unwrap();
        assert_eq!(asked.issuer, Identity::cluster(GROUP, "ClusterIssuer", "le"));
        assert_eq!(asked.names[0].0.to_string(), "spec.tls[0].hosts[0]");
        let by_its_settings = json!({"metadata": {"annotations": {"kubernetes.io/tls-acme": "true"}}});
        assert_eq!(asked_names(&identity("networking.k8s.io", "Ingress"), &by_its_settings), None);
        assert!(asks_certificate("kubernetes.io/tls-acme") && asks_certificate("cert-manager.io/issuer"));
        assert!(!asks_certificate("cert-manager.io/duration"));
        let others = json!({"spec": {"issuerRef": {"group": "example.com", "name": "x"}}});
        assert_eq!(asked_names(&identity(GROUP, "Certificate"), &others), None);
    }
}
