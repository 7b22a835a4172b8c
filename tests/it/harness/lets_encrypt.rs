//! Let's Encrypt, played for a test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::command::Running;
use super::{AcmeFront, Bed, Command, block_on, program, wait_until};
use crate::bed::acme::{ENVIRONMENT, Pebble};

/// The first port of the second server.
const PORT: u16 = 14_010;

/// Both servers of Let's Encrypt under their names and paths, for whoever trusts [`LetsEncrypt::authority`]. The one for trials
/// is that of the bed; the other one has an authority of its own. Everything ends when it is dropped.
pub(crate) struct LetsEncrypt {
    front: AcmeFront,
    folder: tempfile::TempDir,
    trials: PathBuf,
    _pebble: Running,
}

impl LetsEncrypt {
    /// Starts it.
    #[track_caller]
    pub(crate) fn start(bed: &Bed) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pebble = second(folder.path());
        let command = Command::new(program("pebble")).args(pebble.prepare().unwrap());
        let command =
            ENVIRONMENT.into_iter().fold(command, |command, (name, value)| command.env(name, value));
        let mut running = command.spawn();
        wait_until("the second ACME server", || {
            assert!(!running.has_ended(), "{}", running.stderr_so_far());
            pebble.is_ready()
        });
        block_on(pebble.save_root()).unwrap();
        let facts = bed.facts();
        let at = SocketAddr::new(facts.lets_encrypt.parse().unwrap(), 443);
        let mut front = AcmeFront::new(bed, at, Some("*.api.letsencrypt.org"))
            .server("trials", &facts.acme, &facts.acme_authority)
            .server("real", &pebble.directory(), &pebble.authority());
        front.serve(&json!([
            host("acme-staging-v02.api.letsencrypt.org", "trials"),
            host("acme-v02.api.letsencrypt.org", "real"),
        ]));
        Self { front, folder, trials: facts.acme_root.clone(), _pebble: running }
    }

    /// The certificate of the authority by which its servers are trusted, as a PEM file.
    pub(crate) fn authority(&self) -> PathBuf {
        self.front.authority()
    }

    /// The root of what is signed for trials, as a PEM file.
    pub(crate) fn root_of_trials(&self) -> &Path {
        &self.trials
    }

    /// The root of what is signed otherwise, as a PEM file.
    pub(crate) fn root(&self) -> PathBuf {
        second(self.folder.path()).root()
    }
}

fn second(folder: &Path) -> Pebble<'_> {
    Pebble { folder, first_port: PORT }
}

/// The server of this name: pebble has its directory at a path of its own.
fn host(name: &str, server: &str) -> Value {
    json!({"name": server, "domains": [name], "routes": [
        {"match": {"path": "/directory"}, "route": {"cluster": server, "prefix_rewrite": "/dir"}},
        {"match": {"prefix": "/"}, "route": {"cluster": server}},
    ]})
}
