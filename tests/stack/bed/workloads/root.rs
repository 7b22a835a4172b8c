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
    /// What is in its folder, and may change.
    contents: Vec<Contents>,
}

/// What a `ConfigMap` or a Secret holds.
type Files = BTreeMap<String, Vec<u8>>;

/// The files of a volume that an object holds.
struct Contents {
    folder: PathBuf,
    source: Source,
    /// The keys that are taken, and the files that they become; all of them where none is named.
    items: Option<Vec<KeyToPath>>,
}

enum Source {
    ConfigMap(String),
    Secret(String),
}

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
            contents: Vec::new(),
        };
        for mount in container.volume_mounts.iter().flatten() {
            let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
            let volume = volumes.into_iter().find(|volume| volume.name == mount.name);
            let volume = volume.ok_or_else(|| format!("the pod has no volume {}", mount.name))?;
            root.mount(&reader, volume, Path::new(&mount.mount_path)).await?;
        }
        for contents in &root.contents {
            contents.write(&reader).await?;
        }
        for variable in container.env.iter().flatten() {
            root.env.push((variable.name.clone(), reader.value(variable).await?));
        }
        Ok(root)
    }

    /// Writes the files again that a running container sees, as the objects hold them now.
    pub(super) async fn refresh(&self, client: &Client, pod: &Pod) -> Result<(), Error> {
        let reader = Reader { client, namespace: pod.namespace().unwrap_or_default() };
        for contents in &self.contents {
            contents.write(&reader).await?;
        }
        Ok(())
    }

    async fn mount(&mut self, reader: &Reader<'_>, volume: &Volume, path: &Path) -> Result<(), Error> {
        let folder = self.folder.join(path.strip_prefix("/")?);
        fs::create_dir_all(&folder)?;
        if let Some(map) = &volume.config_map {
            let source = Source::ConfigMap(map.name.clone());
            self.contents.push(Contents { folder, source, items: map.items.clone() });
            Ok(())
        } else if let Some(secret) = &volume.secret {
            let source = Source::Secret(secret.secret_name.clone().unwrap_or_default());
            self.contents.push(Contents { folder, source, items: secret.items.clone() });
            Ok(())
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

impl Contents {
    /// Writes each file, in one step, so that nobody reads half of it.
    async fn write(&self, reader: &Reader<'_>) -> Result<(), Error> {
        let files = match &self.source {
            Source::ConfigMap(name) => reader.config_map(name).await?,
            Source::Secret(name) => reader.secret(name).await?,
        };
        for (path, content) in named(files, self.items.as_deref())? {
            let new = self.folder.join(format!(".{path}.new"));
            fs::write(&new, content)?;
            fs::rename(new, self.folder.join(path))?;
        }
        Ok(())
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

/// The files by their paths; only these items where they are named.
fn named(files: Files, items: Option<&[KeyToPath]>) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let Some(items) = items else { return Ok(files.into_iter().collect()) };
    let file = |item: &KeyToPath| {
        let value = files.get(&item.key).ok_or_else(|| format!("there is no key {}", item.key))?;
        Ok((item.path.clone(), value.clone()))
    };
    items.iter().map(file).collect()
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
