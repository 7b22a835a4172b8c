//! Words the events about an object.

use jiff::Timestamp;
use serde_json::Value;

use super::conditions::text;

/// How many events are shown.
const SHOWN: usize = 3;

/// The latest warning among these events, in one line, if it is not older than this moment: an earlier one may be about
/// what has been mended since.
pub fn warning_since(events: &[Value], moment: Timestamp) -> Option<String> {
    let warnings = events.iter().filter(|event| text(event, "type") == "Warning");
    let timed = warnings.filter_map(|event| Some((when(event).parse::<Timestamp>().ok()?, event)));
    let (_, event) = timed.filter(|(time, _)| *time >= moment).max_by_key(|(time, _)| *time)?;
    let message: Vec<&str> = text(event, "message").split_whitespace().collect();
    Some(format!("{}: {}", text(event, "reason"), message.join(" ")))
}

/// Whether nothing has happened after the last warning among these events. A pod that has got what it lacked goes on.
pub fn ends_with_warning(events: &[Value]) -> bool {
    let time = |event: &&Value| when(event).parse::<Timestamp>().ok();
    let is_warning = |event: &&Value| text(event, "type") == "Warning";
    let last_warning = events.iter().filter(is_warning).filter_map(|event| time(&event)).max();
    last_warning.is_some() && last_warning >= events.iter().filter_map(|event| time(&event)).max()
}

/// Whether a [warning](warning_since) about a pod says that what it mounts is not there: a Secret or a `ConfigMap`, or a key
/// in one. The kubelet tries again for ever. Its words are those of `pkg/volume` in Kubernetes.
pub fn is_missing_mount(warning: &str) -> bool {
    let is_missing = |kind: &str| {
        warning.contains(&format!("references non-existent {kind} key"))
            || warning.contains(&format!("{kind} \"")) && warning.ends_with("not found")
    };
    warning.starts_with("FailedMount:")
        && (is_missing("secret") || is_missing("config") || is_missing("configmap"))
}

/// The name of the `ServiceAccount` without which a controller cannot make pods, by what it says of that. Its words are those
/// of the admission of pods in Kubernetes (`plugin/pkg/admission/serviceaccount`).
pub fn missing_account(said: &str) -> Option<&str> {
    let (_, said) = said.split_once("error looking up service account ")?;
    let (name, _) = said.split_once("serviceaccount \"")?.1.split_once("\" not found")?;
    Some(name)
}

/// Whether an event about a pod says that a node is being added for it: the cluster autoscaler's words, and Karpenter's.
pub fn is_of_an_autoscaler(event: &Value) -> bool {
    matches!(text(event, "reason"), "TriggeredScaleUp" | "Nominated")
}

/// When an event happened last (RFC 3339); empty where it does not say.
fn when(event: &Value) -> &str {
    let series = event.pointer("/series/lastObservedTime").and_then(Value::as_str);
    let times = ["lastTimestamp", "eventTime", "firstTimestamp"];
    let times = series.into_iter().chain(times.into_iter().map(|key| text(event, key)));
    times.into_iter().find(|time| !time.is_empty()).unwrap_or_default()
}

/// The last warnings among these events, the latest first, one line for each. Where there is no warning, it
/// is the last event.
pub fn event_lines(events: &[Value]) -> Vec<String> {
    let mut sorted: Vec<&Value> = events.iter().collect();
    sorted.sort_by_key(|event| std::cmp::Reverse(when(event).to_owned()));
    let warnings: Vec<&Value> =
        sorted.iter().filter(|event| text(event, "type") == "Warning").copied().collect();
    let shown = if warnings.is_empty() { sorted.into_iter().take(1).collect() } else { warnings };
    shown
        .into_iter()
        .take(SHOWN)
        .map(|event| {
            let name = event.pointer("/involvedObject/name").and_then(Value::as_str).unwrap_or_default();
            format!("event of {name}: {}: {}", text(event, "reason"), text(event, "message").trim())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_warning_counts_from_a_moment_on() {
        let event = |kind: &str, time: &str, message: &str| json!({"type": kind, "lastTimestamp": time, "reason": "FailedCreate", "message": message});
        let events = [
            event("Warning", "2026-01-01T00:00:01Z", "no  room\nat all"),
            event("Normal", "2026-01-01T00:00:03Z", "made"),
            event("Warning", "2026-01-01T00:00:00Z", "older"),
            event("Warning", "", "without a time"),
        ];
        let since = |moment: &str| warning_since(&events, moment.parse().unwrap());
        assert_eq!(since("2026-01-01T00:00:00Z").as_deref(), Some("FailedCreate: no room at all"));
        assert_eq!(since("2026-01-01T00:00:02Z"), None);
        let again = json!({"type": "Warning", "eventTime": "2026-01-01T00:00:00.5Z", "reason": "R", "message": "m",
            "series": {"lastObservedTime": "2026-01-01T00:00:09.5Z"}});
        assert_eq!(warning_since(&[again], "2026-01-01T00:00:02Z".parse().unwrap()).as_deref(), Some("R: m"));
    }

    #[test]
    fn a_pod_goes_on_after_a_warning() {
        let event = |kind: &str, time: &str| json!({"type": kind, "lastTimestamp": time});
        let warning = event("Warning", "2026-01-01T00:00:05Z");
        let before = event("Normal", "2026-01-01T00:00:05Z");
        assert!(ends_with_warning(&[before.clone(), warning.clone()]));
        assert!(!ends_with_warning(&[warning, event("Normal", "2026-01-01T00:00:06Z")]));
        assert!(!ends_with_warning(&[before]) && !ends_with_warning(&[]));
    }

    #[test]
    fn the_account_that_pods_lack_is_known() {
        let said = "FailedCreate: Error creating: pods \"web-x-\" is forbidden: error looking up service account a/runner: \
                    serviceaccount \"runner\" not found";
        assert_eq!(missing_account(said), Some("runner"));
        assert_eq!(missing_account("FailedCreate: serviceaccount \"runner\" not found"), None);
        assert_eq!(missing_account("error looking up service account a/runner: timeout"), None);
    }

    #[test]
    fn what_a_pod_mounts_and_is_not_there_is_known() {
        for missing in [
            "FailedMount: MountVolume.SetUp failed for volume \"keys\" : secret \"keys\" not found",
            "FailedMount: MountVolume.SetUp failed for volume \"c\" : configmap \"c\" not found",
            "FailedMount: MountVolume.SetUp failed for volume \"k\" : references non-existent secret key: tls.crt",
            "FailedMount: MountVolume.SetUp failed for volume \"c\" : references non-existent config key: a",
        ] {
            assert!(is_missing_mount(missing), "{missing}");
        }
        for other in [
            "FailedMount: Unable to attach or mount volumes: unmounted volumes=[d]: timed out waiting for the condition",
            "FailedMount: MountVolume.SetUp failed for volume \"k\" : failed to sync secret cache: timed out",
            "FailedCreate: secret \"keys\" not found",
        ] {
            assert!(!is_missing_mount(other), "{other}");
        }
    }

    #[test]
    fn the_last_warnings_come_first() {
        let event = |kind: &str, time: &str, reason: &str| {
            json!({"type": kind, "lastTimestamp": time, "reason": reason, "message": "m\n",
                   "involvedObject": {"name": "web"}})
        };
        let events = [
            event("Normal", "2026-01-03T00:00:00Z", "Pulled"),
            event("Warning", "2026-01-01T00:00:00Z", "Old"),
            event("Warning", "2026-01-02T00:00:00Z", "New"),
        ];
        assert_eq!(event_lines(&events), ["event of web: New: m", "event of web: Old: m"]);
        assert_eq!(event_lines(&events[..1]), ["event of web: Pulled: m"]);
    }
}
