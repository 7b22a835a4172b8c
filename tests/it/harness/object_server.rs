//! A real server that speaks the language of S3, of a test's own.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStoreExt as _;
use serde_json::{Value, json};

use super::command::Running;
use super::{Cluster, Port, Project, block_on, wait_until};

const BUCKET: &str = "states";
const KEY_ID: &str = "test-key";
const SECRET: &str = "test-secret-5f1c";

/// A versitygw with one empty bucket, `states`. It ends when it is dropped.
#[must_use = "it serves until it is dropped"]
pub(crate) struct ObjectServer {
    folder: Arc<tempfile::TempDir>,
    port: Port,
    _server: Running,
}

impl ObjectServer {
    #[track_caller]
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1")
    }

    /// The same at an address of this machine that pods reach.
    #[track_caller]
    pub(crate) fn start_at(address: &str) -> Self {
        Self::start_over(Arc::new(tempfile::tempdir().unwrap()), address, &[])
    }

    /// A second server over the same bucket. It refuses each write, as a store does to whoever may only read.
    #[track_caller]
    pub(crate) fn for_readers(&self) -> Self {
        Self::start_over(Arc::clone(&self.folder), "127.0.0.1", &["--readonly"])
    }

    #[track_caller]
    fn start_over(folder: Arc<tempfile::TempDir>, address: &str, flags: &[&str]) -> Self {
        let (data, sidecar) = (folder.path().join("data"), folder.path().join("sidecar"));
        fs::create_dir_all(data.join(BUCKET)).unwrap();
        fs::create_dir_all(&sidecar).unwrap();
        let port = Port::take_at(address.parse().unwrap());
        let server = Cluster::shared()
            .program("versitygw")
            .env("ROOT_ACCESS_KEY", KEY_ID)
            .env("ROOT_SECRET_KEY", SECRET)
            .args(["--port", &port.address().to_string()])
            .args(flags)
            .args(["posix", "--sidecar"])
            .args([sidecar.into_os_string(), data.into_os_string()])
            .spawn();
        wait_until("the object server", || TcpStream::connect(port.address()).is_ok());
        Self { folder, port, _server: server }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The table `[state]` for this server, with more of its keys.
    pub(crate) fn state(&self, more: &str) -> String {
        Self::state_at(&self.url(), more)
    }

    /// The same for whatever is in front of it at this URL.
    pub(crate) fn state_at(url: &str, more: &str) -> String {
        format!("\n[state]\nbackend = \"s3\"\nbucket = \"{BUCKET}\"\nendpoint = \"{url}\"\n{more}\n")
    }

    /// The keys of `storage.s3` of a registry whose images are in the bucket, below `images`.
    pub(crate) fn storage(&self) -> String {
        let [(id, _), (secret, _)] = credentials();
        format!(
            "{{ bucket = \"{BUCKET}\", endpoint = \"{}\", prefix = \"images\", access_key = {{ env = \"{id}\" }}, \
             secret_key = {{ env = \"{secret}\" }} }}",
            self.url()
        )
    }

    /// The same as the registry itself has them in its configuration, with the credentials.
    pub(crate) fn driver(&self) -> Value {
        let [(_, id), (_, secret)] = credentials();
        json!({"bucket": BUCKET, "region": "us-east-1", "regionendpoint": self.url(), "forcepathstyle": true,
               "accesskey": id, "secretkey": secret})
    }

    /// Gives a project the credentials.
    pub(crate) fn let_in(project: Project<'_>) -> Project<'_> {
        credentials().into_iter().fold(project, |project, (name, value)| project.env(name, value))
    }

    /// The names of the objects, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let bucket = self.bucket();
        let mut names = Vec::new();
        let mut folders = vec![bucket.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    names.push(path.strip_prefix(&bucket).unwrap().display().to_string());
                }
            }
        }
        // The server's own names begin with a dot.
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    }

    /// The content of an object.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.bucket().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Gives an object another content, as a disk would: the server is not told.
    #[track_caller]
    pub(crate) fn damage(&self, name: &str, content: &[u8]) {
        let path = self.bucket().join(name);
        assert!(path.is_file(), "{name}");
        // What the server remembers of the object is kept with the file.
        fs::write(path, content).unwrap();
    }

    /// Removes an object, as somebody else would by mistake.
    #[track_caller]
    pub(crate) fn remove(&self, name: &str) {
        block_on(self.client().delete(&name.into())).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    fn bucket(&self) -> PathBuf {
        self.folder.path().join("data").join(BUCKET)
    }

    /// A client of it, for a gateway in front of it.
    pub(super) fn client(&self) -> object_store::aws::AmazonS3 {
        let [(_, id), (_, secret)] = credentials();
        object_store::aws::AmazonS3Builder::new()
            .with_bucket_name(BUCKET)
            .with_endpoint(self.url())
            .with_allow_http(true)
            .with_access_key_id(id)
            .with_secret_access_key(secret)
            .build()
            .unwrap()
    }
}

/// The variables of the environment that let in.
pub(crate) fn credentials() -> [(&'static str, &'static str); 2] {
    [("AWS_ACCESS_KEY_ID", KEY_ID), ("AWS_SECRET_ACCESS_KEY", SECRET)]
}
