//! The keys of a registry: each one reaches its object, and a change of it is the only change.

use serde_json::json;

use super::{CONFIG_CHECKSUM, REGISTRY, planned, registry, rendered, secret, with_keys};
use crate::harness::Namespace;

tests! {
    every_key_arrives_and_a_change_shows_it_alone,
    the_image_decides_where_the_configuration_is,
}

const EVERYTHING: &str = r#"
[project]
name = "{project}"

[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
namespace      = "{ns}"
storage.volume = { size = "1Gi", class = "late" }
tls.secret     = "registry-tls"
labels         = { team = "platform" }
annotations    = { "example.com/owner" = "platform" }
node_selector  = { "kubernetes.io/os" = "linux" }
http.secret    = { env = "HTTP_SECRET" }

[registry.main.auth.users]
ci = { env = "CI_PASSWORD" }

[registry.main.ingress]
class     = "nginx"
body_size = "2g"
timeouts  = { read = 1200, send = 600 }
annotations = { "nginx.ingress.kubernetes.io/proxy-request-buffering" = "on", "example.com/zone" = "a" }

[registry.main.resources]
requests = { cpu = "100m", memory = "128Mi" }
limits   = { memory = "0.5Gi" }
"#;

fn every_key_arrives_and_a_change_shows_it_alone() {
    let ns = Namespace::absent();
    let project = registry(&ns, EVERYTHING).env("HTTP_SECRET", "shared by all pods");
    project.apply();
    project.expect_settled();
    let ingress = ns.get("ingress/registry");
    let annotations = ingress["metadata"]["annotations"].as_object().unwrap().clone();
    let nginx = |key: &str| annotations[&format!("nginx.ingress.kubernetes.io/{key}")].clone();
    assert_eq!(nginx("proxy-body-size"), "2g");
    assert_eq!((nginx("proxy-read-timeout"), nginx("proxy-send-timeout")), (json!("1200"), json!("600")));
    assert_eq!(nginx("proxy-request-buffering"), "on", "what is written wins");
    assert_eq!(annotations["example.com/zone"], "a");
    let tls = json!([{"hosts": ["registry.example.com"], "secretName": "registry-tls"}]);
    assert_eq!(ingress["spec"]["tls"], tls);
    assert_eq!(ingress["spec"]["ingressClassName"], "nginx");
    assert_eq!(secret(&ns, "registry-http", "secret"), "shared by all pods");
    let pod = ns.field("deployment/registry", "/spec/template");
    assert_eq!(pod["metadata"]["labels"]["team"], "platform");
    assert_eq!(pod["metadata"]["annotations"]["example.com/owner"], "platform");
    assert_eq!(pod["spec"]["nodeSelector"], json!({"kubernetes.io/os": "linux"}));
    let resources = &pod["spec"]["containers"][0]["resources"];
    assert_eq!(resources["requests"], json!({"cpu": "100m", "memory": "128Mi"}));
    for target in ["sa", "cm", "pvc", "service", "ingress", "secret"] {
        let all = ns.kubectl(["get", target, "--selector=team=platform", "-o", "name"]).run().success();
        assert!(!all.stdout().is_empty(), "no {target} has the label");
    }
    project.edit("regplan.toml", "body_size = \"2g\"", "body_size = \"0\"");
    let path = "metadata.annotations[\"nginx.ingress.kubernetes.io/proxy-body-size\"]";
    assert_eq!(planned(&project), [format!("registry.main/Ingress/registry {path}")]);
    project.apply();
    project.edit("regplan.toml", "class     = \"nginx\"", "class = \"other\"\ncontroller = \"other\"");
    project.edit("regplan.toml", "registry.example.com", "images.example.com");
    project.apply();
    let ingress = ns.get("ingress/registry");
    let left: Vec<_> = ingress["metadata"]["annotations"].as_object().unwrap().keys().cloned().collect();
    let nginx: Vec<_> = left.iter().filter(|key| key.starts_with("nginx.")).collect();
    assert_eq!(nginx, ["nginx.ingress.kubernetes.io/proxy-request-buffering"]);
    assert_eq!(ingress["spec"]["rules"][0]["host"], "images.example.com");
    project.expect_settled();
    // The pods have to get the other shared secret.
    let checksum = ns.field("deployment/registry", CONFIG_CHECKSUM);
    let project = project.env("HTTP_SECRET", "another secret of all pods");
    project.apply();
    assert_ne!(ns.field("deployment/registry", CONFIG_CHECKSUM), checksum);
    project.expect_settled();
    // Without its table there is no Ingress.
    let config = EVERYTHING.split("[registry.main.ingress]").next().unwrap();
    project.rewrite("regplan.toml", &config.replace("tls.secret     = \"registry-tls\"\n", ""));
    project.apply();
    assert!(ns.list("ingress").is_empty());
}

fn the_image_decides_where_the_configuration_is() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    let digest = format!("example.com/registry@sha256:{}", "0".repeat(64));
    let (v2, v3) = ("/etc/docker/registry", "/etc/distribution");
    for (image, version, folder) in [
        ("registry:3.1.1", None, v3),
        ("registry:2.8.3", None, v2),
        ("registry:2", None, v2),
        (digest.as_str(), None, v3),
        (digest.as_str(), Some(2), v2),
        ("example.com/mirror:2024.1", Some(2), v2),
        ("registry:2.8.3", Some(3), v3),
    ] {
        let version = version.map(|version| format!("version = {version}")).unwrap_or_default();
        project.rewrite("regplan.toml", &with_keys(&version).replace("registry:3.1.1", image));
        let deployment = rendered(&project, "Deployment", "registry");
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let mounts = container["volumeMounts"].as_array().unwrap();
        let config = mounts.iter().find(|mount| mount["name"] == "config").unwrap();
        assert_eq!(config["mountPath"], folder, "{image} {version}");
        assert_eq!(container["args"], json!(["serve", format!("{folder}/config.yml")]));
        let traces = container["env"].as_array().unwrap().iter();
        assert_eq!(
            traces.filter(|env| env["name"] == "OTEL_TRACES_EXPORTER").count(),
            usize::from(folder == v3)
        );
    }
}
