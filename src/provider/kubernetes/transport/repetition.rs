//! Whether a request is repeated, and after which pause.
//!
//! - Reads are repeated on 429, 503, 504, on a 500 by which the server itself asks for it, on lost connections
//!   and time-outs.
//! - Writes are repeated where they were certainly not processed: on 429, on 503 with `Retry-After`, and where
//!   no connection was made. What became of a write whose answer was lost,
//!   [`lost_write`](crate::provider::kubernetes::write) finds out.

use std::time::Duration;

use jiff::Timestamp;

use super::call::{CallError, Repeat};
use crate::resource::ProblemKind;

const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// How long to wait before trying again; `None` where that is not safe or does not help.
pub(super) fn pause(failure: &CallError, repeat: Repeat, tries: u32) -> Option<Duration> {
    let asked = match failure {
        CallError::Refused(refusal) => {
            let asked = refusal.retry_after;
            let again = match (refusal.code, repeat) {
                (429, _) | (503 | 504, Repeat::Freely) => true,
                (503, Repeat::IfUnprocessed) => asked.is_some(),
                (500, Repeat::Freely) => refusal.is_passing(),
                _ => false,
            };
            if !again {
                return None;
            }
            asked
        }
        CallError::Lost { problem, perhaps_done } => {
            if problem.kind != ProblemKind::Unreachable || (*perhaps_done && repeat == Repeat::IfUnprocessed)
            {
                return None;
            }
            None
        }
    };
    let doubled = Duration::from_millis(200).saturating_mul(1 << tries.min(8)).min(LONGEST_PAUSE);
    // Spread out, so that parallel requests do not come back all at once.
    let spread = doubled.mul_f64(0.75 + rand::random::<f64>() / 2.0);
    Some(asked.unwrap_or_default().max(spread))
}

/// Seconds, or the moment at which to come back.
pub(super) fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::call::Refusal;
    use super::*;
    use crate::resource::Problem;
    use serde_json::{Value, json};

    fn refused(code: u16, retry_after: Option<u64>, status: Value) -> CallError {
        CallError::Refused(Refusal { code, status, retry_after: retry_after.map(Duration::from_secs) })
    }

    fn lost(perhaps_done: bool) -> CallError {
        CallError::Lost { problem: Problem::new(ProblemKind::Unreachable, ""), perhaps_done }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(retry_after("Fri, 21 Oct 2044 07:28:00 GMT").unwrap() > Duration::from_secs(1000));
        assert_eq!(retry_after("soon"), None);
    }

    #[test]
    fn reads_are_repeated_on_what_passes() {
        for failure in [refused(429, None, json!({})), refused(503, None, json!({})), lost(true), lost(false)]
        {
            assert!(pause(&failure, Repeat::Freely, 0).is_some(), "{failure:?}");
        }
        let passing = refused(500, None, json!({"reason": "ServerTimeout"}));
        assert!(pause(&passing, Repeat::Freely, 0).is_some());
        let mistake = refused(500, None, json!({"message": "failed to create typed patch object"}));
        assert!(pause(&mistake, Repeat::Freely, 0).is_none());
        assert!(pause(&refused(404, None, json!({})), Repeat::Freely, 0).is_none());
    }

    #[test]
    fn writes_are_repeated_only_where_they_were_not_processed() {
        let write = Repeat::IfUnprocessed;
        assert!(pause(&refused(429, None, json!({})), write, 0).is_some());
        assert_eq!(pause(&refused(503, Some(30), json!({})), write, 0), Some(Duration::from_secs(30)));
        assert!(pause(&refused(503, None, json!({})), write, 0).is_none());
        assert!(pause(&refused(504, Some(1), json!({})), write, 0).is_none());
        assert!(pause(&lost(true), write, 0).is_none());
        assert!(pause(&lost(false), write, 0).is_some());
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let at = |tries| pause(&lost(false), Repeat::Freely, tries).unwrap();
        assert!(at(0) < Duration::from_millis(300));
        assert!(at(20) <= LONGEST_PAUSE.mul_f64(1.25));
        assert!(at(20) > at(0));
    }
}
