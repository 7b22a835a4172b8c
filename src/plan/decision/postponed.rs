//! What becomes of resources that the server refuses now, once the rest of the plan is known.

use crate::plan::cures::{Changes, cures, order};
use crate::plan::decision::prediction;
use crate::plan::decision::ruling::{Postponed, Ruling};
use crate::plan::model::change::Change;
use crate::plan::model::fidelity::{Cure, Fidelity, PredictionReason};
use crate::plan::model::plan::Obstacle;
use crate::plan::view::overview::Overview;

/// What becomes of those among the postponed resources that other changes cure, by position; of the others nothing
/// yet. They may cure each other. `removed` is what leaves.
pub(in crate::plan) fn cured(
    overview: Overview<'_>,
    postponed: &[(usize, Postponed)],
    removed: &[Change],
) -> Vec<(usize, Ruling)> {
    let predicted = postponed.iter().filter_map(|(position, one)| {
        let reason =
            PredictionReason::RefusedForNow { message: one.problem.message.clone(), cures: Vec::new() };
        let situation = overview.situation(*position)?;
        match prediction::ruling_after(situation, one.sent.clone(), &one.takes, reason) {
            Ruling::Decided { change, outcome } => Some((*position, one, change, outcome)),
            Ruling::Refused(_) | Ruling::Postponed(_) | Ruling::Predict { .. } | Ruling::ReadAgain => None,
        }
    });
    let mut left: Vec<_> = predicted.collect();
    // What is not cured cures nothing either: it is taken away until all that is left is cured.
    let healed = loop {
        let changes: Changes<'_> =
            overview.changes().chain(removed).chain(left.iter().map(|(_, _, change, _)| &**change)).collect();
        let found: Vec<Option<Vec<Cure>>> =
            left.iter().map(|(_, one, change, _)| cures(&one.remedies, &change.address, &changes)).collect();
        let before = left.len();
        let mut found = found.into_iter();
        let mut kept = Vec::new();
        left.retain(|_| {
            let cures = found.next().flatten();
            let is_cured = cures.is_some();
            kept.extend(cures);
            is_cured
        });
        if left.len() == before {
            break kept;
        }
    };
    let rulings = left.into_iter().zip(healed).map(|((position, one, mut change, outcome), cures)| {
        let message = one.problem.message.clone();
        let awaited = cures.iter().map(|cure| &cure.address);
        let is_new = |address: &&crate::resource::Address| {
            **address != change.address && !change.dependencies.contains(address)
        };
        change.awaits = awaited.filter(is_new).cloned().collect();
        change.fidelity = Fidelity::Predicted(PredictionReason::RefusedForNow { message, cures });
        (position, Ruling::Decided { change, outcome })
    });
    rulings.collect()
}

/// What stands against a resource that nothing in the plan cures.
pub(in crate::plan) fn obstacle(postponed: Postponed, removed: &[Change]) -> Obstacle {
    let Obstacle::Problem(problem) = postponed.obstacle else { return postponed.obstacle };
    match order::protected_holder(&postponed.remedies, removed) {
        Some(help) if problem.help.is_none() => problem.help(help).into(),
        _ => problem.into(),
    }
}
