//! pebble, as the ACME authority of the bed, and of tests that need a second one.

use std::ffi::OsString;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::addresses::NODE;
use super::https;
use super::start::{Service, find};
use crate::plane::Error;
use crate::plane::pki::{Authority, Validity};
use crate::plane::program::Start;

/// How it runs. Otherwise it waits before each check, and refuses some requests at random.
pub(crate) const ENVIRONMENT: [(&str, &str); 2] =
    [("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "0")];

/// A pebble: what it signs with is new at each start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pebble<'a> {
    /// The folder of its own files.
    pub(crate) folder: &'a Path,
    /// The first of its ports. It has two of them.
    pub(crate) first_port: u16,
}

/// The one of the bed, with this folder.
pub(super) fn of_all(folder: &Path) -> Pebble<'_> {
    Pebble { folder, first_port: 14_000 }
}

impl Pebble<'_> {
    /// The URL of its directory.
    pub(crate) fn directory(self) -> String {
        format!("https://{NODE}:{}/dir", self.first_port)
    }

    /// The certificate of the authority that signed its server's, as a PEM file.
    pub(crate) fn authority(self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// Where the root of what it signs is saved, as a PEM file.
    pub(crate) fn root(self) -> PathBuf {
        self.folder.join("root.pem")
    }

    /// Writes its files, and returns the arguments with which it runs.
    pub(crate) fn prepare(self) -> Result<Vec<OsString>, Error> {
        let signer = Authority::new()?;
        let pair = signer.server_at(&[NODE.parse()?], Validity::Current)?;
        let (certificate, key) = (self.folder.join("server.pem"), self.folder.join("server.key"));
        fs::write(self.authority(), signer.certificate())?;
        fs::write(&certificate, pair.certificate)?;
        fs::write(&key, pair.key)?;
        let configuration = self.folder.join("pebble.json");
        let settings = json!({ "pebble": {
            "listenAddress": format!("{NODE}:{}", self.first_port),
            "managementListenAddress": format!("{NODE}:{}", self.management_port()),
            "certificate": certificate,
            "privateKey": key,
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        } });
        fs::write(&configuration, settings.to_string())?;
        Ok(vec!["-config".into(), configuration.into(), "-dnsserver".into(), "127.0.0.1:53".into()])
    }

    /// Whether it takes requests.
    pub(crate) fn is_ready(self) -> bool {
        [self.first_port, self.management_port()]
            .into_iter()
            .all(|port| TcpStream::connect((NODE, port)).is_ok())
    }

    /// Saves the root of what it signs, once it runs.
    pub(crate) async fn save_root(self) -> Result<(), Error> {
        let url = format!("https://{NODE}:{}/roots/0", self.management_port());
        let (_, root) = https::get(&url, &self.authority(), None).await?;
        Ok(fs::write(self.root(), root)?)
    }

    fn management_port(self) -> u16 {
        self.first_port + 1
    }
}

/// Starts the one of the bed in this folder.
pub(super) fn start(folder: &Path) -> Result<Service, Error> {
    let pebble = of_all(folder);
    let program = Start::new(find("pebble")?, folder).args(pebble.prepare()?);
    let program = ENVIRONMENT.into_iter().fold(program, |program, (name, value)| program.env(name, value));
    let folder = folder.to_owned();
    Ok(Service::new(program.start()?, move || of_all(&folder).is_ready()))
}
