//! What stands before ACME servers, and answers for them where a test says so.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::command::Running;
use super::{Bed, Command, wait_until};
use crate::plane::pki::{Authority, Pair, Validity};

/// An Envoy before ACME servers: TLS to both sides, and the name under which it was asked, since a server puts that into its own
/// links. It ends when it is dropped.
pub(crate) struct AcmeFront {
    program: PathBuf,
    at: SocketAddr,
    folder: tempfile::TempDir,
    servers: Vec<Value>,
    running: Option<Running>,
}

impl AcmeFront {
    /// One for this address. Its certificate is for the address, or for this name.
    #[track_caller]
    pub(crate) fn new(bed: &Bed, at: SocketAddr, name: Option<&str>) -> Self {
        let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new().unwrap());
        let pair = match name {
            Some(name) => authority.server_named(name, Validity::Current),
            None => authority.server_at(&[at.ip()], Validity::Current),
        };
        let Pair { certificate, key } = pair.unwrap();
        for (file, text) in
            [("authority.pem", authority.certificate()), ("server.pem", certificate), ("server.key", key)]
        {
            fs::write(folder.path().join(file), text).unwrap();
        }
        let program = bed.facts().programs.join("envoy");
        Self { program, at, folder, servers: Vec::new(), running: None }
    }

    /// The certificate of the authority by which it is trusted, as a PEM file.
    pub(crate) fn authority(&self) -> PathBuf {
        self.path("authority.pem")
    }

    /// The URL of a path at its address.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.at)
    }

    /// Adds a server, by the URL of its directory, which is trusted by this authority. Routes know it by its name.
    #[track_caller]
    pub(crate) fn server(mut self, name: &str, directory: &str, authority: &Path) -> Self {
        let url: http::Uri = directory.parse().unwrap();
        let address = address(url.host().unwrap(), url.port_u16().unwrap());
        let trusted = json!({"trusted_ca": {"filename": authority}});
        let begins_tls = typed(
            "transport_sockets.tls.v3.UpstreamTlsContext",
            json!({"common_tls_context": {"validation_context": trusted}}),
        );
        self.servers.push(json!({
            "name": name,
            "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": begins_tls},
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]},
        }));
        self
    }

    /// Serves these hosts from now on (`virtual_hosts` of Envoy), and none of those before.
    #[track_caller]
    pub(crate) fn serve(&mut self, hosts: &Value) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
        let settings = self.path("envoy.json");
        fs::write(&settings, self.settings(hosts).to_string()).unwrap();
        let arguments = ["-c", settings.to_str().unwrap(), "--concurrency", "1", "--use-dynamic-base-id"];
        let mut running =
            Command::new(&self.program).args(arguments).args(["--log-level", "warning"]).spawn();
        wait_until("the front of the ACME servers", || {
            assert!(!running.has_ended(), "{}", running.stderr_so_far());
            TcpStream::connect(self.at).is_ok()
        });
        self.running = Some(running);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn settings(&self, hosts: &Value) -> Value {
        let file = |name: &str| json!({"filename": self.path(name)});
        let certificate = json!({"certificate_chain": file("server.pem"), "private_key": file("server.key")});
        let ends_tls = typed(
            "transport_sockets.tls.v3.DownstreamTlsContext",
            json!({"common_tls_context": {"tls_certificates": [certificate]}}),
        );
        let router = typed("filters.http.router.v3.Router", json!({}));
        let manager = typed(
            "filters.network.http_connection_manager.v3.HttpConnectionManager",
            json!({
                "stat_prefix": "acme",
                "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
                "route_config": {"virtual_hosts": hosts},
            }),
        );
        json!({"static_resources": {
            "listeners": [{
                "address": address(&self.at.ip().to_string(), self.at.port()),
                "filter_chains": [{
                    "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": ends_tls},
                    "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
                }],
            }],
            "clusters": self.servers,
        }})
    }
}

fn address(host: &str, port: u16) -> Value {
    json!({"socket_address": {"address": host, "port_value": port}})
}

/// A part of Envoy's configuration that says its own type.
fn typed(name: &str, mut rest: Value) -> Value {
    rest["@type"] = json!(format!("type.googleapis.com/envoy.extensions.{name}"));
    rest
}
