//! The Deployment of a registry.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::common::{Registry, merge, path};
use super::config_yml::{AUTH_FOLDER, PORT, REALM, TLS_FOLDER, folder};
use super::spec::{HTPASSWD_KEY, HTTP_KEY, UserSource};
use super::{certificate, draining, storage};
use crate::blocks::draft::Draft;
use crate::blocks::facts::SecretText;
use crate::resource::{Address, Identity, LiveReference, Reference, Segment, hex};

/// The annotation of the pods that changes with `config.yml`.
const CONFIG_CHECKSUM: &str = "regplan.dev/config-checksum";
/// The annotation of the pods that changes with their certificate.
const CERTIFICATE_REVISION: &str = "regplan.dev/certificate";
/// The user and group of the pods.
const ID: u32 = 1000;

/// The pods and how they are replaced.
pub(super) fn deployment(registry: &Registry<'_>) -> Draft {
    let options = &registry.spec.options;
    let mut metadata = json!({"labels": registry.labels(), "annotations": {}});
    merge(&mut metadata["annotations"], &options.annotations);
    let draft = registry.draft(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": registry.metadata(&registry.spec.name),
        "spec": {
            "replicas": options.replicas,
            "selector": {"matchLabels": registry.selector()},
            "strategy": storage::strategy(registry),
            "template": {"metadata": metadata, "spec": pod(registry)},
        },
    }));
    revision_of_certificate(registry, config_checksum(registry, origins(registry, draft)))
}

/// The address of the Deployment.
pub(super) fn address(registry: &Registry<'_>) -> Address {
    let namespace = registry.spec.namespace.as_str();
    let identity = Identity::namespaced("apps", "Deployment", namespace, registry.spec.name.as_str());
    Address::object(registry.block.address.clone(), &identity, Some(namespace))
}

/// Notes which keys the fields come from.
fn origins(registry: &Registry<'_>, draft: Draft) -> Draft {
    let template = path(&["spec", "template", "spec"]);
    let container = template.key("containers").join(Segment::Index(0));
    let resources = container.key("resources");
    let mut draft = registry.labels_and_annotations_from(draft, &path(&["spec", "template", "metadata"]));
    draft = registry.set_by(draft, path(&["spec", "replicas"]), &["replicas"]);
    draft = registry.from(draft, path(&["spec", "strategy"]), storage::strategy_key(registry));
    draft = registry.set_by(draft, container.key("image"), &["image"]);
    for (table, amounts) in [
        ("requests", &registry.spec.options.resources.requests),
        ("limits", &registry.spec.options.resources.limits),
    ] {
        for name in amounts.keys() {
            let at = resources.key(table).key(name.as_str());
            draft = registry.set_by(draft, at, &["resources", table, name]);
        }
    }
    let selector = template.key("nodeSelector");
    draft = registry.set_by(draft, selector.clone(), &["node_selector"]);
    for key in registry.spec.options.node_selector.keys() {
        draft = registry.set_by(draft, selector.key(key.as_str()), &["node_selector", key]);
    }
    draft
}

fn pod(registry: &Registry<'_>) -> Value {
    let mut volumes: Vec<Value> = storage::pod_volume(registry).into_iter().collect();
    volumes.push(json!({"name": "config", "configMap": {"name": registry.spec.name}}));
    if registry.spec.users != UserSource::Nobody {
        // A registry that finds no htpasswd file makes one with a user of its own. So the Secret is not optional,
        // and its key is named: without either of them the pod does not start.
        volumes.push(json!({
            "name": "auth",
            "secret": {
                "secretName": registry.spec.suffixed("htpasswd"),
                "items": [{"key": HTPASSWD_KEY, "path": "htpasswd"}],
                "defaultMode": 0o440,
            },
        }));
    }
    if let Some(secret) = registry.spec.tls_secret().filter(|_| registry.spec.ends_tls()) {
        volumes.push(json!({"name": "tls", "secret": {"secretName": secret, "defaultMode": 0o440}}));
    }
    let mut pod = json!({
        "serviceAccountName": registry.spec.name,
        "automountServiceAccountToken": false,
        // The variables that Kubernetes makes of a Service called `registry` begin with `REGISTRY_`, and
        // the registry would take them for settings.
        "enableServiceLinks": false,
        // Longer than `http.draintimeout` and what comes before it.
        "terminationGracePeriodSeconds": 75,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": ID,
            "runAsGroup": ID,
            "fsGroup": ID,
            // To change the group of every file at every start takes hours on a large volume.
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container(registry)],
        "volumes": volumes,
    });
    if !registry.spec.options.node_selector.is_empty() {
        pod["nodeSelector"] = json!(registry.spec.options.node_selector);
    }
    pod
}

fn container(registry: &Registry<'_>) -> Value {
    let folder = folder(registry.spec.major);
    let port = registry.spec.port_name();
    let mut env = vec![json!({
        "name": "REGISTRY_HTTP_SECRET",
        "valueFrom": {"secretKeyRef": {"name": registry.spec.suffixed("http"), "key": HTTP_KEY}},
    })];
    env.extend(storage::variables(registry));
    env.extend(how_one_is_let_in(registry));
    if registry.spec.major >= 3 {
        // Without a collector the traces would go to an address where nobody listens.
        env.push(json!({"name": "OTEL_TRACES_EXPORTER", "value": "none"}));
    }
    let mut mounts: Vec<Value> = storage::mount(registry).into_iter().collect();
    mounts.push(json!({"name": "config", "mountPath": folder, "readOnly": true}));
    if registry.spec.users != UserSource::Nobody {
        mounts.push(json!({"name": "auth", "mountPath": AUTH_FOLDER, "readOnly": true}));
    }
    if registry.spec.ends_tls() {
        mounts.push(json!({"name": "tls", "mountPath": TLS_FOLDER, "readOnly": true}));
    }
    let mut container = json!({
        "name": "registry",
        "image": registry.spec.options.image,
        // The path is given, because an image that looks for the file elsewhere would start with a configuration
        // of its own, which knows no users.
        "args": ["serve", format!("{folder}/config.yml")],
        "env": env,
        "ports": [{"name": port, "containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": readiness(registry),
        "livenessProbe": {
            "tcpSocket": {"port": port},
            "initialDelaySeconds": 10,
            "periodSeconds": 20,
            "timeoutSeconds": 5,
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
    });
    if let Some(lifecycle) = draining::lifecycle(registry) {
        container["lifecycle"] = lifecycle;
    }
    let resources = &registry.spec.options.resources;
    if !resources.requests.is_empty() || !resources.limits.is_empty() {
        container["resources"] = json!({});
    }
    if !resources.requests.is_empty() {
        container["resources"]["requests"] = json!(resources.requests);
    }
    if !resources.limits.is_empty() {
        container["resources"]["limits"] = json!(resources.limits);
    }
    container
}

/// `GET /` needs no password and is 503 while the storage fails: such a pod gets no requests. It is not restarted for it: that
/// would not help, and would end its uploads.
fn readiness(registry: &Registry<'_>) -> Value {
    let mut request = json!({"path": "/", "port": registry.spec.port_name()});
    if registry.spec.ends_tls() {
        request["scheme"] = Value::from("HTTPS");
    }
    let mut probe = json!({"httpGet": request, "periodSeconds": 10, "timeoutSeconds": 5});
    if let Some(seconds) = storage::seconds_before_ready(registry) {
        probe["initialDelaySeconds"] = Value::from(seconds);
    }
    probe
}

/// How one is let in. It stands in the pod itself, and wins over `config.yml`: a pod that starts again while that file is
/// already the one of another plan still asks for passwords, and still speaks TLS.
fn how_one_is_let_in(registry: &Registry<'_>) -> Vec<Value> {
    let mut env = Vec::new();
    let mut set = |name: &str, value: String| env.push(json!({"name": name, "value": value}));
    if registry.spec.users != UserSource::Nobody {
        set("REGISTRY_AUTH", "htpasswd".to_owned());
        set("REGISTRY_AUTH_HTPASSWD_REALM", REALM.to_owned());
        set("REGISTRY_AUTH_HTPASSWD_PATH", format!("{AUTH_FOLDER}/{HTPASSWD_KEY}"));
    }
    if registry.spec.ends_tls() {
        set("REGISTRY_HTTP_TLS_CERTIFICATE", format!("{TLS_FOLDER}/tls.crt"));
        set("REGISTRY_HTTP_TLS_KEY", format!("{TLS_FOLDER}/tls.key"));
    }
    env
}

/// An annotation that changes with what the pods read only at their start. The password file is none of that: the registry
/// reads it again whenever it has changed.
fn config_checksum(registry: &Registry<'_>, mut draft: Draft) -> Draft {
    let annotations = path(&["spec", "template", "metadata", "annotations"]);
    // What uploads are signed with is read at the start as well.
    let content = storage::read_at_start(registry);
    let sum = match content.get() {
        Some(text) => checksum(&registry.http_secret(), text),
        None => content,
    };
    draft.put_text(annotations.key(CONFIG_CHECKSUM), &sum);
    draft
}

/// The digest of a content with a key; not known where the key is not.
fn checksum(key: &SecretText, content: &str) -> SecretText {
    let Some(secret) = key.get() else { return key.clone() };
    match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mac) => key.map(|_| hex(&mac.chain_update(content.as_bytes()).finalize().into_bytes())),
        Err(error) => SecretText::Unknown(error.to_string()),
    }
}

/// Where the pods end TLS: they wait for their certificate, and a renewed one rolls them, since they read it only at their
/// start. Who fills a Secret that is somebody else's says nothing of it.
fn revision_of_certificate(registry: &Registry<'_>, mut draft: Draft) -> Draft {
    let Some(certificate) = certificate::address(registry).filter(|_| registry.spec.ends_tls()) else {
        return draft;
    };
    let revision = Reference::Live(LiveReference { text: format!("{certificate}.status.revision") });
    let at = path(&["spec", "template", "metadata", "annotations", CERTIFICATE_REVISION]);
    at.set(&mut draft.object, Value::from(format!("revision {}", revision.mark())));
    draft.depends_on.push(certificate);
    registry.from(draft, at, &["tls"])
}
