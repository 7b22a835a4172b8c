//! What is deleted with an object: the content of a namespace, the custom resources of a definition.

use serde_json::Value;

use crate::kubernetes::kinds::defines;
use crate::provider::CascadeScope;
use crate::resource::Identity;

/// What is deleted with this object; `None` where it is no namespace and no definition.
pub(super) fn cascade_scope(object: &Value) -> Option<CascadeScope> {
    if let Some(kind) = defines(object) {
        return Some(CascadeScope::Kind(kind));
    }
    let identity = Identity::of(object)?;
    identity.is("", "Namespace").then_some(CascadeScope::Namespace(identity.name))
}

/// Whether an object is deleted with the scope.
pub(super) fn holds(scope: &CascadeScope, identity: &Identity) -> bool {
    match scope {
        CascadeScope::Namespace(name) => identity.namespace.as_ref() == Some(name),
        CascadeScope::Kind(kind) => identity.is(&kind.group, &kind.kind),
    }
}
