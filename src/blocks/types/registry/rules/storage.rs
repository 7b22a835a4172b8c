//! What no schema can say of where images are stored.

use url::{Host, Url};

use super::Rules;
use crate::blocks::codes;
use crate::blocks::types::registry::options::Bucket;
use crate::blocks::types::registry::storage::Store;
use crate::config::SecretSource;

/// The keys below which all of this stands.
const S3: [&str; 2] = ["storage", "s3"];
/// The annotation by which Amazon gives a `ServiceAccount` a role.
const ROLE_OF_ACCOUNT: &str = "eks.amazonaws.com/role-arn";
/// How the names of Services end.
const SERVICES: [&str; 2] = [".svc", ".svc.cluster.local"];

impl Rules<'_> {
    /// Where images are stored, and how many pods can use it.
    pub(super) fn storage(&mut self) {
        match self.registry.spec.store() {
            None => self.error(
                codes::BAD_VALUE,
                &["storage"],
                "`storage` does not say where images are stored".to_owned(),
                "add `storage.volume`, as in `storage.volume = { size = \"50Gi\" }`, or `storage.s3` with a bucket",
            ),
            Some(Store::Volume(volume)) => self.replicas(volume.access_mode.name()),
            Some(Store::Bucket(bucket)) => {
                self.region(bucket);
                self.path_style(bucket);
                self.keys(bucket);
                self.endpoint(bucket);
            }
        }
    }

    fn replicas(&mut self, mode: &str) {
        let replicas = self.registry.spec.options.replicas;
        if replicas > 1 && !self.registry.spec.shares_store() {
            let message = format!("{replicas} replicas cannot share a volume that is {mode}");
            let span = self.span(&["storage", "volume"]);
            self.error(
                codes::TOO_MANY_REPLICAS,
                &["replicas"],
                message,
                "set `replicas = 1`; or store images in a bucket (`storage.s3`); or \
                 `storage.volume.access_mode = \"ReadWriteMany\"` with a storage class that supports it, before the first \
                 apply: a claim that is there keeps its mode",
            );
            if let Some(mistake) = self.mistakes.last_mut() {
                *mistake = mistake.clone().at(span, "this volume");
            }
        }
    }

    fn region(&mut self, bucket: &Bucket) {
        if bucket.region().is_none() {
            self.error(
                codes::BAD_VALUE,
                &S3,
                "`storage.s3` does not say in which region of Amazon the bucket is".to_owned(),
                "add `region`, as in `region = \"eu-central-1\"`, or the `endpoint` of another store",
            );
        }
    }

    /// Version 2 has no key for it.
    fn path_style(&mut self, bucket: &Bucket) {
        let usual = bucket.endpoint.is_some();
        if self.registry.spec.major == 2 && bucket.has_path_style() != usual {
            let what = if usual { "puts the bucket into the path" } else { "puts the bucket into the host" };
            let whether = if usual { "with" } else { "without" };
            self.error(
                codes::BAD_VALUE,
                &[S3[0], S3[1], "path_style"],
                format!("version 2 of the registry always {what} of a request {whether} `endpoint`"),
                "take `path_style` out, or take an image of version 3",
            );
        }
    }

    fn keys(&mut self, bucket: &Bucket) {
        for key in self.registry.spec.store_keys() {
            if let SecretSource::Generate(_) = key.source {
                self.error(
                    codes::BAD_VALUE,
                    &[S3[0], S3[1], key.name],
                    "a key of another service cannot be generated here".to_owned(),
                    "take it from `{ env = \"NAME\" }` or `{ file = \"PATH\" }`",
                );
            }
        }
        match (&bucket.access_key, &bucket.secret_key) {
            (Some(_), Some(_)) => {}
            (Some(_), None) => self.half_a_pair("access_key", "secret_key"),
            (None, Some(_)) => self.half_a_pair("secret_key", "access_key"),
            (None, None) if bucket.is_at_amazon() => self.role_of_account(),
            (None, None) => self.warn(
                codes::BAD_VALUE,
                &S3,
                "`storage.s3` has no keys, and only Amazon knows pods by their role".to_owned(),
                "add `access_key` and `secret_key`, as in `access_key = { env = \"S3_ACCESS_KEY\" }`",
            ),
        }
    }

    /// Version 2 of the registry takes keys, variables, a file, or the role of the node, and nothing else.
    /// Source: `NewChainCredentials` in <https://github.com/distribution/distribution/blob/v2.8.3/registry/storage/driver/s3-aws/s3.go>
    fn role_of_account(&mut self) {
        let spec = self.registry.spec;
        if spec.major < 3 && spec.options.annotations.contains_key(ROLE_OF_ACCOUNT) {
            self.warn(
                codes::BAD_VALUE,
                &["annotations", ROLE_OF_ACCOUNT],
                "version 2 of the registry does not know the role of its ServiceAccount: its pods reach the bucket by the role of \
                 their node"
                    .to_owned(),
                "take version 3, as in `image = \"registry:3.1.1\"`, or give the store `access_key` and `secret_key`",
            );
        }
    }

    fn half_a_pair(&mut self, given: &str, missing: &str) {
        self.error(
            codes::BAD_VALUE,
            &[S3[0], S3[1], given],
            format!("`{given}` stands without `{missing}`, and the store takes only both"),
            &format!("add `{missing}`, from `{{ env = \"NAME\" }}` or `{{ file = \"PATH\" }}`"),
        );
    }

    fn endpoint(&mut self, bucket: &Bucket) {
        let keys = [S3[0], S3[1], "endpoint"];
        let Some(text) = &bucket.endpoint else { return };
        let url = match Url::parse(text) {
            Ok(url) if url.query().is_none() && url.fragment().is_none() => url,
            Ok(_) | Err(_) => {
                // Not the text: behind a `?` it may be the rest of a password.
                let message = "the `endpoint` of `storage.s3` is not the URL of a store".to_owned();
                let help = "write scheme and host alone, with a port where it needs one: `https://minio.example.com:9000`";
                self.error(codes::BAD_VALUE, &keys, message, help);
                return;
            }
        };
        let is_inside = is_for_pods_alone(&url);
        if url.host_str().is_some_and(|host| host.starts_with(&format!("{}.", bucket.bucket))) {
            self.warn(
                codes::BAD_VALUE,
                &keys,
                format!(
                    "the endpoint begins with the name of the bucket, which is added to it: `{}`",
                    bucket.place()
                ),
                "name the store alone, as in `https://fra1.digitaloceanspaces.com`",
            );
        }
        if url.scheme() == "http" && !is_inside {
            self.warn(
                codes::NO_TLS,
                &keys,
                format!("images travel in clear to and from {text}, where others may read and change them"),
                "write `https://` if the store speaks TLS",
            );
        }
        if bucket.redirect && is_inside {
            self.warn(
                codes::UNREACHABLE_STORE,
                &[S3[0], S3[1], "redirect"],
                format!("whoever pulls is sent on to {text}, a name that only pods know: no node can pull from there"),
                "take `redirect` out, or name the store as nodes and clients reach it",
            );
        }
    }
}

/// Whether the name of a store leads nowhere but in the cluster: that of a Service, whole or short, or of the pod itself.
fn is_for_pods_alone(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => !name.contains('.') || SERVICES.iter().any(|end| name.ends_with(end)),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
