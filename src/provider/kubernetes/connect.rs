//! From settings to a client: which kubeconfig, which context, which proxy; nothing is sent yet.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kube::client::{AuthError, ClientBuilder};
use kube::config::{AuthInfo, Cluster, Context, ExecAuthCluster, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use super::certificate;
use super::proxy;
use super::transport::CONNECT_TIMEOUT;
use crate::resource::{Problem, ProblemKind};

/// Environment variables, handed in so that nothing below reads the process' own.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process; what is not Unicode is left out.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// A variable that is set, and not to nothing.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

/// Which cluster to talk to, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The kubeconfig; where `None`, the files of `KUBECONFIG`, and without it `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// The context; where `None`, the kubeconfig's current one.
    pub context: Option<String>,
    /// Use the account of the pod that we run in, and no kubeconfig. Never done without being asked for.
    pub in_cluster: bool,
    /// How many requests may be under way at once (watches aside); at least 1. More than about eight
    /// buy little.
    pub connections: usize,
    /// Where `KUBECONFIG`, `HOME` and the proxies' variables are looked up. (Credential plugins see the
    /// process' own.)
    pub environment: Environment,
}

impl Settings {
    /// The kubeconfig's current context.
    pub fn new(environment: Environment) -> Self {
        Self { kubeconfig: None, context: None, in_cluster: false, connections: 8, environment }
    }
}

/// A client that has not sent anything yet, and what is known of its server.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) facts: ServerInfo,
}

/// What is known of a server without asking it.
#[derive(Debug, Clone)]
pub(super) struct ServerInfo {
    /// Its URL, without a slash at the end.
    pub(super) server: String,
    /// SHA-256 over its CA certificates (DER), hexadecimal.
    pub(super) ca_digest: Option<String>,
    /// Where the credentials come from, in words: ``context `prod` of ~/.kube/config``.
    pub(super) origin: String,
    /// The proxy on the way, without credentials.
    pub(super) proxy: Option<String>,
    /// The end of our client certificate.
    pub(super) certificate_expiry: Option<Timestamp>,
    /// The namespace of the context.
    pub(super) namespace: String,
}

fn wrong(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Settings, message)
}

/// Builds the client. Runs credential plugins, which may talk to the terminal: call it before drawing.
pub(super) async fn connection(settings: &Settings) -> Result<Connection, Problem> {
    // An error says that one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (mut config, mut facts, proxy_url, plugin) = if settings.in_cluster {
        let config = Config::incluster_env().map_err(|error| {
            wrong(format!("this is no pod with a service account: {error}"))
                .help("`in_cluster = true` works only inside of a pod; name a context instead")
        })?;
        let facts = facts(&config, "the pod's service account".to_owned());
        (config, facts, None, None)
    } else {
        let chosen = Chosen::find(settings)?;
        let (config, facts) = chosen.config()?;
        let plugin = chosen
            .user
            .exec
            .map(|exec| Plugin { command: exec.command.unwrap_or_default(), hint: exec.install_hint });
        (config, facts, chosen.cluster.proxy_url, plugin)
    };
    let proxy = proxy::choose(&config.cluster_url, proxy_url.as_deref(), &settings.environment)
        .map_err(|message| wrong(message).help("a proxy is written as `http://host:port`"))?;
    facts.proxy = proxy.as_ref().and_then(|uri| {
        let host = uri.host()?;
        Some(uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    });
    config.proxy_url = proxy;
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    let origin = facts.origin.clone();
    // A credential plugin blocks its thread for as long as it asks a person.
    let client =
        tokio::task::spawn_blocking(move || ClientBuilder::try_from(config).map(ClientBuilder::build))
            .await
            .map_err(|error| {
                Problem::new(ProblemKind::Other, format!("the client could not be built: {error}"))
            })?
            .map_err(|error| unusable(error, &origin, plugin))?;
    Ok(Connection { client, facts })
}

fn facts(config: &Config, origin: String) -> ServerInfo {
    let ca_digest = config.root_cert.as_ref().map(|certificates| {
        let digest = certificates.iter().fold(Sha256::new(), Sha256::chain_update);
        digest.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}"); // writing to a String does not fail
            text
        })
    });
    ServerInfo {
        server: config.cluster_url.to_string().trim_end_matches('/').to_owned(),
        ca_digest,
        origin,
        proxy: None,
        certificate_expiry: None,
        namespace: config.default_namespace.clone(),
    }
}

/// What a context comes to.
struct Chosen {
    origin: String,
    context: Context,
    cluster_name: String,
    cluster: Cluster,
    user: AuthInfo,
}

impl Chosen {
    fn find(settings: &Settings) -> Result<Self, Problem> {
        let paths = kubeconfig_paths(settings)?;
        let places: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let place = places.join(", ");
        let kubeconfig = load(&paths)?;
        let known: Vec<&str> = kubeconfig.contexts.iter().map(|named| named.name.as_str()).collect();
        let name = match (&settings.context, &kubeconfig.current_context) {
            (Some(name), _) => name.clone(),
            (None, Some(name)) if !name.is_empty() => name.clone(),
            _ => {
                return Err(wrong(format!("no context is named, and {place} has no current one"))
                    .help(known_contexts(&known, "")));
            }
        };
        let named = kubeconfig.contexts.iter().find(|named| named.name == name);
        let Some(context) = named.and_then(|named| named.context.clone()) else {
            return Err(
                wrong(format!("there is no context `{name}` in {place}")).help(known_contexts(&known, &name))
            );
        };
        let cluster = kubeconfig.clusters.iter().find(|named| named.name == context.cluster);
        let Some(cluster) = cluster.and_then(|named| named.cluster.clone()) else {
            return Err(wrong(format!(
                "the context `{name}` names the cluster `{}`, which {place} does not describe",
                context.cluster
            )));
        };
        let user = match context.user.as_deref().filter(|user| !user.is_empty()) {
            None => AuthInfo::default(),
            Some(user) => {
                let named = kubeconfig.auth_infos.iter().find(|named| named.name == user);
                let Some(named) = named else {
                    return Err(wrong(format!(
                        "the context `{name}` names the user `{user}`, whom {place} does not describe"
                    )));
                };
                named.auth_info.clone().unwrap_or_default()
            }
        };
        let origin = format!("context `{name}` of {place}");
        Ok(Self { origin, cluster_name: context.cluster.clone(), context, cluster, user })
    }

    fn config(&self) -> Result<(Config, ServerInfo), Problem> {
        let about = format!("the cluster `{}` ({})", self.cluster_name, self.origin);
        let server = self.cluster.server.as_deref().unwrap_or_default();
        let url: http::Uri = server
            .parse()
            .ok()
            .filter(|url: &http::Uri| {
                matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some()
            })
            .ok_or_else(|| {
                wrong(format!("the server of {about} is not an http(s) URL: `{server}`"))
                    .help("`server` looks like `https://host:6443`")
            })?;
        let mut config = Config::new(url);
        config.default_namespace = self
            .context
            .namespace
            .clone()
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "default".to_owned());
        config.accept_invalid_certs = self.cluster.insecure_skip_tls_verify.unwrap_or(false);
        config.disable_compression = self.cluster.disable_compression.unwrap_or(false);
        config.tls_server_name = self.cluster.tls_server_name.clone().filter(|name| !name.is_empty());
        let ca = data(
            self.cluster.certificate_authority_data.as_deref(),
            self.cluster.certificate_authority.as_deref(),
        )
        .map_err(|why| wrong(format!("the certificate authority of {about} {why}")))?;
        if let Some(pem) = ca {
            let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let certificates = certificates.unwrap_or_default();
            if certificates.is_empty() {
                return Err(wrong(format!("the certificate authority of {about} holds no PEM certificate")));
            }
            config.root_cert = Some(certificates.iter().map(|der| der.to_vec()).collect());
        }
        config.auth_info = self.user.clone();
        if let Some(exec) = config.auth_info.exec.as_mut().filter(|exec| exec.provide_cluster_info) {
            exec.cluster = ExecAuthCluster::try_from(&self.cluster).ok();
        }
        let mut facts = facts(&config, self.origin.clone());
        facts.certificate_expiry =
            data(self.user.client_certificate_data.as_deref(), self.user.client_certificate.as_deref())
                .ok()
                .flatten()
                .and_then(|pem| certificate::expiry_of_pem(&pem));
        Ok((config, facts))
    }
}

/// Inline base64, or a file's content; the error ends a sentence about them.
fn data(inline: Option<&str>, file: Option<&str>) -> Result<Option<Vec<u8>>, String> {
    if let Some(text) = inline.filter(|text| !text.is_empty()) {
        let compact: String = text.split_whitespace().collect();
        return STANDARD.decode(compact).map(Some).map_err(|_| "is not base64".to_owned());
    }
    let Some(path) = file.filter(|path| !path.is_empty()) else { return Ok(None) };
    std::fs::read(path).map(Some).map_err(|error| format!("cannot be read from {path}: {error}"))
}

/// The files that exist, of those that the settings name.
fn kubeconfig_paths(settings: &Settings) -> Result<Vec<PathBuf>, Problem> {
    let environment = &settings.environment;
    let (wanted, how): (Vec<PathBuf>, &str) = if let Some(path) = &settings.kubeconfig {
        (vec![path.clone()], "as asked for")
    } else if let Some(list) = environment.get("KUBECONFIG") {
        let paths = std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty());
        (paths.collect(), "named by KUBECONFIG")
    } else {
        let home = environment.get("HOME").or_else(|| environment.get("USERPROFILE"));
        (home.map(|home| Path::new(home).join(".kube/config")).into_iter().collect(), "the usual place")
    };
    let found: Vec<PathBuf> = wanted.iter().filter(|path| path.exists()).cloned().collect();
    if found.is_empty() {
        let names: Vec<String> = wanted.iter().map(|path| path.display().to_string()).collect();
        let message = if names.is_empty() {
            "there is no kubeconfig: neither KUBECONFIG nor HOME is set".to_owned()
        } else {
            format!("there is no kubeconfig at {} ({how})", names.join(" or "))
        };
        return Err(wrong(message).help(
            "name one with KUBECONFIG or --kubeconfig; inside of a pod, set `in_cluster = true` in `[cluster]`",
        ));
    }
    Ok(found)
}

fn load(paths: &[PathBuf]) -> Result<Kubeconfig, Problem> {
    let mut all = Kubeconfig::default();
    for path in paths {
        let broken = |error: &KubeconfigError| {
            let why = match error {
                KubeconfigError::ReadConfig(error, _) => format!("cannot be read: {error}"),
                KubeconfigError::Parse(error) => format!("is not valid: {}", first_line(&error.to_string())),
                other => format!("cannot be used: {other}"),
            };
            wrong(format!("the kubeconfig {} {why}", path.display()))
        };
        let next = Kubeconfig::read_from(path).map_err(|error| broken(&error))?;
        all = all.merge(next).map_err(|error| broken(&error))?;
    }
    Ok(all)
}

/// Where in the file it broke, without the excerpt below: it could show credentials.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_start_matches("error: ")
}

/// The known ones, nearest first.
fn known_contexts(known: &[&str], wanted: &str) -> String {
    const SHOWN: usize = 10;
    if known.is_empty() {
        return "it describes no context at all".to_owned();
    }
    let mut names = known.to_vec();
    names.sort_by(|a, b| {
        let near = |name: &str| strsim::jaro_winkler(wanted, name);
        near(b).total_cmp(&near(a)).then_with(|| a.cmp(b))
    });
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("it has {}{rest}", quoted.join(", "))
}

/// A program that gives credentials.
struct Plugin {
    command: String,
    hint: Option<String>,
}

/// Why a client could not be built from a kubeconfig that reads well. Of a plugin only its name is shown
/// and the last line that it wrote for a person: arguments, environment and output may hold secrets.
fn unusable(error: kube::Error, origin: &str, plugin: Option<Plugin>) -> Problem {
    let command = plugin.as_ref().map_or("", |plugin| &plugin.command);
    let why = match error {
        kube::Error::Auth(AuthError::AuthExecStart(error)) => {
            format!("the credential plugin `{command}` could not be started: {error}")
        }
        kube::Error::Auth(AuthError::AuthExecRun { out, .. }) => {
            let words = String::from_utf8_lossy(&out.stderr);
            let last = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("without a word");
            format!("the credential plugin `{command}` failed ({}): {last}", out.status)
        }
        kube::Error::Auth(AuthError::AuthExecParse(_)) => {
            format!("the credential plugin `{command}` gave an answer that is no ExecCredential")
        }
        other => super::transport_error::chain(&other),
    };
    let problem = wrong(format!("the credentials of {origin} cannot be used: {why}"));
    match plugin.and_then(|plugin| plugin.hint) {
        Some(hint) => problem.help(hint),
        None => problem,
    }
}

#[cfg(test)]
mod tests;
