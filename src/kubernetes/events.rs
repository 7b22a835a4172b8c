//! Words the events about an object.

use serde_json::Value;

use super::conditions::text;

/// How many events are shown.
const SHOWN: usize = 3;

/// The last warnings among these events, the latest first, one line for each. Where there is no warning, it
/// is the last event.
pub fn event_lines(events: &[Value]) -> Vec<String> {
    let when = |event: &Value| {
        let times = ["lastTimestamp", "eventTime", "firstTimestamp"];
        let times = times.into_iter().map(|key| text(event, key)).find(|time| !time.is_empty());
        times.unwrap_or_default().to_owned()
    };
    let mut sorted: Vec<&Value> = events.iter().collect();
    sorted.sort_by_key(|event| std::cmp::Reverse(when(event)));
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
