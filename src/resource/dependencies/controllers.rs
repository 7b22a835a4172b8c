//! Which programs and Services custom resources need until they are gone: whoever may remove their finalizers, and
//! whoever is asked about that.

use std::collections::BTreeSet;

use serde_json::Value;

use super::pods::template;
use super::walk::{SERVICE, SERVICE_ACCOUNT};
use crate::resource::{GroupKind, Identity};

const RBAC: &str = "rbac.authorization.k8s.io";
/// The role that every cluster has, and that may do everything.
const ALL_RIGHTS: &str = "cluster-admin";

/// Rights that a role gives to somebody: to write objects of a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Grant {
    subject: Subject,
    /// The group; `*` for all.
    group: String,
    /// The namespace that they hold in; `None` for all.
    namespace: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Account {
        namespace: String,
        name: String,
    },
    /// All accounts of a namespace; of all namespaces where there is none.
    Accounts {
        namespace: Option<String>,
    },
}

/// Which accounts may write which groups.
#[derive(Debug, Clone, Default)]
pub struct Rights(BTreeSet<Grant>);

impl Rights {
    /// What the roles and bindings among these objects say.
    pub fn of(objects: &[(&Identity, &Value)]) -> Self {
        let mut grants = BTreeSet::new();
        for (identity, binding) in objects {
            if !identity.is(RBAC, "RoleBinding") && !identity.is(RBAC, "ClusterRoleBinding") {
                continue;
            }
            let groups = written_groups(identity, binding, objects);
            for subject in subjects(identity, binding) {
                grants.extend(groups.iter().map(|group| Grant {
                    subject: subject.clone(),
                    group: group.clone(),
                    namespace: identity.namespace.clone(),
                }));
            }
        }
        Self(grants)
    }

    /// Whether the pods of a workload may write objects of this group, in this namespace.
    pub fn may_write(
        &self,
        workload: &Identity,
        object: &Value,
        group: &str,
        namespace: Option<&str>,
    ) -> bool {
        let reaches = |grant: &Grant| grant.namespace.as_deref().is_none_or(|reach| Some(reach) == namespace);
        self.grants(workload, object, group).any(reaches)
    }

    /// Whether the pods of a workload may write objects of this group in some namespace.
    pub fn may_write_somewhere(&self, workload: &Identity, object: &Value, group: &str) -> bool {
        self.grants(workload, object, group).next().is_some()
    }

    fn grants<'r>(
        &'r self,
        workload: &'r Identity,
        object: &'r Value,
        group: &'r str,
    ) -> impl Iterator<Item = &'r Grant> {
        let account = account(workload, object);
        let all = account.is_some().then_some(&self.0).into_iter().flatten();
        all.filter(move |grant| {
            let is_group = grant.group == "*" || grant.group == group;
            is_group && account.is_some_and(|account| grant.subject.is(account))
        })
    }
}

impl Subject {
    fn is(&self, account: (&str, &str)) -> bool {
        match self {
            Self::Account { namespace, name } => (namespace.as_str(), name.as_str()) == account,
            Self::Accounts { namespace } => {
                namespace.as_deref().is_none_or(|namespace| namespace == account.0)
            }
        }
    }
}

/// The namespace and the name of the account that a workload's pods use.
fn account<'a>(workload: &'a Identity, object: &'a Value) -> Option<(&'a str, &'a str)> {
    let template = template(workload)?;
    let pod = template.iter().try_fold(object, |value, key| value.get(key))?;
    let text = |key: &str| pod.get("spec")?.get(key)?.as_str().filter(|name| !name.is_empty());
    let name = text("serviceAccountName").or_else(|| text("serviceAccount")).unwrap_or("default");
    Some((workload.namespace.as_deref()?, name))
}

/// The groups that the role of a binding lets its subjects write.
fn written_groups(identity: &Identity, binding: &Value, objects: &[(&Identity, &Value)]) -> BTreeSet<String> {
    let text = |pointer: &str| binding.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, name) = (text("/roleRef/kind"), text("/roleRef/name"));
    if (kind, name) == ("ClusterRole", ALL_RIGHTS) {
        return ["*".to_owned()].into();
    }
    let role = match (kind, &identity.namespace) {
        ("Role", Some(namespace)) => Identity::namespaced(RBAC, kind, namespace, name),
        _ => Identity::cluster(RBAC, kind, name),
    };
    let role = objects.iter().find(|(identity, _)| **identity == role);
    let rules = role.and_then(|(_, role)| role.get("rules")).and_then(Value::as_array);
    let list = |rule: &Value, key: &str| -> Vec<String> {
        let list = rule.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let writes = |rule: &&Value| {
        let verbs = list(rule, "verbs");
        verbs.iter().any(|verb| matches!(verb.as_str(), "*" | "create" | "update" | "patch" | "delete"))
    };
    rules.into_iter().flatten().filter(writes).flat_map(|rule| list(rule, "apiGroups")).collect()
}

fn subjects(identity: &Identity, binding: &Value) -> Vec<Subject> {
    let subjects = binding.get("subjects").and_then(Value::as_array);
    let subjects = subjects.into_iter().flatten().filter_map(|subject| {
        let text = |key: &str| subject.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let name = text("name")?;
        match text("kind")? {
            kind if kind == SERVICE_ACCOUNT.1 => {
                let namespace = text("namespace").or(identity.namespace.as_deref())?.to_owned();
                Some(Subject::Account { namespace, name: name.to_owned() })
            }
            "Group" => match name.strip_prefix("system:serviceaccounts:") {
                Some(namespace) => Some(Subject::Accounts { namespace: Some(namespace.to_owned()) }),
                None if matches!(name, "system:serviceaccounts" | "system:authenticated") => {
                    Some(Subject::Accounts { namespace: None })
                }
                None => None,
            },
            _ => None,
        }
    });
    subjects.collect()
}

/// Whether webhooks of this configuration are asked when an object of this kind is changed or deleted.
pub fn is_asked_about(identity: &Identity, configuration: &Value, kind: &GroupKind) -> bool {
    let is_configuration = identity.kind.ends_with("WebhookConfiguration");
    let webhooks = configuration.get("webhooks").and_then(Value::as_array);
    let mut rules = webhooks
        .into_iter()
        .flatten()
        .filter_map(|webhook| webhook.get("rules").and_then(Value::as_array))
        .flatten();
    let names = |rule: &Value, key: &str, fits: &dyn Fn(&str) -> bool| {
        let list = rule.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).any(fits)
    };
    is_configuration
        && rules.any(|rule| {
            names(rule, "apiGroups", &|group| group == "*" || group == kind.group)
                && names(rule, "resources", &|resource| {
                    let resource = resource.split('/').next().unwrap_or(resource);
                    resource == "*" || kind.is_called(resource)
                })
        })
}

/// The Services that answer for these webhooks, or convert objects of this definition.
pub fn answering_services(object: &Value) -> Vec<Identity> {
    let webhooks = object.get("webhooks").and_then(Value::as_array);
    let of_webhooks = webhooks.into_iter().flatten().filter_map(|webhook| webhook.get("clientConfig"));
    let of_conversion = object.pointer("/spec/conversion/webhook/clientConfig");
    let services = of_webhooks.chain(of_conversion).filter_map(|config| config.get("service"));
    services
        .filter_map(|service| {
            let text = |key: &str| service.get(key).and_then(Value::as_str);
            Some(Identity::namespaced(SERVICE.0, SERVICE.1, text("namespace")?, text("name")?))
        })
        .collect()
}
