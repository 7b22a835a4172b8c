//! The program `helm`, which fetches charts and renders them. It sees the cluster only where a block says so (`lookup`).
//!
//! | File | The question that it answers |
//! |---|---|
//! | `program` | Where is the program, is it new enough, and how is it run? |
//! | `archive` | Where is a chart on this machine, and is it the one that is meant? |
//! | `folder` | What is in the folder of a chart, and does it stay inside of it? |
//! | `rendering` | What comes out of a chart? |
//! | `releases` | What does Helm remember of a release in the cluster? |

mod archive;
mod folder;
mod program;
mod releases;
mod rendering;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use tokio::sync::Semaphore;

use self::program::Program;
pub(super) use self::releases::release;
use crate::blocks::{ChartSource, Fact, RenderRequest};
use crate::provider::Provider;

/// How many programs run at once. Each takes a core and up to 100 MB.
const AT_ONCE: usize = 4;

/// What of our environment the program gets: where it finds programs and certificates, how it reaches the network, and
/// who may read from registries. All else may hold secrets, or may change what it renders.
const ENVIRONMENT: &[&str] = &[
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "DOCKER_CONFIG",
    "HELM_REGISTRY_CONFIG",
];

/// Why a chart that looks up objects cannot be rendered.
const NO_ACCESS: &str = "Helm cannot reach this cluster, and `lookup = true` needs that";

/// How the program `helm` is found and started, and where charts are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelmSettings {
    /// The program: a path, or a name on the `PATH`.
    pub program: PathBuf,
    /// The folder in which archives of charts are kept, and in which the program has its own files.
    pub cache: PathBuf,
    /// The environment of the program.
    pub environment: BTreeMap<String, OsString>,
    /// Its environment where it reaches the cluster: what the programs need that give credentials.
    pub wide_environment: BTreeMap<String, OsString>,
}

impl HelmSettings {
    /// The program that `REGPLAN_HELM` names, or `helm`; the cache in `XDG_CACHE_HOME`, or in `~/.cache`.
    pub fn of_process() -> Self {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cache = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
        let program = std::env::var_os("REGPLAN_HELM").filter(|program| !program.is_empty());
        // A name that others know beforehand could be taken by them.
        let own = || std::env::temp_dir().join(format!("regplan-{}", std::process::id()));
        let wide = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let given = ENVIRONMENT.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?)));
        Self {
            program: program.map_or_else(|| PathBuf::from("helm"), PathBuf::from),
            cache: cache.unwrap_or_else(own).join("regplan"),
            environment: given.collect(),
            wide_environment: wide.filter(|(name, _)| is_no_setting(name)).collect(),
        }
    }
}

/// Whether a variable is no setting of Helm: one would change what it renders, or which cluster it reads. Where it finds
/// who may read from registries is the one that stays.
fn is_no_setting(name: &str) -> bool {
    !name.starts_with("HELM_") || ENVIRONMENT.contains(&name)
}

/// Fetches and renders charts. The program is looked for when the first chart needs it.
pub(super) struct Helm<'a> {
    settings: &'a HelmSettings,
    program: Program<'a>,
    places: Semaphore,
}

impl<'a> Helm<'a> {
    /// A run of commands with these settings.
    pub(super) fn new(settings: &'a HelmSettings) -> Self {
        Self { settings, program: Program::new(settings), places: Semaphore::new(AT_ONCE) }
    }

    /// The chart, on this machine.
    pub(super) async fn fetch(&self, source: &ChartSource) -> Fact {
        let _place = self.places.acquire().await;
        archive::fetch(self.settings, &self.program, source).await.map_or_else(Fact::Failed, Fact::Chart)
    }

    /// The objects of a chart. Its templates look up objects only where the request says so and there is a cluster.
    pub(super) async fn render(&self, request: &RenderRequest, provider: Option<&dyn Provider>) -> Fact {
        let _place = self.places.acquire().await;
        let access =
            match provider.filter(|_| request.lookup).map(|provider| provider.cluster().program_access()) {
                Some(None) => return Fact::Failed(NO_ACCESS.to_owned()),
                Some(access) => access,
                None => None,
            };
        let rendered = rendering::render(&self.program, request, access).await;
        rendered.map_or_else(Fact::Failed, |rendered| Fact::Rendered(rendered.into()))
    }
}
