//! For how long pods in trouble are waited for.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::kubernetes::pods::{Outlook, troubles};

/// An image that cannot be pulled for this long will not be pulled by waiting.
const PULL_GRACE: Duration = Duration::from_secs(30);

/// Remembers since when pods have been in trouble, and tells when that will not heal.
#[derive(Default)]
pub(super) struct Patience {
    since: HashMap<(String, String), Instant>,
}

impl Patience {
    /// Looks at the pods: the name of one that will not heal, and when to look again otherwise.
    pub(super) fn look<'p>(
        &mut self,
        pods: impl IntoIterator<Item = &'p Value>,
        now: Instant,
    ) -> (Vec<String>, Option<Instant>) {
        let mut hopeless = Vec::new();
        let mut next: Option<Instant> = None;
        let mut still = HashMap::new();
        for pod in pods {
            let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            for trouble in troubles(pod) {
                match trouble.outlook() {
                    Outlook::Hopeless => hopeless.push(name.to_owned()),
                    Outlook::Pulling => {
                        let key = (name.to_owned(), trouble.container);
                        let since = self.since.get(&key).copied().unwrap_or(now);
                        still.insert(key, since);
                        let end = since + PULL_GRACE;
                        if end <= now {
                            hopeless.push(name.to_owned());
                        } else {
                            next = Some(next.map_or(end, |next| next.min(end)));
                        }
                    }
                    Outlook::Open => {}
                }
            }
        }
        self.since = still;
        (hopeless, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[expect(clippy::needless_pass_by_value, reason = "json! is written in place")]
    fn pod(name: &str, status: Value) -> Value {
        json!({"metadata": {"name": name}, "status": {"containerStatuses": [status]}})
    }

    #[tokio::test]
    async fn what_does_not_heal_is_told_after_a_grace() {
        let pull = pod("a", json!({"name": "app", "state": {"waiting": {"reason": "ErrImagePull"}}}));
        let back_off = pod("a", json!({"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff"}}}));
        let mut patience = Patience::default();
        let start = Instant::now();
        assert_eq!(patience.look([&pull], start), (vec![], Some(start + PULL_GRACE)));
        let later = start + Duration::from_secs(20);
        assert_eq!(patience.look([&back_off], later), (vec![], Some(start + PULL_GRACE)));
        assert_eq!(patience.look([&pull], start + PULL_GRACE).0, ["a"]);
        // One that ran in between starts anew.
        assert_eq!(patience.look([], start + PULL_GRACE), (vec![], None));
        assert!(patience.look([&pull], start + PULL_GRACE).0.is_empty());
        let name = pod("b", json!({"name": "app", "state": {"waiting": {"reason": "InvalidImageName"}}}));
        assert_eq!(Patience::default().look([&name], start).0, ["b"]);
        let crashed = |restarts: u64| {
            pod(
                "c",
                json!({"name": "app", "restartCount": restarts,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}}),
            )
        };
        assert!(Patience::default().look([&crashed(2)], start).0.is_empty());
        assert_eq!(Patience::default().look([&crashed(5)], start).0, ["c"]);
    }
}
