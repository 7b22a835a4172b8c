//! A kind as the server serves it, and the paths of its objects.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::resource::Identity;

/// A kind, as the server serves it in one version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::provider::kubernetes) struct Served {
    pub(in crate::provider::kubernetes) group: String,
    pub(in crate::provider::kubernetes) version: String,
    pub(in crate::provider::kubernetes) kind: String,
    pub(in crate::provider::kubernetes) plural: String,
    pub(in crate::provider::kubernetes) namespaced: bool,
}

impl Served {
    /// `apps/v1`, `v1`.
    pub(in crate::provider::kubernetes) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The path of all objects of a namespace, or of the cluster.
    pub(in crate::provider::kubernetes) fn collection(&self, namespace: Option<&str>) -> String {
        let mut path = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if let Some(namespace) = namespace.filter(|_| self.namespaced) {
            path.push_str("/namespaces/");
            path.extend(encode(namespace));
        }
        path.push('/');
        path.push_str(&self.plural);
        path
    }

    /// The path of one object.
    pub(in crate::provider::kubernetes) fn object(&self, identity: &Identity) -> String {
        format!("{}/{}", self.collection(identity.namespace.as_deref()), encode(&identity.name))
    }
}

/// What stays as it is in a segment of a path, or in a value of a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// For one segment of a path, or one value of a query.
pub(in crate::provider::kubernetes) fn encode(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, PLAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_url_is_encoded() {
        assert_eq!(encode("system:node-1.a_b~").to_string(), "system:node-1.a_b~");
        assert_eq!(encode("a/b c?d=%é").to_string(), "a%2Fb%20c%3Fd%3D%25%C3%A9");
    }
}
