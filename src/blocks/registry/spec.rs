//! A registry's block, read: its keys, and the names that follow from them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::config_yml;
use super::image::Image;
use super::options::Options;
use crate::blocks::draft::{Draft, Naming, key_text};
use crate::blocks::facts::{Fact, Facts, Need, SecretKeyRef, Text, User};
use crate::blocks::{CompileContext, codes};
use crate::config::{Block, Generate, SecretSource};
use crate::diagnostic::Diagnostic;
use crate::resource::{Address, FieldPath, Identity};

/// The key of the Secret `NAME-htpasswd`.
pub(super) const HTPASSWD_KEY: &str = "htpasswd";
/// The key of the Secret `NAME-http`.
pub(super) const HTTP_KEY: &str = "secret";
/// The characters of a generated `http.secret`.
const HTTP_SECRET_LENGTH: u16 = 48;

/// Where the users come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Users {
    /// `auth.users`.
    Listed,
    /// `auth.htpasswd`.
    File,
    /// There are none.
    Nobody,
}

/// A registry's block and what follows from it.
pub(super) struct RegistrySpec<'a> {
    pub(super) block: &'a Block,
    pub(super) options: Options,
    pub(super) facts: &'a Facts,
    /// The name of the objects.
    pub(super) name: String,
    /// The namespace of the objects.
    pub(super) namespace: String,
    /// The registry's major version.
    pub(super) major: u8,
    /// Where the users come from.
    pub(super) users: Users,
}

impl<'a> RegistrySpec<'a> {
    /// Reads a block that its schema has accepted.
    pub(super) fn read(
        block: &'a Block,
        context: &CompileContext<'a>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let options: Options = match serde_path_to_error::deserialize(block.body.to_json()) {
            Ok(options) => options,
            Err(error) => {
                let message = format!("`{}.{}`: {}", block.address, error.path(), error.inner());
                mistakes.push(Diagnostic::error(codes::BAD_VALUE, message).at(block.span, ""));
                return None;
            }
        };
        let name = options.name.clone().unwrap_or_else(|| default_name(&block.address.name));
        let namespace = options.namespace.clone().unwrap_or_else(|| context.namespace.to_owned());
        let tagged = Image::parse(&options.image).ok().and_then(|image| image.major());
        let major = options.version.or(tagged).unwrap_or(3);
        let users = if !options.auth.users.is_empty() {
            Users::Listed
        } else if options.auth.htpasswd.is_some() {
            Users::File
        } else {
            Users::Nobody
        };
        Some(Self { block, options, facts: context.facts, name, namespace, major, users })
    }

    /// What must be known of the outside.
    pub(super) fn needs(&self) -> Vec<Need> {
        let mut needs = vec![self.http_need()];
        needs.extend(self.htpasswd_need());
        needs.extend(self.generated_users().map(|user| password_need(&user)));
        needs
    }

    /// The question for what uploads are signed with.
    pub(super) fn http_need(&self) -> Need {
        let usual = SecretSource::Generate(Generate { length: HTTP_SECRET_LENGTH });
        let source = self.options.http.secret.clone().unwrap_or(usual);
        let kept = matches!(source, SecretSource::Generate(_)).then(|| self.kept("http", HTTP_KEY));
        Need::Secret { source, kept }
    }

    fn htpasswd_need(&self) -> Option<Need> {
        match self.users {
            Users::Listed => Some(Need::Htpasswd {
                users: self.users().collect(),
                kept: self.kept("htpasswd", HTPASSWD_KEY),
            }),
            Users::File => self.options.auth.htpasswd.clone().map(Need::Files),
            Users::Nobody => None,
        }
    }

    /// The htpasswd file; `None` where there is to be none.
    pub(super) fn htpasswd(&self) -> Option<Text> {
        let need = self.htpasswd_need()?;
        Some(match self.facts.get(&need) {
            Some(Fact::Files(files)) => match files.as_slice() {
                [(_, text)] => Text::Known(text.to_string()),
                _ => Text::Unknown("`auth.htpasswd` is not one file".to_owned()),
            },
            _ => self.facts.text(&need),
        })
    }

    /// What uploads are signed with.
    pub(super) fn http_secret(&self) -> Text {
        self.facts.text(&self.http_need())
    }

    fn users(&self) -> impl Iterator<Item = User> {
        self.options.auth.users.iter().map(|(name, source)| User {
            name: name.clone(),
            source: source.clone(),
            kept: matches!(source, SecretSource::Generate(_)).then(|| self.kept("users", name)),
        })
    }

    /// The users whose passwords are generated.
    pub(super) fn generated_users(&self) -> impl Iterator<Item = User> {
        self.users().filter(|user| user.kept.is_some())
    }

    fn kept(&self, suffix: &str, key: &str) -> SecretKeyRef {
        let secret = Identity::namespaced("", "Secret", self.namespace.as_str(), self.suffixed(suffix));
        SecretKeyRef { secret, key: key.to_owned() }
    }

    /// The address of one of its Secrets.
    pub(super) fn secret_address(&self, suffix: &str) -> Address {
        let secret = Identity::namespaced("", "Secret", self.namespace.as_str(), self.suffixed(suffix));
        Address::object(self.block.address.clone(), &secret, Some(&self.namespace))
    }

    /// `registry-htpasswd`.
    pub(super) fn suffixed(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.name)
    }

    /// The labels by which the pods of this registry are told from those of others.
    pub(super) fn selector(&self) -> Value {
        json!({"app.kubernetes.io/name": "registry", "app.kubernetes.io/instance": self.name})
    }

    /// All labels.
    pub(super) fn labels(&self) -> Value {
        let mut labels = self.selector();
        merge(&mut labels, &self.options.labels);
        labels
    }

    /// The metadata of an object.
    pub(super) fn metadata(&self, name: &str) -> Value {
        let mut metadata = json!({"name": name, "namespace": self.namespace, "labels": self.labels()});
        if !self.options.annotations.is_empty() {
            metadata["annotations"] = json!(self.options.annotations);
        }
        metadata
    }

    /// A draft of an object, which knows where its metadata come from.
    pub(super) fn draft(&self, object: Value) -> Draft {
        let naming = Naming::Object { home: self.namespace.clone() };
        let mut draft = Draft::new(self.block, object, naming, &self.namespace);
        let metadata = FieldPath::keys(["metadata"]);
        draft = self.from(draft, metadata.key("name"), &["name"]);
        draft = self.from(draft, metadata.key("namespace"), &["namespace"]);
        draft = self.maps(draft, &metadata);
        draft
    }

    /// Notes where the user's labels and annotations below a `metadata` come from.
    pub(super) fn maps(&self, mut draft: Draft, metadata: &FieldPath) -> Draft {
        for key in self.options.labels.keys() {
            draft = self.from(draft, metadata.key("labels").key(key.as_str()), &["labels", key]);
        }
        for key in self.options.annotations.keys() {
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

    /// The registry's configuration file.
    pub(super) fn config_yml(&self) -> String {
        config_yml::render(config_yml::Settings { auth: self.users != Users::Nobody })
    }
}

/// The question for a generated password.
pub(super) fn password_need(user: &User) -> Need {
    Need::Secret { source: user.source.clone(), kept: user.kept.clone() }
}

/// Puts entries into a map.
pub(super) fn merge(map: &mut Value, entries: &BTreeMap<String, String>) {
    for (key, value) in entries {
        map[key.as_str()] = Value::from(value.as_str());
    }
}

/// A name that no other block changes: the usual block has the usual name, every other one its own.
fn default_name(block: &str) -> String {
    if block == "main" {
        return "registry".to_owned();
    }
    format!("registry-{}", block.to_lowercase().replace('_', "-"))
}
