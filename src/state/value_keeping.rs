//! Keeps the secret values of a revision beside it.

use super::backend::Backend;
use super::completion::Completion;
use super::error::{StateError, unless_damaged};
use super::revision::RevisionHead;
use super::sealed_values::SealedValues;

/// Keeps the secret values of a revision that is about to be saved, where the place keeps any. Those of resources that the
/// run left out are carried on from the revision `before`, also where no new ones are kept any more: they were not touched. Values
/// that a killed run has left under that number are none of its.
///
/// # Errors
/// They cannot be encrypted or written; or those of the revision before cannot be read.
pub(super) async fn keep(
    backend: &mut dyn Backend,
    head: &RevisionHead,
    before: Option<&RevisionHead>,
    completion: &Completion,
) -> Result<(), StateError> {
    let mut sealed = match backend.seal() {
        Some(seal) => SealedValues::new(head.number, head.run.clone(), &completion.values, seal)
            .map_err(StateError::io(&backend.place(), "encrypt the secret values for"))?,
        None => SealedValues::none(head.number, head.run.clone()),
    };
    if let Some(before) = before.filter(|_| !completion.carried.is_empty())
        // Damaged ones are lost, and stop no run.
        && let Some(kept) = unless_damaged(backend.values(before.number).await)?.flatten()
        && kept.are_of(before)
    {
        completion.carried.iter().for_each(|(now, then)| sealed.carry_over(&kept, then, now));
    }
    if sealed.values.is_empty() { Ok(()) } else { backend.save_values(&sealed).await }
}
