//! `[pull_secret.NAME]`: how nodes log in to a registry to pull images.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `options` | Which keys does the block have? |
//! | `spec` | What does the block say, and which names and questions follow from it? |
//! | `namespaces` | Which namespaces get the Secret? |
//! | `docker_config` | What is in the Secret? |
//! | `objects` | Secrets, entries in the lists of accounts, kept passwords |
//! | `gap` | Which login do nodes have that the registry forgets? |
//! | `rotation` | Which of its two users does a node get, and which does the registry take meanwhile? |
//! | `standing` | Where does a rotation stand, by what the cluster has? |
//! | `rules` | What is wrong with a block that no schema finds? |

mod docker_config;
mod gap;
mod namespaces;
mod objects;
mod options;
mod rotation;
mod rules;
mod spec;
mod standing;

use crate::blocks::block_type::{BlockType, CompileContext, Defaults};
use crate::blocks::draft::Draft;
use crate::blocks::facts::Need;
use crate::blocks::types::registry::pull_users::PullUsers;
use crate::blocks::types::registry::spec::RegistrySpec;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::resource::{BlockAddress, Desired, KeyFact, NamespaceSelection};
use options::PullSecretKeys;
use spec::PullSecretSpec;
use standing::Standing;

/// The block type `pull_secret`.
pub(in crate::blocks) struct PullSecretBlock;

/// The users that pull secrets with `rotate` add to this registry.
pub(in crate::blocks) fn pull_users(
    address: &BlockAddress,
    registry: &RegistrySpec,
    context: &CompileContext<'_>,
) -> PullUsers {
    let mut users = Vec::new();
    let of_registry =
        context.specs::<PullSecretBlock>().filter(|(_, spec)| spec.keys.registry.address() == address);
    for (_, spec) in of_registry {
        let kept_in = spec.kept_in(registry);
        match spec.standing(registry, context) {
            None => {}
            Some(Standing::Known(turn)) => {
                users.extend(turn.all().map(|made| made.user(&spec.keys.user, &kept_in)));
            }
            Some(Standing::Asking(_)) => return PullUsers::Asking,
            Some(Standing::Unknown(reason)) => return PullUsers::Unknown(reason),
            Some(Standing::Lost | Standing::Incomplete(_) | Standing::Unfinished(_)) => {
                return PullUsers::Unknown("a pull secret does not say which users it adds".to_owned());
            }
        }
    }
    PullUsers::Known(users)
}

impl BlockType for PullSecretBlock {
    const KIND: &'static str = "pull_secret";
    type Keys = PullSecretKeys;
    type Spec = PullSecretSpec;

    fn read(
        &self,
        block: &Block,
        defaults: Defaults<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<PullSecretSpec> {
        let spec = PullSecretSpec::read(block, defaults, mistakes)?;
        rules::check(block, &spec, mistakes);
        Some(spec)
    }

    fn needs(&self, _block: &Block, spec: &PullSecretSpec, context: &CompileContext<'_>) -> Vec<Need> {
        context.spec(&spec.keys.registry).map_or_else(Vec::new, |registry| spec.needs(registry, context))
    }

    fn compile(
        &self,
        block: &Block,
        spec: &PullSecretSpec,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let Some(registry) = context.spec(&spec.keys.registry) else { return Vec::new() };
        let found = namespaces::of(spec, context);
        mistakes.extend(found.gap.map(|gap| gap.mistake(block, spec)));
        rules::check_port(block, spec, registry, mistakes);
        let objects = objects::Objects { block, spec, registry, facts: context.facts, namespaces: found.all };
        match spec.standing(registry, context) {
            None => {
                rules::check_login(block, spec, registry, context, mistakes);
                objects.of_one_user(spec.password(registry, context), mistakes)
            }
            Some(standing) => {
                rules::check_rotation(block, spec, registry, context, mistakes);
                objects.of_two_users(standing, mistakes)
            }
        }
    }

    /// A namespace of the configuration itself may have the labels that the selector asks for.
    fn asks_for_all_objects(&self) -> bool {
        true
    }

    fn gives_login_to<'s>(&self, spec: &'s PullSecretSpec) -> Option<&'s BlockAddress> {
        Some(spec.keys.registry.block())
    }

    fn namespace_selection(
        &self,
        block: &Block,
        spec: &PullSecretSpec,
        context: &CompileContext<'_>,
    ) -> Option<NamespaceSelection> {
        Some(NamespaceSelection {
            block: block.address.clone(),
            namespace: spec.namespace.clone(),
            selector: spec.selector.as_ref()?.to_string(),
            secret: spec.name.clone(),
            besides: namespaces::named(spec, context),
        })
    }

    /// The Secret: to be written is all that an entry can be waited for.
    fn leads(&self, desired: &Desired) -> bool {
        desired.identity.is("", "Secret")
    }

    fn has_leader(&self) -> bool {
        true
    }

    fn key_facts(&self, spec: &PullSecretSpec) -> Vec<KeyFact> {
        spec.key_facts()
    }
}
