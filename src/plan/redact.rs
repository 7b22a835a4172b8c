//! Takes secret values out of what a server says.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::plan::diff::field_changes::leaves;
use crate::plan::diff::sensitive_fields::SensitiveFields;
use crate::resource::{Desired, FieldPath, Problem};

/// Shorter values, in bytes, are no secrets: they occur in every other text.
const SHORTEST: usize = 4;
/// A shorter line of a longer text, in bytes, is no secret by itself, and may be an ordinary word.
const SHORTEST_LINE: usize = 8;

/// The problem without the sensitive values of its object: a server, and above all a webhook, quotes what it
/// refuses, and what was there before.
pub fn redact(desired: &Desired, live: Option<&Value>, problem: Problem) -> Problem {
    let values = values(desired, live);
    let clean = |text: String| redact_text(&values, text);
    Problem {
        kind: problem.kind,
        message: clean(problem.message),
        help: problem.help.map(clean),
        causes: problem
            .causes
            .into_iter()
            .map(|(path, reason, words)| (path, clean(reason), clean(words)))
            .collect(),
        source: problem.source.filter(|source| !repeats(&values, source.as_ref())),
    }
}

/// Whether an error, or one below it, repeats one of these values.
fn repeats(values: &[String], error: &(dyn Error + 'static)) -> bool {
    let holds = |text: &str| values.iter().any(|value| text.contains(value.as_str()));
    holds(&error.to_string())
        || holds(&format!("{error:?}"))
        || error.source().is_some_and(|below| repeats(values, below))
}

/// The same for what the server warns about.
pub fn redact_all(desired: &Desired, live: Option<&Value>, texts: Vec<String>) -> Vec<String> {
    // Few answers come with a warning.
    if texts.is_empty() {
        return texts;
    }
    let values = values(desired, live);
    texts.into_iter().map(|text| redact_text(&values, text)).collect()
}

fn redact_text(values: &[String], text: String) -> String {
    values.iter().fold(text, |text, value| text.replace(value.as_str(), "(sensitive)"))
}

/// Every sensitive text, in each form in which it may be quoted. The longest come first, so that of a value that
/// contains another one nothing is left.
fn values(desired: &Desired, live: Option<&Value>) -> Vec<String> {
    let mut found = Vec::new();
    for (path, ()) in desired.sensitive.iter() {
        // A value that is not known yet is its expression, which is no secret.
        if desired.unresolved.touches(path) || desired.unchecked.touches(path) {
            continue;
        }
        path.get(&desired.object).into_iter().for_each(|value| texts(value, &mut found));
    }
    if let Some(live) = live {
        let sensitive_fields = SensitiveFields::new(desired, live);
        let mut all = Vec::new();
        leaves(&FieldPath::root(), live, &mut all);
        let hidden = all.iter().filter(|(path, _)| sensitive_fields.hides(path));
        hidden.for_each(|(_, value)| texts(value, &mut found));
    }
    let lines = found.iter().flat_map(|text| text.lines()).filter(|line| line.len() >= SHORTEST_LINE);
    let mut all: Vec<String> = lines.map(str::to_owned).collect();
    all.append(&mut found);
    let quoted: Vec<String> = all.iter().flat_map(|text| quoted(text)).collect();
    all.extend(quoted);
    all.retain(|text| text.len() >= SHORTEST);
    all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    all.dedup();
    all
}

/// The text as JSON quotes it, and as Go does, which also escapes the characters of HTML.
fn quoted(text: &str) -> [String; 2] {
    let plain = Value::from(text).to_string();
    let plain = plain.get(1..plain.len() - 1).unwrap_or_default().to_owned();
    let careful = plain.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    [plain, careful]
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            found.push(text.clone());
            found.extend(STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()));
        }
        Value::Array(list) => list.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|item| texts(item, found)),
        Value::Number(number) => found.push(number.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Address, ProblemKind};
    use serde_json::json;

    #[test]
    fn what_a_server_quotes_of_a_secret_is_taken_out() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
                            "data": {"open": "public", "key": "pass\"word", "list": ["hunter2"]}});
        let mut desired = Desired::new(Address::block("resource", "c"), object).unwrap();
        desired.sensitive.insert("data.key".parse().unwrap(), ());
        desired.sensitive.insert("data.list".parse().unwrap(), ());
        let words = r#"denied: "public", "pass\"word" and hunter2"#;
        let mut problem = Problem::new(ProblemKind::Rejected, words).help("not hunter2");
        problem.causes = vec![(None, String::new(), "hunter2".into())];
        let hushed = redact(&desired, None, problem);
        assert_eq!(hushed.message, r#"denied: "public", "(sensitive)" and (sensitive)"#);
        assert_eq!(hushed.help.as_deref(), Some("not (sensitive)"));
        assert_eq!(hushed.causes[0].2, "(sensitive)");
        let warnings = vec!["hunter2 is weak".to_owned(), "public is not".to_owned()];
        assert_eq!(redact_all(&desired, None, warnings), ["(sensitive) is weak", "public is not"]);
        assert!(redact_all(&desired, None, Vec::new()).is_empty());
    }

    #[test]
    fn an_error_below_is_kept_unless_it_repeats_a_secret() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": "hunter2"}});
        let mut desired = Desired::new(Address::block("resource", "c"), object).unwrap();
        desired.sensitive.insert("data.k".parse().unwrap(), ());
        let problem = || Problem::new(ProblemKind::Rejected, "no");
        let kept = redact(&desired, None, problem().caused_by(std::io::Error::other("reset")));
        assert_eq!(kept.source().unwrap().to_string(), "reset");
        let quoting = Problem::new(ProblemKind::Rejected, "denied: hunter2");
        let dropped = redact(&desired, None, problem().caused_by(problem().caused_by(quoting)));
        assert!(dropped.source().is_none());
    }

    #[test]
    fn what_only_the_live_object_holds_is_taken_out_too() {
        let secret = |data: Value| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "a"}, "data": data});
        let desired =
            Desired::new(Address::block("resource", "s"), secret(json!({"key": "bmV3LW9uZQ=="}))).unwrap();
        let live = secret(
            json!({"key": "b2xkLW9uZQ==", "gone": "YTxiPmM=", "two": "Zmlyc3QtbGluZQpzZWNvbmQtbGluZQ=="}),
        );
        let words = r#"was b2xkLW9uZQ== (old-one), "a\u003cb\u003ec", second-line"#;
        let hushed = redact(&desired, Some(&live), Problem::new(ProblemKind::Rejected, words));
        assert_eq!(hushed.message, r#"was (sensitive) ((sensitive)), "(sensitive)", (sensitive)"#);
    }

    #[test]
    fn what_an_earlier_configuration_hid_stays_hidden() {
        let object = |value: &str| {
            json!({"apiVersion": "v1", "kind": "ConfigMap",
                   "metadata": {"name": "c", "annotations": {"regplan.dev/sensitive": "[\"data.key\"]"}},
                   "data": {"key": value, "open": "public"}})
        };
        let desired = Desired::new(Address::block("resource", "c"), object("now open")).unwrap();
        let problem = Problem::new(ProblemKind::Rejected, "was hunter2, beside public");
        let hushed = redact(&desired, Some(&object("hunter2")), problem);
        assert_eq!(hushed.message, "was (sensitive), beside public");
    }
}
