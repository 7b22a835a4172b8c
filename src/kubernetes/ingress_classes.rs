//! The ingress classes of a cluster, and which of them an Ingress gets that names none.

use serde_json::Value;

use super::class_controllers::named_by;
use crate::resource::Identity;

/// The annotation that makes a class the default one.
/// Source: <https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class>
const IS_DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
/// The annotation by which an Ingress named its class before it had a field for it.
/// Source: <https://kubernetes.io/docs/concepts/services-networking/ingress/#deprecated-annotation>
pub const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

/// An ingress class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngressClass {
    /// Its name.
    pub name: String,
    /// What it names as its controller: `k8s.io/ingress-nginx`.
    pub controller: String,
    is_default: bool,
    /// When it was made; `None` of one that is not there yet.
    made: Option<String>,
}

impl IngressClass {
    /// The class that an object is; `None` for any other object.
    pub fn of(object: &Value) -> Option<Self> {
        let identity =
            Identity::of(object).filter(|identity| identity.is("networking.k8s.io", "IngressClass"))?;
        let controller = named_by(&identity, object)?.to_owned();
        let metadata = object.get("metadata")?;
        let default = metadata.get("annotations").and_then(|all| all.get(IS_DEFAULT)?.as_str());
        let made = metadata.get("creationTimestamp").and_then(Value::as_str).map(str::to_owned);
        Some(Self { name: identity.name, controller, is_default: default == Some("true"), made })
    }

    /// The same class as it will be when what is declared of it is applied.
    fn declared_as(&self, declared: &Self) -> Self {
        Self { made: self.made.clone(), ..declared.clone() }
    }
}

/// The classes that will be there: those of the cluster, and those that are declared.
pub fn with_declared(there: &[IngressClass], declared: &[IngressClass]) -> Vec<IngressClass> {
    let named = |all: &[IngressClass], name: &str| all.iter().find(|class| class.name == name).cloned();
    let kept = there.iter().map(|class| match named(declared, &class.name) {
        Some(declared) => class.declared_as(&declared),
        None => class.clone(),
    });
    let made = declared.iter().filter(|class| named(there, &class.name).is_none()).cloned();
    kept.chain(made).collect()
}

/// The class that a new Ingress gets that names none: of several default ones the newest, as the server does it.
/// Source: <https://github.com/kubernetes/kubernetes/blob/v1.36.0/plugin/pkg/admission/network/defaultingressclass/admission.go>
pub fn default_class(classes: &[IngressClass]) -> Option<&IngressClass> {
    // One that is not there yet will be newer than all others.
    let age = |class: &&IngressClass| (class.made.is_none(), class.made.clone());
    let defaults = classes.iter().filter(|class| class.is_default);
    defaults.max_by(|one, other| age(one).cmp(&age(other)).then_with(|| other.name.cmp(&one.name)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn class(name: &str, controller: &str, is_default: &str, made: Option<&str>) -> IngressClass {
        let metadata =
            json!({"name": name, "annotations": {IS_DEFAULT: is_default}, "creationTimestamp": made});
        IngressClass::of(&json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": metadata,
            "spec": {"controller": controller},
        }))
        .unwrap()
    }

    fn default_name(classes: &[IngressClass]) -> Option<&str> {
        default_class(classes).map(|class| class.name.as_str())
    }

    #[test]
    fn of_several_default_classes_the_newest_counts_and_then_the_first_name() {
        let old = class("old", "a", "true", Some("2026-01-01T00:00:00Z"));
        let (b, a) = (
            class("b", "a", "true", Some("2026-02-01T00:00:00Z")),
            class("a", "a", "true", Some("2026-02-01T00:00:00Z")),
        );
        let no = class("no", "a", "false", Some("2026-03-01T00:00:00Z"));
        assert_eq!(default_name(&[old.clone(), b, a, no.clone()]), Some("a"));
        assert_eq!(default_name(&[no]), None);
        let new = class("new", "a", "true", None);
        assert_eq!(default_name(&with_declared(&[old], &[new])), Some("new"));
    }

    #[test]
    fn a_declared_class_is_as_it_is_declared() {
        let there = class("a", "old", "true", Some("2026-01-01T00:00:00Z"));
        let all = with_declared(&[there], &[class("a", "new", "false", None)]);
        assert_eq!(all, [class("a", "new", "false", Some("2026-01-01T00:00:00Z"))]);
    }
}
