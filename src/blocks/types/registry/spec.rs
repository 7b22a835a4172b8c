//! What a registry's block says: its keys, and the names and questions that follow from them.

use super::image::Image;
use super::options::{Options, RecordKey};
use super::pull_users::PullUsers;
use crate::blocks::block_type::{BlockRef, CompileContext, Defaults};
use crate::blocks::facts::{HtpasswdUser, Need, SecretKeyRef};
use crate::blocks::keys;
use crate::blocks::types::dns::{DnsSpec, ZoneKeys};
use crate::blocks::types::issuer::IssuerBlock;
use crate::config::{Block, Generate, SecretSource};
use crate::diagnostic::Diagnostic;
use crate::resource::Identity;

/// The block type `registry`.
pub(in crate::blocks) struct RegistryBlock;

/// The key of the Secret `NAME-htpasswd`.
pub(super) const HTPASSWD_KEY: &str = "htpasswd";
/// The key of the Secret `NAME-http`.
pub(super) const HTTP_KEY: &str = "secret";
/// The characters of a generated `http.secret`.
const HTTP_SECRET_LENGTH: u16 = 48;

/// Where the users come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserSource {
    /// `auth.users`.
    Listed,
    /// `auth.htpasswd`.
    File,
    /// There are none.
    Nobody,
}

/// What a registry's block says, and what follows from it.
pub(in crate::blocks) struct RegistrySpec {
    pub(super) options: Options,
    /// The name of the objects.
    pub(super) name: String,
    /// The namespace of the objects.
    pub(super) namespace: String,
    /// The registry's major version.
    pub(super) major: u8,
    /// Where the users come from.
    pub(super) users: UserSource,
    /// The zone that the keys of `dns` say.
    own_zone: Option<DnsSpec>,
}

impl RegistrySpec {
    /// Reads a block that its schema has accepted.
    pub(super) fn read(
        block: &Block,
        defaults: Defaults<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let options: Options = keys::read(block, mistakes)?;
        let name = options.name.clone().unwrap_or_else(|| default_name(&block.address.name));
        let namespace = options.namespace.clone().unwrap_or_else(|| defaults.namespace.to_owned());
        let tagged = Image::parse(&options.image).ok().and_then(|image| image.major());
        let major = options.version.or(tagged).unwrap_or(3);
        let users = if !options.auth.users.is_empty() {
            UserSource::Listed
        } else if options.auth.htpasswd.is_some() {
            UserSource::File
        } else {
            UserSource::Nobody
        };
        let own_zone = match &options.dns {
            Some(RecordKey::Here(keys)) => DnsSpec::within(block, &["dns"], ZoneKeys::clone(keys), mistakes),
            Some(RecordKey::Named(_)) | None => None,
        };
        Some(Self { options, name, namespace, major, users, own_zone })
    }

    /// Who signs its certificate.
    pub(super) fn issuer(&self) -> Option<&BlockRef<IssuerBlock>> {
        self.options.tls.as_ref()?.issuer.as_ref()
    }

    /// The record by which it is found: that of the block that is named, or of the keys here. `None` where there is none, or
    /// it has a mistake.
    pub(super) fn dns<'a>(&'a self, context: &CompileContext<'a>) -> Option<&'a DnsSpec> {
        match self.options.dns.as_ref()? {
            RecordKey::Named(block) => context.spec(block),
            RecordKey::Here(_) => self.own_zone.as_ref(),
        }
    }

    /// The zone that the keys of `dns` say; `None` where a block is named.
    pub(super) fn own_zone(&self) -> Option<&DnsSpec> {
        self.own_zone.as_ref()
    }

    /// The Secret with its certificate; `None` without `tls`.
    pub(super) fn tls_secret(&self) -> Option<String> {
        let tls = self.options.tls.as_ref()?;
        Some(tls.secret.clone().unwrap_or_else(|| self.suffixed("tls")))
    }

    /// The name under which the registry is reached.
    pub(in crate::blocks) fn host(&self) -> &str {
        &self.options.host
    }

    /// All names under which it is reached, the host first and each once: a name that is written twice says nothing more.
    pub(super) fn hosts(&self) -> Vec<&str> {
        let mut hosts = vec![self.host()];
        for name in self.options.tls.iter().flat_map(|tls| &tls.names) {
            if !hosts.contains(&name.as_str()) {
                hosts.push(name);
            }
        }
        hosts
    }

    /// What must be known of the outside. The password file waits until all of its users are known.
    pub(super) fn needs(&self, pull_users: &PullUsers) -> Vec<Need> {
        let mut needs = vec![self.http_need()];
        needs.extend(self.htpasswd_need(pull_users));
        needs.extend(self.generated_users().map(|user| password_need(&user)));
        needs.extend(self.store_keys().map(|key| key.need()));
        needs
    }

    /// Where that comes from which uploads are signed with.
    fn http_source(&self) -> SecretSource {
        let usual = SecretSource::Generate(Generate { length: HTTP_SECRET_LENGTH });
        self.options.http.secret.clone().unwrap_or(usual)
    }

    /// Whether it is generated.
    pub(super) fn generates_http_secret(&self) -> bool {
        matches!(self.http_source(), SecretSource::Generate(_))
    }

    /// The question for what uploads are signed with.
    pub(super) fn http_need(&self) -> Need {
        let source = self.http_source();
        let stored_at = self.generated_at(&source, "http", HTTP_KEY);
        Need::Secret { source, stored_at }
    }

    /// The question for the htpasswd file; `None` where there is to be none, or nobody knows its users.
    pub(super) fn htpasswd_need(&self, pull_users: &PullUsers) -> Option<Need> {
        match (self.users, pull_users) {
            (UserSource::Listed, PullUsers::Known(more)) => Some(Need::Htpasswd {
                users: self.users().chain(more.iter().cloned()).collect(),
                stored_at: self.secret_key("htpasswd", HTPASSWD_KEY),
            }),
            (UserSource::File, _) => self.htpasswd_file(),
            (UserSource::Nobody, _) | (UserSource::Listed, PullUsers::Asking | PullUsers::Unknown(_)) => None,
        }
    }

    /// The question for the file that the block names.
    pub(super) fn htpasswd_file(&self) -> Option<Need> {
        self.options.auth.htpasswd.clone().map(Need::File)
    }

    /// Whether users can be added to its own.
    pub(in crate::blocks) fn takes_more_users(&self) -> bool {
        self.users == UserSource::Listed
    }

    /// The users of `auth.users`.
    pub(super) fn users(&self) -> impl Iterator<Item = HtpasswdUser> {
        self.options.auth.users.iter().map(|(name, source)| HtpasswdUser {
            name: name.clone(),
            source: source.clone(),
            stored_at: self.generated_at(source, "users", name),
        })
    }

    /// The users whose passwords are generated.
    pub(super) fn generated_users(&self) -> impl Iterator<Item = HtpasswdUser> {
        self.users().filter(|user| user.stored_at.is_some())
    }

    /// Where the cluster stores a generated value; `None` for any other source.
    fn generated_at(&self, source: &SecretSource, suffix: &str, key: &str) -> Option<SecretKeyRef> {
        matches!(source, SecretSource::Generate(_)).then(|| self.secret_key(suffix, key))
    }

    fn secret_key(&self, suffix: &str, key: &str) -> SecretKeyRef {
        SecretKeyRef { secret: self.secret(suffix), key: key.to_owned() }
    }

    /// One of its Secrets, by what stands behind the name in the Secret's own.
    pub(in crate::blocks) fn secret(&self, suffix: &str) -> Identity {
        Identity::namespaced("", "Secret", self.namespace.as_str(), self.suffixed(suffix))
    }

    /// `registry-htpasswd`.
    pub(super) fn suffixed(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.name)
    }
}

/// The question for a generated password.
pub(super) fn password_need(user: &HtpasswdUser) -> Need {
    Need::Secret { source: user.source.clone(), stored_at: user.stored_at.clone() }
}

/// The name of the objects where the block says none. `registry.main` has the usual name, and every other block
/// one of its own, so that adding a block renames nothing.
fn default_name(block: &str) -> String {
    if block == "main" {
        return "registry".to_owned();
    }
    format!("registry-{}", block.to_lowercase().replace('_', "-"))
}
