//! What a container finds: its folder with the volumes in it, its environment, its user.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{
    ConfigMap, Container, EnvVar, KeyToPath, PersistentVolume, PersistentVolumeClaim, Pod, Secret, Volume,
};
use kube::api::Api;
use kube::{Client, ResourceExt as _};

use crate::plane::Error;

/// A container that can be started.
pub(super) struct Root {
    /// The folder that it sees as `/`.
    pub(super) folder: PathBuf,
    /// Folders of the machine, and the paths in the container at which it sees them.
    pub(super) binds: Vec<(PathBuf, PathBuf)>,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    /// User and group, as `chroot` takes them.
    pub(super) user: String,
}

/// What a `ConfigMap` or a Secret holds.
type Files = BTreeMap<String, Vec<u8>>;

/// Reads the objects that a pod refers to.
struct Reader<'a> {
    client: &'a Client,
    namespace: String,
}

impl Root {
    /// Makes the folder of a container, with all that it mounts.
    pub(super) async fn prepare(
        client: &Client,
        pod: &Pod,
        container: &Container,
        folder: &Path,
    ) -> Result<Self, Error> {
        let reader = Reader { client, namespace: pod.namespace().unwrap_or_default() };
        // A container that starts again gets a new folder.
        let _ = fs::remove_dir_all(folder);
        let folder = folder.join("root");
        fs::create_dir_all(folder.join("etc"))?;
        writable_folder(&folder.join("tmp"))?;
        let mut root = Self {
            folder,
            binds: Vec::new(),
            args: container.command.iter().chain(&container.args).flatten().cloned().collect(),
            env: Vec::new(),
            user: user(pod),
        };
        for mount in container.volume_mounts.iter().flatten() {
            let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
            let volume = volumes.into_iter().find(|volume| volume.name == mount.name);
            let volume = volume.ok_or_else(|| format!("the pod has no volume {}", mount.name))?;
            root.mount(&reader, volume, Path::new(&mount.mount_path)).await?;
        }
        for variable in container.env.iter().flatten() {
            root.env.push((variable.name.clone(), reader.value(variable).await?));
        }
        Ok(root)
    }

    async fn mount(&mut self, reader: &Reader<'_>, volume: &Volume, path: &Path) -> Result<(), Error> {
        let folder = self.folder.join(path.strip_prefix("/")?);
        fs::create_dir_all(&folder)?;
        if let Some(source) = &volume.config_map {
            write_files(&folder, reader.config_map(&source.name).await?, source.items.as_deref())
        } else if let Some(source) = &volume.secret {
            let name = source.secret_name.as_deref().unwrap_or_default();
            write_files(&folder, reader.secret(name).await?, source.items.as_deref())
        } else if let Some(source) = &volume.persistent_volume_claim {
            self.binds.push((reader.folder_of_claim(&source.claim_name).await?, path.to_owned()));
            Ok(())
        } else if volume.empty_dir.is_some() || volume.projected.is_some() {
            // A projected volume holds the token of the service account, which no program here reads.
            writable_folder(&folder)
        } else {
            Err(format!("the test bed has no volumes of the kind of {}", volume.name).into())
        }
    }
}

impl Reader<'_> {
    async fn config_map(&self, name: &str) -> Result<Files, Error> {
        let map = Api::<ConfigMap>::namespaced(self.client.clone(), &self.namespace).get(name).await?;
        Ok(map.data.unwrap_or_default().into_iter().map(|(key, text)| (key, text.into_bytes())).collect())
    }

    async fn secret(&self, name: &str) -> Result<Files, Error> {
        let secret = Api::<Secret>::namespaced(self.client.clone(), &self.namespace).get(name).await?;
        Ok(secret.data.unwrap_or_default().into_iter().map(|(key, ByteString(value))| (key, value)).collect())
    }

    async fn folder_of_claim(&self, name: &str) -> Result<PathBuf, Error> {
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(self.client.clone(), &self.namespace);
        let volume = claims.get(name).await?.spec.and_then(|spec| spec.volume_name);
        let volumes: Api<PersistentVolume> = Api::all(self.client.clone());
        let volume = volumes.get(&volume.ok_or("the claim is not bound")?).await?;
        let path = volume.spec.and_then(|spec| spec.host_path).map(|host| host.path);
        Ok(path.ok_or("the volume is no folder")?.into())
    }

    async fn value(&self, variable: &EnvVar) -> Result<String, Error> {
        let Some(source) = &variable.value_from else {
            return Ok(variable.value.clone().unwrap_or_default());
        };
        let (files, key) = match (&source.secret_key_ref, &source.config_map_key_ref) {
            (Some(source), _) => (self.secret(&source.name).await?, &source.key),
            (None, Some(source)) => (self.config_map(&source.name).await?, &source.key),
            (None, None) => return Err(format!("{} comes from an unknown source", variable.name).into()),
        };
        let value = files.get(key).ok_or_else(|| format!("there is no key {key} for {}", variable.name))?;
        Ok(String::from_utf8(value.clone())?)
    }
}

/// Writes the files of a `ConfigMap` or a Secret; only these items where they are named.
fn write_files(folder: &Path, files: Files, items: Option<&[KeyToPath]>) -> Result<(), Error> {
    let named: Vec<(String, Vec<u8>)> = match items {
        None => files.into_iter().collect(),
        Some(items) => items
            .iter()
            .map(|item| {
                let value = files.get(&item.key).ok_or_else(|| format!("there is no key {}", item.key))?;
                Ok((item.path.clone(), value.clone()))
            })
            .collect::<Result<_, Error>>()?,
    };
    for (path, content) in named {
        fs::write(folder.join(path), content)?;
    }
    Ok(())
}

fn writable_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path)?;
    Ok(fs::set_permissions(path, Permissions::from_mode(0o1777))?)
}

/// The user that the pod names, else the one that the images of such programs name.
fn user(pod: &Pod) -> String {
    const USUAL: i64 = 65_532;
    let context = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref());
    let user = context.and_then(|context| context.run_as_user).unwrap_or(USUAL);
    let group = context.and_then(|context| context.run_as_group).unwrap_or(user);
    format!("{user}:{group}")
}
