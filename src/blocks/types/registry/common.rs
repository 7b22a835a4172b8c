//! A registry while its objects are made: what its block says, where the keys stand, and what was found out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::config_yml::ConfigYml;
use super::pull_users::PullUsers;
use super::serving::Serving;
use super::spec::{RegistrySpec, UserSource};
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::{Fact, Facts, SecretText};
use crate::blocks::keys::key_text;
use crate::blocks::types::dns::DnsSpec;
use crate::blocks::types::issuer::IssuerSpec;
use crate::config::Block;
use crate::kubernetes::class_controllers::Redirect;
use crate::resource::{Address, FieldPath, Identity};

/// A registry while its objects are made.
#[derive(Clone, Copy)]
pub(super) struct Registry<'a> {
    pub(super) block: &'a Block,
    pub(super) spec: &'a RegistrySpec,
    pub(super) facts: &'a Facts,
    /// Who signs its certificate; `None` where nobody is named, or that block has a mistake.
    pub(super) issuer: Option<&'a IssuerSpec>,
    /// The block of the record by which it is found, likewise.
    pub(super) dns: Option<&'a DnsSpec>,
    /// Who serves its Ingress; `None` where it has none.
    pub(super) serving: Option<&'a Serving<'a>>,
    /// How its controller sends plain HTTP on to HTTPS by objects of its own; `None` where it needs none, where their kinds are not
    /// served, and without TLS.
    pub(super) redirect: Option<Redirect>,
    /// The Gateways that the configuration itself makes or changes.
    pub(super) declared_gateways: &'a BTreeSet<Identity>,
    /// The Services to which load balancers are to lead that the configuration itself makes, with their addresses.
    pub(super) declared_balancers: &'a BTreeMap<Identity, Address>,
    /// The Gateways and routes for which the configuration itself says how large a body may be, and how large.
    pub(super) declared_body_limits: &'a BTreeMap<Identity, String>,
    /// The version of Kubernetes; `None` where nobody knows it.
    pub(super) kubernetes: Option<&'a str>,
    /// The users that pull secrets add to its own.
    pub(super) pull_users: &'a PullUsers,
}

impl Registry<'_> {
    /// The htpasswd file; `None` where there is to be none.
    pub(super) fn htpasswd(&self) -> Option<SecretText> {
        if let (UserSource::Listed, PullUsers::Unknown(reason)) = (self.spec.users, self.pull_users) {
            return Some(SecretText::Unknown(reason.clone()));
        }
        let need = self.spec.htpasswd_need(self.pull_users)?;
        Some(match self.facts.get(&need) {
            Some(Fact::File(text)) => SecretText::Known(text.to_string()),
            _ => self.facts.text(&need),
        })
    }

    /// What uploads are signed with, as the registry is given it: its variables are read as YAML. A generated one is the same
    /// in YAML.
    pub(super) fn http_secret(&self) -> SecretText {
        let text = self.facts.text(&self.spec.http_need());
        if self.spec.generates_http_secret() { text } else { text.map(in_yaml) }
    }

    /// The registry's configuration file.
    pub(super) fn config_yml(&self) -> String {
        let has_htpasswd = self.spec.users != UserSource::Nobody;
        ConfigYml { has_htpasswd, bucket: self.spec.bucket() }.render()
    }

    /// The address of one of its Secrets.
    pub(super) fn secret_address(&self, suffix: &str) -> Address {
        let secret = self.spec.secret(suffix);
        Address::object(self.block.address.clone(), &secret, Some(&self.spec.namespace))
    }

    /// The labels by which the pods of this registry are told from those of others.
    pub(super) fn selector(&self) -> Value {
        json!(selector(self.spec))
    }

    /// All labels.
    pub(super) fn labels(&self) -> Value {
        let mut labels = self.selector();
        merge(&mut labels, &self.spec.options.labels);
        labels
    }

    /// The metadata of an object.
    pub(super) fn metadata(&self, name: &str) -> Value {
        let mut metadata = json!({"name": name, "namespace": self.spec.namespace, "labels": self.labels()});
        if !self.spec.options.annotations.is_empty() {
            metadata["annotations"] = json!(self.spec.options.annotations);
        }
        metadata
    }

    /// A draft of an object, which knows where its metadata come from.
    pub(super) fn draft(&self, object: Value) -> Draft {
        let addressing = Addressing::WithinBlock { block_namespace: self.spec.namespace.clone() };
        let draft = Draft::new(self.block, object, addressing, &self.spec.namespace);
        let metadata = FieldPath::keys(["metadata"]);
        let draft = self.from(draft, metadata.key("name"), &["name"]);
        let draft = self.from(draft, metadata.key("namespace"), &["namespace"]);
        self.labels_and_annotations_from(draft, &metadata)
    }

    /// A Secret without data.
    pub(super) fn secret(&self, suffix: &str) -> Draft {
        self.draft(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": self.metadata(&self.spec.suffixed(suffix)),
            "type": "Opaque",
        }))
    }

    /// Notes where the user's labels and annotations below a `metadata` come from.
    pub(super) fn labels_and_annotations_from(&self, mut draft: Draft, metadata: &FieldPath) -> Draft {
        for key in self.spec.options.labels.keys() {
            draft = self.from(draft, metadata.key("labels").key(key.as_str()), &["labels", key]);
        }
        for key in self.spec.options.annotations.keys() {
            draft = self.from(draft, metadata.key("annotations").key(key.as_str()), &["annotations", key]);
        }
        draft
    }

    /// Notes which key a field comes from.
    pub(super) fn from(&self, draft: Draft, path: FieldPath, keys: &[&str]) -> Draft {
        draft.from(self.block, path, keys.iter().copied())
    }

    /// Notes which key gives a field as it is, and no other field.
    pub(super) fn set_by(&self, draft: Draft, path: FieldPath, keys: &[&str]) -> Draft {
        draft.set_by(self.block, path, keys.iter().copied())
    }

    /// A key as the user writes it.
    pub(super) fn key(&self, keys: &[&str]) -> String {
        key_text(self.block, &FieldPath::keys(keys.iter().copied()))
    }
}

/// The labels by which the pods of a registry are told from those of others.
pub(super) fn selector(spec: &RegistrySpec) -> BTreeMap<&'static str, &str> {
    BTreeMap::from([
        ("app.kubernetes.io/name", "registry"),
        ("app.kubernetes.io/instance", spec.name.as_str()),
    ])
}

/// Puts entries into a map.
pub(super) fn merge(map: &mut Value, entries: &BTreeMap<String, String>) {
    for (key, value) in entries {
        map[key.as_str()] = Value::from(value.as_str());
    }
}

/// A path of plain keys.
pub(super) fn path(keys: &[&str]) -> FieldPath {
    FieldPath::keys(keys.iter().copied())
}

/// A text as YAML: in quotes where it would be something else without them, such as a table or nothing.
fn in_yaml(text: &str) -> String {
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|each| each.is_ascii_alphanumeric() || "+/=_-. ".contains(each))
        && !text.ends_with(' ')
        && !text.eq_ignore_ascii_case("null");
    if is_plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_text_in_yaml() {
        for plain in ["0123", "true", "c2VjcmV0Cg==", "a-b_c.d", "some words"] {
            assert_eq!(in_yaml(plain), plain);
        }
        for text in ["a: b", "a ", "[x", "null", "a #b", "- a", "\"q\"", "é", "", "a\nb"] {
            let yaml = in_yaml(text);
            assert_ne!(yaml, text);
            assert_eq!(serde_json::from_str::<String>(&yaml).unwrap(), text, "JSON is YAML");
        }
    }
}
