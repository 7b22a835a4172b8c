//! Other field managers: people and programs that change an object, in each way that the API offers.

use http::Request;
use kube::client::Body;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use regplan::kubernetes::field_manager;
use regplan::kubernetes::marks::{LINEAGE, PROJECT as PROJECT_MARK};
use regplan::resource::Desired;
use serde_json::{Value, json};

use super::objects;
use crate::harness::Namespace;

const MERGE: &str = "application/merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

/// The other managers of one object.
pub(super) struct OtherManagers {
    client: kube::Client,
    rng: StdRng,
}

/// One change by another manager.
#[derive(Debug, Clone, Copy)]
enum Edit {
    /// A merge patch with another variant of the object, as `kubectl edit` would.
    Update,
    /// The same for one part of the object.
    UpdatePart,
    /// Changes the object back to what is wanted.
    Restore,
    /// Server-side apply of another variant by somebody else.
    ApplyOther,
    /// Server-side apply of what is wanted by somebody else.
    ApplySame,
    /// Server-side apply of another variant under our own name.
    ApplyAsUs,
    /// An ordinary write under our own name.
    UpdateAsUs,
    /// The scale subresource.
    Scale,
    /// Reverses all lists.
    Reverse,
    /// Empties `managedFields`, so that no manager owns a field.
    DropOwners,
    /// Makes the fields of another manager ours.
    HandOver,
    /// Changes the API version of our entry in `managedFields`.
    AnotherVersion,
    /// Adds a label, which is not one of our fields.
    Label,
}

const EDITS: &[Edit] = &[
    Edit::Update,
    Edit::UpdatePart,
    Edit::UpdatePart,
    Edit::Restore,
    Edit::ApplyOther,
    Edit::ApplySame,
    Edit::ApplyAsUs,
    Edit::UpdateAsUs,
    Edit::Scale,
    Edit::Reverse,
    Edit::DropOwners,
    Edit::HandOver,
    Edit::AnotherVersion,
    Edit::Label,
    Edit::Label,
];

impl OtherManagers {
    pub(super) fn new(ns: &Namespace, seed: u64) -> Self {
        Self { client: ns.cluster().client(), rng: StdRng::seed_from_u64(seed) }
    }

    /// Changes the object up to three times, and describes each change. The server may refuse a change.
    pub(super) async fn edit(&mut self, desired: &Desired, project: &str) -> Vec<String> {
        let mut edits = Vec::new();
        for _ in 0..self.rng.random_range(0..=3) {
            let edit = *objects::pick(&mut self.rng, EDITS);
            let outcome = self.apply(edit, desired, project).await;
            edits.push(format!("{edit:?}: {outcome}"));
        }
        edits
    }

    async fn apply(&mut self, edit: Edit, desired: &Desired, project: &str) -> String {
        let wanted = &desired.object;
        let us = field_manager(project);
        let path = path(wanted);
        match edit {
            Edit::Update => {
                let other = objects::other(&mut self.rng, wanted);
                self.patch(&path, "kubectl-edit", MERGE, &other).await
            }
            Edit::UpdatePart => {
                let mut part = objects::other(&mut self.rng, wanted);
                let keep = *objects::pick(&mut self.rng, &["metadata", "spec", "data"]);
                part.as_object_mut().unwrap().retain(|key, _| key == keep);
                if let Some(spec) = part.get_mut("spec").and_then(Value::as_object_mut)
                    && let Some(key) = spec.keys().nth(self.rng.random_range(0..8)).cloned()
                {
                    spec.retain(|name, _| *name == key);
                }
                self.patch(&path, "editor", MERGE, &part).await
            }
            Edit::Restore => self.patch(&path, "restorer", MERGE, wanted).await,
            Edit::ApplyOther => {
                let other = objects::other(&mut self.rng, wanted);
                self.patch(&path, "flux", APPLY, &other).await
            }
            Edit::ApplySame => self.patch(&path, "argo", APPLY, wanted).await,
            Edit::ApplyAsUs => {
                let mut other = if self.rng.random_ratio(1, 2) {
                    objects::other(&mut self.rng, wanted)
                } else {
                    wanted.clone()
                };
                if self.rng.random_ratio(2, 3) {
                    for (key, value) in [
                        (PROJECT_MARK, project),
                        (LINEAGE, "l"),
                        ("regplan.dev/address", &desired.address.to_string()),
                    ] {
                        other["metadata"]["annotations"][key] = json!(value);
                    }
                }
                self.patch(&path, &us, APPLY, &other).await
            }
            Edit::UpdateAsUs => {
                let other = objects::other(&mut self.rng, wanted);
                self.patch(&path, &us, MERGE, &other).await
            }
            Edit::Scale => {
                let replicas = self.rng.random_range(0..2);
                self.patch(&format!("{path}/scale"), "hpa", MERGE, &json!({"spec": {"replicas": replicas}}))
                    .await
            }
            Edit::Reverse => {
                let Some(mut live) = self.get(&path).await else { return "gone".to_owned() };
                let Some(part) = live.get_mut("spec").map(Value::take) else { return "no spec".to_owned() };
                self.patch(&path, "sorter", MERGE, &json!({"spec": reversed(part)})).await
            }
            Edit::DropOwners => {
                self.patch(&path, "stripper", MERGE, &json!({"metadata": {"managedFields": [{}]}})).await
            }
            Edit::HandOver => {
                let change = |entries: &mut Vec<Value>| {
                    let ours = entries.iter().position(|entry| is_ours(entry, &us));
                    let theirs = entries
                        .iter()
                        .position(|entry| !is_ours(entry, &us) && entry.get("subresource").is_none());
                    let (Some(ours), Some(theirs)) = (ours, theirs) else { return };
                    entries[ours]["fieldsV1"] =
                        merged(entries[ours]["fieldsV1"].clone(), entries[theirs]["fieldsV1"].clone());
                    entries.remove(theirs);
                };
                self.rewrite_owners(&path, change).await
            }
            Edit::AnotherVersion => {
                let change = |entries: &mut Vec<Value>| {
                    for entry in entries.iter_mut().filter(|entry| is_ours(entry, &us)) {
                        entry["apiVersion"] = json!("apps/v1beta1");
                    }
                };
                self.rewrite_owners(&path, change).await
            }
            Edit::Label => {
                self.patch(&path, "labeller", MERGE, &json!({"metadata": {"labels": {"theirs": "x"}}})).await
            }
        }
    }

    async fn rewrite_owners(&self, path: &str, change: impl FnOnce(&mut Vec<Value>)) -> String {
        let Some(live) = self.get(path).await else { return "gone".to_owned() };
        let mut entries = live["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        change(&mut entries);
        let moved = json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        ]);
        self.patch(path, "mover", JSON_PATCH, &moved).await
    }

    async fn patch(&self, path: &str, manager: &str, content: &str, body: &Value) -> String {
        let force = if content == APPLY { "&force=true" } else { "" };
        let uri = format!("{path}?fieldManager={}{force}", manager.replace(':', "%3A"));
        let request = Request::patch(uri).header("content-type", content);
        let response =
            self.client.send(request.body(Body::from(serde_json::to_vec(body).unwrap())).unwrap()).await;
        format!("{manager} {} {body}", response.unwrap().status())
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = self.client.send(request).await.unwrap();
        let bytes = response.into_body().collect_bytes().await.unwrap();
        let object: Value = serde_json::from_slice(&bytes).unwrap();
        (object["kind"] != "Status").then_some(object)
    }
}

fn is_ours(entry: &Value, us: &str) -> bool {
    entry["manager"] == us && entry["operation"] == "Apply"
}

/// The path of the object itself.
fn path(object: &Value) -> String {
    let version = object["apiVersion"].as_str().unwrap();
    let root = if version.contains('/') { "apis" } else { "api" };
    let plural = match object["kind"].as_str().unwrap() {
        "Ingress" => "ingresses".to_owned(),
        kind => format!("{}s", kind.to_lowercase()),
    };
    let text = |key: &str| object["metadata"][key].as_str().unwrap();
    format!("/{root}/{version}/namespaces/{}/{plural}/{}", text("namespace"), text("name"))
}

fn reversed(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().rev().map(reversed).collect(),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, reversed(value))).collect())
        }
        plain => plain,
    }
}

/// The union of two sets of fields, as in `fieldsV1`.
fn merged(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        for (key, value) in other {
            let old = one.remove(&key).unwrap_or_else(|| json!({}));
            one.insert(key, merged(old, value));
        }
    }
    one
}
