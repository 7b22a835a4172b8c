//! From an empty namespace to a registry that answers over verified TLS, and back.

use http::StatusCode;

use crate::bed::Size;
use crate::bed::https::Login;
use crate::harness::{Bed, Command, Image, Namespace, Project, program};

tests! { on Size::Processes;
    a_registry_gets_a_certificate_and_takes_a_push,
}

const PASSWORD: &str = "a long enough password";

const STACK: &str = r#"
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

[registry.main]
host = "HOST"
image = "registry:3.1.2"
namespace = "{ns}"
storage.volume.size = "1Gi"
auth.users.ci = { env = "CI_PASSWORD" }
tls.secret = "registry-tls"

[registry.main.ingress]
class = "contour"
controller = "other"

# Contour answers for a registry that takes more than 15 seconds, and serves http beside https.
[registry.main.ingress.annotations]
"projectcontour.io/response-timeout" = "infinity"
"ingress.kubernetes.io/force-ssl-redirect" = "true"
"#;

fn a_registry_gets_a_certificate_and_takes_a_push() {
    let bed = Bed::shared().with_cert_manager();
    let ns = Namespace::absent();
    let host = bed.host(&ns);
    let project = project(&bed, &ns, &host);
    project.apply();
    project.expect_settled();
    let url = format!("https://{host}/v2/");
    assert_eq!(bed.first_status(&url), StatusCode::UNAUTHORIZED);
    assert_eq!(bed.status(&url, Some(Login::Password("ci", "wrong"))), Some(StatusCode::UNAUTHORIZED));
    assert_eq!(bed.status(&url, Some(Login::Password("ci", PASSWORD))), Some(StatusCode::OK));
    push(&bed, &project, &host);
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(bed.status(&url, None), None, "nothing is served any more");
}

fn project<'n>(bed: &Bed, ns: &'n Namespace, host: &str) -> Project<'n> {
    let text = STACK
        .replace("DIRECTORY", &bed.facts().acme)
        .replace("BUNDLE", &bed.acme_bundle())
        .replace("HOST", host);
    ns.project().write("regplan.toml", &text).env("CI_PASSWORD", PASSWORD)
}

/// Pushes a very small image.
fn push(bed: &Bed, project: &Project<'_>, host: &str) {
    let image = project.path("image");
    Image::empty().write(&image);
    Command::new(program("skopeo"))
        .args(["copy", "--preserve-digests"])
        .args([format!("--dest-cert-dir={}", bed.trusted_folder(&project.folder()).display())])
        .args([format!("--dest-creds=ci:{PASSWORD}")])
        .args([format!("dir:{}", image.display()), format!("docker://{host}/team/app:1")])
        .inherit_env()
        .run()
        .success();
}
