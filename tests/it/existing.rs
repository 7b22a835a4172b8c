//! Tests on a cluster that is already there, with `USE_EXISTING_CLUSTER=true`: it is the current context of
//! `KUBECONFIG`. (envtest has the same convention.)

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::plane::pki::{Authority, Validity};
use crate::plane::{Error, Facts, parent_death};

/// The facts about the cluster, with copies of all files in `folder`.
pub(crate) fn facts(folder: &Path, programs: &Path) -> Result<Facts, Error> {
    let output = parent_death::command(programs.join("kubectl"))
        .args(["config", "view", "--raw", "--minify", "--flatten", "--output=json"])
        .output()?;
    if !output.status.success() {
        return Err(format!("no existing cluster: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let kubeconfig = folder.join("kubeconfig");
    fs::write(&kubeconfig, &output.stdout)?;
    let config: Value = serde_json::from_slice(&output.stdout)?;
    let cluster = &config["clusters"][0]["cluster"];
    let authority = folder.join("authority.pem");
    let encoded = cluster["certificate-authority-data"].as_str().unwrap_or_default();
    fs::write(&authority, BASE64_STANDARD.decode(encoded)?)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Facts {
        folder: folder.to_owned(),
        programs: programs.to_owned(),
        server: text(&cluster["server"]),
        authority,
        kubeconfig,
        token: text(&config["users"][0]["user"]["token"]),
        expired_client: expired_client(folder)?,
        etcd: None,
        audit_log: None,
    })
}

/// A certificate that has expired. The cluster does not know its signer either, but finds the date first.
fn expired_client(folder: &Path) -> Result<(std::path::PathBuf, std::path::PathBuf), Error> {
    let pair = Authority::new()?.administrator(Validity::Expired)?;
    let paths = (folder.join("expired.pem"), folder.join("expired.key"));
    fs::write(&paths.0, pair.certificate)?;
    fs::write(&paths.1, pair.key)?;
    Ok(paths)
}
