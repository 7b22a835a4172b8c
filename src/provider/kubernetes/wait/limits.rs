//! How long a wait may take, and how that is worded.

use std::time::Duration;

use serde_json::Value;

use super::gateway_class::FOR_A_CONTROLLER;
use crate::kubernetes::{deletion_time, readiness};
use crate::provider::{OnTrouble, Until, Wait};
use crate::resource::{Identity, Live};

/// How long to wait for an object, which is this one at the beginning.
pub(super) fn limit(wait: &Wait, first: Option<&Live>) -> Duration {
    let object = first.map(|live| &live.object);
    wait.timeout.unwrap_or_else(|| default_timeout(&wait.target.identity, object, &wait.until))
}

/// How long to wait where nobody has said so.
fn default_timeout(identity: &Identity, object: Option<&Value>, until: &Until) -> Duration {
    match until {
        Until::Gone { .. } => deletion_time::time_to_go(identity),
        Until::Field(_) => readiness::TIME_OF_A_CONTROLLER,
        Until::Ready(rule) => readiness::time_to_ready(identity, object, rule.as_ref()),
    }
}

/// How long the class of a Gateway may stay without a controller. Whoever expects one from elsewhere says how long that may take.
pub(super) fn time_of_class(wait: &Wait) -> Duration {
    match (wait.on_trouble, wait.timeout) {
        (OnTrouble::Wait, Some(given)) => given,
        (OnTrouble::Fail, _) | (OnTrouble::Wait, None) => FOR_A_CONTROLLER,
    }
}

/// `90 s`, `10 min`.
pub(super) fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds >= 120 && seconds.is_multiple_of(60) {
        return format!("{} min", seconds / 60);
    }
    if time.subsec_millis() > 0 { format!("{:.1} s", time.as_secs_f64()) } else { format!("{seconds} s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Target;

    #[test]
    fn a_class_has_the_time_that_the_block_gives_unless_trouble_is_to_end_the_wait() {
        let given = Duration::from_mins(20);
        let time = |on_trouble, timeout| {
            let target = Target { identity: Identity::namespaced("", "ConfigMap", "a", "b"), version: None };
            time_of_class(&Wait { timeout, on_trouble, ..Wait::of(target, Until::Ready(None)) })
        };
        assert_eq!(time(OnTrouble::Wait, None), FOR_A_CONTROLLER);
        assert_eq!(time(OnTrouble::Wait, Some(given)), given);
        assert_eq!(time(OnTrouble::Fail, Some(given)), FOR_A_CONTROLLER);
    }
}
