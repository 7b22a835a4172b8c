//! What Helm remembers of a release in the cluster.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::blocks::{Fact, ManifestFile};
use crate::provider::Provider;
use crate::resource::{HelmRecord, Identity};

/// How large a record may be when it is unpacked. An object holds a megabyte of it, packed.
const LARGEST: u64 = 64 << 20;

/// The records of a release; none where no cluster is asked.
pub(in crate::engine::needs) async fn release(
    provider: Option<&dyn Provider>,
    namespace: &str,
    name: &str,
) -> Fact {
    let Some(provider) = provider else { return Fact::HelmRelease(Arc::from([])) };
    match provider.cluster().helm_records(namespace, name).await {
        Ok(records) => Fact::HelmRelease(records.iter().filter_map(record).collect()),
        Err(problem) => Fact::Unknown(problem.message),
    }
}

/// A record, by its object. One that cannot be read has no objects.
fn record(object: &Value) -> Option<HelmRecord> {
    let identity = Identity::of(object)?;
    let text = object.pointer("/data/release").and_then(Value::as_str);
    let content = text.and_then(|text| unpacked(text, &identity));
    let revision = content.as_ref().and_then(|content| content.get("version")?.as_u64());
    let manifest = content.as_ref().and_then(|content| content.get("manifest")?.as_str());
    let hooks = content.as_ref().and_then(|content| content.get("hooks")?.as_array());
    let hooks = hooks.into_iter().flatten().filter_map(|hook| hook.get("manifest")?.as_str());
    Some(HelmRecord {
        object: identity,
        uid: object.pointer("/metadata/uid")?.as_str()?.to_owned(),
        revision: revision.unwrap_or_default(),
        objects: identities(manifest.unwrap_or_default()),
        hooks: hooks.flat_map(identities).collect(),
    })
}

/// The objects of a manifest.
fn identities(manifest: &str) -> Vec<Identity> {
    let file = ManifestFile::parse(PathBuf::from("release.yaml"), manifest.as_bytes());
    let documents = file.documents.iter().flatten();
    documents.filter_map(|document| Identity::of(&document.object)).collect()
}

/// The content of a record: JSON, packed, in Base64; and in a Secret that once more in the Base64 of Secrets.
fn unpacked(text: &str, object: &Identity) -> Option<Value> {
    let once = STANDARD.decode(text).ok()?;
    let packed = if object.is("", "Secret") { STANDARD.decode(once).ok()? } else { once };
    let mut content = Vec::new();
    GzDecoder::new(packed.as_slice()).take(LARGEST).read_to_end(&mut content).ok()?;
    serde_json::from_slice(&content).ok()
}
