//! bind9, as the only name server of the bed.

use std::fs;
use std::net::TcpStream;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::Records;
use super::addresses::{AUTHORITIES, LETS_ENCRYPT, NODE, RECORDS, ZONE};
use super::start::{Service, find};
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
pub(super) fn start(folder: &Path, records: &Records, ingress: &str) -> Result<Service, Error> {
    let start = format!("$TTL 5\n@ IN SOA ns1 admin 1 60 60 600 5\n@ IN NS ns1\nns1 IN A {NODE}\n");
    let leading_to = |address: &str| format!("{start}@ IN A {address}\n* IN A {address}\n");
    fs::write(folder.join("names"), leading_to(ingress))?;
    fs::write(folder.join("authorities"), leading_to(LETS_ENCRYPT))?;
    fs::write(folder.join("records"), start)?;
    let configuration = folder.join("named.conf");
    fs::write(&configuration, settings(folder, records))?;
    let program =
        Start::new(find("named")?, folder).args(["-g".as_ref(), "-c".as_ref(), configuration.as_os_str()]);
    Ok(Service::new(program.start()?, || TcpStream::connect((NODE, 53)).is_ok()))
}

fn settings(folder: &Path, records: &Records) -> String {
    let path = folder.display();
    let Records { zone, key, secret, .. } = records;
    format!(
        r#"key "{key}" {{ algorithm hmac-sha256; secret "{secret}"; }};
key "{STRONG_KEY}" {{ algorithm hmac-sha512; secret "{secret}"; }};
options {{
    directory "{path}"; pid-file "{path}/pid"; session-keyfile "{path}/key"; managed-keys-directory "{path}";
    listen-on port 53 {{ 127.0.0.1; {NODE}; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; empty-zones-enable no; notify no; allow-transfer {{ key "{key}"; }};
}};
controls {{ }};
zone "{ZONE}" {{ type primary; file "{path}/names"; }};
zone "{AUTHORITIES}" {{ type primary; file "{path}/authorities"; }};
zone "{zone}" {{ type primary; file "{path}/records"; update-policy {{ grant {key} zonesub ANY; grant {STRONG_KEY} zonesub ANY; }}; }};
"#
    )
}
