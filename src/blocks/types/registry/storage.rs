//! Where a registry stores its images, and what follows from that for its pods.
//!
//! | Store | Who can use it at the same time | What the pods need |
//! |---|---|---|
//! | a volume | what its access mode says | its claim, mounted |
//! | a bucket | any number of pods | the keys of the store, in their environment |

use serde_json::{Value, json};
use url::Url;

use super::common::{Registry, path};
use super::config_yml::STORAGE_FOLDER;
use super::options::{AccessMode, Bucket, Volume};
use super::spec::RegistrySpec;
use crate::blocks::draft::Draft;
use crate::blocks::facts::{Need, SecretText};
use crate::config::SecretSource;

/// The region that stores take which know none.
const USUAL_REGION: &str = "us-east-1";
/// How the names of Amazon's servers end.
const AMAZON: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];
/// How long a pod is given to find out that its store does not answer: more than `interval` times `threshold` of its health.
const FIRST_LOOK: u8 = 25;

/// Where images are stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum Store<'a> {
    /// On a volume of the cluster.
    Volume(&'a Volume),
    /// In a bucket of an object store.
    Bucket(&'a Bucket),
}

/// A key of the object store.
pub(super) struct StoreKey<'a> {
    /// The key of the configuration that gives it.
    pub(super) name: &'static str,
    /// Where it comes from.
    pub(super) source: &'a SecretSource,
    /// The key of the Secret `NAME-s3`.
    entry: &'static str,
    /// The variable under which the registry finds it. The registry's own variables (`REGISTRY_STORAGE_S3_SECRETKEY`) are read
    /// as YAML, which makes another text of many a key: of `0123`, for example.
    variable: &'static str,
}

impl RegistrySpec {
    /// Where images are stored. The configuration refuses a second one; `None` where it says none, which is a mistake as well.
    pub(super) fn store(&self) -> Option<Store<'_>> {
        let storage = &self.options.storage;
        let bucket = || storage.s3.as_ref().map(Store::Bucket);
        storage.volume.as_ref().map(Store::Volume).or_else(bucket)
    }

    /// The volume.
    pub(super) fn volume(&self) -> Option<&Volume> {
        match self.store()? {
            Store::Volume(volume) => Some(volume),
            Store::Bucket(_) => None,
        }
    }

    /// The bucket.
    pub(super) fn bucket(&self) -> Option<&Bucket> {
        match self.store()? {
            Store::Bucket(bucket) => Some(bucket),
            Store::Volume(_) => None,
        }
    }

    /// The keys of the object store.
    pub(super) fn store_keys(&self) -> impl Iterator<Item = StoreKey<'_>> {
        self.bucket().into_iter().flat_map(Bucket::keys)
    }

    /// Whether several pods can use the store at the same time, on whatever nodes they are.
    pub(super) fn shares_store(&self) -> bool {
        match self.store() {
            Some(Store::Volume(volume)) => volume.access_mode == AccessMode::ManyNodes,
            Some(Store::Bucket(_)) | None => true,
        }
    }
}

impl Bucket {
    /// The keys.
    fn keys(&self) -> impl Iterator<Item = StoreKey<'_>> {
        let key = |name, source, entry, variable| StoreKey { name, source, entry, variable };
        let access = self.access_key.as_ref();
        let access = access.map(|source| key("access_key", source, "access-key", "AWS_ACCESS_KEY_ID"));
        let secret = self.secret_key.as_ref();
        let secret = secret.map(|source| key("secret_key", source, "secret-key", "AWS_SECRET_ACCESS_KEY"));
        access.into_iter().chain(secret)
    }

    /// Whether the bucket's name stands in the path of a request.
    pub(super) fn has_path_style(&self) -> bool {
        self.path_style.unwrap_or(self.endpoint.is_some())
    }

    /// The region, where it is known: a store that is not Amazon's takes the usual one.
    pub(super) fn region(&self) -> Option<&str> {
        let usual = || (!self.is_at_amazon()).then_some(USUAL_REGION);
        self.region.as_deref().or_else(usual)
    }

    /// Whether the store is Amazon's: it knows pods by their role, and each bucket is in a region.
    pub(super) fn is_at_amazon(&self) -> bool {
        let Some(endpoint) = &self.endpoint else { return true };
        let url = Url::parse(endpoint).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        AMAZON.iter().any(|end| host.ends_with(end))
    }

    /// Whether the images of both would lie at the same place.
    pub(super) fn is_same_place(&self, other: &Self) -> bool {
        let url = |bucket: &Self| bucket.endpoint.as_deref().and_then(|text| Url::parse(text).ok());
        let is_same_store = if self.is_at_amazon() && other.is_at_amazon() {
            // With or without an endpoint: the region tells.
            self.region() == other.region()
        } else {
            url(self) == url(other)
        };
        is_same_store && (&self.bucket, &self.prefix) == (&other.bucket, &other.prefix)
    }

    /// Where it is, for people: `https://fra1.digitaloceanspaces.com/images`, `s3://images`.
    pub(super) fn place(&self) -> String {
        let Self { bucket, endpoint, prefix, .. } = self;
        let store = endpoint.as_ref().map_or("s3:/", |url| url.trim_end_matches('/'));
        let below = prefix.iter().flat_map(|prefix| ["/", prefix]).collect::<String>();
        format!("{store}/{bucket}{below}")
    }
}

impl StoreKey<'_> {
    /// The question for it.
    pub(super) fn need(&self) -> Need {
        Need::Secret { source: self.source.clone(), stored_at: None }
    }
}

/// The Secret with the keys of the store; `None` where there are none.
pub(super) fn secret(registry: &Registry<'_>) -> Option<Draft> {
    let mut keys = registry.spec.store_keys().peekable();
    keys.peek()?;
    let mut draft = registry.secret("s3");
    for key in keys {
        let at = path(&["stringData", key.entry]);
        draft.put_secret(at.clone(), &registry.facts.text(&key.need()));
        draft = registry.from(draft, at, &["storage", "s3", key.name]);
    }
    Some(draft)
}

/// All that the registry reads of its store at its start: the text in `config.yml`, and the keys.
pub(super) fn read_at_start(registry: &Registry<'_>) -> SecretText {
    let mut text = registry.config_yml();
    for key in registry.spec.store_keys() {
        let value = registry.facts.text(&key.need());
        let Some(value) = value.get() else { return value };
        // No value has a zero byte in it, so that no two pairs of keys come to the same text.
        text.push('\0');
        text.push_str(value);
    }
    SecretText::Known(text)
}

/// The variables with the keys.
pub(super) fn variables(registry: &Registry<'_>) -> Vec<Value> {
    let secret = registry.spec.suffixed("s3");
    let variable = |key: StoreKey<'_>| {
        let reference = json!({"name": secret, "key": key.entry});
        json!({"name": key.variable, "valueFrom": {"secretKeyRef": reference}})
    };
    registry.spec.store_keys().map(variable).collect()
}

/// The volume of the pods.
pub(super) fn pod_volume(registry: &Registry<'_>) -> Option<Value> {
    let claim = json!({"claimName": registry.spec.name});
    registry.spec.volume().map(|_| json!({"name": "storage", "persistentVolumeClaim": claim}))
}

/// Where it is mounted.
pub(super) fn mount(registry: &Registry<'_>) -> Option<Value> {
    registry.spec.volume().map(|_| json!({"name": "storage", "mountPath": STORAGE_FOLDER}))
}

/// How pods are replaced.
pub(super) fn strategy(registry: &Registry<'_>) -> Value {
    // We set the numbers, so that they are removed with it. Those that the server fills in belong to nobody
    // and stay, and the server then refuses them beside `Recreate`.
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}});
    // Where one node alone can mount the volume, a new pod on another node would wait for the old one for ever. Nobody answers in
    // between, and no pause of the old pod could help that.
    if registry.spec.shares_store() { rolling } else { json!({"type": "Recreate"}) }
}

/// The key of the block from which it follows.
pub(super) fn strategy_key(registry: &Registry<'_>) -> &'static [&'static str] {
    match registry.spec.store() {
        Some(Store::Bucket(_)) => &["storage", "s3"],
        Some(Store::Volume(_)) | None => &["storage", "volume", "access_mode"],
    }
}

/// For how many seconds nobody asks a pod whether it is ready. A registry says so until it has asked its store in vain a few
/// times: with a wrong key it would be ready for half a minute, and take the place of one that works.
pub(super) fn seconds_before_ready(registry: &Registry<'_>) -> Option<u8> {
    registry.spec.bucket().map(|_| FIRST_LOOK)
}
