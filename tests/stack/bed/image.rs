//! Images: those of the programs that a node runs, and those that tests push.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::tool;
use crate::plane::Error;

/// The user that the images name: a container that must not run as root has to know it.
const USER: &str = "65532:65532";

/// An image with one layer.
pub(crate) struct Image {
    layer: Vec<u8>,
    config: Value,
}

impl Image {
    /// One with an empty layer. It can be stored, and not run.
    pub(crate) fn empty() -> Self {
        Self { layer: vec![0; 1024], config: json!({}) }
    }

    /// One with a program and the libraries that it links to. It is called with these arguments where a pod gives none.
    pub(crate) fn of_program(program: &Path, args: &[&str]) -> Result<Self, Error> {
        let name = program.file_name().ok_or("a program has a name")?.to_string_lossy();
        let path = format!("/bin/{name}");
        Ok(Self {
            layer: layer(program, &name)?,
            config: json!({ "Entrypoint": [path], "Cmd": args, "Env": ["PATH=/bin"], "User": USER }),
        })
    }

    /// Writes it into a new folder, in skopeo's format `dir:`.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        fs::create_dir(folder)?;
        let layer = Blob::write(folder, &self.layer)?;
        let config = json!({
            "architecture": architecture(),
            "os": "linux",
            "rootfs": { "type": "layers", "diff_ids": [layer.digest] },
            "config": self.config,
        });
        let config = Blob::write(folder, config.to_string().as_bytes())?;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config.descriptor("application/vnd.oci.image.config.v1+json"),
            "layers": [layer.descriptor("application/vnd.oci.image.layer.v1.tar")],
        });
        fs::write(folder.join("manifest.json"), manifest.to_string())?;
        Ok(fs::write(folder.join("version"), "Directory Transport Version: 1.1\n")?)
    }
}

/// A layer with the program in `/bin`, and the folders that programs expect.
fn layer(program: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let staged = tempfile::tempdir()?;
    for folder in ["bin", "etc", "tmp", "var/lib"] {
        fs::create_dir_all(staged.path().join(folder))?;
    }
    fs::copy(program, staged.path().join("bin").join(name))?;
    for library in libraries(program) {
        let copy = staged.path().join(library.strip_prefix("/")?);
        fs::create_dir_all(copy.parent().unwrap_or(staged.path()))?;
        fs::copy(&library, copy)?;
    }
    let archive = tempfile::NamedTempFile::new()?;
    tool::run(
        "tar",
        [
            "--create".as_ref(),
            "--file".as_ref(),
            archive.path().as_os_str(),
            "--directory".as_ref(),
            staged.path().as_os_str(),
            "--owner=0".as_ref(),
            "--group=0".as_ref(),
            "--mode=u=rwX,go=rX".as_ref(),
            // The same program always gives the same digest.
            "--mtime=@0".as_ref(),
            "--sort=name".as_ref(),
            ".".as_ref(),
        ],
    )?;
    Ok(fs::read(archive.path())?)
}

/// The libraries that a program links to. `ldd` fails where there are none.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let listed = tool::run("ldd", [program]).unwrap_or_default();
    listed.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

/// The machine's architecture, as images name it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

struct Blob {
    digest: String,
    size: usize,
}

impl Blob {
    fn write(folder: &Path, content: &[u8]) -> Result<Self, Error> {
        let digest =
            Sha256::digest(content).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        fs::write(folder.join(&digest), content)?;
        Ok(Self { digest: format!("sha256:{digest}"), size: content.len() })
    }

    fn descriptor(&self, media_type: &str) -> Value {
        json!({ "mediaType": media_type, "digest": self.digest, "size": self.size })
    }
}
