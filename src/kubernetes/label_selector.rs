//! Label selectors as `kubectl -l` takes them: `team=a,tier in (web, api),!legacy`.
//! Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::names;

/// Which labels an object must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSelector {
    text: String,
    terms: Vec<Term>,
}

/// One condition; all of them must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    /// The label is there.
    There(String),
    /// The label is not there.
    Absent(String),
    /// The label has one of these values.
    OneOf(String, Vec<String>),
    /// The label has none of these values, or is not there.
    NoneOf(String, Vec<String>),
}

impl LabelSelector {
    /// Whether an object with these labels is meant.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        self.terms.iter().all(|term| match term {
            Term::There(key) => labels.contains_key(key),
            Term::Absent(key) => !labels.contains_key(key),
            Term::OneOf(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Term::NoneOf(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
        })
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for LabelSelector {
    type Err = String;

    /// # Errors
    /// What is wrong, as the end of a sentence about the selector.
    fn from_str(text: &str) -> Result<Self, String> {
        let terms = split(text).into_iter().map(|term| parse(term.trim())).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), terms })
    }
}

/// The conditions: the commas between brackets belong to a list of values.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

fn parse(term: &str) -> Result<Term, String> {
    if let Some(key) = term.strip_prefix('!') {
        return Ok(Term::Absent(key_of(key)?));
    }
    // `!=` before `=`, and `==` with it: the longer sign is the one that is meant.
    if let Some((key, value)) = term.split_once("!=") {
        return Ok(Term::NoneOf(key_of(key)?, vec![value_of(value)?]));
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Ok(Term::OneOf(key_of(key)?, vec![value_of(value)?]));
    }
    let Some((head, values)) = term.split_once('(') else { return Ok(Term::There(key_of(term)?)) };
    let values = values.trim().strip_suffix(')').ok_or_else(|| format!("has no `)` after `{term}`"))?;
    let values = values.split(',').map(value_of).collect::<Result<Vec<_>, _>>()?;
    match head.split_whitespace().collect::<Vec<_>>().as_slice() {
        [key, "in"] => Ok(Term::OneOf(key_of(key)?, values)),
        [key, "notin"] => Ok(Term::NoneOf(key_of(key)?, values)),
        _ => Err(format!("has `{term}`, which is neither `KEY in (…)` nor `KEY notin (…)`")),
    }
}

fn key_of(text: &str) -> Result<String, String> {
    let key = text.trim();
    if key.is_empty() {
        return Err("has a condition without a label".to_owned());
    }
    names::qualified_name(key).map_err(|why| format!("names the label `{key}`, which {why}"))?;
    Ok(key.to_owned())
}

fn value_of(text: &str) -> Result<String, String> {
    let value = text.trim();
    names::label_value(value).map_err(|why| format!("has the value `{value}`, which {why}"))?;
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(selector: &str, labels: &[(&str, &str)]) -> bool {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        selector.parse::<LabelSelector>().unwrap().selects(&labels)
    }

    #[test]
    fn all_conditions_must_hold() {
        let team = [("team", "a"), ("example.com/tier", "web")];
        for selector in [
            "team=a",
            "team == a",
            "team",
            "!legacy",
            "team!=b",
            "legacy!=x",
            "team in (a, b),example.com/tier notin (api)",
            "legacy notin (x)",
        ] {
            assert!(selects(selector, &team), "{selector}");
        }
        for selector in
            ["team=b", "!team", "team!=a", "legacy", "team in (b,c)", "team notin (a)", "team=a,x=y"]
        {
            assert!(!selects(selector, &team), "{selector}");
        }
        assert!(selects("empty=", &[("empty", "")]));
    }

    #[test]
    fn what_is_no_selector_is_told() {
        for (text, word) in [
            ("", "without a label"),
            ("a=b,", "without a label"),
            ("a in (b", "no `)`"),
            ("a of (b)", "neither"),
            ("-a=b", "`-a`"),
            ("a=b c", "`b c`"),
        ] {
            let problem = text.parse::<LabelSelector>().unwrap_err();
            assert!(problem.contains(word), "{text}: {problem}");
        }
    }
}
