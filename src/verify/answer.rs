//! What an answer says that was not expected: who gave it, and what to do.

use http::HeaderMap;
use serde_json::Value;

use super::codes;
use super::outcome::{Fault, Suspicion};
use crate::kubernetes::full_volume::FullVolume;
use crate::resource::to_the_second;

/// The header by which a registry is known.
pub(super) const API_VERSION: &str = "docker-distribution-api-version";
/// The longest text of an error that is repeated.
const LONGEST: usize = 200;

/// An answer to a request, with the beginning of its body.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or its beginning.
    pub body: Vec<u8>,
}

impl Answer {
    /// The text of a header; `None` where there is none.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether a registry gave it, and not something before it.
    pub(super) fn is_of_registry(&self) -> bool {
        self.headers.contains_key(API_VERSION)
    }

    /// The first error in it, as registries write them: code and message.
    fn error(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let first = body.pointer("/errors/0")?;
        let text = |key: &str| first.get(key).and_then(Value::as_str).unwrap_or_default();
        let said = format!("{}: {}", text("code"), text("message"));
        Some(said.chars().take(LONGEST).collect())
    }

    /// Who gave it: the registry, or what the header `Server` names.
    fn giver(&self) -> String {
        match (self.is_of_registry(), self.header("server")) {
            (true, _) => "the registry".to_owned(),
            (false, Some(server)) => server.chars().take(LONGEST).collect(),
            (false, None) => "something before the registry".to_owned(),
        }
    }
}

/// The fault that an answer tells that nobody expected to `doing`: `the push of a layer`.
pub fn unexpected(doing: &str, answer: &Answer) -> Fault {
    let (status, giver) = (answer.status, answer.giver());
    let said = answer.error().map(|said| format!(" ({said})")).unwrap_or_default();
    let cause = format!("{giver} answers {status}{said}");
    let reason = format!("{cause} to {doing}");
    let (code, fix) = match status {
        413 => (
            codes::BODY_TOO_LARGE,
            "raise the limit for bodies in what stands before the registry (for an Ingress that is `ingress.body_size`)",
        ),
        429 => (codes::TOO_MANY_REQUESTS, "wait a while; then look who limits requests before the registry"),
        502 | 503 if !answer.is_of_registry() => (
            codes::NO_BACKEND,
            "what stands before the registry has no pod to send it to: look at them with `regplan drift`",
        ),
        504 | 408 | 524 => (
            codes::GATEWAY_TIMEOUT,
            "raise the time that what stands before the registry waits for it (for an Ingress that is `ingress.timeouts`)",
        ),
        503 => (
            codes::REGISTRY_ERROR,
            "the registry's storage does not work: look at its volume or its bucket, and at the log of its pods",
        ),
        401 | 403 if answer.is_of_registry() => (
            codes::PASSWORD_REFUSED,
            "every user of the registry may do everything: look with `regplan plan` whether its users are those of the \
             configuration",
        ),
        401 | 403 => (
            codes::PASSWORD_REFUSED,
            "every user of the registry may do everything: look what else asks for rights or a password before it",
        ),
        405 if said.contains("UNSUPPORTED") => (
            codes::NO_DELETE,
            "the registry must allow deletes (`storage.delete.enabled`), as those that regplan makes do",
        ),
        500 if answer.is_of_registry() => (
            codes::REGISTRY_ERROR,
            "look at the log of the registry's pods; where it says `no space left on device`, the volume is full: make it \
             larger (`storage.volume.size`)",
        ),
        _ if !answer.is_of_registry() => (
            codes::NOT_THE_REGISTRY,
            "look which server the name leads to, and with `regplan drift` whether what lets requests in is for this host",
        ),
        _ => (codes::REGISTRY_ERROR, "look at the log of the registry's pods"),
    };
    let may_be_storage = answer.is_of_registry() && answer.status >= 500;
    let suspicion = may_be_storage.then_some(Suspicion::Storage);
    // What the registry says of itself, it says to every request. How long a controller waits differs with the request.
    let cause = may_be_storage.then_some(cause);
    Fault { suspicion, cause, ..Fault::new(code, reason, fix) }
}

/// The same fault, of which it is known now that the volume is full.
pub fn of_full_volume(fault: &Fault, full: &FullVolume) -> Fault {
    let at = to_the_second(full.since);
    let reason = format!("{}: the volume is full, as the registry's log says at {at}", fault.reason);
    Fault { cause: fault.cause.clone(), ..Fault::new(codes::VOLUME_FULL, reason, FullVolume::HELP) }
}

/// The same fault of a registry that stores its images in a bucket: no volume can be full.
pub fn of_bucket(fault: Fault) -> Fault {
    let fix = "look at the log of the registry's pods: there it says what the store of the bucket answers (keys, rights, room)";
    Fault { suspicion: None, fix: fix.to_owned(), ..fault }
}

/// Whether the answer to the end of an upload says that nothing is left of it. A registry that could not store all that it was
/// sent does not end the upload either: it then knows another size than the URL of the upload says.
pub fn is_broken_off(answer: &Answer) -> bool {
    match answer.status {
        204 => true,
        404 => !answer.error().is_some_and(|said| said.starts_with("BLOB_UPLOAD_INVALID")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            (http::header::HeaderName::from_static(name), value.parse::<http::HeaderValue>().unwrap())
        });
        Answer { status, headers: headers.collect(), body: body.into() }
    }

    #[test]
    fn whoever_stands_before_the_registry_is_told_from_it() {
        let ours = [(API_VERSION, "registry/2.0")];
        let code = |answer: &Answer| unexpected("a push", answer).code;
        assert_eq!(code(&answer(413, &[("server", "nginx")], "<html>")), codes::BODY_TOO_LARGE);
        assert_eq!(code(&answer(504, &[], "")), codes::GATEWAY_TIMEOUT);
        assert_eq!(code(&answer(503, &[("server", "envoy")], "no healthy upstream")), codes::NO_BACKEND);
        assert_eq!(code(&answer(503, &ours, "")), codes::REGISTRY_ERROR);
        assert_eq!(code(&answer(404, &[], "default backend - 404")), codes::NOT_THE_REGISTRY);
        assert_eq!(code(&answer(404, &ours, "")), codes::REGISTRY_ERROR);
        let unsupported =
            r#"{"errors": [{"code": "UNSUPPORTED", "message": "The operation is unsupported."}]}"#;
        assert_eq!(code(&answer(405, &ours, unsupported)), codes::NO_DELETE);
    }

    #[test]
    fn what_to_do_is_true_for_every_way_to_the_registry() {
        for status in [401, 403, 404, 408, 413, 429, 502, 503, 504, 524] {
            let fix = unexpected("a push", &answer(status, &[("server", "envoy")], "")).fix;
            let of_an_ingress = fix.replace("for an Ingress that is `ingress.", "");
            assert!(!of_an_ingress.to_lowercase().contains("ingress"), "{status}: {fix}");
        }
    }

    #[test]
    fn nobody_is_sent_to_look_for_rights_that_a_password_file_has_not() {
        let fix = |headers: &[(&'static str, &str)]| unexpected("a push", &answer(403, headers, "")).fix;
        let (by_registry, by_another) = (fix(&[(API_VERSION, "registry/2.0")]), fix(&[]));
        assert!(by_registry.contains("`regplan plan`"), "{by_registry}");
        assert!(by_another.contains("what else asks"), "{by_another}");
    }

    #[test]
    fn a_volume_that_is_full_is_thought_of() {
        let body = r#"{"errors": [{"code": "UNKNOWN", "message": "unknown error"}]}"#;
        let fault =
            unexpected("the beginning of a push", &answer(500, &[(API_VERSION, "registry/2.0")], body));
        assert_eq!(fault.code, codes::REGISTRY_ERROR);
        assert!(fault.fix.contains("the volume is full"), "{}", fault.fix);
        assert_eq!(fault.suspicion, Some(Suspicion::Storage));
        let known = of_full_volume(&fault, &FullVolume { since: Timestamp::UNIX_EPOCH });
        assert_eq!(
            known.reason,
            "the registry answers 500 (UNKNOWN: unknown error) to the beginning of a push: the volume is full, as the \
             registry's log says at 1970-01-01T00:00:00Z"
        );
        assert_eq!((known.code, known.suspicion), (codes::VOLUME_FULL, None));
        assert!(!known.fix.contains("where it says"), "{}", known.fix);
        let elsewhere = of_bucket(fault.clone());
        assert_eq!((elsewhere.code, &elsewhere.reason), (fault.code, &fault.reason));
        assert!(!elsewhere.fix.contains("volume"), "{}", elsewhere.fix);
    }

    #[test]
    fn a_server_that_fails_fails_everywhere() {
        let ours = [(API_VERSION, "registry/2.0")];
        let cause = |status, doing: &str| unexpected(doing, &answer(status, &ours, "")).cause;
        assert_eq!(cause(500, "the beginning of a push"), cause(500, "the question for tags"));
        assert_ne!(cause(500, "a push"), cause(503, "a push"));
        assert_eq!(cause(404, "a push"), None, "that is about this request");
    }

    #[test]
    fn what_is_not_the_registrys_own_failure_raises_no_suspicion() {
        let ours = [(API_VERSION, "registry/2.0")];
        let suspicion = |answer: &Answer| unexpected("a push", answer).suspicion;
        assert_eq!(suspicion(&answer(500, &[("server", "nginx")], "")), None);
        assert_eq!(suspicion(&answer(400, &ours, "")), None);
        assert_eq!(suspicion(&answer(500, &ours, "")), Some(Suspicion::Storage));
    }

    /// As versions 2 and 3 answer where the volume was full before all of the body was stored.
    #[test]
    fn an_upload_that_cannot_be_ended_is_not_gone() {
        let error = |code: &str| format!(r#"{{"errors": [{{"code": "{code}", "message": ""}}]}}"#);
        let ours = [(API_VERSION, "registry/2.0")];
        assert!(is_broken_off(&answer(204, &ours, "")));
        assert!(is_broken_off(&answer(404, &ours, &error("BLOB_UPLOAD_UNKNOWN"))));
        assert!(!is_broken_off(&answer(404, &ours, &error("BLOB_UPLOAD_INVALID"))));
        assert!(!is_broken_off(&answer(416, &ours, &error("RANGE_INVALID"))));
    }

    #[test]
    fn the_registrys_own_words_are_told() {
        let body = r#"{"errors": [{"code": "DIGEST_INVALID", "message": "digest did not match"}]}"#;
        let fault = unexpected("the push of a layer", &answer(400, &[(API_VERSION, "registry/2.0")], body));
        assert_eq!(
            fault.reason,
            "the registry answers 400 (DIGEST_INVALID: digest did not match) to the push of a layer"
        );
    }
}
