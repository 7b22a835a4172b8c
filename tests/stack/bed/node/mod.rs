//! A node whose pods are containers: containerd, the kubelet and kube-proxy.

pub(crate) mod cgroups;
mod containerd;
mod kubelet;

use std::path::{Path, PathBuf};

use super::image;
use super::start::{Service, find};
use super::tool;
use crate::plane::{Error, Facts};

/// The name of the node.
const NAME: &str = "node";

/// What the containers' sandboxes run. Its image is never pulled.
const SANDBOX: &str = "localhost/pause:1";

/// An image that is there from the beginning: name, program, arguments.
pub(super) type Image = (String, PathBuf, &'static [&'static str]);

/// Some of them.
pub(super) type Images = Vec<Image>;

/// The machine's own programs that containerd and kube-proxy call.
const NEEDED: [&str; 3] = ["runc", "host-local", "iptables"];

/// Starts containerd in this folder.
pub(super) fn start_containerd(programs: &Path, root: &Path, folder: &Path) -> Result<Service, Error> {
    for program in NEEDED {
        find(program)?;
    }
    containerd::start(programs, root, folder)
}

/// Gives containerd these images, and that of the sandboxes.
pub(super) fn import(programs: &Path, folder: &Path, mut images: Images) -> Result<(), Error> {
    images.push((SANDBOX.into(), find("busybox")?, &["sleep", "1000000000"]));
    for (name, program, args) in images {
        let staged = tempfile::tempdir()?;
        let image = staged.path().join("image");
        let archive = staged.path().join("archive");
        image::Image::of_program(&program, args)?.write(&image)?;
        tool::run(
            "skopeo",
            [
                "copy".into(),
                format!("dir:{}", image.display()),
                format!("docker-archive:{}:{name}", archive.display()),
            ],
        )?;
        containerd::import(programs, folder, &archive)?;
    }
    Ok(())
}

/// Starts the kubelet and kube-proxy in this folder, beside containerd.
pub(super) fn start_kubelet(plane: &Facts, programs: &Path, folder: &Path) -> Result<[Service; 2], Error> {
    kubelet::start(plane, programs, folder)
}
