//! What has gone together with a generated secret: the claims with their data are the greater loss, and are told first.

use super::{Error, PlanRequest};
use crate::blocks::codes::LOST_SECRET;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph::Graph;
use crate::plan::data_loss;
use crate::provider::Provider;
use crate::resource::{Desired, FieldPath, Identity, Problem, Reading, Target};
use crate::state::State;

/// The name of the mistake.
const LOST_DATA: &str = "lost-data";

/// The same error; where it tells of a lost secret, the claims come before it that are gone as well, and that nobody
/// has agreed to make anew. It costs one more reading.
pub(super) async fn told_first(
    error: Error,
    desired: &Graph,
    state: &State,
    request: &PlanRequest,
    provider: &dyn Provider,
) -> Error {
    let Error::Mistakes { sources, mistakes } = error else { return error };
    if !mistakes.iter().any(|mistake| mistake.code == LOST_SECRET) {
        return Error::Mistakes { sources, mistakes };
    }
    let claims = claims(desired, state, request);
    let targets: Vec<Target> = claims.iter().map(|claim| claim.target()).collect();
    let readings = if targets.is_empty() { Vec::new() } else { provider.read(&targets).await };
    let gone = claims.iter().zip(readings).filter(|(_, reading)| matches!(reading, Reading::Absent));
    let told: Vec<Diagnostic> = gone.map(|(claim, _)| told(claim)).collect();
    let mut all = Diagnostics::from(told);
    all.extend(mistakes);
    Error::Mistakes { sources, mistakes: all }
}

/// The claims that were applied and are desired, except for those that a killed run may have deleted itself.
fn claims<'d>(desired: &'d Graph, state: &State, request: &PlanRequest) -> Vec<&'d Desired> {
    let was_applied = |identity: &Identity| {
        state.resources.values().any(|resource| resource.identity == *identity)
            && !state.in_doubt.iter().any(|intent| intent.target.identity == *identity)
    };
    let claims = desired.resources().filter(|desired| desired.identity.is("", "PersistentVolumeClaim"));
    let lost = claims.filter(|claim| {
        was_applied(&claim.identity) && !request.consent.iter().any(|named| claim.address.is_meant_by(named))
    });
    lost.collect()
}

fn told(claim: &Desired) -> Diagnostic {
    let Problem { message, help, .. } = data_loss(&claim.identity, &claim.address);
    // At the place of its block, so that it stands before the secrets of that block.
    let place = claim.origin(&FieldPath::root()).and_then(|origin| origin.span);
    let told = Diagnostic::error(LOST_DATA, message).at_opt(place, "");
    match help {
        Some(help) => told.help(help),
        None => told,
    }
}
