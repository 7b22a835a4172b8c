//! The images of charts that are installed on a node, under the names that the charts give them.

use std::fs;
use std::path::Path;

use super::node::{Image, Images};
use crate::plane::Error;

/// The programs of cert-manager that its chart runs: what they are called in the cache, and by the images.
const CERT_MANAGER: [(&str, &str); 4] = [
    ("cert-manager-controller", "cert-manager-controller"),
    ("cert-manager-webhook", "cert-manager-webhook"),
    ("cert-manager-cainjector", "cert-manager-cainjector"),
    ("acmesolver", "cert-manager-acmesolver"),
];

/// The images of cert-manager and Traefik. A pod gives them their arguments.
pub(super) fn images(programs: &Path) -> Result<Images, Error> {
    let (cert_manager, traefik) = (version(programs, "cert-manager")?, version(programs, "traefik")?);
    let cert_manager =
        CERT_MANAGER.map(|(program, image)| (format!("quay.io/jetstack/{image}:{cert_manager}"), program));
    let traefik = (format!("docker.io/library/traefik:{traefik}"), "traefik");
    let images = cert_manager.into_iter().chain([traefik]);
    Ok(images.map(|(name, program)| -> Image { (name, programs.join(program), &[]) }).collect())
}

/// The version of the programs that a chart is for.
fn version(programs: &Path, chart: &str) -> Result<String, Error> {
    let path = programs.join("charts").join(chart).join("Chart.yaml");
    let text = fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let mut lines = text.lines();
    let version = lines.find_map(|line| line.strip_prefix("appVersion: "));
    Ok(version.ok_or_else(|| format!("{} has no appVersion", path.display()))?.trim_matches('"').to_owned())
}
