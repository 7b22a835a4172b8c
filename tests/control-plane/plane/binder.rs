//! Creates the volumes of claims, as a storage provisioner does in a cluster.
//!
//! The volume controller asks for a volume by an annotation on the claim: at once, or, where the class waits
//! for the first consumer, when the scheduler has found a node for a pod that uses the claim.

use std::fmt::Debug;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::{Api, DeleteParams, PostParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::json;

/// What the storage classes of the plane name as their provisioner.
pub(super) const PROVISIONER: &str = "regplan.test/binder";

/// The annotation by which the volume controller asks for a volume.
const ASKED: &str = "volume.kubernetes.io/storage-provisioner";
/// The annotation that says who made a volume.
const MADE: &str = "pv.kubernetes.io/provisioned-by";

/// Creates volumes for claims, as folders in this one, and deletes volumes whose claims are gone. It does not end by
/// itself.
pub(super) async fn run(client: kube::Client, folder: PathBuf) {
    let volumes: Api<PersistentVolume> = Api::all(client.clone());
    let claims: Api<PersistentVolumeClaim> = Api::all(client);
    // A request that fails is repeated when the object changes, or when the watch starts again.
    let serve = each(claims, |claim| {
        let (volumes, folder) = (volumes.clone(), folder.clone());
        async move {
            if let Some(volume) = volume_for(&claim, &folder) {
                let _ = volumes.create(&PostParams::default(), &volume).await;
            }
        }
    });
    let clear = each(volumes.clone(), |volume| {
        let volumes = volumes.clone();
        async move {
            if is_left_behind(&volume) {
                let _ = volumes.delete(&volume.name_any(), &DeleteParams::default()).await;
            }
        }
    });
    futures::join!(serve, clear);
}

async fn each<K, F: Future<Output = ()>>(api: Api<K>, mut act: impl FnMut(K) -> F)
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut changes = watcher(api, watcher::Config::default()).default_backoff().applied_objects().boxed();
    while let Some(change) = changes.next().await {
        if let Ok(object) = change {
            act(object).await;
        }
    }
}

/// The volume that this claim asks us for. `None` where it does not ask us, or has a volume.
fn volume_for(claim: &PersistentVolumeClaim, folder: &Path) -> Option<PersistentVolume> {
    let spec = claim.spec.as_ref()?;
    if claim.annotations().get(ASKED)? != PROVISIONER || spec.volume_name.is_some() {
        return None;
    }
    let name = format!("pvc-{}", claim.uid()?);
    let path = folder.join(&name);
    make_folder(&path).ok()?;
    let volume = json!({
        "metadata": { "name": name, "annotations": { MADE: PROVISIONER } },
        "spec": {
            "capacity": spec.resources.as_ref()?.requests,
            "accessModes": spec.access_modes,
            "storageClassName": spec.storage_class_name,
            "volumeMode": spec.volume_mode,
            "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": claim.namespace(),
                "name": claim.name_any(),
                "uid": claim.uid(),
            },
            "hostPath": { "path": path },
        },
    });
    serde_json::from_value(volume).ok()
}

/// Makes the folder of a volume. Every user may write to it: a kubelet gives a `hostPath` to no group.
fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o777))
}

fn is_left_behind(volume: &PersistentVolume) -> bool {
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
    let ours = volume.annotations().get(MADE).is_some_and(|maker| maker == PROVISIONER);
    ours && phase == Some("Released") && volume.meta().deletion_timestamp.is_none()
}
