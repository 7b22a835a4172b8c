//! Configurations that the tests of more than one feature use.

use std::fmt::Write as _;

use serde_json::json;

use super::Namespace;

/// A project and a namespace, without any resource.
pub(crate) const HEAD: &str = "[project]\nname = \"{project}\"\n\n[cluster]\nnamespace = \"{ns}\"\n";

/// The smallest configuration with a resource.
pub(crate) const GREETING: &str = r#"
[project]
name = "{project}"

[cluster]
namespace = "{ns}"

[resource.greeting]
apiVersion = "v1"
kind = "ConfigMap"
data = { hello = "world" }
"#;

/// A small Deployment: one replica of a pod with one container.
pub(crate) const WEB: &str = r#"
[resource.web]
apiVersion = "apps/v1"
kind = "Deployment"

[resource.web.spec]
replicas = 1
selector.matchLabels = { app = "web" }
template.metadata.labels = { app = "web" }
template.spec.containers = [{ name = "main", image = "web:1" }]
"#;

/// A Service for the pods of [`WEB`].
pub(crate) const SERVICE: &str = r#"
[resource.inbox]
apiVersion = "v1"
kind = "Service"
spec = { ports = [{ port = 80 }], selector = { app = "web" } }
"#;

/// A configuration whose resources are in the manifest `all.yaml`.
pub(crate) const MANIFESTS: &str = "[project]\nname = \"{project}\"\n\n[manifest.all]\npath = \"all.yaml\"\n";

/// A Service that is ready when a cloud (here the test) gives it an address.
pub(crate) const BALANCER: &str = r#"
[resource.lb]
apiVersion = "v1"
kind = "Service"
spec = { type = "LoadBalancer", ports = [{ port = 80 }], selector = { app = "web" } }
"#;

/// So many objects that no controller changes.
pub(crate) fn config_maps(count: usize) -> String {
    (0..count).fold(HEAD.to_owned(), |mut text, index| {
        let _ = write!(
            text,
            "\n[resource.c{index}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"v{index}\"\n"
        );
        text
    })
}

/// A Deployment with the labels that every Deployment needs, and with what else its `spec` is to hold.
pub(crate) fn deployment(name: &str, spec: &str) -> String {
    format!(
        r#"
[resource.{name}]
apiVersion = "apps/v1"
kind = "Deployment"

[resource.{name}.spec]
selector.matchLabels = {{ app = "{name}" }}
template.metadata.labels = {{ app = "{name}" }}
{spec}
"#
    )
}

/// The manifest of a definition: the kind `Mirror`, with this scope (`Namespaced`, `Cluster`) and a URL.
pub(crate) fn mirror_definition(scope: &str) -> String {
    let definition = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: "mirrors.{prefix}.example.com" }
spec:
  group: "{prefix}.example.com"
  names: { kind: Mirror, plural: mirrors, singular: mirror }
  scope: SCOPE
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, properties: { spec: { type: object, properties: { url: { type: string } } } } } }
"#;
    definition.replace("SCOPE", scope)
}

/// A Namespace of its own, and a `ConfigMap` in it.
pub(crate) const SPACE: &str = r#"
[resource.space]
apiVersion = "v1"
kind = "Namespace"
metadata.name = "{prefix}-s"

[resource.ours]
apiVersion = "v1"
kind = "ConfigMap"
metadata.namespace = "{prefix}-s"
depends_on = ["resource.space"]
"#;

/// A load balancer that never gets an address, and is not waited for long.
pub(crate) const FAILING: &str = "\n[resource.lb]\napiVersion = \"v1\"\nkind = \"Service\"\n\
                                  spec = { type = \"LoadBalancer\", ports = [{ port = 80 }] }\n\
                                  lifecycle.timeouts.ready = \"1s\"\n";

/// A Deployment `web` whose pods behave like this.
pub(crate) fn web(replicas: u8, behaviour: &str) -> String {
    format!(
        r#"
[resource.web]
apiVersion = "apps/v1"
kind = "Deployment"

[resource.web.spec]
replicas = {replicas}
selector.matchLabels = {{ app = "web" }}
template.metadata.labels = {{ app = "web", "regplan.test/behaviour" = "{behaviour}" }}
template.spec.containers = [{{ name = "main", image = "web:1" }}]
"#
    )
}

/// Ends the wait for [`BALANCER`]: no cloud is there to give it an address.
#[track_caller]
pub(crate) fn give_address(ns: &Namespace) {
    ns.patch_status("service/lb", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}));
}

/// A state in the cluster, in a namespace of the test's own. It ends within its table.
pub(crate) const IN_CLUSTER: &str = "\n[state]\nbackend = \"kubernetes\"\nnamespace = \"{prefix}-states\"\n";

/// A lock that runs out quickly, in the table of a state.
pub(crate) const QUICK_LOCK: &str = "lock_duration = \"5s\"";

/// The definition of a kind `Thing` whose schema takes everything and has this description.
pub(crate) fn definition(description: &str) -> String {
    let definition = r#"
[resource.crd]
apiVersion = "apiextensions.k8s.io/v1"
kind = "CustomResourceDefinition"
metadata.name = "things.{prefix}.example.com"

[resource.crd.spec]
group = "{prefix}.example.com"
scope = "Namespaced"
names = { plural = "things", singular = "thing", kind = "Thing", listKind = "ThingList" }

[[resource.crd.spec.versions]]
name = "v1"
served = true
storage = true

[resource.crd.spec.versions.schema.openAPIV3Schema]
type = "object"
description = "DESCRIPTION"
x-kubernetes-preserve-unknown-fields = true
"#;
    definition.replace("DESCRIPTION", description)
}

/// A `Thing`.
pub(crate) fn custom_object(value: &str) -> String {
    format!(
        "\n[resource.thing]\napiVersion = \"{{prefix}}.example.com/v1\"\nkind = \"Thing\"\nspec.value = \"{value}\"\n"
    )
}

/// What the log of a registry says of a push for which there is no room, with the time that a kubelet puts before it.
pub(crate) const NO_ROOM: &str = "2026-11-28T15:23:21.768901234Z time=\"2026-11-28T15:23:21.764473745Z\" level=error \
    msg=\"response completed with error\" err.code=unknown err.detail=\"filesystem: write /var/lib/registry/docker/registry/v2/\
    repositories/a/_uploads/1/startedat: no space left on device\" err.message=\"unknown error\" http.request.method=POST \
    http.request.uri=/v2/a/blobs/uploads/ http.response.status=500 http.response.written=251\n";

/// The same of one that ends well, a second later.
pub(crate) const STORED: &str = "2026-11-28T15:23:22.768901234Z 10.0.0.7 - - [28/Nov/2026:15:23:22 +0000] \
    \"PUT /v2/a/manifests/1 HTTP/1.1\" 201 0 \"\" \"skopeo/1.21.0\"\n";
