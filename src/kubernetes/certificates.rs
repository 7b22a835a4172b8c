//! What cert-manager says about a certificate that is not there yet, or that is not renewed.
//!
//! A Certificate says little itself. Its `CertificateRequest` says whether the issuer is there and signs; of an ACME
//! server, the request's Order and the order's Challenges say which name could not be proved, and why.
//! Source: <https://cert-manager.io/docs/troubleshooting/acme/>

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::conditions::{condition, status, text};
use crate::resource::{GroupKind, Identity};

/// The group of certificates and issuers.
pub const GROUP: &str = "cert-manager.io";
/// The group of orders and challenges.
pub const ACME_GROUP: &str = "acme.cert-manager.io";

/// Whether it is a certificate.
pub fn is_certificate(identity: &Identity) -> bool {
    identity.is(GROUP, "Certificate")
}

/// Whether it signs certificates.
pub fn is_issuer(identity: &Identity) -> bool {
    ["Issuer", "ClusterIssuer"].iter().any(|kind| identity.is(GROUP, kind))
}

/// Whether objects of this kind of cert-manager belong to the whole cluster.
pub fn is_cluster_kind(kind: &GroupKind) -> bool {
    kind.group == GROUP && kind.kind == "ClusterIssuer"
}

/// The issuer whose certificate a Secret keeps, by what cert-manager notes in its metadata; `None` for any other object.
/// Source: <https://cert-manager.io/docs/reference/annotations/#cert-manageriocertificate-name>
pub fn issuer_of_kept(identity: &Identity, metadata: &Value) -> Option<String> {
    let annotations = metadata.get("annotations").filter(|_| identity.is("", "Secret"))?;
    let note = |key: &str| annotations.get(key).and_then(Value::as_str);
    note("cert-manager.io/certificate-name")?;
    note("cert-manager.io/issuer-name").map(str::to_owned)
}

/// How much later than planned a renewal may be until somebody should look. cert-manager waits an hour after the first
/// request that failed.
/// Source: <https://cert-manager.io/docs/faq/#what-happens-if-a-renewal-doesnt-happen>
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// What a Certificate that was issued says of its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// All is well: it holds until then.
    InTime {
        /// The end.
        ends: Timestamp,
    },
    /// It holds until then, and the last try to renew it has failed.
    Failing {
        /// The end.
        ends: Timestamp,
        /// What cert-manager says.
        reason: String,
    },
    /// It still holds, and nobody has renewed it when it was time.
    Overdue {
        /// When it was time.
        since: Timestamp,
    },
    /// It has ended.
    Expired {
        /// When.
        ends: Timestamp,
    },
}

impl Renewal {
    /// What is wrong, as the certificate of an object that is not well says it; `None` where nothing is.
    pub fn fault(&self) -> Option<String> {
        let day = |moment: &Timestamp| moment.strftime("%Y-%m-%d %H:%M").to_string();
        match self {
            Self::InTime { .. } => None,
            Self::Failing { ends, reason } => {
                Some(format!("it could not be renewed, and ends on {}: {reason}", day(ends)))
            }
            Self::Overdue { since } => Some(format!(
                "it should have been renewed on {}, and cert-manager has not begun to: look whether it runs",
                day(since)
            )),
            Self::Expired { ends } => Some(format!("it has ended, on {}", day(ends))),
        }
    }
}

/// What this Certificate says of its end; `None` for what is none, and where nothing was issued yet.
pub fn renewal(identity: &Identity, object: &Value, now: Timestamp) -> Option<Renewal> {
    let time = |field: &str| said(object, &format!("/status/{field}"))?.parse::<Timestamp>().ok();
    let ends = time("notAfter").filter(|_| is_certificate(identity))?;
    if ends <= now {
        return Some(Renewal::Expired { ends });
    }
    let issuing = condition(object, "Issuing");
    let failed = issuing.filter(|found| status(found) == "False" && text(found, "reason") == "Failed");
    let due = time("renewalTime").filter(|due| *due <= now);
    Some(match (failed, due) {
        (Some(found), _) => Renewal::Failing { ends, reason: text(found, "message").trim().to_owned() },
        (None, Some(since)) if now.duration_since(since) > LATE && issuing.is_none() => {
            Renewal::Overdue { since }
        }
        _ => Renewal::InTime { ends },
    })
}

/// What stands below a certificate, as it was listed in its namespace.
#[derive(Debug, Default)]
pub struct Below {
    /// The `CertificateRequests`.
    pub requests: Vec<Value>,
    /// The Orders.
    pub orders: Vec<Value>,
    /// The Challenges.
    pub challenges: Vec<Value>,
}

/// Why the certificate with this uid is not ready, from the deepest place that says something; `None` where none does.
pub fn cause(uid: &str, below: &Below) -> Option<String> {
    let request = newest_of(&below.requests, uid)?;
    let order = newest_of(&below.orders, uid_of(request));
    let challenges = order.map(|order| owned_by(&below.challenges, uid_of(order)).collect::<Vec<_>>());
    let by_challenges = challenges.iter().flatten().find_map(|challenge| of_challenge(challenge));
    by_challenges.or_else(|| order.and_then(of_order)).or_else(|| of_request(request))
}

/// What cert-manager says where it is to prove a name through a Gateway, and does not know what that is.
/// Source: <https://github.com/cert-manager/cert-manager/blob/v1.21.2/pkg/issuer/acme/http/http.go>
const NO_GATEWAYS: &str = "gateway api is not enabled";
const KNOW_GATEWAYS: &str = " in cert-manager; `config.gatewayAPI.enabled = true` in the values of its chart lets it prove names \
                             through a Gateway";

/// Why a name is not proved. One that is says so in the same field.
fn of_challenge(challenge: &Value) -> Option<String> {
    if challenge.pointer("/status/state").and_then(Value::as_str) == Some("valid") {
        return None;
    }
    let reason = said(challenge, "/status/reason")?;
    let name = challenge.pointer("/spec/dnsName").and_then(Value::as_str).unwrap_or("its name");
    let way = match challenge.pointer("/spec/type").and_then(Value::as_str) {
        Some("HTTP-01") => " by HTTP",
        Some("DNS-01") => " by DNS",
        _ => "",
    };
    let advice = if reason.contains(NO_GATEWAYS) { KNOW_GATEWAYS } else { "" };
    Some(format!("{name} is not proved{way}: {reason}{advice}"))
}

fn of_order(order: &Value) -> Option<String> {
    let reason = said(order, "/status/reason")?;
    Some(format!(
        "the order {}: {reason}",
        order.pointer("/status/state").and_then(Value::as_str).unwrap_or("waits")
    ))
}

fn of_request(request: &Value) -> Option<String> {
    let of_condition = |kind: &str, wanted: &str| {
        let found = condition(request, kind)?;
        (status(found) == wanted).then(|| text(found, "message").trim().to_owned())
    };
    let refused = of_condition("Denied", "True").or_else(|| of_condition("InvalidRequest", "True"));
    let said = refused.or_else(|| of_condition("Ready", "False")).filter(|said| !said.is_empty())?;
    Some(format!("the request: {said}"))
}

fn said<'o>(object: &'o Value, pointer: &str) -> Option<&'o str> {
    object.pointer(pointer).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn newest_of<'o>(objects: &'o [Value], owner: &str) -> Option<&'o Value> {
    owned_by(objects, owner).max_by_key(|object| said(object, "/metadata/creationTimestamp"))
}

fn owned_by<'o>(objects: &'o [Value], owner: &str) -> impl Iterator<Item = &'o Value> {
    objects.iter().filter(move |object| {
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        owners.is_some_and(|owners| owners.iter().any(|found| text(found, "uid") == owner))
    })
}

fn uid_of(object: &Value) -> &str {
    object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(uid: &str, owner: &str, created: &str, rest: Value) -> Value {
        let mut object = json!({"metadata": {"uid": uid, "creationTimestamp": created, "ownerReferences": [{"uid": owner}]}});
        if let (Value::Object(object), Value::Object(rest)) = (&mut object, rest) {
            object.extend(rest);
        }
        object
    }

    fn request(message: &str) -> Value {
        let conditions =
            json!([{"type": "Ready", "status": "False", "reason": "Pending", "message": message}]);
        object("r2", "c", "2026-01-02T00:00:00Z", json!({"status": {"conditions": conditions}}))
    }

    #[test]
    fn a_certificate_that_is_not_renewed_says_so() {
        let identity = Identity::namespaced(GROUP, "Certificate", "a", "c");
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let of = |ends: &str, due: &str, conditions: Value| {
            let status = json!({"notAfter": ends, "renewalTime": due, "conditions": conditions});
            renewal(&identity, &json!({"status": status}), now)
        };
        let failed = json!([{"type": "Issuing", "status": "False", "reason": "Failed", "message": "429"}]);
        let begun = json!([{"type": "Issuing", "status": "True", "reason": "Renewing"}]);
        let (april, february) = ("2026-04-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let fault = |renewal: Option<Renewal>| renewal.unwrap().fault();
        assert_eq!(fault(of(april, "2026-03-10T00:00:00Z", json!([]))), None);
        assert_eq!(fault(of(april, "2026-03-01T11:30:00Z", json!([]))), None, "half an hour is not late");
        assert_eq!(fault(of(april, february, begun)), None, "it is being renewed");
        assert!(fault(of(april, february, json!([]))).unwrap().contains("should have been renewed"));
        assert!(fault(of(april, february, failed.clone())).unwrap().contains("429"));
        assert!(fault(of(february, february, failed)).unwrap().contains("has ended"));
        assert_eq!(renewal(&identity, &json!({"status": {}}), now), None);
        let other = Identity::namespaced("example.com", "Certificate", "a", "c");
        assert_eq!(renewal(&other, &json!({"status": {"notAfter": february}}), now), None);
    }

    #[test]
    fn the_deepest_place_that_says_something_is_told() {
        let old = object("r1", "c", "2026-01-01T00:00:00Z", json!({}));
        let others = object("r3", "other", "2026-01-03T00:00:00Z", json!({}));
        let mut below = Below {
            requests: vec![old, request("Referenced \"ClusterIssuer\" not found"), others],
            ..Below::default()
        };
        assert_eq!(
            cause("c", &below).as_deref(),
            Some("the request: Referenced \"ClusterIssuer\" not found")
        );
        let order =
            json!({"status": {"state": "errored", "reason": "429 rateLimited: too many certificates"}});
        below.orders = vec![object("o", "r2", "", order)];
        assert_eq!(
            cause("c", &below).as_deref(),
            Some("the order errored: 429 rateLimited: too many certificates")
        );
        let challenge = |kind: &str, reason: &str| {
            let spec = json!({"dnsName": "a.example.com", "type": kind});
            object("h", "o", "", json!({"spec": spec, "status": {"reason": reason}}))
        };
        below.challenges =
            vec![challenge("DNS-01", ""), challenge("DNS-01", "DNS update failed: dns: bad authentication")];
        assert_eq!(
            cause("c", &below).as_deref(),
            Some("a.example.com is not proved by DNS: DNS update failed: dns: bad authentication")
        );
        // The same name may be proved for one of two, which are proved one after the other.
        let mut proved = challenge("DNS-01", "Successfully authorized domain");
        proved["status"]["state"] = json!("valid");
        below.challenges.insert(0, proved);
        assert!(cause("c", &below).is_some_and(|cause| cause.contains("bad authentication")));
        assert_eq!(cause("x", &below), None);
    }

    #[test]
    fn what_lets_cert_manager_prove_names_through_a_gateway_is_told() {
        let told = |reason: &str| {
            let spec = json!({"dnsName": "a.example.com", "type": "HTTP-01"});
            of_challenge(&json!({"spec": spec, "status": {"reason": reason}})).unwrap()
        };
        let unknown = told("couldn't Present challenge a/c-1: gateway api is not enabled");
        assert!(
            unknown.contains("is not enabled in cert-manager; `config.gatewayAPI.enabled = true`"),
            "{unknown}"
        );
        assert!(!told("no such host").contains("gatewayAPI"));
    }
}
