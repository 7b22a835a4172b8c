//! pebble, as the ACME authority of the bed.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::addresses::NODE;
use super::start::{Service, find};
use crate::plane::Error;
use crate::plane::pki::{Authority, Validity};
use crate::plane::program::Start;

const PORT: u16 = 14_000;
const MANAGEMENT: u16 = 15_000;

/// The URL of its directory.
pub(super) fn directory() -> String {
    format!("https://{NODE}:{PORT}/dir")
}

/// The URL of the certificate at the root of what it signs. It is a new one at each start.
pub(super) fn root() -> String {
    format!("https://{NODE}:{MANAGEMENT}/roots/0")
}

/// The certificate of the authority that signed its server's.
pub(super) fn authority(folder: &Path) -> PathBuf {
    folder.join("authority.pem")
}

/// Starts it in this folder.
pub(super) fn start(folder: &Path) -> Result<Service, Error> {
    let signer = Authority::new()?;
    let pair = signer.server_at(&[NODE.parse()?], Validity::Current)?;
    fs::write(authority(folder), signer.certificate())?;
    fs::write(folder.join("server.pem"), pair.certificate)?;
    fs::write(folder.join("server.key"), pair.key)?;
    let configuration = folder.join("pebble.json");
    let settings = json!({ "pebble": {
        "listenAddress": format!("{NODE}:{PORT}"),
        "managementListenAddress": format!("{NODE}:{MANAGEMENT}"),
        "certificate": folder.join("server.pem"),
        "privateKey": folder.join("server.key"),
        "httpPort": 80,
        "tlsPort": 443,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": false,
    } });
    fs::write(&configuration, settings.to_string())?;
    let program = Start::new(find("pebble")?, folder)
        .args(["-config".as_ref(), configuration.as_os_str(), "-dnsserver".as_ref(), "127.0.0.1:53".as_ref()])
        // Otherwise it waits before each check, and refuses some requests at random.
        .env("PEBBLE_VA_NOSLEEP", "1")
        .env("PEBBLE_WFE_NONCEREJECT", "0");
    Ok(Service::new(program.start()?, || {
        [PORT, MANAGEMENT].into_iter().all(|port| TcpStream::connect((NODE, port)).is_ok())
    }))
}
