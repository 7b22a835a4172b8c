//! Objects as the server has them, by the names that kubectl takes: `deployment/web`, `pvc/data`,
//! `mirror.example.com/hub`.
//!
//! A run of kubectl takes about fifty milliseconds of processor time, and the request that it makes
//! nearly none. So what all tests do again and again is a request; kubectl itself is for what is about
//! kubectl.

use std::sync::{Mutex, PoisonError};

use kube::core::discovery::v2::{APIGroupDiscovery, APIResourceDiscovery, APIVersionDiscovery};
use serde_json::{Value, json};

use super::{Cluster, block_on, wait_until};

/// A type of objects.
#[derive(Debug, Clone)]
struct Type {
    group: String,
    version: String,
    plural: String,
    /// The kind in small letters.
    kind: String,
    /// Singular and short names.
    other_names: Vec<String>,
    is_namespaced: bool,
}

impl Type {
    fn of(group: &str, version: &str, found: &APIResourceDiscovery) -> Option<Self> {
        let mut other_names = found.short_names.clone();
        other_names.extend(found.singular_resource.clone());
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: found.resource.clone()?,
            kind: found.response_kind.as_ref()?.kind.as_ref()?.to_lowercase(),
            other_names,
            is_namespaced: found.scope.as_deref() == Some("Namespaced"),
        })
    }

    /// Whether kubectl means it by this name, with its group behind the first dot or without.
    fn is_called(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let (name, group) = name.split_once('.').map_or((&*name, None), |(name, group)| (name, Some(group)));
        let is_named = self.plural == name || self.kind == name;
        let is_named = is_named || self.other_names.iter().any(|other| other == name);
        is_named && group.is_none_or(|group| self.group == group)
    }

    /// The path of all such objects, in this namespace if they are in namespaces.
    fn path(&self, namespace: &str) -> String {
        let root = if self.group.is_empty() { "/api".into() } else { format!("/apis/{}", self.group) };
        let namespace = if self.is_namespaced { format!("/namespaces/{namespace}") } else { String::new() };
        format!("{root}/{}{namespace}/{}", self.version, self.plural)
    }

    /// The name of an object as kubectl prints it: `deployment.apps/web`.
    fn target(&self, name: &str) -> String {
        let dot = if self.group.is_empty() { "" } else { "." };
        format!("{}{dot}{}/{name}", self.kind, self.group)
    }
}

/// The types that a cluster has, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Types(Mutex<Vec<Type>>);

impl Types {
    /// The type of this name. One that is not known may be new, so the server is asked again.
    #[track_caller]
    fn get(&self, client: &kube::Client, name: &str) -> Type {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let find = |known: &[Type]| known.iter().find(|each| each.is_called(name)).cloned();
        find(&known).unwrap_or_else(|| {
            *known = block_on(discover(client)).unwrap();
            find(&known).unwrap_or_else(|| panic!("the server does not have a type `{name}`"))
        })
    }
}

/// All types of all groups in their preferred version, in the server's order of preference.
async fn discover(client: &kube::Client) -> kube::Result<Vec<Type>> {
    let core = client.list_core_api_versions_aggregated().await?;
    let groups = client.list_api_groups_aggregated().await?;
    Ok(core.items.iter().chain(&groups.items).flat_map(types_of).collect())
}

fn types_of(group: &APIGroupDiscovery) -> Vec<Type> {
    let name = group.metadata.as_ref().and_then(|metadata| metadata.name.as_deref()).unwrap_or_default();
    let of = |version: &APIVersionDiscovery| {
        let number = version.version.clone().unwrap_or_default();
        version.resources.iter().filter_map(|found| Type::of(name, &number, found)).collect()
    };
    group.versions.first().map(of).unwrap_or_default()
}

impl Cluster {
    /// Makes a namespace, as `kubectl create` does.
    #[track_caller]
    pub(super) fn create_namespace(&self, name: &str) {
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        let (status, answer) =
            self.request("POST", "/api/v1/namespaces?fieldManager=kubectl-create", Some(&namespace));
        assert_eq!(status, 201, "the namespace {name}: {answer}");
    }

    /// The path of an object (`deployment/web`).
    #[track_caller]
    fn path(&self, namespace: &str, target: &str) -> String {
        let Some((kind, name)) = target.split_once('/') else { panic!("`{target}` is not TYPE/NAME") };
        format!("{}/{name}", self.collection(namespace, kind))
    }

    /// The path of all objects of a type.
    #[track_caller]
    pub(super) fn collection(&self, namespace: &str, name: &str) -> String {
        self.types().get(&self.client(), name).path(namespace)
    }

    /// The object, if there is one.
    #[track_caller]
    pub(crate) fn find(&self, namespace: &str, target: &str) -> Option<Value> {
        let (status, answer) = self.request("GET", &self.path(namespace, target), None);
        assert!(matches!(status, 200 | 404), "{target} in {namespace}: {status} {answer}");
        (status == 200).then_some(answer)
    }

    /// The names of all objects of some types (`configmap`, `sa,pvc`), each with its type.
    #[track_caller]
    pub(super) fn list(&self, namespace: &str, types: &str) -> Vec<String> {
        let list = |name: &str| {
            let each = self.types().get(&self.client(), name);
            let items = self.items(namespace, name);
            items.into_iter().map(move |item| each.target(item["metadata"]["name"].as_str().unwrap()))
        };
        types.split(',').flat_map(list).collect()
    }

    /// All objects of a type.
    #[track_caller]
    pub(crate) fn items(&self, namespace: &str, name: &str) -> Vec<Value> {
        let (status, answer) = self.request("GET", &self.collection(namespace, name), None);
        assert_eq!(status, 200, "{name} in {namespace}: {answer}");
        answer["items"].as_array().unwrap().clone()
    }

    /// What requests call objects of a kind: `deployments.apps`.
    #[track_caller]
    pub(crate) fn resource(&self, group: &str, kind: &str) -> String {
        let plural = self.types().get(&self.client(), &format!("{kind}.{group}")).plural;
        if group.is_empty() { plural } else { format!("{plural}.{group}") }
    }

    /// Sends a merge patch, as `kubectl patch` does, for an object or, with `/status` behind its name, for its status.
    #[track_caller]
    pub(crate) fn patch(&self, namespace: &str, target: &str, patch: &Value) {
        let url = format!("{}?fieldManager=kubectl-patch", self.path(namespace, target));
        let (status, answer) = self.request("PATCH", &url, Some(patch));
        assert_eq!(status, 200, "{target} in {namespace}: {answer}");
    }

    /// Deletes an object, and waits until it is gone.
    #[track_caller]
    pub(crate) fn delete(&self, namespace: &str, target: &str) {
        let uid = |object: Value| object["metadata"]["uid"].clone();
        let before = self.find(namespace, target).map(uid);
        assert!(before.is_some(), "there is no {target} in {namespace}");
        self.begin_delete(namespace, target);
        // One that is made anew in the meantime is another object.
        wait_until(&format!("the end of {target}"), || {
            self.find(namespace, target).map(uid).is_none_or(|uid| Some(uid) != before)
        });
    }

    /// Deletes an object if it is there, and does not wait until it is gone.
    #[track_caller]
    pub(crate) fn begin_delete(&self, namespace: &str, target: &str) {
        let options = json!({ "propagationPolicy": "Background" });
        let (status, answer) = self.request("DELETE", &self.path(namespace, target), Some(&options));
        assert!(matches!(status, 200 | 202 | 404), "{target} in {namespace}: {status} {answer}");
    }
}
