//! The keys of `[pull_secret.NAME]`. Their documentation here is that of `docs/configuration.md`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::blocks::block_type::BlockRef;
use crate::blocks::types::registry::spec::RegistryBlock;
use crate::config::SecretSource;

const OBJECT_NAME: &str = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
const OBJECT_NAME_RULE: &str = "lower-case letters, digits, `-` and `.`, at both ends a letter or a digit";

const USER: &str = r"^[^\s:#][^\s:]*$";
const USER_RULE: &str = "a name without blanks and `:`, not beginning with `#`";
const WORD: &str = "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
const WORD_RULE: &str = "letters, digits, `-`, `_` and `.`, at both ends a letter or a digit";

/// How nodes log in to a registry to pull images: a Secret (type `kubernetes.io/dockerconfigjson`) in each namespace
/// whose pods run images of the registry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PullSecret")]
pub(in crate::blocks) struct PullSecretKeys {
    /// The registry: `registry.main`.
    pub(super) registry: BlockRef<RegistryBlock>,
    /// The user: one of `auth.users` of the registry, from where the password is taken. With `rotate` two users begin with
    /// this name, and are made here: `ci-a` and `ci-b`.
    #[schemars(regex(pattern = USER), extend("x-rule" = USER_RULE))]
    pub(super) user: String,
    /// The password, where the registry takes its users from a file (`auth.htpasswd`), which has only hashes.
    pub(super) password: Option<SecretSource>,
    /// Lets two users take turns, with passwords that are generated here. Any word will do, such as the month: another word
    /// (`"2026-11"`) begins a rotation, in which pulls go on.
    #[schemars(length(max = 63), regex(pattern = WORD), extend("x-rule" = WORD_RULE))]
    pub(super) rotate: Option<String>,
    /// The namespaces that get the Secret. One that is missing is made.
    #[serde(default)]
    pub(super) namespaces: Vec<String>,
    /// The namespaces that get the Secret, by their labels, as `kubectl -l` takes them: `team=a`, `tier in (web, api)`,
    /// `!legacy`, with commas between them. Each plan looks which namespaces these are.
    #[schemars(length(min = 1))]
    pub(super) namespace_selector: Option<String>,
    /// The name of the Secret. Default: the name of the block.
    #[schemars(regex(pattern = OBJECT_NAME), extend("x-rule" = OBJECT_NAME_RULE))]
    pub(super) name: Option<String>,
    /// The service accounts of each of these namespaces whose pods pull with the Secret: `["default"]`. It is added to their
    /// `imagePullSecrets`, and what others have put there stays.
    #[serde(default)]
    pub(super) service_accounts: Vec<String>,
}
