//! Certificates, and what cert-manager says about them.

use crate::bed::Size;
use crate::harness::{Bed, Namespace};

tests! { on Size::Processes;
    a_plan_shows_the_refusal_of_the_webhook,
    a_chain_of_issuers_is_ready_in_one_apply,
}

fn a_plan_shows_the_refusal_of_the_webhook() {
    let _bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let project = ns.project().write(
        "regplan.toml",
        r#"
[project]
name = "{project}"

[cluster]
namespace = "{ns}"

[resource.nameless]
apiVersion = "cert-manager.io/v1"
kind = "Certificate"
spec = { secretName = "tls", issuerRef = { name = "any" } }
"#,
    );
    let refused = project.run(["plan"]).code(1);
    refused.stdout_contains(r#"admission webhook "webhook.cert-manager.io" denied the request"#);
}

fn a_chain_of_issuers_is_ready_in_one_apply() {
    let _bed = Bed::shared().with_cert_manager();
    let ns = Namespace::new();
    let project = ns.project().write(
        "regplan.toml",
        r#"
[project]
name = "{project}"

[cluster]
namespace = "{ns}"

[resource.self-signed]
apiVersion = "cert-manager.io/v1"
kind = "Issuer"
spec.selfSigned = {}

[resource.root]
apiVersion = "cert-manager.io/v1"
kind = "Certificate"

[resource.root.spec]
isCA = true
commonName = "a root for tests"
secretName = "root"
privateKey = { algorithm = "ECDSA", size = 256, rotationPolicy = "Always" }
issuerRef.name = "${resource.self-signed.metadata.name}"

[resource.root.lifecycle.ready]
condition = "Ready"

[resource.authority]
apiVersion = "cert-manager.io/v1"
kind = "Issuer"
spec.ca.secretName = "${resource.root.spec.secretName}"

[resource.leaf]
apiVersion = "cert-manager.io/v1"
kind = "Certificate"
spec.secretName = "leaf"
spec.dnsNames = ["registry.example.test"]
spec.issuerRef.name = "${resource.authority.metadata.name}"
lifecycle.ready.condition = "Ready"
"#,
    );
    project.apply();
    project.expect_settled();
    for name in ["root", "leaf"] {
        let conditions = ns.field(&format!("certificate/{name}"), "/status/conditions");
        let ready =
            conditions.as_array().unwrap().iter().find(|condition| condition["type"] == "Ready").unwrap();
        assert_eq!(ready["status"], "True", "{name}: {conditions}");
    }
}
