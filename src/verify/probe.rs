//! What is pushed: a small image that no other run has, under a name by which it is known again.

use std::io;

use jiff::Timestamp;
use serde_json::json;

use crate::resource::digest_bytes;

/// The repository in which all runs push.
pub const REPOSITORY: &str = "regplan-verify/probe";

/// The media type of the manifest.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// A whole image. A node could pull it; there is no program in it.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Its only layer.
    pub layer: Blob,
    /// Its configuration.
    pub config: Blob,
    /// Its manifest.
    pub manifest: Blob,
}

/// A content, with the digest by which registries know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// The content.
    pub content: Vec<u8>,
    /// `sha256:…`
    pub digest: String,
}

impl Blob {
    /// A blob of this content.
    pub fn new(content: Vec<u8>) -> Self {
        let digest = digest_bytes(&content);
        Self { content, digest }
    }

    fn descriptor(&self, media_type: &str) -> serde_json::Value {
        json!({"mediaType": media_type, "digest": self.digest, "size": self.content.len()})
    }
}

impl Probe {
    /// The media type of its manifest.
    pub const MEDIA_TYPE: &'static str = MANIFEST;

    /// The image with this content, which makes it unlike any other.
    ///
    /// # Errors
    /// The content cannot be packed.
    pub fn new(content: &[u8]) -> io::Result<Self> {
        let layer = Blob::new(archive(content)?);
        let config = Blob::new(
            json!({
                "architecture": "amd64",
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
            })
            .to_string()
            .into_bytes(),
        );
        let manifest = Blob::new(
            json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": config.descriptor(CONFIG),
                "layers": [layer.descriptor(LAYER)],
            })
            .to_string()
            .into_bytes(),
        );
        Ok(Self { layer, config, manifest })
    }
}

/// One file with this content.
fn archive(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o444);
    header.set_mtime(0);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, "regplan-verify", content)?;
    archive.into_inner()
}

/// The run that has pushed a probe, as the probe's tag says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// The machine, in a short form that tells no name.
    pub machine: String,
    /// The process.
    pub process: u32,
    /// When it ends at the latest.
    pub until: Timestamp,
    /// What tells apart the runs of one process.
    pub number: u32,
}

impl Maker {
    /// A run of this process, on the machine of this name. It knows itself by its tag, which has whole seconds.
    pub fn here(machine: &str, until: Timestamp, number: u32) -> Self {
        let until = Timestamp::from_second(until.as_second()).unwrap_or(until);
        let machine = digest_bytes(machine.as_bytes()).chars().skip("sha256:".len()).take(8).collect();
        Self { machine, process: std::process::id(), until, number }
    }

    /// The tag.
    pub fn tag(&self) -> String {
        let Self { machine, process, until, number } = self;
        format!("run-{}-{machine}-{process}-{number}", until.as_second())
    }

    /// Whose tag it is; `None` for one that no run makes.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let mut parts = tag.strip_prefix("run-")?.split('-');
        let until = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
        let machine = parts.next()?.to_owned();
        let (process, number) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        parts.next().is_none().then_some(Self { machine, process, until, number })
    }

    /// Whether that run has ended, as `self`, which runs now, can tell. `is_alive` says whether a process of this machine
    /// still runs.
    pub fn knows_ended(&self, other: &Self, now: Timestamp, is_alive: impl Fn(u32) -> bool) -> bool {
        if other.until <= now {
            return true;
        }
        let is_here = other != self && other.machine == self.machine;
        is_here && (other.process == self.process || !is_alive(other.process))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_an_image_of_its_own() {
        let probe = Probe::new(b"one").unwrap();
        assert_ne!(probe.manifest.digest, Probe::new(b"two").unwrap().manifest.digest);
        let manifest: serde_json::Value = serde_json::from_slice(&probe.manifest.content).unwrap();
        assert_eq!(manifest["layers"][0]["digest"], probe.layer.digest);
        assert_eq!(manifest["config"]["size"], probe.config.content.len());
        let config: serde_json::Value = serde_json::from_slice(&probe.config.content).unwrap();
        assert_eq!(config["rootfs"]["diff_ids"][0], probe.layer.digest);
        let mut archive = tar::Archive::new(probe.layer.content.as_slice());
        let names =
            archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string());
        assert_eq!(names.collect::<Vec<_>>(), ["regplan-verify"]);
    }

    #[test]
    fn a_tag_tells_whose_it_is() {
        let now = Timestamp::from_second(1_000).unwrap();
        let later = Timestamp::from_second(2_000).unwrap();
        let me = Maker::here("one", later, 1);
        assert_eq!(Maker::of_tag(&me.tag()), Some(me.clone()));
        let precise = Maker::here("one", Timestamp::from_millisecond(2_000_500).unwrap(), 1);
        assert_eq!(Maker::of_tag(&precise.tag()), Some(precise), "it knows itself by its tag");
        for tag in ["latest", "run-", "run-x-y-1-2", "run-1-a-2-3-4"] {
            assert_eq!(Maker::of_tag(tag), None, "{tag}");
        }
        let (dead, alive) = (|_| false, |_| true);
        let other = Maker { process: 1, ..me.clone() };
        assert!(me.knows_ended(&other, now, dead));
        assert!(!me.knows_ended(&other, now, alive));
        assert!(!me.knows_ended(&me, now, dead), "this run");
        assert!(
            me.knows_ended(&Maker { number: 2, ..me.clone() }, now, alive),
            "an earlier process had this number"
        );
        let elsewhere = Maker { machine: "elsewhere".into(), ..other };
        assert!(!me.knows_ended(&elsewhere, now, dead), "nobody here can tell");
        assert!(me.knows_ended(&elsewhere, later, alive));
    }
}
