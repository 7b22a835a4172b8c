//! Which object it is for Kubernetes, whatever a user calls it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::is_builtin_group;

/// A group and a kind, without the version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupKind {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
}

/// What an object is: group, kind, namespace, name.
///
/// The version is no part of it: an object has the same uid in all versions of its group, so that
/// `autoscaling/v1` and `autoscaling/v2` name the same autoscaler.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// The API group; empty for the core group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace; `None` for what belongs to the whole cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

/// An identity, and the version of its group that requests use.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// Which object.
    pub identity: Identity,
    /// The version (`v1`, not `apps/v1`); where `None`, the one that the server prefers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Splits `apps/v1` into `("apps", "v1")`, and `v1` into `("", "v1")`.
pub fn api_version_parts(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

impl GroupKind {
    /// Whether objects of this kind are called so in the plural (`ingresses`). The server would know for certain.
    pub fn is_called(&self, plural: &str) -> bool {
        let kind = self.kind.to_lowercase();
        plural == kind
            || plural.strip_prefix(&kind).is_some_and(|ending| matches!(ending, "s" | "es"))
            || kind.strip_suffix('y').is_some_and(|stem| plural.strip_prefix(stem) == Some("ies"))
    }
}

impl Identity {
    /// An object in a namespace.
    pub fn namespaced(
        group: impl Into<String>,
        kind: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self { group: group.into(), kind: kind.into(), namespace: Some(namespace.into()), name: name.into() }
    }

    /// An object that belongs to the whole cluster.
    pub fn cluster(group: impl Into<String>, kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { group: group.into(), kind: kind.into(), namespace: None, name: name.into() }
    }

    /// The identity of an object; `None` without a string `kind`, `apiVersion` and `metadata.name`.
    pub fn of(object: &Value) -> Option<Self> {
        let (group, _) = api_version_parts(object.get("apiVersion")?.as_str()?);
        let metadata = object.get("metadata")?;
        Some(Self {
            group: group.to_owned(),
            kind: object.get("kind")?.as_str()?.to_owned(),
            namespace: metadata.get("namespace").and_then(Value::as_str).map(str::to_owned),
            name: metadata.get("name")?.as_str()?.to_owned(),
        })
    }

    /// Its name for people: without the group where Kubernetes itself serves it (`IngressClass nginx`).
    pub fn short_name(&self) -> String {
        let kind =
            if is_builtin_group(&self.group) { self.kind.clone() } else { self.group_kind().to_string() };
        let namespace = self.namespace.as_ref().map(|namespace| format!("{namespace}/"));
        format!("{kind} {}{}", namespace.unwrap_or_default(), self.name)
    }

    /// Its group and kind.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind { group: self.group.clone(), kind: self.kind.clone() }
    }

    /// Whether it is of this group and kind.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

impl Target {
    /// The object itself, in the version in which it is written.
    pub fn of(object: &Value) -> Option<Self> {
        let (_, version) = api_version_parts(object.get("apiVersion")?.as_str()?);
        Some(Self { identity: Identity::of(object)?, version: Some(version.to_owned()) })
    }
}

impl fmt::Display for GroupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if self.group.is_empty() { Ok(()) } else { write!(f, ".{}", self.group) }
    }
}

/// `Deployment.apps registry/web`, `Namespace team-a`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.group_kind())?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_version_is_no_part_of_an_identity() {
        let object = |version: &str| {
            json!({"apiVersion": version, "kind": "HorizontalPodAutoscaler",
                   "metadata": {"name": "web", "namespace": "a"}})
        };
        assert_eq!(Identity::of(&object("autoscaling/v1")), Identity::of(&object("autoscaling/v2")));
        assert_ne!(Target::of(&object("autoscaling/v1")), Target::of(&object("autoscaling/v2")));
    }
}
