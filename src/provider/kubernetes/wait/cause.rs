//! What events say about an object while it is waited for. Some failures are in no status: the pods of a `StatefulSet` that
//! cannot be made, say.

use std::time::Duration;

use http::HeaderMap;
use http::header::DATE;
use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use super::certificate;
use super::events::{Events, events_of};
use crate::kubernetes::certificates;
use crate::kubernetes::events::{ends_with_warning, is_missing_mount, warning_since};
use crate::provider::kubernetes::client::Kubernetes;
use crate::resource::Identity;

/// Only what waits for longer than this has its events read.
const AFTER: Duration = Duration::from_secs(3);
/// Between two looks at them.
const PAUSE: Duration = Duration::from_secs(5);
/// For one look. A wait must not hang on it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Clocks differ a little, and events tell whole seconds.
const SLACK: Duration = Duration::from_secs(2);

/// What an object lacks, with the cause; unless the object says the same of itself.
pub(super) fn with_cause(lacking: &str, cause: Option<&str>) -> String {
    match cause.filter(|cause| !lacking.contains(cause)) {
        Some(cause) => format!("{lacking}; {cause}"),
        None => lacking.to_owned(),
    }
}

/// The cause that events name, and when to look for it again.
pub(super) struct Cause {
    began: Instant,
    next: Option<Instant>,
    named: Option<String>,
    /// The uid of the pod that lacks what it mounts.
    without_mount: Option<String>,
}

impl Cause {
    pub(super) fn new(began: Instant) -> Self {
        Self { began, next: Some(began + AFTER), named: None, without_mount: None }
    }

    /// When it is looked for again; `None` where events may not be read.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.next
    }

    /// What the latest warning since the wait began says about the object with this uid.
    pub(super) async fn look(
        &mut self,
        cluster: &Kubernetes,
        identity: &Identity,
        uid: Option<&str>,
    ) -> Option<&str> {
        let now = Instant::now();
        if let Some(uid) = uid.filter(|_| self.next.is_some_and(|next| next <= now)) {
            self.next = Some(now + PAUSE);
            if certificates::is_certificate(identity) {
                let look = timeout(PATIENCE, certificate::cause(cluster, identity, uid)).await;
                self.named = look.ok().flatten().or_else(|| self.named.take());
                return self.named.as_deref();
            }
            let look = events_of(cluster, identity.namespace.as_deref(), uid);
            match timeout(PATIENCE, look).await {
                Ok(Events::Seen { events, headers }) => {
                    let warning = warning_since(&events, self.beginning(&headers));
                    let lacks_mount = |warning: Option<&str>| warning.is_some_and(is_missing_mount);
                    let (new, old) = (warning.as_deref(), self.named.as_deref());
                    let is_it = lacks_mount(new) && ends_with_warning(&events);
                    self.without_mount = is_it.then(|| uid.to_owned());
                    // Each try to make a pod names another one; that is no news.
                    if reason(new) != reason(old) || lacks_mount(new) != lacks_mount(old) {
                        self.named = warning;
                    }
                }
                Ok(Events::Forbidden) => self.next = None,
                Ok(Events::Unknown) | Err(_) => {}
            }
        }
        self.named.as_deref()
    }

    /// The cause that events have named last.
    pub(super) fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// Whether the pod with this uid lacks what it mounts, by the last that is known of it.
    pub(super) fn is_missing_mount_of(&self, uid: Option<&str>) -> bool {
        uid.is_some() && self.without_mount.as_deref() == uid
    }

    /// When the wait began, by the clock of the server that has sent these headers.
    fn beginning(&self, headers: &HeaderMap) -> Timestamp {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let now = date.map_or_else(Timestamp::now, |date| date.timestamp());
        now.checked_sub(self.began.elapsed() + SLACK).unwrap_or(now)
    }
}

fn reason(warning: Option<&str>) -> Option<&str> {
    warning?.split(':').next()
}

#[cfg(test)]
mod tests {
    use super::with_cause;

    #[test]
    fn a_cause_is_told_once() {
        assert_eq!(
            with_cause("0 of 1 pod available", Some("FailedCreate: no")),
            "0 of 1 pod available; FailedCreate: no"
        );
        let failed = "it has failed: DeadlineExceeded: too long";
        assert_eq!(with_cause(failed, Some("DeadlineExceeded: too long")), failed);
        assert_eq!(with_cause(failed, None), failed);
    }
}
