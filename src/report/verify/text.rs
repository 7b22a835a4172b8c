//! What came of looking at registries, as text: a line for each check as it ends, and a summary.

use crate::report::format::escape::escape;
use crate::report::format::layout::{Breaking, fit};
use crate::report::format::plural::plural;
use crate::report::format::styled::{Label, Styled};
use crate::resource::BlockAddress;
use crate::verify::{Finding, Outcome, Verdict, Verification};

/// The column at which what is said of a check begins.
const SAID: usize = 20;

/// The first line of a registry or a chart.
pub fn verify_head(block: &BlockAddress, url: Option<&str>) -> Styled {
    let mut text = Styled::default();
    let place = url.map(|url| format!("  {}", escape(url))).unwrap_or_default();
    text.push(Label::Strong, block.to_string()).line(Label::Dim, place);
    text
}

/// A check that has ended: its sign, its name, and what was found; with what to do next, where something is wrong.
pub fn verify_line(finding: &Finding, width: usize) -> Styled {
    let (sign, label) = match finding.outcome {
        Outcome::Passed(_) => ("+", Label::Add),
        Outcome::Failed(_) => ("x", Label::Error),
        Outcome::NotNeeded(_) => ("=", Label::Dim),
        Outcome::Hindered { .. } => ("?", Label::Warning),
    };
    let (said, fix) = match &finding.outcome {
        Outcome::Passed(found) => (found.clone(), None),
        Outcome::Failed(fault) => (fault.reason.clone(), Some(fault.fix.as_str())),
        Outcome::NotNeeded(reason) => (format!("not needed: {reason}"), None),
        Outcome::Hindered { reason, fix } => (format!("skipped: {reason}"), fix.as_deref()),
    };
    let mut line = Styled::default();
    line.push(label, format!("{sign:>3} ")).push(Label::Plain, format!("{:<15} ", escape(finding.name())));
    let story = if matches!(finding.outcome, Outcome::NotNeeded(_)) { Label::Dim } else { Label::Plain };
    line.push(story, escape(&said));
    let mut text = fit(&line, width, SAID, Breaking::Words);
    text.end();
    if let Some(fix) = fix {
        let mut help = Styled::default();
        help.push(Label::Dim, format!("{:SAID$}fix: {}", "", escape(fix)));
        text.append(fit(&help, width, SAID + 5, Breaking::Words)).end();
    }
    text
}

/// The summary, which is the last line.
pub fn verify_summary(all: &[Verification]) -> Styled {
    let count = |name: &str| all.iter().map(|one| one.count(name)).sum::<usize>();
    let (passed, failed, skipped) = (count("passed"), count("failed"), count("skipped"));
    let checks = |number: usize| format!("{number} {}", plural(number, "check", "checks"));
    let (label, said) = match Verdict::of(all) {
        Verdict::Passed => (Label::Strong, format!("Works: {} passed.", checks(passed))),
        Verdict::Unknown if all.is_empty() => (
            Label::Warning,
            "Nothing was looked at: no chart has tests, and there is nothing else to check.".to_owned(),
        ),
        Verdict::Unknown if skipped == 0 => {
            (Label::Warning, "Nothing was looked at: none of these checks is needed here.".to_owned())
        }
        Verdict::Unknown => (
            Label::Warning,
            format!("Not known: {} passed, and {skipped} could not be done.", checks(passed)),
        ),
        Verdict::Failed if skipped > 0 => (
            Label::Error,
            format!(
                "Does not work: {} failed, {passed} passed, {skipped} could not be done.",
                checks(failed)
            ),
        ),
        Verdict::Failed => {
            (Label::Error, format!("Does not work: {} failed, {passed} passed.", checks(failed)))
        }
    };
    let mut text = Styled::default();
    text.line(label, said);
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::verify::{Check, Fault};

    fn finding(check: Check, outcome: Outcome) -> Finding {
        Finding { check, object: None, outcome, took: Duration::ZERO }
    }

    #[test]
    fn where_nothing_was_looked_at_nothing_works() {
        let with = |outcome| Verification {
            block: BlockAddress::new("chart", "web"),
            url: None,
            at: Timestamp::UNIX_EPOCH,
            findings: vec![finding(Check::Tests, outcome)],
        };
        let said = |all: &[Verification]| verify_summary(all).to_string();
        assert!(said(&[]).starts_with("Nothing was looked at: no chart has tests"));
        let not_needed = with(Outcome::NotNeeded("the chart has no tests".into()));
        assert!(said(std::slice::from_ref(&not_needed)).starts_with("Nothing was looked at: none of these"));
        let passed = with(Outcome::Passed(String::new()));
        assert_eq!(said(&[not_needed, passed]), "Works: 1 check passed.\n");
    }

    #[test]
    fn a_line_says_what_was_found_and_what_to_do() {
        let findings = [
            finding(Check::Port, Outcome::Passed("192.0.2.7:443".into())),
            finding(
                Check::Chain,
                Outcome::Failed(Fault::new(
                    "not-trusted",
                    "Example, Root signed it, and its issuer is not known here",
                    "give clients its root",
                )),
            ),
            finding(Check::Redirect, Outcome::NotNeeded("the configuration has no `tls`".into())),
            finding(Check::Password, Outcome::Hindered { reason: "it stands on `chain`".into(), fix: None }),
        ];
        let text: Vec<String> = findings.iter().map(|finding| verify_line(finding, 60).to_string()).collect();
        insta::assert_snapshot!(text.concat(), @r"
          + port            192.0.2.7:443
          x chain           Example, Root signed it, and its issuer
                            is not known here
                            fix: give clients its root
          = redirect        not needed: the configuration has no
                            `tls`
          ? password        skipped: it stands on `chain`
        ");
    }
}
