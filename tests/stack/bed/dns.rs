//! bind9, as the name server of the bed, and once more as the second one of a zone.

use std::fs;
use std::net::TcpStream;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::addresses::{AUTHORITIES, FOLLOWER, LETS_ENCRYPT, NODE, RECORDS, ZONE};
use super::start::{Service, find};
use super::{Facts, Records};
use crate::plane::Error;
use crate::plane::program::Start;

/// The name of the key that may read and change the zone of records.
const KEY: &str = "regplan";
/// A second key with the same secret and rights, which signs with HMAC-SHA512.
pub(crate) const STRONG_KEY: &str = "strong";

/// A new secret for that key.
fn secret() -> String {
    BASE64_STANDARD.encode(rand::random::<[u8; 32]>())
}

/// The facts about it, with a new secret.
pub(super) fn facts() -> Records {
    Records { zone: RECORDS.into(), server: NODE.into(), key: KEY.into(), secret: secret() }
}

/// Starts it in this folder. The names of the one zone lead to this address.
pub(super) fn start(folder: &Path, facts: &Facts, ingress: &str) -> Result<Service, Error> {
    let start = format!("$TTL 5\n@ IN SOA ns1 admin 1 60 60 600 5\n@ IN NS ns1\nns1 IN A {NODE}\n");
    let leading_to = |address: &str| format!("{start}@ IN A {address}\n* IN A {address}\n");
    fs::write(folder.join("names"), leading_to(ingress))?;
    fs::write(folder.join("authorities"), leading_to(LETS_ENCRYPT))?;
    fs::write(folder.join("records"), &start)?;
    fs::write(folder.join("followed"), format!("{start}@ IN NS ns2\nns2 IN A {FOLLOWER}\n"))?;
    let Facts { records, followed, .. } = facts;
    let own = |zone: &str, file: &str, more: &str| {
        format!("zone \"{zone}\" {{ type primary; file \"{}\"; {more} }};\n", folder.join(file).display())
    };
    let updates = format!("update-policy {{ grant {KEY} zonesub ANY; grant {STRONG_KEY} zonesub ANY; }};");
    let zones = own(ZONE, "names", "")
        + &own(AUTHORITIES, "authorities", "")
        + &own(&records.zone, "records", &updates)
        + &own(&followed.zone, "followed", &updates);
    serve(folder, records, &[NODE, "127.0.0.1"], &zones)
}

/// Starts the second server of the zone that has two. Nobody tells it of a change, and it asks only once an hour.
pub(super) fn start_follower(folder: &Path, followed: &Records) -> Result<Service, Error> {
    let zone = format!(
        "zone \"{}\" {{ type secondary; file \"{}\"; primaries {{ {} key {KEY}; }}; min-refresh-time 3600; \
         allow-notify {{ any; }}; }};\n",
        followed.zone,
        folder.join("copy").display(),
        followed.server,
    );
    serve(folder, followed, &[FOLLOWER], &zone)
}

/// Starts a bind9 that listens at these addresses and serves these zones.
fn serve(folder: &Path, records: &Records, addresses: &[&str], zones: &str) -> Result<Service, Error> {
    let configuration = folder.join("named.conf");
    fs::write(&configuration, settings(folder, records, addresses, zones))?;
    let program =
        Start::new(find("named")?, folder).args(["-g".as_ref(), "-c".as_ref(), configuration.as_os_str()]);
    let address = addresses[0].to_owned();
    Ok(Service::new(program.start()?, move || TcpStream::connect((address.as_str(), 53)).is_ok()))
}

fn settings(folder: &Path, records: &Records, addresses: &[&str], zones: &str) -> String {
    let (path, addresses) = (folder.display(), addresses.join("; "));
    let Records { key, secret, .. } = records;
    format!(
        r#"key "{key}" {{ algorithm hmac-sha256; secret "{secret}"; }};
key "{STRONG_KEY}" {{ algorithm hmac-sha512; secret "{secret}"; }};
options {{
    directory "{path}"; pid-file "{path}/pid"; session-keyfile "{path}/key"; managed-keys-directory "{path}";
    listen-on port 53 {{ {addresses}; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; empty-zones-enable no; notify no; allow-transfer {{ key "{key}"; }};
}};
controls {{ }};
{zones}"#
    )
}
