//! A registry that stands in the namespace as `[registry.NAME]` would make it.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::cleaned::cleaned;
use super::names::{Names, as_variable};
use super::references::escaped;
use crate::blocks::{Blocks, Facts, schemas};
use crate::config::load_text;
use crate::plan::compare;
use crate::resource::{Address, Desired, Identity, Live};

/// A registry that was recognised.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Registry {
    /// The name of the block.
    pub(super) name: String,
    /// Its keys.
    pub(super) keys: Value,
    /// Its objects, with the addresses that they have in it.
    pub(super) objects: BTreeMap<Identity, Address>,
}

/// The variable of a password before it has a name of its own.
const PASSWORD: &str = "PASSWORD";

/// The keys of an object store.
const STORE_KEYS: [&str; 2] = ["access_key", "secret_key"];

impl Registry {
    /// Gives each password that is nowhere in the cluster a variable of its own, and each key of an object store.
    pub(super) fn name_passwords(&mut self, names: &mut Names) {
        let users = self.keys.pointer_mut("/auth/users").and_then(Value::as_object_mut);
        for (user, source) in users.into_iter().flatten() {
            if let Some(variable) = source.get_mut("env") {
                let name = names.take(&format!("{user}-password"), &self.name);
                *variable = Value::from(as_variable(&name));
            }
        }
        for key in STORE_KEYS {
            if let Some(variable) = self.keys.pointer_mut(&format!("/storage/s3/{key}/env")) {
                *variable = Value::from(as_variable(&names.take(&format!("s3-{key}"), &self.name)));
            }
        }
    }

    /// Whether the file asks for passwords, or for keys of an object store.
    pub(super) fn has_passwords(&self) -> bool {
        let users = self.keys.pointer("/auth/users").and_then(Value::as_object);
        let has_key = |key| self.keys.pointer(&format!("/storage/s3/{key}")).is_some();
        users.into_iter().flatten().any(|(_, source)| source.get("env").is_some())
            || STORE_KEYS.into_iter().any(has_key)
    }
}

/// The registries among these objects: each Deployment with the image of a registry, of which the block makes just the
/// objects that are there.
pub(super) fn registries(namespace: &str, found: &[(Identity, &Live)]) -> Vec<Registry> {
    let objects = found.iter().map(|(identity, live)| (identity.clone(), &live.object)).collect();
    let standing = Standing { namespace, objects };
    let mut names = Names::default();
    let deployments = standing.objects.iter().filter(|(identity, _)| identity.is("apps", "Deployment"));
    deployments.filter_map(|(_, deployment)| standing.registry(deployment, &mut names)).collect()
}

/// What stands in the namespace.
struct Standing<'a> {
    namespace: &'a str,
    objects: BTreeMap<Identity, &'a Value>,
}

impl Standing<'_> {
    fn find(&self, group: &str, kind: &str, name: &str) -> Option<&Value> {
        self.objects.get(&Identity::namespaced(group, kind, self.namespace, name)).copied()
    }

    fn registry(&self, deployment: &Value, names: &mut Names) -> Option<Registry> {
        let object = text(deployment, "/metadata/name")?;
        let mut keys = self.keys(deployment, object)?;
        let short = object.strip_prefix("registry-").unwrap_or(object);
        let name = names.take(if short == "registry" { "main" } else { short }, "registry");
        let usual = if name == "main" { "registry".to_owned() } else { format!("registry-{name}") };
        if object != usual {
            keys["name"] = Value::from(object);
        }
        let desired = compiled(self.namespace, &name, &keys)?;
        let objects: Option<BTreeMap<Identity, Address>> = desired
            .into_iter()
            .filter(|desired| !desired.shared)
            .map(|desired| self.stands(&desired).then_some((desired.identity, desired.address)))
            .collect();
        Some(Registry { name, keys, objects: objects.filter(|objects| !objects.is_empty())? })
    }

    /// Whether this object is there, as it would be made. Secret values are not compared.
    fn stands(&self, desired: &Desired) -> bool {
        let Some(live) = self.objects.get(&desired.identity) else { return false };
        let is_open = |path: &_| !desired.sensitive.touches(path) && !desired.unchecked.touches(path);
        let lacks = compare(live, &desired.object);
        let mut lacks = lacks.iter().filter(|one| one.after.is_some() && is_open(&one.path));
        let more = compare(&desired.object, &cleaned(&desired.identity, live));
        let mut more =
            more.iter().filter(|one| one.after.is_some() && one.before.is_none() && is_open(&one.path));
        lacks.next().is_none() && more.next().is_none()
    }

    /// The keys that the block would need; `None` for what is no registry.
    fn keys(&self, deployment: &Value, name: &str) -> Option<Value> {
        let pod = deployment.pointer("/spec/template/spec")?;
        let containers = pod.get("containers")?.as_array()?;
        let container = containers.iter().find(|container| container["name"] == "registry")?;
        let volumes = pod.get("volumes").and_then(Value::as_array).into_iter().flatten();
        let has_claim = volumes.into_iter().any(|volume| volume.get("persistentVolumeClaim").is_some());
        let storage =
            if has_claim { json!({"volume": self.volume(name)?}) } else { json!({"s3": self.bucket(name)?}) };
        let mut keys = json!({
            "image": container.get("image")?,
            "replicas": deployment.pointer("/spec/replicas")?,
            "storage": storage,
            "auth": self.auth(name),
        });
        if let Some(resources) = container.get("resources").filter(|value| **value != json!({})) {
            keys["resources"] = resources.clone();
        }
        if let Some(selector) = pod.get("nodeSelector") {
            keys["node_selector"] = selector.clone();
        }
        let labels = own_labels(deployment);
        if !labels.is_empty() {
            keys["labels"] = Value::Object(labels);
        }
        self.exposure(name, &mut keys);
        Some(keys)
    }

    /// The keys of the volume.
    fn volume(&self, name: &str) -> Option<Value> {
        let claim = self.find("", "PersistentVolumeClaim", name)?;
        let mut volume = json!({"size": claim.pointer("/spec/resources/requests/storage")?});
        if let Some(class) = claim.pointer("/spec/storageClassName") {
            volume["class"] = class.clone();
        }
        if let Some(mode) = claim.pointer("/spec/accessModes/0").filter(|mode| *mode != "ReadWriteOnce") {
            volume["access_mode"] = mode.clone();
        }
        Some(volume)
    }

    /// The keys of the bucket, as the registry's own configuration has them.
    fn bucket(&self, name: &str) -> Option<Value> {
        let config = text(self.find("", "ConfigMap", name)?, "/data/config.yml")?;
        let config: Value = serde_saphyr::from_str(config).ok()?;
        let written = config.pointer("/storage/s3")?;
        let has_path_style = written.get("forcepathstyle") == Some(&json!(true));
        let is_direct = config.pointer("/storage/redirect/disable") == Some(&json!(true));
        let mut bucket = json!({
            "bucket": written.get("bucket")?,
            "path_style": has_path_style,
            "redirect": !is_direct,
        });
        let same = [
            ("region", "region"),
            ("endpoint", "regionendpoint"),
            ("prefix", "rootdirectory"),
            ("encrypt", "encrypt"),
        ];
        for (key, theirs) in same {
            if let Some(value) = written.get(theirs) {
                bucket[key] = value.clone();
            }
        }
        if self.find("", "Secret", &format!("{name}-s3")).is_some() {
            for key in STORE_KEYS {
                bucket[key] = json!({"env": PASSWORD});
            }
        }
        Some(bucket)
    }

    fn exposure(&self, name: &str, keys: &mut Value) {
        let Some(ingress) = self.find("networking.k8s.io", "Ingress", name) else {
            keys["host"] = Value::from(format!("{name}.{}.svc", self.namespace));
            return;
        };
        keys["host"] = ingress.pointer("/spec/rules/0/host").cloned().unwrap_or_default();
        let mut table = json!({});
        if let Some(class) = ingress.pointer("/spec/ingressClassName") {
            table["class"] = class.clone();
        }
        let annotation = |key: &str| {
            let path = format!("/metadata/annotations/nginx.ingress.kubernetes.io~1{key}");
            ingress.pointer(&path).and_then(Value::as_str)
        };
        match annotation("proxy-body-size") {
            Some(size) => {
                table["body_size"] = Value::from(size);
                // The class alone would lead to another controller, or to none.
                if table.get("class").and_then(Value::as_str).is_some_and(|class| !class.contains("nginx")) {
                    table["controller"] = Value::from("ingress-nginx");
                }
            }
            None => table["controller"] = Value::from("other"),
        }
        for (key, of) in [("read", "proxy-read-timeout"), ("send", "proxy-send-timeout")] {
            if let Some(seconds) = annotation(of).and_then(|text| text.parse::<u32>().ok()) {
                table["timeouts"][key] = Value::from(seconds);
            }
        }
        keys["ingress"] = table;
        if let Some(secret) = ingress.pointer("/spec/tls/0/secretName") {
            keys["tls"] = json!({ "secret": secret });
        }
    }

    /// The users by name. Their passwords are nowhere but with them, or in the Secret of the generated ones.
    fn auth(&self, name: &str) -> Value {
        let Some(htpasswd) = self.find("", "Secret", &format!("{name}-htpasswd")) else {
            return json!({"anonymous": true});
        };
        let generated = self.find("", "Secret", &format!("{name}-users"));
        let generated: BTreeSet<&String> =
            generated.and_then(|secret| secret["data"].as_object()).into_iter().flat_map(Map::keys).collect();
        let file = text(htpasswd, "/data/htpasswd").and_then(|data| STANDARD.decode(data).ok());
        let file = file.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let users = file.lines().filter_map(|line| line.split_once(':')).map(|(user, _)| {
            let source = if generated.contains(&user.to_owned()) {
                json!({"generate": {}})
            } else {
                json!({"env": PASSWORD})
            };
            (user.to_owned(), source)
        });
        json!({"users": users.collect::<Map<_, _>>()})
    }
}

/// The labels beside those that the block sets by itself.
fn own_labels(object: &Value) -> Map<String, Value> {
    let usual = ["app.kubernetes.io/name", "app.kubernetes.io/instance"];
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    let own = labels.into_iter().flatten().filter(|(key, _)| !usual.contains(&key.as_str()));
    own.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn text<'v>(object: &'v Value, pointer: &str) -> Option<&'v str> {
    object.pointer(pointer)?.as_str()
}

/// What the block makes; `None` where it has mistakes.
fn compiled(namespace: &str, name: &str, keys: &Value) -> Option<Vec<Desired>> {
    let file = json!({
        "project": {"name": "transcript"},
        "cluster": {"namespace": namespace},
        "registry": {name: escaped(keys)},
    });
    let loaded = load_text(&toml::to_string(&file).ok()?, &schemas());
    let (config, _) = loaded.outcome.ok()?;
    let compiled = Blocks::read(&config).compile(&Facts::default());
    (!compiled.mistakes.has_errors()).then_some(compiled.resources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_password_has_a_variable_of_its_own() {
        let users = json!({"ci": {"env": PASSWORD}, "c.i": {"env": PASSWORD}, "bot": {"generate": {}}});
        let keys = json!({"auth": {"users": users}});
        let mut names = Names::default();
        let variables = ["main", "other"].map(|name| {
            let mut registry = Registry { name: name.into(), keys: keys.clone(), objects: BTreeMap::new() };
            registry.name_passwords(&mut names);
            assert!(registry.has_passwords());
            let users = &registry.keys["auth"]["users"];
            assert_eq!(users["bot"], json!({"generate": {}}));
            ["ci", "c.i"].map(|user| users[user]["env"].as_str().unwrap().to_owned())
        });
        assert_eq!(variables[0], ["CI_PASSWORD", "C_I_PASSWORD"]);
        assert_eq!(variables[1], ["CI_PASSWORD_OTHER", "C_I_PASSWORD_OTHER"]);
    }
}
