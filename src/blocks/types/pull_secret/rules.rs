//! What the schema of a pull secret cannot say.

use super::PullSecretBlock;
use super::rotation::Side;
use super::spec::PullSecretSpec;
use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::keys::{item_span, span_of};
use crate::blocks::types::registry::login::Login;
use crate::blocks::types::registry::spec::RegistrySpec;
use crate::config::{Block, SecretSource};
use crate::diagnostic::nearest::suggest;
use crate::diagnostic::{Diagnostic, Span};
use crate::kubernetes::names;

/// What can be told from the block alone.
pub(super) fn check(block: &Block, spec: &PullSecretSpec, mistakes: &mut Vec<Diagnostic>) {
    let keys = &spec.keys;
    let mut error = |at: Span, code, message: String, help: &str| {
        mistakes.push(Diagnostic::error(code, message).at(at, "").help(help));
    };
    if keys.namespaces.is_empty() && keys.namespace_selector.is_none() {
        error(
            block.span,
            codes::BAD_VALUE,
            format!("`{}` does not say which namespaces get the Secret", block.address),
            "name them, as in `namespaces = [\"team-a\"]`, or choose them by labels, as in \
             `namespace_selector = \"team=a\"`",
        );
    }
    for (index, account) in keys.service_accounts.iter().enumerate() {
        if let Err(why) = names::dns_subdomain(account) {
            let message = format!("`{account}` cannot be the name of a ServiceAccount: it {why}");
            error(
                item_span(block, ["service_accounts"], index),
                codes::INVALID_NAME,
                message,
                "correct the name",
            );
        }
    }
    if keys.rotate.is_some()
        && let Err(why) = names::dns_label(&keys.user)
    {
        let message = format!("with `rotate`, `{}` is a part of the name of a Secret: it {why}", keys.user);
        error(span_of(block, ["user"]), codes::INVALID_NAME, message, "choose another `user`");
    }
    if let Some(SecretSource::Generate(_)) = keys.password {
        error(
            span_of(block, ["password"]),
            codes::BAD_VALUE,
            "the password of a user of an htpasswd file cannot be generated here".to_owned(),
            "take it from `{ env = \"NAME\" }` or `{ file = \"PATH\" }`",
        );
    }
}

/// A node looks for the login by host and port, so both must be known when the Secret is written.
/// Source: `URLsMatch` in <https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/credentialprovider/keyring.go>
pub(super) fn check_port(
    block: &Block,
    spec: &PullSecretSpec,
    registry: &RegistrySpec,
    mistakes: &mut Vec<Diagnostic>,
) {
    if registry.port_is_chosen_by_the_cluster() {
        let of = &spec.keys.registry;
        let message = format!(
            "nodes look for a login by host and port, and the cluster chooses the port of `{of}` when it is made"
        );
        let help = format!("choose the port: `node_port.port` of `{of}`");
        mistakes.push(
            Diagnostic::error(codes::BAD_VALUE, message).at(span_of(block, ["registry"]), "").help(help),
        );
    }
}

/// What can be told with the registry.
pub(super) fn check_login(
    block: &Block,
    spec: &PullSecretSpec,
    registry: &RegistrySpec,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let keys = &spec.keys;
    let (user, of) = (&keys.user, &keys.registry);
    let mut error = |key: &str, code, message: String, help: String| {
        mistakes.push(Diagnostic::error(code, message).at(span_of(block, [key]), "").help(help));
    };
    match registry.login(user, context.facts) {
        Login::Password(_) => {
            if keys.password.is_some() {
                let message = format!("`{of}` says already where the password of `{user}` comes from");
                error("password", codes::USELESS_KEY, message, "take `password` out".to_owned());
            }
        }
        Login::Hash => {
            if keys.password.is_none() {
                let message = format!("`{of}` has only a hash of the password of `{user}`");
                let help = "say where the password comes from, as in `password = { env = \"CI_PASSWORD\" }`";
                error("user", codes::BAD_VALUE, message, help.to_owned());
            }
        }
        Login::NoUser(users) => {
            let help = suggest(user, users.iter().map(String::as_str), "give it users");
            error("user", codes::UNKNOWN_REFERENCE, format!("`{of}` has no user `{user}`"), help);
        }
        Login::Open => error(
            "registry",
            codes::USELESS_KEY,
            format!("`{of}` lets anybody pull, so nobody needs a Secret for it"),
            format!("give `{of}` users (`auth.users`), or take this block out"),
        ),
    }
}

/// What can be told of a rotation with the registry.
pub(super) fn check_rotation(
    block: &Block,
    spec: &PullSecretSpec,
    registry: &RegistrySpec,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let keys = &spec.keys;
    let (stem, of) = (&keys.user, &keys.registry);
    let mut error = |key: &str, code, message: String, help: String| {
        mistakes.push(Diagnostic::error(code, message).at(span_of(block, [key]), "").help(help));
    };
    if keys.password.is_some() {
        let message = "the passwords of users that take turns are generated".to_owned();
        error("password", codes::USELESS_KEY, message, "take `password` out".to_owned());
    }
    if !registry.takes_more_users() {
        let message = format!("`{of}` does not list its users, so two of them cannot take turns");
        error(
            "rotate",
            codes::BAD_VALUE,
            message,
            format!("give `{of}` users by `auth.users`, or take `rotate` out"),
        );
    }
    for user in Side::BOTH.map(|side| side.user(stem)) {
        if let Login::Password(_) = registry.login(&user, context.facts) {
            let message =
                format!("`{of}` has a user `{user}`, which is to be one of two users that are made here");
            error("user", codes::CONFLICTING_KEYS, message, "choose another name".to_owned());
        }
    }
    let others = context.specs::<PullSecretBlock>().filter(|(address, other)| {
        **address != block.address
            && other.keys.rotate.is_some()
            && other.keys.user == *stem
            && other.keys.registry.address() == of.address()
    });
    for (other, _) in others {
        let message = format!("`{other}` makes the same users `{stem}-a` and `{stem}-b`");
        error("user", codes::CONFLICTING_KEYS, message, "give one of them another `user`".to_owned());
    }
}
