//! bind9, as the only name server of the bed.

use std::fs;
use std::net::TcpStream;
use std::path::Path;

use super::addresses::{NODE, ZONE};
use super::start::{Service, find};
use crate::plane::Error;
use crate::plane::program::Start;

/// Starts it in this folder.
pub(super) fn start(folder: &Path) -> Result<Service, Error> {
    let path = folder.display();
    let zone = folder.join("zone");
    fs::write(
        &zone,
        format!(
            "$TTL 5\n@ IN SOA ns1 admin 1 60 60 600 5\n@ IN NS ns1\nns1 IN A {NODE}\n@ IN A {NODE}\n* IN A {NODE}\n"
        ),
    )?;
    let configuration = folder.join("named.conf");
    fs::write(
        &configuration,
        format!(
            r#"options {{
    directory "{path}"; pid-file "{path}/pid"; session-keyfile "{path}/key"; managed-keys-directory "{path}";
    listen-on port 53 {{ 127.0.0.1; {NODE}; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; empty-zones-enable no; notify no;
}};
controls {{ }};
zone "{ZONE}" {{ type primary; file "{path}/zone"; }};
"#
        ),
    )?;
    let program =
        Start::new(find("named")?, folder).args(["-g".as_ref(), "-c".as_ref(), configuration.as_os_str()]);
    Ok(Service::new(program.start()?, || TcpStream::connect((NODE, 53)).is_ok()))
}
