//! A registry with all that it needs, as the tests of a bed apply it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;

use crate::bed::https::Login;
use crate::bed::image::Image;
use crate::harness::{Bed, Command, Namespace, ObjectServer, Output, Project, program};

/// The password of the user `ci`.
pub(super) const PASSWORD: &str = "a long enough password";

const FILE: &str = r#"
[project]
name = "{project}"

[cluster]
namespace = "{ns}"

[resource.acme]
apiVersion = "cert-manager.io/v1"
kind = "Issuer"

[resource.acme.spec.acme]
server = "DIRECTORY"
caBundle = "BUNDLE"
email = "admin@example.test"
privateKeySecretRef.name = "acme-account"
solvers = [{ http01.ingress.ingressClassName = "contour" }]

[resource.certificate]
apiVersion = "cert-manager.io/v1"
kind = "Certificate"
spec.secretName = "registry-tls"
spec.dnsNames = ["HOST"]
spec.issuerRef = { name = "${resource.acme.metadata.name}", kind = "Issuer" }
lifecycle.ready.condition = "Ready"

[registry.main]
host = "HOST"
image = "registry:3.1.2"
namespace = "{ns}"
STORAGE
auth.users.ci = { env = "CI_PASSWORD" }
tls.secret = "registry-tls"
ingress.class = "contour"
"#;

/// What a value of a Secret stands for.
pub(super) fn decoded(value: &str) -> Vec<u8> {
    STANDARD.decode(value).unwrap()
}

/// Pushes the image of a folder under this name. The server has to be signed by one of the certificates in the other folder.
#[track_caller]
pub(super) fn push(image: &Path, name: &str, trusted: &Path) {
    copy(&format!("dir:{}", image.display()), &format!("docker://{name}"), "dest", trusted);
}

/// The same in the other direction.
#[track_caller]
pub(super) fn pull(name: &str, image: &Path, trusted: &Path) {
    copy(&format!("docker://{name}"), &format!("dir:{}", image.display()), "src", trusted);
}

/// Copies an image by skopeo. `remote` is its name for the end that is a server.
#[track_caller]
fn copy(from: &str, to: &str, remote: &str, trusted: &Path) {
    Command::new(program("skopeo"))
        .args(["copy", "--preserve-digests"])
        .args([format!("--{remote}-cert-dir={}", trusted.display())])
        .args([format!("--{remote}-creds=ci:{PASSWORD}"), from.to_owned(), to.to_owned()])
        .inherit_env()
        .run()
        .success();
}

/// A registry that is reached through the ingress controller, with a certificate of the ACME authority.
pub(super) struct Registry<'n> {
    bed: Bed,
    host: String,
    project: Project<'n>,
}

impl<'n> Registry<'n> {
    /// Applies it, and waits until it answers over verified TLS: that a password is needed.
    #[track_caller]
    pub(super) fn apply(ns: &'n Namespace) -> Self {
        Self::apply_with(ns, "")
    }

    /// The same with more blocks.
    #[track_caller]
    pub(super) fn apply_with(ns: &'n Namespace, blocks: &str) -> Self {
        Self::apply_stored(ns, "storage.volume.size = \"1Gi\"", blocks)
    }

    /// The same with images that are stored there.
    #[track_caller]
    pub(super) fn apply_stored(ns: &'n Namespace, storage: &str, blocks: &str) -> Self {
        let bed = Bed::shared().with_cert_manager();
        let host = bed.host(ns);
        let text = FILE
            .replace("DIRECTORY", &bed.facts().acme)
            .replace("BUNDLE", &bed.acme_bundle())
            .replace("HOST", &host)
            .replace("STORAGE", storage);
        let text = format!("{text}{blocks}");
        let project = ns.project().write("regplan.toml", &text).env("CI_PASSWORD", PASSWORD);
        let project = ObjectServer::let_in(project);
        project.apply();
        project.expect_settled();
        let registry = Self { bed, host, project };
        assert_eq!(registry.bed.first_status(&registry.url()), StatusCode::UNAUTHORIZED);
        registry
    }

    /// The name of its server.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The root of its certificate, as a PEM file.
    pub(super) fn authority(&self) -> &Path {
        &self.bed.facts().acme_root
    }

    /// Its project.
    pub(super) fn project(&self) -> &Project<'n> {
        &self.project
    }

    /// The status with which it answers this password; `None` where nothing answers.
    pub(super) fn status(&self, password: &str) -> Option<StatusCode> {
        self.bed.status(&self.url(), Some(Login::Password("ci", password)))
    }

    /// Pushes an image as `team/app:1`, and returns its name.
    #[track_caller]
    pub(super) fn push(&self, image: &Image) -> String {
        self.push_as(image, "1")
    }

    /// Pushes an image as `team/app` with this tag, and returns its name.
    #[track_caller]
    pub(super) fn push_as(&self, image: &Image, tag: &str) -> String {
        let folder = self.project.path(&format!("image-{tag}"));
        image.write(&folder).unwrap();
        let name = format!("{}/team/app:{tag}", self.host);
        push(&folder, &name, &self.bed.trusted_folder(&self.project.folder()));
        name
    }

    /// Looks whether it works, as JSON. The ACME authority's root is trusted.
    #[track_caller]
    pub(super) fn verify(&self, args: &[&str]) -> Output {
        let trusting = format!("--ca-file={}", self.bed.facts().acme_root.display());
        let command = self.project.regplan(["verify", "--format=json", &trusting]);
        command.args(args.iter().copied().map(str::to_owned)).run()
    }

    /// Destroys it, and looks that nothing is served any more.
    #[track_caller]
    pub(super) fn destroy(self) {
        self.project.run(["destroy", "--auto-approve"]).success();
        assert_eq!(self.bed.status(&self.url(), None), None, "nothing is served any more");
    }

    fn url(&self) -> String {
        format!("https://{}/v2/", self.host)
    }
}
