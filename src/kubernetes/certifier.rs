//! Whether cert-manager is whole: a good request for a certificate is taken, and one that is none is refused. Both are asked
//! without making anything (dry-run), as cert-manager's own tool does.
//! Source: <https://cert-manager.io/docs/reference/cmctl/#check-api>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::certificates::{ACME_GROUP, GROUP};
use super::kinds::{is_admission, is_definition};
use crate::resource::Identity;

/// Where requests are made, after the path of the namespace.
pub const REQUESTS: &str = "certificaterequests";
/// The namespace in which is asked about issuers of the whole cluster.
const USUAL_NAMESPACE: &str = "default";
/// What each webhook of cert-manager is called, whatever the configuration is called that it stands in.
const WEBHOOK: &str = "webhook.cert-manager.io";

/// A request for `example.com` whose key nobody has.
const GOOD: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIHjMIGLAgEAMAAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQw87WGOwgRBvMo
ErClZbHsekFNqmYLywQEaix3NT9brp0JoD/2H1N3OpaFJ4iA+bAgKzOBWzD8E2hl
h9LW3p7boCkwJwYJKoZIhvcNAQkOMRowGDAWBgNVHREEDzANggtleGFtcGxlLmNv
bTAKBggqhkjOPQQDAgNHADBEAiBCUpIQxMHc6KkU7zAGGMb9eBzwfnKnPCeGZP5p
T4Rl9QIgfckFfYgPplGqvSEocH2AWHeNvuuLamhL/+bqMvqCnfc=
-----END CERTIFICATE REQUEST-----
";
const BAD: &str = "no request";

/// The namespace in which is asked whether cert-manager takes this object; `None` for what is not its own.
pub fn asked_in(identity: &Identity) -> Option<&str> {
    let is_its_own = [GROUP, ACME_GROUP].contains(&identity.group.as_str());
    is_its_own.then(|| identity.namespace.as_deref().unwrap_or(USUAL_NAMESPACE))
}

/// Whether this object is a part of cert-manager itself that decides what it takes.
pub fn is_part(identity: &Identity, object: &Value) -> bool {
    let is_definition =
        is_definition(identity) && identity.name.strip_suffix(GROUP).is_some_and(|rest| rest.ends_with('.'));
    is_definition || has_webhook_asked(identity, object)
}

/// Whether this object has the API server ask cert-manager's webhook. The webhooks of its companions have other names.
pub fn has_webhook_asked(identity: &Identity, object: &Value) -> bool {
    let webhooks = object.get("webhooks").and_then(Value::as_array).into_iter().flatten();
    is_admission(identity)
        && identity.kind.ends_with("WebhookConfiguration")
        && webhooks.filter_map(|webhook| webhook.get("name")).any(|name| name == WEBHOOK)
}

/// A request that is to be taken.
pub fn good_request() -> Value {
    request(GOOD)
}

/// One that is to be refused.
pub fn bad_request() -> Value {
    request(BAD)
}

fn request(text: &str) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "CertificateRequest",
        "metadata": {"generateName": "regplan-probe-"},
        "spec": {"request": STANDARD.encode(text), "issuerRef": {"name": "regplan-probe"}},
    })
}

/// What cert-manager lacks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CertifierLack {
    /// Its webhook has no Service.
    Service,
    /// Nothing answers behind that.
    Pods,
    /// What answers there has a certificate that the API server does not trust.
    Authority,
    /// Its webhook gives no answer for another reason, in the words of the server.
    Silence(String),
    /// Its mutating webhook is not asked.
    Mutation,
    /// Its validating webhook is not asked.
    Validation,
}

impl CertifierLack {
    /// What the refusal of a write says of it; `None` for a refusal for another reason.
    pub fn of_refusal(message: &str) -> Option<Self> {
        let (_, why) = message.split_once("failed calling webhook")?;
        if !why.contains("cert-manager") {
            return None;
        }
        let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
        Some(if why.contains("x509:") {
            Self::Authority
        } else if why.contains("service \"") && why.contains("not found") {
            Self::Service
        } else if says(&[
            "connection refused",
            "no endpoints available",
            "no service port",
            "no route to host",
        ]) {
            Self::Pods
        } else {
            Self::Silence(why.rsplit("\": ").next().unwrap_or(why).trim().to_owned())
        })
    }

    /// What the answer to the good request says of it.
    pub fn of_taken(request: &Value) -> Option<Self> {
        let is_marked = ["/spec/username", "/spec/uid"]
            .iter()
            .any(|field| request.pointer(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty()));
        (!is_marked).then_some(Self::Mutation)
    }

    /// Whether nothing of cert-manager can be written as long as that is so.
    pub fn refuses_writes(&self) -> bool {
        !matches!(self, Self::Mutation | Self::Validation)
    }

    /// It, after the name `cert-manager`.
    pub fn told(&self) -> String {
        match self {
            Self::Service => "has no Service for its webhook".to_owned(),
            Self::Pods => "has a webhook whose Service leads to no pod that answers".to_owned(),
            Self::Authority => {
                "has a webhook that the API server does not trust: its cainjector has not put the \
                                authority into the webhook's configuration"
                    .to_owned()
            }
            Self::Silence(why) => format!("has a webhook that gives no answer: {why}"),
            Self::Mutation => "has a webhook that is not asked: a request did not get its user".to_owned(),
            Self::Validation => "has a webhook that is not asked: it lets a bad request through".to_owned(),
        }
    }

    /// It as a warning, with what to do about it.
    pub fn warning(&self) -> String {
        format!("cert-manager {}: {}", self.told(), self.help())
    }

    /// What to do about it, where waiting does not help.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Service => {
                "look whether its chart is applied as a whole (`kubectl get services --all-namespaces`)"
            }
            Self::Pods | Self::Silence(_) => {
                "look at the pods of its webhook, and whether a network policy keeps the API server from them"
            }
            Self::Authority => "look at the pods of its cainjector, and at their log",
            Self::Mutation | Self::Validation => {
                "look whether its webhook configurations are there, and whether a label takes this namespace out"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_of_the_webhook_is_told_from_the_others() {
        let post = "Internal error occurred: failed calling webhook \"webhook.cert-manager.io\": failed to call webhook: Post \
                    \"https://cert-manager-webhook.cert-manager.svc:443/validate?timeout=30s\"";
        let of = |why: &str| CertifierLack::of_refusal(&format!("{post}: {why}"));
        assert_eq!(of("service \"cert-manager-webhook\" not found"), Some(CertifierLack::Service));
        assert_eq!(of("dial tcp 10.0.0.1:443: connect: connection refused"), Some(CertifierLack::Pods));
        assert_eq!(
            of("no endpoints available for service \"cert-manager-webhook\""),
            Some(CertifierLack::Pods)
        );
        assert_eq!(
            of("tls: failed to verify certificate: x509: certificate signed by unknown authority"),
            Some(CertifierLack::Authority)
        );
        assert_eq!(
            of("context deadline exceeded"),
            Some(CertifierLack::Silence("context deadline exceeded".into()))
        );
        assert_eq!(CertifierLack::of_refusal("failed calling webhook \"other.example.com\": EOF"), None);
        let denied = "admission webhook \"webhook.cert-manager.io\" denied the request: spec.request: no PEM";
        assert_eq!(CertifierLack::of_refusal(denied), None);
    }

    #[test]
    fn a_request_that_was_taken_has_its_user() {
        assert_eq!(CertifierLack::of_taken(&json!({"spec": {"username": "admin"}})), None);
        assert_eq!(CertifierLack::of_taken(&json!({"spec": {}})), Some(CertifierLack::Mutation));
    }

    #[test]
    fn its_webhook_is_known_by_its_name_alone() {
        let asks = |kind: &str, webhook: &str| {
            let identity = Identity::cluster("admissionregistration.k8s.io", kind, "cert-manager-any");
            has_webhook_asked(&identity, &json!({"webhooks": [{"name": webhook}]}))
        };
        assert!(asks("ValidatingWebhookConfiguration", WEBHOOK));
        assert!(asks("MutatingWebhookConfiguration", WEBHOOK));
        assert!(!asks("ValidatingWebhookConfiguration", "policy.cert-manager.io"));
        assert!(!asks("ValidatingAdmissionPolicy", WEBHOOK));
        assert!(!has_webhook_asked(&Identity::namespaced("", "ConfigMap", "a", "c"), &json!({})));
    }

    #[test]
    fn it_is_asked_about_its_own_kinds() {
        let of = |identity: &Identity| asked_in(identity).map(str::to_owned);
        assert_eq!(of(&Identity::cluster(GROUP, "ClusterIssuer", "le")).as_deref(), Some("default"));
        assert_eq!(of(&Identity::namespaced(GROUP, "Certificate", "a", "c")).as_deref(), Some("a"));
        assert_eq!(of(&Identity::namespaced("", "Secret", "a", "c")), None);
    }
}
