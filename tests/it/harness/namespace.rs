//! A namespace of one test, and names that no other test uses.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::command::Command;
use super::{Cluster, Project, Proxy, trial, wait_for};
use crate::plane::kubeconfig::Kubeconfig;

/// A namespace. On a cluster that stays, it is deleted (without waiting for it) when this value is dropped.
pub(crate) struct Namespace {
    cluster: Cluster,
    /// The name of the test, shortened, in characters that Kubernetes allows.
    slug: String,
    /// A random part, which no other namespace has.
    id: String,
    folder: tempfile::TempDir,
}

impl Namespace {
    /// A new one on the shared cluster, in which pods can start.
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self::on(Cluster::shared())
    }

    /// A new one on this cluster, in which pods can start.
    #[track_caller]
    pub(crate) fn on(cluster: impl AsRef<Cluster>) -> Self {
        let ns = Self::absent_on(cluster);
        ns.cluster.create_namespace(&ns.name());
        wait_for("the namespace's default service account", || ns.find("serviceaccount/default"));
        ns
    }

    /// The names alone, on the shared cluster. The namespace is not created: regplan does that.
    pub(crate) fn absent() -> Self {
        Self::absent_on(Cluster::shared())
    }

    /// The names alone, on this cluster.
    pub(crate) fn absent_on(cluster: impl AsRef<Cluster>) -> Self {
        let slug: String = trial::name().replace('_', "-").chars().take(32).collect();
        Self {
            cluster: cluster.as_ref().clone(),
            slug: slug.trim_end_matches('-').to_owned(),
            id: format!("{:06x}", rand::random_range(0..1 << 24)),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The cluster that it is on.
    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The namespace's name, `{ns}` in texts.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.slug, self.id)
    }

    /// The prefix for names of cluster-scoped objects, `{prefix}` in texts.
    pub(crate) fn prefix(&self) -> String {
        format!("x{}", self.id)
    }

    /// A name for regplan's project, `{project}` in texts.
    pub(crate) fn project_name(&self) -> String {
        format!("p{}", self.id)
    }

    /// The text with `{ns}`, `{prefix}`, `{project}` and `{server}` replaced.
    pub(crate) fn fill(&self, text: &str) -> String {
        text.replace("{ns}", &self.name())
            .replace("{prefix}", &self.prefix())
            .replace("{project}", &self.project_name())
            .replace("{server}", self.cluster.server())
    }

    /// A folder for a configuration, from which regplan is run.
    pub(crate) fn project(&self) -> Project<'_> {
        Project::new(self)
    }

    /// A proxy between this test and the cluster.
    #[track_caller]
    pub(crate) fn proxy(&self) -> Proxy {
        Proxy::start(&self.cluster)
    }

    /// Runs kubectl in the namespace, unless the arguments say otherwise.
    pub(crate) fn kubectl<const N: usize>(&self, args: [&str; N]) -> Command {
        let args = args.map(|arg| self.fill(arg));
        self.cluster.kubectl([&format!("--namespace={}", self.name())]).args(args)
    }

    /// Applies YAML or JSON, as somebody else who uses kubectl.
    #[track_caller]
    pub(crate) fn apply(&self, objects: &str) -> &Self {
        self.kubectl(["apply", "--filename=-"]).stdin(self.fill(objects)).run().success();
        self
    }

    /// The object (`deployment/web`), if there is one. Here and below, `{ns}` and the like are replaced.
    #[track_caller]
    pub(crate) fn find(&self, target: &str) -> Option<Value> {
        self.cluster.find(&self.name(), &self.fill(target))
    }

    /// The object (`deployment/web`), which has to be there.
    #[track_caller]
    pub(crate) fn get(&self, target: &str) -> Value {
        match self.find(target) {
            Some(object) => object,
            None => panic!("there is no {target} in {}", self.name()),
        }
    }

    /// The value at a JSON pointer (`/spec/replicas`) of an object, null where there is none.
    #[track_caller]
    pub(crate) fn field(&self, target: &str, pointer: &str) -> Value {
        self.get(target).pointer(pointer).cloned().unwrap_or_default()
    }

    /// The names of all objects of a type or of several (`configmap`, `sa,pvc`), as kubectl prints them.
    #[track_caller]
    pub(crate) fn list(&self, types: &str) -> Vec<String> {
        self.cluster.list(&self.name(), types)
    }

    /// Changes an object by a merge patch, as somebody else who uses `kubectl patch`.
    #[track_caller]
    pub(crate) fn patch(&self, target: &str, patch: &Value) -> &Self {
        self.cluster.patch(&self.name(), &self.fill(target), patch);
        self
    }

    /// Changes an object's status, as a controller or a cloud would.
    #[track_caller]
    pub(crate) fn patch_status(&self, target: &str, status: &Value) -> &Self {
        self.patch(&format!("{target}/status"), &json!({ "status": status }))
    }

    /// Deletes an object, and waits until it is gone.
    #[track_caller]
    pub(crate) fn delete(&self, target: &str) -> &Self {
        self.cluster.delete(&self.name(), &self.fill(target));
        self
    }

    /// Deletes an object outside the namespace that the test has no more use for, and does not wait until it is
    /// gone. It has to be there. On a cluster that ends with the tests it simply stays.
    #[track_caller]
    pub(crate) fn clean_up(&self, target: &str) {
        self.get(target);
        if !self.cluster.facts().is_temporary() {
            self.cluster.begin_delete(&self.name(), &self.fill(target));
        }
    }

    /// The kubeconfig of a [`stranger`](Self::stranger) who may also read which copy of the project's state is the newest
    /// one.
    #[track_caller]
    pub(crate) fn account(&self, name: &str, rules: &Value) -> PathBuf {
        let (group, record) = ("rbac.authorization.k8s.io", self.fill("regplan-{project}"));
        let account = format!("{}-{name}", self.name());
        let role = json!({
            "metadata": { "name": account },
            "rules": [{ "apiGroups": [""], "resources": ["configmaps"], "resourceNames": [record], "verbs": ["get"] }],
        });
        let binding = json!({
            "metadata": { "name": account },
            "roleRef": { "apiGroup": group, "kind": "Role", "name": account },
            "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": self.name() }],
        });
        for (plural, object) in [("roles", role), ("rolebindings", binding)] {
            let path = format!("/apis/{group}/v1/namespaces/default/{plural}");
            let (code, answer) = self.cluster.request("POST", &path, Some(&object));
            assert!(code == 201 || code == 409, "{answer}");
        }
        self.stranger(name, rules)
    }

    /// The kubeconfig of a service account with no other rights than these rules (of a `Role`, in JSON) in this
    /// namespace.
    #[track_caller]
    pub(crate) fn stranger(&self, name: &str, rules: &Value) -> PathBuf {
        let subject = json!({ "kind": "ServiceAccount", "name": name, "namespace": self.name() });
        let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name });
        let group = "rbac.authorization.k8s.io/v1";
        let metadata = json!({ "name": name });
        let objects = json!({ "apiVersion": "v1", "kind": "List", "items": [
            { "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata },
            { "apiVersion": group, "kind": "Role", "metadata": metadata, "rules": rules },
            {
                "apiVersion": group,
                "kind": "RoleBinding",
                "metadata": metadata,
                "roleRef": role,
                "subjects": [subject],
            },
        ] });
        self.apply(&objects.to_string());
        let token = self.kubectl(["create", "token", name]).run().success();
        self.write_kubeconfig(name, &self.trusted().token(token.stdout().trim()))
    }

    /// The token of a service account with all rights. The server writes what it changes into its audit log.
    #[track_caller]
    pub(crate) fn audited_administrator(&self, name: &str) -> String {
        let subject = json!({ "kind": "ServiceAccount", "name": name, "namespace": self.name() });
        let group = "rbac.authorization.k8s.io";
        let objects = json!({ "apiVersion": "v1", "kind": "List", "items": [
            { "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } },
            {
                "apiVersion": format!("{group}/v1"),
                "kind": "ClusterRoleBinding",
                "metadata": { "name": format!("{}-{name}", self.prefix()) },
                "roleRef": { "apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin" },
                "subjects": [subject],
            },
        ] });
        self.apply(&objects.to_string());
        let token = self.kubectl(["create", "token", name, "--duration=12h"]).run().success();
        token.stdout().trim().to_owned()
    }

    /// A kubeconfig with the server and its authority, to which a test adds a user.
    pub(crate) fn trusted(&self) -> Kubeconfig {
        Kubeconfig::new(self.cluster.server()).authority(&self.cluster.facts().authority)
    }

    /// Writes a kubeconfig. The file exists as long as this value.
    #[track_caller]
    pub(crate) fn write_kubeconfig(&self, name: &str, kubeconfig: &Kubeconfig) -> PathBuf {
        let path = self.folder.path().join(format!("{name}.kubeconfig"));
        kubeconfig.write(&path).unwrap();
        path
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // To empty a namespace the servers look for objects of each type that there is. Where the
        // cluster ends with the tests, nobody needs that.
        if !self.cluster.facts().is_temporary() && !std::thread::panicking() {
            self.cluster.begin_delete("", &format!("namespace/{}", self.name()));
        }
    }
}
