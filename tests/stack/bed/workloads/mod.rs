//! A node whose pods are plain processes.
//!
//! A pod has an address and a network of its own, and its first container runs in a folder of its own, with the
//! volumes and the user that it asks for. There are no images: the bed knows a program for each that its tests use.
//! Of probes only the readiness probe is asked.

mod pod;
mod root;
mod sandbox;
mod status;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher::{self, Event};
use kube::{Client, ResourceExt as _};
use serde_json::json;

use super::addresses;
use crate::plane::{Error, Facts};
use pod::Played;

/// The name of the node.
const NODE: &str = "node";

/// How often is looked at the processes and their readiness.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// How often the node says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The programs that play images, by the image's name without its tag.
#[derive(Debug, Clone, Default)]
pub(super) struct Images(BTreeMap<String, PathBuf>);

impl Images {
    /// Adds one.
    pub(super) fn add(mut self, image: &str, program: PathBuf) -> Self {
        self.0.insert(untagged(image).to_owned(), program);
        self
    }

    fn program(&self, image: &str) -> Option<&Path> {
        self.0.get(untagged(image)).map(PathBuf::as_path)
    }
}

fn untagged(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    }
}

/// Plays the node on a thread of its own, with which the pods end.
pub(super) fn play(plane: &Facts, images: Images, folder: PathBuf) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let kubeconfig = plane.kubeconfig.clone();
    std::thread::spawn(move || {
        let outcome = runtime.block_on(async {
            let client = crate::harness::client(&kubeconfig).await;
            Player { client, images, folder, playing: BTreeMap::new(), started: 0 }.run().await
        });
        if let Err(error) = outcome {
            eprintln!("error: the node of the test bed has ended: {error}");
        }
    });
    Ok(())
}

struct Player {
    client: Client,
    images: Images,
    folder: PathBuf,
    /// The pods that are here, by uid.
    playing: BTreeMap<String, Played>,
    /// How many pods were started.
    started: u8,
}

impl Player {
    async fn run(mut self) -> Result<(), Error> {
        self.create_node().await?;
        let here = watcher::Config::default().fields(&format!("spec.nodeName={NODE}"));
        let mut changes = watcher::watcher(Api::<Pod>::all(self.client.clone()), here).boxed();
        let mut looks = tokio::time::interval(LOOK_INTERVAL);
        let mut heartbeats = tokio::time::interval(HEARTBEAT);
        loop {
            tokio::select! {
                change = changes.next() => match change {
                    Some(Ok(Event::Apply(pod) | Event::InitApply(pod))) => self.take(pod).await,
                    Some(Ok(Event::Delete(pod))) => self.forget(&pod),
                    // The watcher begins again by itself.
                    Some(Ok(Event::Init | Event::InitDone) | Err(_)) => {}
                    None => return Err("the watch of pods has ended".into()),
                },
                _ = looks.tick() => self.look().await,
                _ = heartbeats.tick() => self.say_ready().await?,
            }
        }
    }

    async fn create_node(&self) -> Result<(), Error> {
        let labels = json!({ "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux" });
        let node = serde_json::from_value(json!({ "metadata": { "name": NODE, "labels": labels } }))?;
        Api::<Node>::all(self.client.clone()).create(&PostParams::default(), &node).await?;
        Ok(())
    }

    async fn say_ready(&self) -> Result<(), Error> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let status = Patch::Merge(status::of_node(addresses::NODE));
        nodes.patch_status(NODE, &PatchParams::default(), &status).await?;
        Ok(())
    }

    /// Notes a pod that has come, and ends one that is to go.
    async fn take(&mut self, pod: Pod) {
        if pod.metadata.deletion_timestamp.is_some() {
            self.forget(&pod);
            let pods: Api<Pod> = Api::namespaced(self.client.clone(), &pod.namespace().unwrap_or_default());
            // Somebody else may have deleted it.
            let _ = pods.delete(&pod.name_any(), &DeleteParams::default().grace_period(0)).await;
            return;
        }
        let uid = pod.uid().unwrap_or_default();
        if !self.playing.contains_key(&uid) {
            // 250 pods run at once at most; by then the first ones are gone.
            self.started = self.started % 250 + 1;
            let folder = self.folder.join(&uid);
            let program = pod::image(&pod).and_then(|image| self.images.program(image));
            let played = Played::new(&self.client, pod, folder, self.started, program);
            self.playing.insert(uid, played);
        }
    }

    fn forget(&mut self, pod: &Pod) {
        self.playing.remove(&pod.uid().unwrap_or_default());
    }

    /// Starts what does not run yet, and tells what has changed.
    async fn look(&mut self) {
        for played in self.playing.values_mut() {
            played.look().await;
        }
    }
}
