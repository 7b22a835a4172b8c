//! Which objects of a manifest are meant: by kind and name, by a field, or by both.
//!
//! It is the language of `ignore_changes`, and of what a plan prints: `Job/uninstall`, `Job/*`,
//! `metadata.labels.tier=test`, `Job:metadata.annotations["helm.sh/hook"]`.

use globset::{Glob, GlobMatcher};
use serde_json::Value;

use crate::resource::{FieldPath, Identity};

/// Which objects are meant.
#[derive(Debug, Clone)]
pub(super) struct ObjectFilter {
    text: String,
    object: Option<ObjectPattern>,
    field: Option<FieldPattern>,
}

/// Kind and name, with `*` for any text.
#[derive(Debug, Clone)]
struct ObjectPattern {
    kind: GlobMatcher,
    namespace: Option<GlobMatcher>,
    name: Option<GlobMatcher>,
}

/// A field that is there, or that has a value like this one.
#[derive(Debug, Clone)]
struct FieldPattern {
    path: FieldPath,
    value: Option<GlobMatcher>,
}

impl ObjectFilter {
    /// Reads it as a user writes it.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (object, field) = parts(text);
        Ok(Self {
            text: text.to_owned(),
            object: object.map(ObjectPattern::parse).transpose()?,
            field: field.map(FieldPattern::parse).transpose()?,
        })
    }

    /// As the user wrote it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it means this object. One that names no namespace is in `namespace`.
    pub(super) fn matches(&self, object: &Value, namespace: &str) -> bool {
        self.object.as_ref().is_none_or(|pattern| pattern.matches(object, namespace))
            && self.field.as_ref().is_none_or(|pattern| pattern.matches(object))
    }
}

/// The parts before and behind the colon. A text that begins as a kind does is one; every other text is a path.
fn parts(text: &str) -> (Option<&str>, Option<&str>) {
    let bracket = text.find(['[', '=']).unwrap_or(text.len());
    let begins_as_kind = text.starts_with(|first: char| first.is_ascii_uppercase() || first == '*');
    // The name of a role may have a colon. A path behind it has more than one word, or a value.
    let is_path = |path: &str| path.contains(['.', '[', '=']);
    match text[..bracket].rfind(':') {
        Some(colon) if is_path(&text[colon + 1..]) => (Some(&text[..colon]), Some(&text[colon + 1..])),
        _ if begins_as_kind => (Some(text), None),
        _ => (None, Some(text)),
    }
}

impl ObjectPattern {
    fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (kind, namespace, name) = match parts.as_slice() {
            [kind] => (*kind, None, None),
            [kind, name] => (*kind, None, Some(*name)),
            [kind, namespace, name] => (*kind, Some(*namespace), Some(*name)),
            _ => return Err(format!("`{text}` names no object")),
        };
        if parts.iter().any(|part| part.is_empty()) {
            return Err(format!("`{text}` names no object"));
        }
        Ok(Self {
            kind: glob(kind)?,
            namespace: namespace.map(glob).transpose()?,
            name: name.map(glob).transpose()?,
        })
    }

    fn matches(&self, object: &Value, default_namespace: &str) -> bool {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let kind = text("/kind");
        let group = text("/apiVersion").split_once('/').map_or("", |(group, _)| group);
        let namespace = Some(text("/metadata/namespace")).filter(|namespace| !namespace.is_empty());
        (self.kind.is_match(kind) || self.kind.is_match(format!("{kind}.{group}")))
            && self.name.as_ref().is_none_or(|name| name.is_match(text("/metadata/name")))
            && self
                .namespace
                .as_ref()
                .is_none_or(|wanted| wanted.is_match(namespace.unwrap_or(default_namespace)))
    }
}

impl FieldPattern {
    fn parse(text: &str) -> Result<Self, String> {
        let (path, value) = match value_at(text) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let path: FieldPath = path.parse().map_err(|error| format!("{error}"))?;
        if path.segments().is_empty() {
            return Err("this names no field".to_owned());
        }
        Ok(Self { path, value: value.map(glob).transpose()? })
    }

    fn matches(&self, object: &Value) -> bool {
        match (self.path.get(object), &self.value) {
            (None | Some(Value::Null), _) => false,
            (Some(_), None) => true,
            (Some(Value::String(found)), Some(wanted)) => wanted.is_match(found),
            (Some(found), Some(wanted)) => wanted.is_match(found.to_string()),
        }
    }
}

/// Where the `=` before the value stands: outside of brackets.
fn value_at(text: &str) -> Option<usize> {
    let (mut depth, mut quoted) = (0_u32, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            '=' if !quoted && depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

fn glob(text: &str) -> Result<GlobMatcher, String> {
    let pattern = Glob::new(text).map_err(|error| format!("`{text}`: {}", error.kind()))?;
    Ok(pattern.compile_matcher())
}

/// The name of an object in a message; `None` where it has no kind or no name.
pub(super) fn name_of(object: &Value) -> Option<String> {
    let identity = Identity::of(object)?;
    Some(format!("{}/{}", identity.kind, identity.name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(filter: &str) -> bool {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "uninstall", "namespace": "a",
            "labels": {"tier": "test"}, "annotations": {"helm.sh/hook": "pre-delete,post-delete"}},
            "spec": {"suspend": true, "containers": [{"name": "main", "image": "x=y"}]}});
        ObjectFilter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}")).matches(&job, "other")
    }

    #[test]
    fn an_object_is_meant_by_kind_and_name() {
        for filter in
            ["Job", "Job/uninstall", "Job/un*", "*/uninstall", "Job/a/uninstall", "Job.batch/*", "*"]
        {
            assert!(matches(filter), "{filter}");
        }
        for filter in ["Jobs", "Job/other", "Job/other/uninstall", "Job.apps", "Pod", "CronJob/uninstall"] {
            assert!(!matches(filter), "{filter}");
        }
    }

    #[test]
    fn an_object_is_meant_by_a_field() {
        for filter in [
            "metadata.annotations[\"helm.sh/hook\"]",
            "metadata.annotations[\"helm.sh/hook\"]=*pre-delete*",
            "metadata.labels.tier=test",
            "spec.suspend=true",
            "spec.containers[main].image=x=y",
            "Job:metadata.labels.tier",
            "Job/un*:metadata.labels.tier=t*",
            "kind=Job",
        ] {
            assert!(matches(filter), "{filter}");
        }
        for filter in ["metadata.labels.tier=prod", "metadata.labels.other", "Pod:metadata.labels.tier"] {
            assert!(!matches(filter), "{filter}");
        }
    }

    #[test]
    fn a_name_may_have_a_colon() {
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "system:x"}});
        assert!(ObjectFilter::parse("ClusterRole/system:x").unwrap().matches(&role, ""));
        assert!(ObjectFilter::parse("ClusterRole/system:x:metadata.name").unwrap().matches(&role, ""));
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for filter in ["", "Job/", "Job/a/b/c", "metadata..x", "Job/[", "="] {
            assert!(ObjectFilter::parse(filter).is_err(), "{filter}");
        }
    }
}
