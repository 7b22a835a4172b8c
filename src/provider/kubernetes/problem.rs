//! A server's refusal → [`Problem`]: what to do by its kind, what to say in the server's own words.

use serde_json::Value;

use super::server_info::ServerInfo;
use super::transport::{CallError, Refusal, is_refusal, unauthenticated};
use super::{ownership, quoted};
use crate::resource::{FieldPath, Identity, Problem, ProblemKind, Segment};

/// The reason of a cause that names a field which the kind does not have.
pub(super) const NOT_DECLARED: &str = "FieldNotDeclared";

/// What the request was about.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) identity: &'a Identity,
    /// What was sent, for a write.
    pub(super) sent: Option<&'a Value>,
}

impl<'a> About<'a> {
    pub(super) fn new(identity: &'a Identity) -> Self {
        Self { identity, sent: None }
    }
}

/// In words for a person. A 403 comes out as [`ProblemKind::Forbidden`]; whether it is about rights at
/// all is for an access review to say.
pub(super) fn of(failure: CallError, about: About<'_>, server_info: &ServerInfo) -> Problem {
    match failure {
        CallError::Lost { problem, .. } => problem,
        CallError::Refused(refusal) => refused(&refusal, about, server_info),
    }
}

fn refused(refusal: &Refusal, about: About<'_>, server_info: &ServerInfo) -> Problem {
    let words = quoted::words(refusal.message(), about.identity);
    if refusal.code == 401 {
        return unauthenticated(server_info, "the server does not accept our credentials");
    }
    if refusal.code == 403 && words.contains("\"system:anonymous\"") {
        return unauthenticated(server_info, "the server does not know who we are: no credentials were sent");
    }
    let kind = kind(refusal, about.identity);
    let (message, help) = match kind {
        ProblemKind::Conflict => (conflict(refusal, about.identity, &words), None),
        ProblemKind::NamespaceMissing => (
            format!("the namespace `{}` does not exist", refusal.text("/details/name")),
            Some("name it in a block, so that it is made first, or make it by hand".to_owned()),
        ),
        ProblemKind::UnknownKind => (
            format!("the server does not serve {}: {words}", about.identity.group_kind()),
            Some("is its CustomResourceDefinition installed?".to_owned()),
        ),
        ProblemKind::Unreachable => {
            (format!("{} is overloaded or starting: {words}", server_info.server), None)
        }
        _ if words.is_empty() => {
            (format!("the server answers HTTP {} and gives no reason", refusal.code), None)
        }
        ProblemKind::Rejected if is_webhook_silence(refusal) => (
            words,
            Some(
                "the webhook's service must answer first: look at its pods, or at its configuration"
                    .to_owned(),
            ),
        ),
        ProblemKind::Rejected if is_about_earlier_version(refusal) => (
            words,
            Some(
                "the server keeps in which version of its kind the object was sent before, and that version does not have \
                 the field: apply it once in the new version without the new field, and then with it"
                    .to_owned(),
            ),
        ),
        ProblemKind::DryRunRefused if is_uncounted(refusal) => (
            words,
            Some("quotas count a new kind after about half a minute: run the same command again".to_owned()),
        ),
        _ => (words, None),
    };
    Problem { help, causes: causes(refusal, about), ..Problem::new(kind, message) }
}

fn kind(refusal: &Refusal, identity: &Identity) -> ProblemKind {
    let message = refusal.message();
    match refusal.code {
        _ if is_uncounted(refusal) => ProblemKind::DryRunRefused,
        403 => ProblemKind::Forbidden,
        404 if refusal.text("/details/kind") == "namespaces" && !identity.is("", "Namespace") => {
            ProblemKind::NamespaceMissing
        }
        404 if refusal.text("/details/name").is_empty()
            || message.contains("could not find the requested") =>
        {
            ProblemKind::UnknownKind
        }
        409 => ProblemKind::Conflict,
        422 if names_the_guard(refusal) => ProblemKind::Conflict,
        _ if message.contains("does not support dry run") => ProblemKind::DryRunRefused,
        400 | 405 | 406 | 413 | 415 | 422 => ProblemKind::Rejected,
        429 | 503 | 504 => ProblemKind::Unreachable,
        500 if is_users_mistake(message) || is_webhook_silence(refusal) => ProblemKind::Rejected,
        _ => ProblemKind::Other,
    }
}

/// A guard's uid in the body, where the object has another one, is an immutable field that would change.
fn names_the_guard(refusal: &Refusal) -> bool {
    let causes = refusal.status.pointer("/details/causes").and_then(Value::as_array);
    causes.into_iter().flatten().any(|cause| {
        matches!(
            cause.get("field").and_then(Value::as_str),
            Some("metadata.uid" | "metadata.resourceVersion")
        )
    })
}

/// Some mistakes in the object itself are answered with 500.
fn is_users_mistake(message: &str) -> bool {
    message.starts_with("failed to create typed patch object")
        || message.starts_with("failed to convert new object")
        || message.contains("field not declared in schema")
        || message.contains("strict decoding error")
}

/// Whether the server says that this very object is not there. A 404 that does not name it is about the path.
pub(super) fn is_absence(refusal: &Refusal, identity: &Identity) -> bool {
    refusal.code == 404 && refusal.text("/details/name") == identity.name
}

/// Whether it is certain that the write was not done: the server said no to it, or never got it. After all other
/// failures it may be done: a 500 of etcd, a 502 of a load balancer, and a time-out say nothing about that.
pub(super) fn is_definite(failure: &CallError) -> bool {
    match failure {
        CallError::Lost { perhaps_done, .. } => !perhaps_done,
        CallError::Refused(refusal) if refusal.code == 500 => {
            is_users_mistake(refusal.message()) || is_webhook_silence(refusal)
        }
        CallError::Refused(refusal) => is_refusal(refusal.code),
    }
}

/// Whether an admission webhook did not answer.
pub(super) fn is_webhook_silence(refusal: &Refusal) -> bool {
    refusal.code == 500 && refusal.message().contains("failed calling webhook")
}

/// Whether the object cannot be converted to the version in which the same manager has sent it before.
fn is_about_earlier_version(refusal: &Refusal) -> bool {
    let message = refusal.message();
    message.contains("to last applied version") && message.contains("field not declared in schema")
}

/// Whether a quota does not count the kind yet. Its controller hears of a new one after up to half a minute.
pub(super) fn is_uncounted(refusal: &Refusal) -> bool {
    refusal.code == 403 && refusal.message().contains("status unknown for quota")
}

fn conflict(refusal: &Refusal, identity: &Identity, words: &str) -> String {
    let what = if refusal.text("/reason") == "AlreadyExists" {
        "exists already"
    } else if words.contains("uid mismatch")
        || words.contains("the UID in the precondition")
        || names_the_guard(refusal)
    {
        "is gone, or was deleted and made again"
    } else if words.contains("has been modified") || words.contains("the ResourceVersion in the precondition")
    {
        "has been changed in the meantime"
    } else {
        return words.to_owned();
    };
    format!("{identity} {what} ({words})")
}

fn causes(refusal: &Refusal, about: About<'_>) -> Vec<(Option<FieldPath>, String, String)> {
    let About { identity, sent } = about;
    let listed = refusal.status.pointer("/details/causes").and_then(Value::as_array);
    let mut causes: Vec<_> = listed
        .into_iter()
        .flatten()
        .map(|cause| {
            let text = |key| cause.get(key).and_then(Value::as_str).unwrap_or_default();
            (field(text("field"), sent), text("reason").to_owned(), quoted::words(text("message"), identity))
        })
        .collect();
    if causes.is_empty() {
        let typed = typed_errors(refusal.message()).into_iter();
        causes.extend(typed.map(|(path, words)| {
            let reason = if words.contains("not declared") { NOT_DECLARED } else { "FieldTypeInvalid" };
            (field(path, sent), reason.to_owned(), quoted::words(words, identity))
        }));
    }
    causes
}

/// Fields and what is wrong with them in `failed to create typed patch object (…): .spec.x: field not
/// declared in schema` (several stand on lines of their own), and in `strict decoding error: unknown
/// field "spec.x", unknown field "spec.y"`.
fn typed_errors(message: &str) -> Vec<(&str, &str)> {
    let unknown: Vec<_> = message
        .split("unknown field \"")
        .skip(1)
        .filter_map(|after| Some((after.split('"').next()?, "field not declared in schema")))
        .collect();
    if !unknown.is_empty() {
        return unknown;
    }
    let Some((_, after)) =
        message.strip_prefix("failed to create typed").and_then(|rest| rest.split_once("): "))
    else {
        return Vec::new();
    };
    let lines = after.strip_prefix("errors:").unwrap_or(after).lines();
    lines.filter_map(|line| line.trim().split_once(": ")).filter(|(path, _)| path.starts_with('.')).collect()
}

/// A field as the server names it (`spec.template.spec.containers[0].image`, `data[a.b]`).
fn field(text: &str, sent: Option<&Value>) -> Option<FieldPath> {
    let text = text.strip_prefix('.').unwrap_or(text);
    if text.is_empty() || text == "<nil>" {
        return None;
    }
    let path: FieldPath = text.parse().ok()?;
    // The server writes brackets around the keys of maps as well as around those of list items.
    let mut at = sent;
    let mut exact = FieldPath::root();
    for segment in path.segments() {
        let segment = match (segment, at) {
            (Segment::Item(keys), Some(Value::Object(_))) => match keys.as_slice() {
                [(key, text)] if key.is_empty() => Segment::Key(text.clone()),
                _ => segment.clone(),
            },
            // `[name="app"]` is written `[app]`.
            (Segment::Item(keys), _) => match keys.as_slice() {
                [(key, text)] if ownership::is_usual_key(key) => {
                    Segment::Item(vec![(String::new(), text.clone())])
                }
                _ => segment.clone(),
            },
            _ => segment.clone(),
        };
        let step = FieldPath::root().join(segment.clone());
        at = at.and_then(|value| step.get(value));
        exact = exact.join(segment);
    }
    Some(exact)
}

#[cfg(test)]
mod tests;
