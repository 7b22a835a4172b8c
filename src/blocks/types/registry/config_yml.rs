//! The registry's own configuration file.

use std::fmt::Write as _;

use serde_json::Value;

use super::options::Bucket;

/// What the file depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConfigYml<'a> {
    /// Whether there is an htpasswd file.
    pub(super) has_htpasswd: bool,
    /// The bucket with the images; `None` where they are on a volume.
    pub(super) bucket: Option<&'a Bucket>,
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

impl ConfigYml<'_> {
    /// The text of `config.yml`, which both major versions read.
    ///
    /// - `relativeurls`: behind a proxy that ends TLS, absolute URLs of uploads would have the wrong scheme.
    /// - `health.storagedriver`: while the storage fails, every answer is 503, also that to the readiness probe.
    /// - There is no `http.debug`: its port would carry Go's profiler to everybody in the cluster.
    /// - There is no blob descriptor cache: with several pods, or after a garbage collection, it would claim
    ///   layers that are gone.
    /// - `draintimeout` lets uploads end when a pod is stopped.
    pub(super) fn render(self) -> String {
        let storage = self.storage();
        let mut text = format!(
            "version: 0.1
log:
  level: info
  formatter: text
  fields:
    service: registry
storage:
{storage}  delete:
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
        // A pod with a bucket is asked whether it is ready only when it has asked its store this often.
        let threshold = if self.bucket.is_some() { 2 } else { 3 };
        _ = write!(
            text,
            "health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: {threshold}
"
        );
        text
    }

    /// Where images are.
    fn storage(self) -> String {
        match self.bucket {
            None => format!("  filesystem:\n    rootdirectory: {STORAGE_FOLDER}\n"),
            Some(bucket) => in_bucket(bucket),
        }
    }
}

/// Where images are in a bucket. The keys of the store are not in it.
///
/// - `forcepathstyle`: version 2 does not know the key. With an endpoint it does what the key says, without one it does not,
///   and so does version 3 by our defaults.
/// - `redirect`: without this, whoever pulls is sent on to the store.
fn in_bucket(bucket: &Bucket) -> String {
    let settings = [
        ("bucket", Some(bucket.bucket.as_str())),
        ("region", bucket.region()),
        ("regionendpoint", bucket.endpoint.as_deref()),
        ("rootdirectory", bucket.prefix.as_deref()),
    ];
    let mut text = String::from("  s3:\n");
    for (key, value) in settings {
        let Some(value) = value else { continue };
        // In quotes, or the bucket `0123` would be the number 83.
        _ = writeln!(text, "    {key}: {}", Value::from(value));
    }
    for (key, is_set) in [("forcepathstyle", bucket.has_path_style()), ("encrypt", bucket.encrypt)] {
        if is_set {
            _ = writeln!(text, "    {key}: true");
        }
    }
    if !bucket.redirect {
        text.push_str("  redirect:\n    disable: true\n");
    }
    text
}
