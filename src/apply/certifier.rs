//! Before something is written that cert-manager takes, it is asked whether it is whole. Its webhook takes a while to answer
//! after its pods run, and until then each write would be refused.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::kubernetes::certifier::{CertifierLack, asked_in, has_webhook_asked};
use crate::plan::Plan;
use crate::provider::{Progress, Provider};
use crate::resource::{Identity, Problem, ProblemKind};

/// For how long it is waited for, unless the block says something else.
const PATIENCE: Duration = Duration::from_mins(2);
/// For how long the API server may take to ask a webhook whose configuration this run has written.
const PATIENCE_UNASKED: Duration = Duration::from_secs(10);
/// Between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until cert-manager takes writes, where this object is one of its own; and until its webhook is asked, where this run
/// has it asked. Returns a warning where it is still not: it may be that a label takes this namespace out.
///
/// # Errors
/// It still takes no writes when the time is over.
pub(super) async fn await_whole(
    provider: &dyn Provider,
    plan: &Plan,
    identity: &Identity,
    timeout: Option<Duration>,
    progress: Progress<'_>,
) -> Result<Option<String>, Problem> {
    let Some(namespace) = asked_in(identity) else { return Ok(None) };
    let begun = Instant::now();
    let mut unasked_since = None;
    while let Some(lack) = provider.cluster().certifier_lacks(namespace).await {
        let Some(patience) = patience(&lack, plan, timeout) else { return Ok(None) };
        let now = Instant::now();
        let since = if lack.refuses_writes() { begun } else { *unasked_since.get_or_insert(now) };
        if now - since >= patience {
            return after(patience, &lack);
        }
        progress(&format!("cert-manager {}", lack.told()));
        sleep(PAUSE).await;
    }
    Ok(None)
}

/// For how long this is waited for; `None` where it is not. A webhook that was not asked before this run refuses nothing, and
/// the plan has told of it.
fn patience(lack: &CertifierLack, plan: &Plan, timeout: Option<Duration>) -> Option<Duration> {
    let patience = timeout.unwrap_or(PATIENCE);
    if lack.refuses_writes() {
        return Some(patience);
    }
    let mut written = plan.changes.iter().filter(|change| change.action.writes());
    let has_it_asked = written.any(|change| {
        let object = change.send.as_ref();
        object.is_some_and(|object| has_webhook_asked(&change.target.identity, object))
    });
    has_it_asked.then_some(patience.min(PATIENCE_UNASKED))
}

/// What comes of it when the time is over.
fn after(patience: Duration, lack: &CertifierLack) -> Result<Option<String>, Problem> {
    if !lack.refuses_writes() {
        return Ok(Some(lack.warning()));
    }
    let message = format!("after {} s, cert-manager {}", patience.as_secs(), lack.told());
    Err(Problem::new(ProblemKind::Rejected, message).help(lack.help()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::apply::testing::{config_map, create, plan};
    use crate::plan::Action;

    /// A plan that does this with a webhook configuration of cert-manager.
    fn with_webhook(action: Action) -> Plan {
        let mut change = create(&json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "any"}, "webhooks": [{"name": "webhook.cert-manager.io"}],
        }));
        change.action = action;
        plan(vec![create(&config_map("other")), change])
    }

    #[test]
    fn a_webhook_that_is_not_asked_is_waited_for_where_this_run_has_it_asked() {
        for lack in [CertifierLack::Mutation, CertifierLack::Validation] {
            let waits = |plan: &Plan, timeout| patience(&lack, plan, timeout);
            assert_eq!(waits(&with_webhook(Action::Create), None), Some(PATIENCE_UNASKED));
            let short = Some(Duration::from_secs(3));
            assert_eq!(waits(&with_webhook(Action::Update), short), short);
            assert_eq!(waits(&with_webhook(Action::None), None), None);
            assert_eq!(waits(&plan(vec![create(&config_map("other"))]), None), None);
            // A namespace may be taken out for good, so this makes nothing fail.
            assert!(
                after(PATIENCE_UNASKED, &lack).unwrap().is_some_and(|told| told.contains("is not asked"))
            );
        }
    }

    #[test]
    fn one_that_refuses_writes_is_waited_for_in_each_run() {
        let plan = plan(vec![create(&config_map("other"))]);
        assert_eq!(patience(&CertifierLack::Pods, &plan, None), Some(PATIENCE));
        let problem = after(PATIENCE, &CertifierLack::Pods).unwrap_err();
        assert!(problem.message.starts_with("after 120 s, cert-manager "), "{problem}");
    }
}
