//! What the server takes, a configuration may have; and after an apply there is nothing to change, although the server
//! stores it in another form.

use std::net::Ipv6Addr;

use serde_json::json;

use crate::harness::{Namespace, Project};
use crate::predictions::{self, reader};

tests! {
    empty_keys_are_quiet_after_an_apply,
    base64_in_another_form_is_quiet_after_an_apply,
    unusual_names_are_quiet_after_an_apply,
}

const HEAD: &str = "[project]\nname = \"{project}\"\n[cluster]\nnamespace = \"{ns}\"\n\
                    [manifest.all]\npath = \"all.yaml\"\n";

/// It is applied; then there is nothing to change and no drift, for whoever plans, with the state and without.
fn expect_quiet<'n>(ns: &'n Namespace, objects: &str) -> Project<'n> {
    let project = ns.project().write("regplan.toml", HEAD).write("all.yaml", objects);
    project.apply();
    project.expect_settled();
    project.run(["drift"]).success();
    for kubeconfig in [ns.cluster().kubeconfig(), &reader(ns)] {
        predictions::expect_quiet(&project, kubeconfig);
    }
    project
}

const EMPTY_KEYS: &str = "
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, labels: { app: , tier: a }, annotations: { note: } }
data: { A: , B: b }
---
apiVersion: v1
kind: Secret
metadata: { name: login, labels: , annotations: { note: ~ } }
data: { A: , B: Yg== }
stringData: { C: }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 0
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web, tier: }, annotations: { note: } }
    spec: { containers: [{ name: main, image: web }] }
";

fn empty_keys_are_quiet_after_an_apply() {
    let ns = Namespace::new();
    let project = expect_quiet(&ns, EMPTY_KEYS);
    assert_eq!(ns.field("configmap/settings", "/data/A"), "");
    assert_eq!(ns.field("configmap/settings", "/metadata/labels/app"), "");
    assert_eq!(ns.field("secret/login", "/data/C"), "");
    // What somebody writes into such a key is drift like any other.
    ns.patch("configmap/settings", &json!({"data": {"A": "theirs"}}));
    project.run(["drift"]).code(2).stdout_contains("data.A");
    project.apply();
    project.expect_settled();
}

/// `YR==` and `YQ==` are both an `a`: the last bits stand for nothing. Exports of other tools break lines, too.
const ENCODED: &str = "
apiVersion: v1
kind: Secret
metadata: { name: login }
data:
  bits: YR==
  lines: |
    YWJjZGVm
    Z2hpag==
---
apiVersion: v1
kind: ConfigMap
metadata: { name: picture }
binaryData: { bits: '/x==', lines: \"YWJj\\nZGVm\\n\" }
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: \"{prefix}-encoded\" }
webhooks:
- name: a.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Ignore
  namespaceSelector: { matchLabels: { never: there } }
  clientConfig: { service: { name: front, namespace: \"{ns}\" }, caBundle: Ch== }
---
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: { name: \"{prefix}:Encoded\" }
spec:
  signerName: example.com/none
  usages: [client auth]
  request: |
    REQUEST
";

const REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIHFMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BFJyS9NmCeprV5gJsXZjfyxN+vdjvDeM2965H+nxliLmG0JhYRcK5J5lwz2Gok4C
JZZQwRCJuBHzihQZiKf87rygADAKBggqhkjOPQQDAgNHADBEAiAveOAAuSeYs3A8
A8rFnrTMgU6YYe5rwm+d0gTZZUnWaQIgKQd0bua+uMv6us7TUdZlIp85YwUimblb
ZMFwC2M1enI=
-----END CERTIFICATE REQUEST-----
";

/// The request in base64, with lines and with set trailing bits.
fn request() -> String {
    let text = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, REQUEST);
    let (start, end) = text.split_at(76);
    format!("{start}\n    {}", end.replace("Cg==", "Ch=="))
}

fn base64_in_another_form_is_quiet_after_an_apply() {
    let ns = Namespace::new();
    let project = expect_quiet(&ns, &ENCODED.replace("REQUEST", &request()));
    assert_eq!(ns.field("secret/login", "/data/bits"), "YQ==");
    assert_eq!(ns.field("configmap/picture", "/binaryData/lines"), "YWJjZGVm");
    // It is sent as it is stored, so the record proves the Secret unchanged without a dry-run.
    let proxy = ns.proxy();
    project.through(&proxy).run(["plan"]).success();
    assert_eq!(proxy.count("apply", "secrets"), 0, "{}", proxy.log());
    ns.delete("validatingwebhookconfiguration/{prefix}-encoded");
    ns.clean_up("certificatesigningrequest/{prefix}:Encoded");
}

/// Names that most kinds refuse, and that these take.
const NAMES: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: \"Read:4_All@{prefix}\" }
rules: [{ apiGroups: [\"\"], resources: [pods], verbs: [get] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: \"system::Read {prefix}\" }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: \"Read:4_All@{prefix}\" }
subjects: [{ kind: User, apiGroup: rbac.authorization.k8s.io, name: \"Some:Body\" }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: \"{prefix}:Read:All\" }
rules: [{ apiGroups: [\"\"], resources: [pods], verbs: [get] }]
---
apiVersion: v1
kind: Service
metadata: { name: 4all }
spec: { selector: { app: a }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: \"0.1.2\" }
data: { \"4.key_-\": a }
---
apiVersion: networking.k8s.io/v1
kind: IPAddress
metadata: { name: \"ADDRESS\" }
spec: { parentRef: { resource: services, namespace: \"{ns}\", name: 4all } }
";

fn unusual_names_are_quiet_after_an_apply() {
    let ns = Namespace::new();
    let number = u32::from_str_radix(ns.prefix().trim_start_matches('x'), 16).unwrap();
    let address = Ipv6Addr::from((0x2001_0db8_u128 << 96) | u128::from(number) << 8 | 1).to_string();
    let project = expect_quiet(&ns, &NAMES.replace("ADDRESS", &address));
    // Their addresses can be named.
    project.run(["plan", "--target=manifest.all/Service/4all"]).success();
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(ns.list("role,rolebinding"), [""; 0]);
}
