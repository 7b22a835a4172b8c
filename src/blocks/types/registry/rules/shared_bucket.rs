//! What is to be said of registries that store their images at the same place in a bucket.

use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::keys::span_of;
use crate::blocks::types::registry::common::Registry;
use crate::blocks::types::registry::spec::RegistryBlock;
use crate::diagnostic::Diagnostic;

/// Pushes a warning for a registry that stores images where another one does. Each pair is told once.
pub(in crate::blocks::types::registry) fn check(
    registry: &Registry<'_>,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let Some(bucket) = registry.spec.bucket() else { return };
    let own = &registry.block.address;
    let before = context.specs::<RegistryBlock>().filter(|(address, _)| *address < own);
    let sharing = before.filter(|(_, spec)| spec.bucket().is_some_and(|other| other.is_same_place(bucket)));
    for (other, _) in sharing {
        let message =
            format!("`{own}` and `{other}` store their images at the same place: {}", bucket.place());
        let at = span_of(registry.block, ["storage", "s3"]);
        mistakes.push(Diagnostic::warning(codes::SHARED_STORE, message).at(at, "").help(
            "each shows the images of the other one, and what is deleted in one of them, or collected as garbage, is gone in both. \
             Where that is not meant, give each of them a `prefix` of its own, as in `prefix = \"first\"`, or a bucket of its own; the \
             images that are there stay where they are",
        ));
    }
}
