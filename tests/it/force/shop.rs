//! The configuration that is put to the test: many objects of many kinds, in two versions.

use std::fmt::Write as _;

use crate::harness::HEAD;

/// One of the two versions that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    First,
    Second,
}

impl Version {
    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// What its objects say.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

/// The addresses that a destroy must leave where they are.
pub(crate) const PROTECTED: [&str; 4] = ["resource.data", "resource.terms", "resource.space", "secret.token"];

/// What stands beside the many: what is waited for, what is protected, what is generated, a namespace of its own.
const FIXED: &str = r#"
[resource.space]
apiVersion = "v1"
kind = "Namespace"
metadata.name = "{prefix}-s"

[resource.data]
apiVersion = "v1"
kind = "PersistentVolumeClaim"
spec = { accessModes = ["ReadWriteOnce"], resources.requests.storage = "1Gi" }

[resource.terms]
apiVersion = "v1"
kind = "ConfigMap"
data.version = "VERSION"
lifecycle.protect = true

[secret.token]
generate = { length = 24 }

[resource.login]
apiVersion = "v1"
kind = "Secret"
stringData.token = "${secret.token}"

[resource.web]
apiVersion = "apps/v1"
kind = "Deployment"
depends_on = ["resource.login"]

[resource.web.spec]
replicas = 1
selector.matchLabels = { app = "web" }
template.metadata.labels = { app = "web" }
template.metadata.annotations = { version = "VERSION" }
template.spec.containers = [{ name = "main", image = "web:1" }]
"#;

/// How many objects [`FIXED`] makes.
const FIXED_OBJECTS: usize = 6;

/// The kinds of the many, each as what follows its name. `NUMBER` is its own number.
const KINDS: [&str; 10] = [
    // What is in both versions and changes.
    "apiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.version = \"VERSION\"\n",
    // What never changes.
    "apiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"NUMBER\"\n",
    "apiVersion = \"v1\"\nkind = \"Secret\"\nstringData.k = \"NUMBER\"\n",
    "apiVersion = \"v1\"\nkind = \"ServiceAccount\"\n",
    "apiVersion = \"v1\"\nkind = \"Service\"\nspec = { ports = [{ port = 80 }], selector = { app = \"web\" } }\n\
     metadata.labels.version = \"VERSION\"\n",
    // What is replaced, because it cannot be changed.
    "apiVersion = \"v1\"\nkind = \"ConfigMap\"\nimmutable = true\ndata.version = \"VERSION\"\n",
    "apiVersion = \"rbac.authorization.k8s.io/v1\"\nkind = \"Role\"\n\
     rules = [{ apiGroups = [\"\"], resources = [\"pods\"], verbs = [\"get\"], resourceNames = [\"VERSION\"] }]\n",
    // What is in a namespace that the same run makes.
    "apiVersion = \"v1\"\nkind = \"ConfigMap\"\nmetadata.namespace = \"{prefix}-s\"\ndata.version = \"VERSION\"\n\
     depends_on = [\"resource.space\"]\n",
    // What is in one version only.
    "apiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.only = \"first\"\n",
    "apiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.only = \"second\"\ndepends_on = [\"resource.web\"]\n",
];

/// The types of all objects that there can be, as kubectl names them.
pub(crate) const TYPES: [&str; 8] =
    ["configmap", "secret", "serviceaccount", "service", "role", "pvc", "deployment", "replicaset"];

/// A configuration of about so many objects, in this version, with this `[state]` table.
pub(crate) fn shop(version: Version, objects: usize, state: &str) -> String {
    let mut text = format!("{HEAD}{state}{FIXED}");
    for number in 0..objects - FIXED_OBJECTS {
        let kind = number % KINDS.len();
        let is_left_out = match version {
            Version::First => kind == 9,
            Version::Second => kind == 8,
        };
        if !is_left_out {
            let body = KINDS[kind].replace("NUMBER", &number.to_string());
            let _ = write!(text, "\n[resource.o{number}]\n{body}");
        }
    }
    text.replace("VERSION", version.text())
}
