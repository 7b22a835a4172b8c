//! Images that tests push.

use std::fs;
use std::path::Path;

use serde_json::json;
use sha2::{Digest as _, Sha256};

/// An image in skopeo's format `dir:`.
pub(crate) struct Image {
    layer: Vec<u8>,
    config: serde_json::Value,
}

impl Image {
    /// One with an empty layer. It can be stored, and not run.
    pub(crate) fn empty() -> Self {
        Self { layer: vec![0; 1024], config: json!({}) }
    }

    /// Writes it into a new folder.
    #[track_caller]
    pub(crate) fn write(&self, folder: &Path) {
        fs::create_dir(folder).unwrap();
        let layer = blob(folder, &self.layer);
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "rootfs": { "type": "layers", "diff_ids": [layer.digest] },
            "config": self.config,
        });
        let config = blob(folder, config.to_string().as_bytes());
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": config.digest,
                "size": config.size,
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": layer.digest,
                "size": layer.size,
            }],
        });
        fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
        fs::write(folder.join("version"), "Directory Transport Version: 1.1\n").unwrap();
    }
}

struct Blob {
    digest: String,
    size: usize,
}

fn blob(folder: &Path, content: &[u8]) -> Blob {
    let digest = Sha256::digest(content).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    fs::write(folder.join(&digest), content).unwrap();
    Blob { digest: format!("sha256:{digest}"), size: content.len() }
}
