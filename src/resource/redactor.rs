//! Takes the secret values of a run out of what is said.
//!
//! A server, and above all a webhook, quotes what it refuses, and what was there before. So every text that comes
//! from outside goes through one redactor. It learns each secret as it is read, and knows it from then on.

mod forms;

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use serde_json::Value;

use super::{Problem, WITHHELD};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Shorter values, in bytes, are no secrets: they occur in every other text.
const SHORTEST: usize = 4;

/// Knows the secret values of one run, and takes them out of texts.
#[derive(Default)]
pub struct Redactor(RwLock<Known>);

/// Without what it knows.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Known {
    /// The values as they were learned: most objects are read more than once.
    learned: HashSet<String>,
    /// Each form in which a value may be quoted, by its first bytes; the longest first.
    forms: HashMap<[u8; SHORTEST], Vec<String>>,
}

impl Redactor {
    /// Learns every text and number of this value.
    pub fn learn(&self, value: &Value) {
        match value {
            Value::String(text) => self.learn_text(text),
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(map) => map.values().for_each(|below| self.learn(below)),
            Value::Number(number) => self.learn_text(&number.to_string()),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Learns a text, in every form in which it may be quoted or encoded, what it is the base64 of, its longer lines,
    /// and the longer texts of a JSON document.
    pub fn learn_text(&self, text: &str) {
        if text.len() < SHORTEST
            || self.0.read().unwrap_or_else(PoisonError::into_inner).learned.contains(text)
        {
            return;
        }
        let forms = forms::of(text);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.learned.insert(text.to_owned());
        for form in forms {
            known.add(form);
        }
    }

    /// The text without the secrets that are known by now.
    pub fn text(&self, text: String) -> String {
        let hidden = self.0.read().unwrap_or_else(PoisonError::into_inner).places(&text);
        if hidden.is_empty() {
            return text;
        }
        let mut open = String::with_capacity(text.len());
        let mut at = 0;
        for place in hidden {
            open.push_str(text.get(at..place.start).unwrap_or_default());
            open.push_str(WITHHELD);
            at = place.end;
        }
        open.push_str(text.get(at..).unwrap_or_default());
        open
    }

    /// The problem without these secrets. What caused it is left out where it repeats one.
    pub fn problem(&self, problem: Problem) -> Problem {
        Problem {
            kind: problem.kind,
            message: self.text(problem.message),
            help: problem.help.map(|help| self.text(help)),
            causes: problem
                .causes
                .into_iter()
                .map(|(path, reason, words)| (path, self.text(reason), self.text(words)))
                .collect(),
            source: problem.source.filter(|source| !self.is_repeated_by(source.as_ref())),
        }
    }

    /// The mistakes without these secrets.
    pub fn diagnostics(&self, mistakes: Diagnostics) -> Diagnostics {
        let open = mistakes.into_iter().map(|mut mistake| {
            mistake
                .labels
                .iter_mut()
                .for_each(|label| label.text = self.text(std::mem::take(&mut label.text)));
            Diagnostic {
                message: self.text(mistake.message),
                help: mistake.help.map(|help| self.text(help)),
                ..mistake
            }
        });
        open.collect::<Vec<_>>().into()
    }

    /// Whether an error, or one below it, repeats a secret.
    fn is_repeated_by(&self, error: &(dyn Error + 'static)) -> bool {
        let holds =
            |text: &str| !self.0.read().unwrap_or_else(PoisonError::into_inner).places(text).is_empty();
        holds(&error.to_string())
            || holds(&format!("{error:?}"))
            || error.source().is_some_and(|below| self.is_repeated_by(below))
    }
}

impl Known {
    fn add(&mut self, form: String) {
        // What stands for a secret shows none.
        if WITHHELD.contains(form.as_str()) {
            return;
        }
        let Some(start) = form.as_bytes().first_chunk() else { return };
        let forms = self.forms.entry(*start).or_default();
        if let Err(place) =
            forms.binary_search_by(|known| form.len().cmp(&known.len()).then(known.cmp(&form)))
        {
            forms.insert(place, form);
        }
    }

    /// Where secrets stand in the text. Those that overlap are one place, so that nothing is left of either.
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> = Vec::new();
        if self.forms.is_empty() {
            return places;
        }
        let bytes = text.as_bytes();
        for (at, start) in bytes.array_windows().enumerate() {
            let Some(forms) = self.forms.get(start) else { continue };
            let rest = &bytes[at..];
            let Some(form) = forms.iter().find(|form| rest.starts_with(form.as_bytes())) else { continue };
            let end = at + form.len();
            match places.last_mut() {
                Some(last) if at < last.end => last.end = last.end.max(end),
                _ => places.push(at..end),
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ProblemKind;
    use serde_json::json;

    fn knowing(secrets: &Value) -> Redactor {
        let redactor = Redactor::default();
        redactor.learn(secrets);
        redactor
    }

    #[track_caller]
    fn shown(secrets: &Value, said: &str, expected: &str) {
        assert_eq!(knowing(secrets).text(said.to_owned()), expected);
    }

    #[test]
    fn a_value_is_known_in_every_form_in_which_it_may_be_quoted() {
        shown(
            &json!("hunter2"),
            "hunter2, aHVudGVyMg==, xhunter2x",
            "(sensitive), (sensitive), x(sensitive)x",
        );
        shown(&json!("aHVudGVyMg=="), "hunter2 or aHVudGVyMg==", "(sensitive) or (sensitive)");
        shown(&json!("pass\"word"), r#""pass\"word""#, r#""(sensitive)""#);
        shown(
            &json!("pass\"word"),
            r#"{"body":"{\"p\":\"pass\\\"word\"}"}"#,
            r#"{"body":"{\"p\":\"(sensitive)\"}"}"#,
        );
        shown(&json!("hunter2"), "Basic dXNlcjpodW50ZXIy!", "Basic dXNlcjp(sensitive)!");
        shown(&json!("p@ss word"), "p%40ss%20word 7040737320776f7264", "(sensitive) (sensitive)");
        shown(&json!("a<b>c"), r#""a\u003cb\u003ec""#, r#""(sensitive)""#);
        shown(&json!({"a": [31337, "x"]}), "31337 x", "(sensitive) x");
        shown(
            &json!("first-line\nof two\nlast-line"),
            "first-line, of two, last-line",
            "(sensitive), of two, (sensitive)",
        );
        let login = json!(r#"{"auths":{"r.example":{"password":"swordfish","auth":"Y2k6c3dvcmRmaXNo"}}}"#);
        shown(&login, "swordfish, Y2k6c3dvcmRmaXNo, r.example", "(sensitive), (sensitive), r.example");
    }

    #[test]
    fn short_values_and_what_is_no_value_stay() {
        shown(&json!(["abc", true, null, 123, ""]), "abc true null 123", "abc true null 123");
        shown(&json!("(sensitive)"), "was (sensitive)", "was (sensitive)");
    }

    #[test]
    fn nothing_is_left_of_values_that_contain_or_overlap_each_other() {
        shown(&json!(["swordfish", "word", "swordfish-and-more"]), "swordfish-and-more!", "(sensitive)!");
        shown(&json!(["abcdef", "defghi"]), "xabcdefghix", "x(sensitive)x");
        shown(&json!("größe"), "große größe", "große (sensitive)");
        shown(&json!("hunter2"), "hunter2hunter2", "(sensitive)(sensitive)");
    }

    #[test]
    fn every_part_of_a_problem_is_redacted() {
        let problem = || Problem::new(ProblemKind::Rejected, "no");
        let redactor = knowing(&json!("hunter2"));
        let mut said = Problem::new(ProblemKind::Rejected, "denied: hunter2").help("not hunter2");
        said.causes = vec![(None, "hunter2".into(), "hunter2".into())];
        let open = redactor.problem(said.caused_by(std::io::Error::other("reset")));
        assert_eq!(
            (open.message.as_str(), open.help.as_deref()),
            ("denied: (sensitive)", Some("not (sensitive)"))
        );
        assert_eq!(open.causes, [(None, "(sensitive)".into(), "(sensitive)".into())]);
        assert_eq!(open.source().unwrap().to_string(), "reset");
        let quoting = Problem::new(ProblemKind::Rejected, "denied: hunter2");
        let open = redactor.problem(problem().caused_by(problem().caused_by(quoting)));
        assert!(open.source().is_none());
    }

    #[test]
    fn mistakes_are_redacted_with_their_labels() {
        let redactor = knowing(&json!("hunter2"));
        let span = crate::diagnostic::Span { source: crate::diagnostic::SourceId(0), start: 0, end: 0 };
        let mistake = Diagnostic::error("x", "is hunter2").at(span, "hunter2 here").help("not hunter2");
        let open = redactor.diagnostics(mistake.into());
        assert!(!format!("{open:?}").contains("hunter2"), "{open:?}");
        assert_eq!(open.iter().count(), 1);
    }

    #[test]
    fn its_debug_form_shows_nothing() {
        assert!(!format!("{:?}", knowing(&json!("hunter2"))).contains("hunter2"));
    }
}
