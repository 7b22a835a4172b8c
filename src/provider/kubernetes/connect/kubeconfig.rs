//! Kubeconfig files: which are read, and what the chosen context comes to.

use std::io;
use std::path::{Path, PathBuf};

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine};
use kube::Config;
use kube::config::{AuthInfo, Cluster, Context, ExecAuthCluster, Kubeconfig, KubeconfigError};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::settings::Settings;
use crate::config::is_absent;
use crate::kubernetes::x509::CertificateFacts;
use crate::provider::kubernetes::server_info::ServerInfo;
use crate::resource::{Problem, ProblemKind};

fn wrong(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Settings, message)
}

/// What a context comes to.
pub(super) struct Chosen {
    origin: String,
    name: String,
    context: Context,
    cluster_name: String,
    pub(super) cluster: Cluster,
    pub(super) user: AuthInfo,
}

impl Chosen {
    /// Looks the context up in the kubeconfig that the settings name.
    ///
    /// # Errors
    /// [`ProblemKind::Settings`]: no kubeconfig, a broken one, or one that lacks what the context names.
    pub(super) fn find(settings: &Settings) -> Result<Self, Problem> {
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
                "the context `{name}` names the cluster `{}`, and {place} does not describe it",
                context.cluster
            )));
        };
        let user = match context.user.as_deref().filter(|user| !user.is_empty()) {
            None => AuthInfo::default(),
            Some(user) => {
                let named = kubeconfig.auth_infos.iter().find(|named| named.name == user);
                let Some(named) = named else {
                    return Err(wrong(format!(
                        "the context `{name}` names the user `{user}`, and {place} does not describe it"
                    )));
                };
                named.auth_info.clone().unwrap_or_default()
            }
        };
        let origin = format!("context `{name}` of {place}");
        Ok(Self { origin, name, cluster_name: context.cluster.clone(), context, cluster, user })
    }

    /// A client's configuration, and what it says of the server.
    ///
    /// # Errors
    /// [`ProblemKind::Settings`]: a server that is no URL, or a certificate authority that cannot be read.
    pub(super) fn config(&self) -> Result<(Config, ServerInfo), Problem> {
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
        .map_err(|why| wrong(format!("the certificate authority of {about} {why}")).caused_by(why))?;
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
        let mut server_info = ServerInfo::new(&config, self.origin.clone());
        server_info.context = Some(self.name.clone());
        server_info.certificate_expiry =
            data(self.user.client_certificate_data.as_deref(), self.user.client_certificate.as_deref())
                .ok()
                .flatten()
                .and_then(|pem| CertificateFacts::of_pem(&pem))
                .map(|certificate| certificate.not_after);
        Ok((config, server_info))
    }
}

/// Why data of a kubeconfig cannot be had; it ends a sentence about them.
#[derive(Debug, thiserror::Error)]
enum DataError {
    #[error("is not base64")]
    NotBase64(#[source] DecodeError),
    #[error("cannot be read from {path}: {source}")]
    Unreadable { path: String, source: io::Error },
}

/// Inline base64, or a file's content.
fn data(inline: Option<&str>, file: Option<&str>) -> Result<Option<Vec<u8>>, DataError> {
    if let Some(text) = inline.filter(|text| !text.is_empty()) {
        let compact: String = text.split_whitespace().collect();
        return STANDARD.decode(compact).map(Some).map_err(DataError::NotBase64);
    }
    let Some(path) = file.filter(|path| !path.is_empty()) else { return Ok(None) };
    std::fs::read(path).map(Some).map_err(|source| DataError::Unreadable { path: path.to_owned(), source })
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
    let found: Vec<PathBuf> = wanted.iter().filter(|path| !is_absent(path)).cloned().collect();
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
        let next = Kubeconfig::read_from(path).map_err(|error| broken(path, error))?;
        all = all.merge(next).map_err(|error| broken(path, error))?;
    }
    Ok(all)
}

/// What is wrong with a file. That of a text which does not parse is not kept below the problem: it quotes
/// the text.
fn broken(path: &Path, error: KubeconfigError) -> Problem {
    let problem = |why: String| wrong(format!("the kubeconfig {} {why}", path.display()));
    match error {
        KubeconfigError::ReadConfig(error, _) => problem(format!("cannot be read: {error}")).caused_by(error),
        KubeconfigError::Parse(error) => problem(format!("is not valid: {}", first_line(&error.to_string()))),
        other => problem(format!("cannot be used: {other}")),
    }
}

/// Where in the file it broke, without the excerpt below: it could show credentials.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_start_matches("error: ")
}

/// The known ones, nearest first.
fn known_contexts(known: &[&str], wanted: &str) -> String {
    const SHOWN: usize = 10;
    if known.is_empty() {
        return "it has no context".to_owned();
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

#[cfg(test)]
mod tests;
