//! How a user names a block, and an object of a block.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Identity;
use super::api_groups::is_builtin_group;
use crate::diagnostic::nearest::{nearest, suggest};

/// A block of the configuration: `registry.main`.
///
/// The namespaces that blocks name have an address of this form as well (`namespace.team-a`), though
/// nobody writes a block for them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlockAddress {
    /// The block's type, such as `registry`.
    pub kind: String,
    /// The block's name, such as `main`.
    pub name: String,
}

/// Which object of a larger block is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectName {
    /// The kind, with its group outside the built-in ones: `Certificate.cert-manager.io`.
    pub kind: String,
    /// The namespace where it is not the block's own.
    pub namespace: Option<String>,
    /// The object's name.
    pub name: String,
}

/// One resource: `resource.greeting`, `registry.main/Deployment/registry`,
/// `registry.main/Secret/team-a/pull`, `manifest.tls/Certificate.cert-manager.io/registry`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// The block that it comes from.
    pub block: BlockAddress,
    /// The object within the block; `None` where the block is one object.
    pub object: Option<ObjectName>,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {reason}")]
pub struct AddressError {
    /// What was read.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl BlockAddress {
    /// Puts one together from a type and a name.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into() }
    }
}

impl ObjectName {
    /// Whether it names this object. Without a namespace it names the object in whichever one.
    pub fn means(&self, identity: &Identity) -> bool {
        let is_kind = match self.kind.split_once('.') {
            Some((kind, group)) => (kind, group) == (identity.kind.as_str(), identity.group.as_str()),
            None => self.kind == identity.kind && is_builtin_group(&identity.group),
        };
        let is_there = self.namespace.is_none() || self.namespace == identity.namespace;
        is_kind && is_there && self.name == identity.name
    }
}

impl Address {
    /// The address of a block that is one object.
    pub fn block(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { block: BlockAddress::new(kind, name), object: None }
    }

    /// The address of an object of a larger block. The block's own namespace is not repeated in the address.
    pub fn object(block: BlockAddress, identity: &Identity, block_namespace: Option<&str>) -> Self {
        let kind = if is_builtin_group(&identity.group) {
            identity.kind.clone()
        } else {
            format!("{}.{}", identity.kind, identity.group)
        };
        let namespace =
            identity.namespace.clone().filter(|namespace| Some(namespace.as_str()) != block_namespace);
        Self { block, object: Some(ObjectName { kind, namespace, name: identity.name.clone() }) }
    }

    /// Whether this is the block itself or an object of it.
    pub fn is_within(&self, block: &BlockAddress) -> bool {
        self.block == *block
    }

    /// Whether a user who writes `named` means this resource: a block's address stands for all of its
    /// objects.
    pub fn is_meant_by(&self, named: &Self) -> bool {
        self == named || named.object.is_none() && self.is_within(&named.block)
    }

    /// The help for an address that is not among the known ones: the nearest of them or, for a block's
    /// address, the nearest of their blocks. It is `none` where nothing is known.
    pub fn suggest<'a>(&self, known: impl Iterator<Item = &'a Self>, none: &str) -> String {
        let known = self.named_alike(known);
        suggest(&self.to_string(), known.iter().map(String::as_str), none)
    }
    /// The address that was probably meant by this one; for a block's address, the block.
    pub fn nearest<'a>(&self, known: impl Iterator<Item = &'a Self>) -> Option<String> {
        nearest(&self.to_string(), self.named_alike(known).iter().map(String::as_str)).map(str::to_owned)
    }

    /// The names of these addresses; of their blocks, where this is the address of a block.
    fn named_alike<'a>(&self, known: impl Iterator<Item = &'a Self>) -> BTreeSet<String> {
        match &self.object {
            None => known.map(|address| address.block.to_string()).collect(),
            Some(_) => known.map(ToString::to_string).collect(),
        }
    }
}

impl fmt::Display for BlockAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.block)?;
        if let Some(object) = &self.object {
            write!(f, "/{object}")?;
        }
        Ok(())
    }
}

/// `Deployment/registry`, `Secret/team-a/pull`.
impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "/{namespace}")?;
        }
        write!(f, "/{}", self.name)
    }
}

impl FromStr for BlockAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let fail = |reason| AddressError { text: text.to_owned(), reason };
        let (kind, name) = text.split_once('.').ok_or(fail("it has no dot between type and name"))?;
        if kind.is_empty() || name.is_empty() {
            return Err(fail("type and name must not be empty"));
        }
        if name.contains(['.', '/']) {
            return Err(fail("the name of a block has neither dot nor slash"));
        }
        Ok(Self::new(kind, name))
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let fail = |reason| AddressError { text: text.to_owned(), reason };
        let Some((block, object)) = text.split_once('/') else {
            return Ok(Self { block: text.parse()?, object: None });
        };
        let block = block.parse()?;
        let object = object.parse().map_err(|error: AddressError| fail(error.reason))?;
        Ok(Self { block, object: Some(object) })
    }
}

impl FromStr for ObjectName {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let fail = |reason| AddressError { text: text.to_owned(), reason };
        let parts: Vec<&str> = text.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(fail("there is nothing between two slashes"));
        }
        let (kind, namespace, name) = match parts.as_slice() {
            [kind, name] => (kind, None, name),
            [kind, namespace, name] => (kind, Some((*namespace).to_owned()), name),
            _ => return Err(fail("an object is named by kind and name, or by kind, namespace and name")),
        };
        Ok(Self { kind: (*kind).to_owned(), namespace, name: (*name).to_owned() })
    }
}

macro_rules! travels_as_text {
    ($type:ty) => {
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }

        impl TryFrom<String> for $type {
            type Error = AddressError;

            fn try_from(text: String) -> Result<Self, AddressError> {
                text.parse()
            }
        }
    };
}

travels_as_text!(BlockAddress);
travels_as_text!(Address);
travels_as_text!(ObjectName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_they_are_written() {
        for text in [
            "registry.main",
            "registry.main/Deployment/registry",
            "registry.main/Secret/team-a/pull",
            "manifest.tls/Certificate.cert-manager.io/registry",
            "manifest.rbac/ClusterRole/system:registry",
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for text in [
            "",
            "registry",
            "registry.",
            ".main",
            "registry.main/",
            "registry.main/Deployment",
            "a.b/c/d/e/f",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_means_an_object_by_what_it_says() {
        let web = Identity::namespaced("apps", "Deployment", "a", "web");
        for (text, expected) in [
            ("Deployment/web", true),
            ("Deployment/a/web", true),
            ("Deployment.apps/a/web", true),
            ("Deployment.example.com/a/web", false),
            ("Deployment/b/web", false),
            ("StatefulSet/a/web", false),
            ("Deployment/a/other", false),
        ] {
            assert_eq!(text.parse::<ObjectName>().unwrap().means(&web), expected, "{text}");
        }
        let thing = Identity::namespaced("example.com", "Thing", "a", "x");
        let means = |text: &str| text.parse::<ObjectName>().unwrap().means(&thing);
        assert!(means("Thing.example.com/x") && !means("Thing/x"));
        for text in ["", "Deployment", "Deployment//web", "a/b/c/d", "Deployment/"] {
            assert!(text.parse::<ObjectName>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_object_outside_the_blocks_namespace_names_its_own() {
        let identity = Identity::namespaced("", "Secret", "team-a", "pull");
        let block = BlockAddress::new("registry", "main");
        let away = Address::object(block.clone(), &identity, Some("registry"));
        assert_eq!(away.to_string(), "registry.main/Secret/team-a/pull");
        let home = Address::object(block, &identity, Some("team-a"));
        assert_eq!(home.to_string(), "registry.main/Secret/pull");
    }
}
