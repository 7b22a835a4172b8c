//! Objects that end by themselves: they do something once, and are not there for ever.

use serde_json::Value;

use super::conditions::{condition, status, text};
use super::readiness::verdict::Readiness;
use crate::resource::Identity;

/// Reasons of events by which a Job's controller says that it has ended.
/// Source: `pkg/controller/job/job_controller.go` and `staging/src/k8s.io/api/batch/v1/types.go`
const ENDS: [(&str, bool); 6] = [
    ("Completed", true),
    ("SuccessCriteriaMet", true),
    ("BackoffLimitExceeded", false),
    ("DeadlineExceeded", false),
    ("PodFailurePolicy", false),
    ("FailedIndexes", false),
];

/// Whether the object, once it is ready, is deleted after some time without anybody asking for it. That it is gone
/// is what it says of itself.
pub fn is_taken_away(identity: &Identity, object: &Value) -> bool {
    match (identity.group.as_str(), identity.kind.as_str()) {
        // One that is suspended has not run yet.
        ("batch", "Job") => {
            object.pointer("/spec/ttlSecondsAfterFinished").is_some_and(Value::is_number)
                && object.pointer("/spec/suspend") != Some(&Value::Bool(true))
        }
        ("certificates.k8s.io", "CertificateSigningRequest") | ("" | "events.k8s.io", "Event") => true,
        ("", "Secret") => text(object, "type") == "bootstrap.kubernetes.io/token",
        _ => false,
    }
}

/// Whether such an object does its work and ends, as a Job does.
pub fn ends_by_itself(identity: &Identity) -> bool {
    is_job(identity) || identity.is("", "Pod")
}

/// Whether it is a Job that has done its work, or has failed in it.
pub fn has_ended(identity: &Identity, object: &Value) -> bool {
    is_job(identity)
        && ["Complete", "Failed"]
            .iter()
            .any(|kind| condition(object, kind).is_some_and(|found| status(found) == "True"))
}

/// How a Job has ended that is gone, by the events about it; `None` where they do not tell, and for other kinds.
pub fn end_by_events(identity: &Identity, events: &[Value]) -> Option<Readiness> {
    if !is_job(identity) {
        return None;
    }
    events.iter().find_map(|event| {
        let reason = text(event, "reason");
        let (_, is_good) = ENDS.iter().find(|(end, _)| *end == reason)?;
        Some(if *is_good {
            Readiness::Ready
        } else {
            Readiness::Failed(format!("it has failed: {reason}: {}", text(event, "message").trim()))
        })
    })
}

fn is_job(identity: &Identity) -> bool {
    identity.is("batch", "Job")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_taken_away_says_so() {
        let job = Identity::namespaced("batch", "Job", "a", "x");
        assert!(is_taken_away(&job, &json!({"spec": {"ttlSecondsAfterFinished": 0}})));
        assert!(!is_taken_away(&job, &json!({"spec": {}})));
        let suspended = json!({"spec": {"ttlSecondsAfterFinished": 0, "suspend": true}});
        assert!(!is_taken_away(&job, &suspended));
        let secret = Identity::namespaced("", "Secret", "kube-system", "bootstrap-token-abcdef");
        assert!(is_taken_away(&secret, &json!({"type": "bootstrap.kubernetes.io/token"})));
        assert!(!is_taken_away(&secret, &json!({"type": "Opaque"})));
        let other = Identity::namespaced("example.com", "Job", "a", "x");
        assert!(!is_taken_away(&other, &json!({"spec": {"ttlSecondsAfterFinished": 0}})));
    }

    #[test]
    fn the_end_of_a_job_is_read_from_its_conditions_or_its_events() {
        let job = Identity::namespaced("batch", "Job", "a", "x");
        let with =
            |kind: &str, status: &str| json!({"status": {"conditions": [{"type": kind, "status": status}]}});
        assert!(has_ended(&job, &with("Complete", "True")) && has_ended(&job, &with("Failed", "True")));
        assert!(!has_ended(&job, &with("Complete", "False")) && !has_ended(&job, &with("Suspended", "True")));
        let event = |reason: &str| json!({"reason": reason, "message": "m"});
        assert_eq!(
            end_by_events(&job, &[event("SuccessfulCreate"), event("Completed")]),
            Some(Readiness::Ready)
        );
        let failed = Readiness::Failed("it has failed: DeadlineExceeded: m".into());
        assert_eq!(end_by_events(&job, &[event("DeadlineExceeded")]), Some(failed));
        assert_eq!(end_by_events(&job, &[event("SuccessfulCreate")]), None);
        let deployment = Identity::namespaced("apps", "Deployment", "a", "x");
        assert_eq!(end_by_events(&deployment, &[event("Completed")]), None);
    }
}
