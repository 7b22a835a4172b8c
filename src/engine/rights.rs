//! Checks before the first write whether our rights allow all of a plan.

use std::collections::BTreeSet;

use futures::future::join_all;
use tracing::{Instrument as _, info_span};

use crate::kubernetes::pull_login::LoginManner;
use crate::plan::{Action, Change, Plan};
use crate::provider::{Provider, Verb};
use crate::resource::{Address, Identity, Target};

/// What our rights do not allow of a plan. Nothing of it was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("permissions for the plan are missing")]
pub struct MissingRights {
    /// What is not allowed, in the order of the plan.
    pub missing: Vec<(Verb, Identity)>,
    /// The namespaces whose pods must be asked whether they take a login, and may not be.
    pub unasked: Vec<String>,
    /// The bindings of roles that the plan makes or changes. They may give what is missing.
    pub bindings: Vec<Address>,
}

/// Refuses a plan of which a part would be forbidden, with everything that is missing.
///
/// # Errors
/// The list of missing rights. What cannot be reviewed (a kind that this plan itself defines, or a server
/// that answers no reviews) is no error here: the write will tell.
pub(super) async fn review(plan: &Plan, provider: &dyn Provider) -> Result<(), MissingRights> {
    let requests: Vec<(Verb, Target)> = plan.changes.iter().flat_map(needs).collect();
    let unasked = unasked(plan, provider).await;
    if requests.is_empty() {
        return Ok(());
    }
    let review = info_span!("review", rights = requests.len());
    let answers = provider.review(&requests).instrument(review).await;
    let denied = requests.into_iter().zip(answers).filter(|(_, answer)| matches!(answer, Ok(false)));
    let mut missing: Vec<_> = denied.map(|((verb, target), _)| (verb, target.identity)).collect();
    missing.dedup();
    if missing.is_empty() && unasked.is_empty() {
        return Ok(());
    }
    Err(MissingRights { missing, unasked, bindings: bindings(plan) })
}

/// The namespaces whose pods must be asked before a login is given to nodes, and may not be.
async fn unasked(plan: &Plan, provider: &dyn Provider) -> Vec<String> {
    let asked = plan.changes.iter().filter_map(Change::asks_pods);
    let required: BTreeSet<String> = asked
        .filter(|(_, manner)| *manner == LoginManner::Required)
        .map(|(namespace, _)| namespace)
        .collect();
    let answers = required.into_iter().map(|namespace| async move {
        let denied = matches!(provider.cluster().may_ask_pods(&namespace).await, Ok(false));
        denied.then_some(namespace)
    });
    join_all(answers).await.into_iter().flatten().collect()
}

fn bindings(plan: &Plan) -> Vec<Address> {
    let binds = |identity: &Identity| {
        identity.group == "rbac.authorization.k8s.io" && identity.kind.ends_with("RoleBinding")
    };
    let written = plan.changes.iter().filter(|change| change.action.writes());
    written.filter(|change| binds(&change.target.identity)).map(|change| change.address.clone()).collect()
}

/// Whether the object of a hook is deleted: what is left of an earlier run, or what its chart wants deleted.
fn is_deleted(change: &Change) -> bool {
    let hook = change.desired.as_ref().and_then(|desired| desired.hook.as_ref());
    change.prior.is_some() || hook.is_some_and(|hook| !hook.deleted_after.is_empty())
}

/// The rights that a change needs. The rights to read and to watch, for the wait, are not asked for: a server
/// that forbids them says so when we wait.
fn needs(change: &Change) -> Vec<(Verb, Target)> {
    let verbs: &[Verb] = match change.action {
        Action::Create => &[Verb::Create, Verb::Patch],
        Action::Update | Action::Adopt => &[Verb::Patch],
        Action::Run if !is_deleted(change) => &[Verb::Create, Verb::Patch],
        Action::Replace | Action::Run => &[Verb::Delete, Verb::Create, Verb::Patch],
        Action::Delete => &[Verb::Delete],
        Action::None | Action::Keep | Action::Forget => &[],
    };
    let old = change.replaced.iter().map(|replaced| (Verb::Delete, replaced.0.clone()));
    verbs.iter().map(|verb| (*verb, change.target.clone())).chain(old).collect()
}
