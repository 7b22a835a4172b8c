//! A real name server that takes updates, of a test's own, and one that follows it.

use std::fs;
use std::net::TcpStream;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::command::{Command, Running};
use super::{Output, Port, program, wait_until};

/// The zone.
pub(crate) const ZONE: &str = "zone.test";
/// The name of the key that may change it.
const KEY: &str = "regplan";
/// How the key signs where a test does not say otherwise.
const USUAL: &str = "hmac-sha256";

/// A BIND on this machine, with the zone [`ZONE`]. It ends when it is dropped.
#[must_use = "it serves until it is dropped"]
pub(crate) struct NameServer {
    port: Port,
    key: Key,
    server: Running,
    _folder: tempfile::TempDir,
}

/// The key that may change the zone.
#[derive(Clone)]
struct Key {
    algorithm: &'static str,
    secret: String,
}

impl Key {
    fn signing(algorithm: &'static str) -> Self {
        Self { algorithm, secret: STANDARD.encode(rand::random::<[u8; 32]>()) }
    }
}

/// Where the zone of a server comes from.
enum Zone<'s> {
    /// It is its own.
    Own,
    /// It is its own, and nobody may list it.
    Unlisted,
    /// It is that of this one.
    Follows(&'s NameServer),
}

impl NameServer {
    /// A server with a zone of its own.
    #[track_caller]
    pub(crate) fn start() -> Self {
        Self::of(&Zone::Own, Key::signing(USUAL))
    }

    /// The same, with a key that signs in this way.
    #[track_caller]
    pub(crate) fn signing(algorithm: &'static str) -> Self {
        Self::of(&Zone::Own, Key::signing(algorithm))
    }

    /// The same, and nobody may have a list of its zone.
    #[track_caller]
    pub(crate) fn unlisted() -> Self {
        Self::of(&Zone::Unlisted, Key::signing(USUAL))
    }

    /// A server that asks this one for what has changed when it is told to.
    #[track_caller]
    pub(crate) fn follower(&self) -> Self {
        let follower = Self::of(&Zone::Follows(self), self.key.clone());
        wait_until("the first transfer", || !follower.dig("SOA", ZONE).is_empty());
        follower
    }

    #[track_caller]
    fn of(zone: &Zone<'_>, key: Key) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::take();
        let path = folder.path().join("named.conf");
        fs::write(&path, settings(folder.path(), port.number(), zone, &key)).unwrap();
        fs::write(folder.path().join("zone"), START).unwrap();
        let server = Command::new(program("named")).args(["-g", "-n1", "-c", path.to_str().unwrap()]).spawn();
        let server = Self { port, key, server, _folder: folder };
        wait_until("the name server", || TcpStream::connect(server.port.address()).is_ok());
        server
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        self.port.address().to_string()
    }

    /// The key, in base64.
    pub(crate) fn secret(&self) -> &str {
        &self.key.secret
    }

    /// The value of `rfc2136` for it, with the key from the variable `TSIG_KEY`, and with more keys.
    pub(crate) fn provider(&self, more: &str) -> String {
        self.provider_at(&self.address(), more)
    }

    /// The same for whatever is in front of it at this address.
    pub(crate) fn provider_at(&self, address: &str, more: &str) -> String {
        let own = self.address();
        let servers = if more.contains("name_servers") {
            String::new()
        } else {
            format!(", name_servers = [\"{own}\"]")
        };
        format!(
            "{{ server = \"{address}\", key_name = \"{KEY}\", key = {{ env = \"TSIG_KEY\" }}{servers}{more} }}"
        )
    }

    /// What it answers, a line each, sorted.
    #[track_caller]
    pub(crate) fn dig(&self, record_type: &str, name: &str) -> String {
        let port = self.port.number().to_string();
        let dig = Command::new(program("dig"));
        let answer =
            dig.args(["@127.0.0.1", "-p", &port, "+tcp", "+short", record_type, name]).run().success();
        let mut lines: Vec<&str> = answer.stdout().lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    }

    /// All records of its zone but the SOA, each as `NAME TYPE VALUE`, sorted.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<String> {
        let (port, key) = (self.port.number().to_string(), self.key_of_tools());
        let args = ["@127.0.0.1", "-p", &port, "-y", &key, "+noall", "+answer", "AXFR", ZONE];
        let list = Command::new(program("dig")).args(args).run().success();
        let record = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [name, _ttl, _class, record_type, value @ ..] = words.as_slice() else { return None };
            (*record_type != "SOA")
                .then(|| format!("{} {record_type} {}", name.trim_end_matches('.'), value.join(" ")))
        };
        let mut records: Vec<String> = list.stdout().lines().filter_map(record).collect();
        records.sort_unstable();
        records
    }

    /// Tells it that something has changed.
    #[track_caller]
    pub(crate) fn notify(&self) {
        let port = self.port.number().to_string();
        let dig = Command::new(program("dig"));
        dig.args(["@127.0.0.1", "-p", &port, "+opcode=notify", "+norecurse", "SOA", ZONE]).run().success();
    }

    /// Changes the zone as somebody else would: lines of `nsupdate`.
    #[track_caller]
    pub(crate) fn update(&self, lines: &str) -> Output {
        let lines = format!("server 127.0.0.1 {}\nzone {ZONE}\n{lines}\nsend\n", self.port.number());
        Command::new(program("nsupdate")).args(["-y", &self.key_of_tools()]).stdin(lines).run()
    }

    /// The key as the tools of BIND take it.
    fn key_of_tools(&self) -> String {
        format!("{}:{KEY}:{}", self.key.algorithm, self.key.secret)
    }

    /// Stops it for good. Nobody listens at its port as long as that is held.
    pub(crate) fn end(self) -> Port {
        self.server.kill();
        self.port
    }
}

const START: &str = "$TTL 5\n@ IN SOA ns1 admin 1 2 2 600 5\n@ IN NS ns1\nns1 IN A 127.0.0.1\n\
                     @ IN TXT \"by others\"\n*.wild IN A 192.0.2.77\n";

fn settings(folder: &Path, port: u16, zone: &Zone<'_>, key: &Key) -> String {
    let Key { algorithm, secret } = key;
    let path = folder.display();
    let listed = if matches!(zone, Zone::Unlisted) { "none;".to_owned() } else { format!("key \"{KEY}\";") };
    let zone = match zone {
        Zone::Own | Zone::Unlisted => {
            format!("type primary; file \"{path}/zone\"; update-policy {{ grant {KEY} zonesub ANY; }};")
        }
        Zone::Follows(server) => format!(
            "type secondary; file \"{path}/copy\"; primaries port {} {{ 127.0.0.1 key {KEY}; }}; \
             min-refresh-time 3600; allow-notify {{ any; }};",
            server.port.number()
        ),
    };
    format!(
        r#"key "{KEY}" {{ algorithm {algorithm}; secret "{secret}"; }};
options {{
    directory "{path}"; pid-file "{path}/pid"; session-keyfile "{path}/key"; managed-keys-directory "{path}";
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; empty-zones-enable no; notify no; allow-transfer {{ {listed} }};
}};
controls {{ }};
zone "{ZONE}" {{ {zone} }};
"#
    )
}
