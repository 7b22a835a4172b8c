//! The program `helm`, which the tests build with the other programs of the stack, and servers that have charts.

use std::ffi::OsString;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::json;

use super::command::{Command, Running};
use super::{Cluster, Port, program, wait_until};
use crate::plane::pki::{Authority, Validity};

/// The folder of the programs and charts of the stack.
#[track_caller]
pub(crate) fn stack_folder() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stack/build.sh");
            let limit = std::time::Duration::from_mins(9);
            let built = Command::new(script)
                .args(["charts", "definitions", "helm"])
                .inherit_env()
                .limit(limit)
                .run()
                .success();
            PathBuf::from(built.stdout().trim())
        })
        .clone()
}

/// The variable that names another Helm than that of the stack.
const OTHER: &str = "REGPLAN_TEST_HELM";

/// The program `helm`: that of the stack, or the one that the variable names.
#[track_caller]
pub(crate) fn helm_program() -> PathBuf {
    std::env::var_os(OTHER).map_or_else(|| stack_folder().join("helm"), PathBuf::from)
}

/// What it says of its version: `v4.3.1`.
#[track_caller]
pub(crate) fn helm_version() -> String {
    let version = Command::new(helm_program()).args(["version", "--template={{.Version}}"]).run().success();
    version.stdout().to_owned()
}

/// Serves the files of a folder by plain HTTP. It ends when it is dropped.
#[must_use = "it serves until it is dropped"]
pub(crate) struct FileServer {
    port: Port,
    _server: Running,
}

impl FileServer {
    #[track_caller]
    pub(crate) fn start(folder: &Path) -> Self {
        let port = Port::take();
        let server = Command::new(program("python3"))
            .args(["-m", "http.server", "--bind", "127.0.0.1", "--directory"])
            .args([folder.as_os_str().to_owned(), port.number().to_string().into()])
            .inherit_env()
            .spawn();
        wait_until("the file server", || TcpStream::connect(port.address()).is_ok());
        Self { port, _server: server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.port.address())
    }
}

/// The real registry with TLS, on loopback, without passwords. It ends when it is dropped.
#[must_use = "it serves until it is dropped"]
pub(crate) struct TlsRegistry {
    folder: tempfile::TempDir,
    port: Port,
    _server: Running,
}

impl TlsRegistry {
    #[track_caller]
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::take();
        let authority = Authority::new().unwrap();
        let pair = authority.server(Validity::Current).unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("ca.pem"), authority.certificate()).unwrap();
        fs::write(path("cert.pem"), &pair.certificate).unwrap();
        fs::write(path("key.pem"), &pair.key).unwrap();
        let config = json!({
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": path("data")}},
            "http": {"addr": port.address(),
                "tls": {"certificate": path("cert.pem"), "key": path("key.pem")}},
        });
        fs::write(path("config.yml"), config.to_string()).unwrap();
        let server =
            Cluster::shared().program("registry").args([OsString::from("serve"), path("config.yml").into()]);
        let server = server.env("OTEL_TRACES_EXPORTER", "none").spawn();
        wait_until("the registry", || TcpStream::connect(port.address()).is_ok());
        Self { folder, port, _server: server }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> String {
        self.port.address().to_string()
    }

    /// The file with the certificate of its authority.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}
