//! The registry's own configuration file.

/// What the file depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConfigYml {
    /// Whether there is an htpasswd file.
    pub(super) has_htpasswd: bool,
}

/// The folder in which the images of a major version keep their configuration.
pub(super) fn folder(major: u8) -> &'static str {
    if major == 2 { "/etc/docker/registry" } else { "/etc/distribution" }
}

/// Where the htpasswd file is mounted.
pub(super) const AUTH_FOLDER: &str = "/auth";
/// Where the volume is mounted.
pub(super) const STORAGE_FOLDER: &str = "/var/lib/registry";
/// Where the certificate is mounted, in the pods that end TLS.
pub(super) const TLS_FOLDER: &str = "/tls";
/// What clients are told when they are asked for a password.
pub(super) const REALM: &str = "Registry";
/// The port on which the registry listens.
pub(super) const PORT: u16 = 5000;

impl ConfigYml {
    /// The text of `config.yml`, which both major versions read.
    ///
    /// - `relativeurls`: behind a proxy that ends TLS, absolute URLs of uploads would have the wrong scheme.
    /// - `health.storagedriver`: while the storage fails, every answer is 503, also that to the readiness probe.
    /// - There is no `http.debug`: its port would carry Go's profiler to everybody in the cluster.
    /// - There is no blob descriptor cache: with several pods, or after a garbage collection, it would claim
    ///   layers that are gone.
    /// - `draintimeout` lets uploads end when a pod is stopped.
    pub(super) fn render(self) -> String {
        let mut text = format!(
            "version: 0.1
log:
  level: info
  formatter: text
  fields:
    service: registry
storage:
  filesystem:
    rootdirectory: {STORAGE_FOLDER}
  delete:
    enabled: true
http:
  addr: :{PORT}
  relativeurls: true
  draintimeout: 60s
  headers:
    X-Content-Type-Options: [nosniff]
"
        );
        if self.has_htpasswd {
            text.push_str(&["auth:\n  htpasswd:\n    realm: ", REALM, "\n"].concat());
            text.push_str(&["    path: ", AUTH_FOLDER, "/htpasswd\n"].concat());
        }
        text.push_str(
            "health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
",
        );
        text
    }
}
