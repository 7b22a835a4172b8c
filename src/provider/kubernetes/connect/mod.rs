//! From settings to a client: which kubeconfig, which context, which proxy; nothing is sent yet.

mod kubeconfig;
mod plugin;
mod proxy;
mod settings;
mod shared;

use std::time::Duration;

use kube::client::{AuthError, ClientBuilder};
use kube::{Client, Config};

use self::kubeconfig::Chosen;
use self::plugin::Plugin;
pub use self::settings::{Environment, Settings};
pub use self::shared::Connections;
use crate::provider::kubernetes::server_info::ServerInfo;
use crate::provider::kubernetes::transport::{chain, plugin_failure};
use crate::resource::{Problem, ProblemKind};

/// For making a connection, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// A client that has not sent anything yet, and what is known of its server.
#[derive(Clone)]
pub(in crate::provider::kubernetes) struct Connection {
    pub(in crate::provider::kubernetes) client: Client,
    pub(in crate::provider::kubernetes) server_info: ServerInfo,
}

fn wrong(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Settings, message)
}

/// Builds the client. Runs credential plugins, which may talk to the terminal: call it before drawing.
pub(in crate::provider::kubernetes) async fn connection(settings: &Settings) -> Result<Connection, Problem> {
    // An error says that one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (mut config, mut server_info, proxy_url, plugin) = if settings.in_cluster {
        let config = Config::incluster_env().map_err(|error| {
            wrong(format!("not running in a pod: {error}"))
                .help("`in_cluster = true` works only inside of a pod; name a context instead")
                .caused_by(error)
        })?;
        let server_info = ServerInfo::new(&config, "the pod's service account".to_owned());
        (config, server_info, None, None)
    } else {
        let chosen = Chosen::find(settings)?;
        let (mut config, server_info) = chosen.config()?;
        plugin::withhold(&mut config.auth_info, &settings.secret_variables);
        let plugin = Plugin::of(chosen.user);
        (config, server_info, chosen.cluster.proxy_url, plugin)
    };
    let proxy = proxy::choose(&config.cluster_url, proxy_url.as_deref(), &settings.environment)
        .map_err(|message| wrong(message).help("a proxy is written as `http://host:port`"))?;
    server_info.proxy = proxy.as_ref().and_then(|uri| {
        let host = uri.host()?;
        Some(uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    });
    config.proxy_url = proxy;
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    let origin = server_info.origin.clone();
    // A credential plugin blocks its thread for as long as it asks a person.
    let client =
        tokio::task::spawn_blocking(move || ClientBuilder::try_from(config).map(ClientBuilder::build))
            .await
            .map_err(|error| {
                Problem::new(ProblemKind::Other, format!("the client could not be built: {error}"))
                    .caused_by(error)
            })?
            .map_err(|error| unusable(&error, &origin, plugin))?;
    Ok(Connection { client, server_info })
}

/// Why a client could not be built from a kubeconfig that reads well. Of a plugin only its name is shown
/// and the last line that it wrote for a person: arguments, environment and output may hold secrets. So the
/// error is not kept below the problem.
fn unusable(error: &kube::Error, origin: &str, plugin: Option<Plugin>) -> Problem {
    let command = plugin.as_ref().map_or("", |plugin| &plugin.command);
    let name = format!("the credential plugin `{command}`");
    let why = match error {
        kube::Error::Auth(AuthError::AuthExecStart(error)) => format!("{name} could not be started: {error}"),
        kube::Error::Auth(error) => plugin_failure(&name, error).unwrap_or_else(|| chain(error)),
        other => chain(other),
    };
    let problem = wrong(format!("the credentials of {origin} cannot be used: {why}"));
    match plugin.and_then(|plugin| plugin.hint) {
        Some(hint) => problem.help(hint),
        None => problem,
    }
}
