//! What came of the checks.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::check::Check;
use crate::resource::BlockAddress;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A stable name for the kind of fault.
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub reason: String,
    /// What to do next.
    pub fix: String,
    /// What it may come from, which only the cluster can tell; `None` where there is nothing to ask.
    pub suspicion: Option<Suspicion>,
    /// What several checks fail of at once, each with the same text here; `None` where a fault stands for itself.
    pub cause: Option<String>,
}

/// What a fault may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    /// What the registry stores its images in: its volume may be full.
    Storage,
}

impl Fault {
    /// A fault of this kind.
    pub fn new(code: &'static str, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), fix: fix.into(), suspicion: None, cause: None }
    }

    /// The same of a cause that other checks may meet too.
    #[must_use]
    pub fn by(self, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }
}

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be: this was found.
    Passed(String),
    /// It is not.
    Failed(Fault),
    /// It does not concern this registry, or was not wanted.
    NotNeeded(String),
    /// It could not be looked at, so nobody knows.
    Hindered {
        /// Why.
        reason: String,
        /// What to do next; `None` where that is said at the check that it stands on.
        fix: Option<String>,
    },
}

impl Outcome {
    /// Its name in machine-readable output.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Failed(_) => "failed",
            Self::NotNeeded(_) => "not_needed",
            Self::Hindered { .. } => "skipped",
        }
    }

    /// Whether those that stand on it can go on.
    pub fn lets_pass(&self) -> bool {
        matches!(self, Self::Passed(_) | Self::NotNeeded(_))
    }
}

impl From<Result<String, Fault>> for Outcome {
    fn from(result: Result<String, Fault>) -> Self {
        result.map_or_else(Self::Failed, Self::Passed)
    }
}

/// A check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// The object by which it was looked at, where one check has several.
    pub object: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// What came of the checks of one registry or chart.
#[derive(Debug, Clone)]
pub struct Verification {
    /// The block.
    pub block: BlockAddress,
    /// The URL under which it was looked at; a chart has none.
    pub url: Option<String>,
    /// When that began.
    pub at: Timestamp,
    /// What was found, in the order of the checks.
    pub findings: Vec<Finding>,
}

/// The three results that everything is reduced to, for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All that was looked at is as it should be.
    Passed,
    /// Not everything could be looked at.
    Unknown,
    /// Something is not as it should be. This outweighs the others: it is certain.
    Failed,
}

impl Verdict {
    /// Its name in machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }

    /// The result of all together. Where nothing was looked at, nobody knows whether anything works.
    pub fn of(all: &[Verification]) -> Self {
        let worst = all.iter().map(Verification::verdict).max().unwrap_or(Self::Passed);
        let is_known = all.iter().any(|one| one.count("passed") > 0);
        if worst == Self::Passed && !is_known { Self::Unknown } else { worst }
    }
}

impl Outcome {
    /// The result that it counts as.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Passed(_) | Self::NotNeeded(_) => Verdict::Passed,
            Self::Hindered { .. } => Verdict::Unknown,
            Self::Failed(_) => Verdict::Failed,
        }
    }
}

impl Finding {
    /// What was looked at, in a word.
    pub fn name(&self) -> &str {
        self.object.as_deref().unwrap_or_else(|| self.check.name())
    }
}

impl Verification {
    /// The result of the whole.
    pub fn verdict(&self) -> Verdict {
        self.findings.iter().map(|finding| finding.outcome.verdict()).max().unwrap_or(Verdict::Passed)
    }

    /// How many outcomes have this name.
    pub fn count(&self, name: &str) -> usize {
        self.findings.iter().filter(|finding| finding.outcome.name() == name).count()
    }
}

/// The first of the checks that this one stands on, and that keeps it from being done.
pub fn hindrance(check: Check, done: &BTreeMap<Check, Outcome>) -> Option<Outcome> {
    let lacking = check.stands_on().iter().find(|below| done.get(below).is_some_and(|it| !it.lets_pass()))?;
    Some(Outcome::Hindered { reason: format!("it stands on `{}`", lacking.name()), fix: None })
}

/// What came of a check: a failure of a cause that an earlier check has told is not told again.
pub fn told_once(outcome: Outcome, done: &BTreeMap<Check, Outcome>) -> Outcome {
    let Outcome::Failed(Fault { cause: Some(cause), .. }) = &outcome else { return outcome };
    let has_told = |it: &Outcome| matches!(it, Outcome::Failed(fault) if fault.cause.as_ref() == Some(cause));
    match done.iter().find(|(_, it)| has_told(it)) {
        Some((check, _)) => Outcome::Hindered {
            reason: format!("it fails for the same reason as `{}`", check.name()),
            fix: None,
        },
        None => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verification(outcomes: Vec<Outcome>) -> Verification {
        let findings = outcomes.into_iter().map(|outcome| Finding {
            check: Check::Port,
            object: None,
            outcome,
            took: Duration::ZERO,
        });
        let block = BlockAddress::new("registry", "main");
        Verification { block, url: None, at: Timestamp::UNIX_EPOCH, findings: findings.collect() }
    }

    #[test]
    fn a_failure_outweighs_what_is_not_known() {
        let passed = || Outcome::Passed(String::new());
        let hindered = || Outcome::Hindered { reason: String::new(), fix: None };
        let failed = || Outcome::Failed(Fault::new("x", "", ""));
        assert_eq!(verification(vec![]).verdict(), Verdict::Passed);
        assert_eq!(
            verification(vec![passed(), Outcome::NotNeeded(String::new())]).verdict(),
            Verdict::Passed
        );
        assert_eq!(verification(vec![passed(), hindered()]).verdict(), Verdict::Unknown);
        assert_eq!(verification(vec![failed(), hindered(), passed()]).verdict(), Verdict::Failed);
    }

    #[test]
    fn where_nothing_was_looked_at_nobody_knows() {
        let not_needed = || verification(vec![Outcome::NotNeeded(String::new())]);
        assert_eq!(Verdict::of(&[]), Verdict::Unknown);
        assert_eq!(Verdict::of(&[not_needed()]), Verdict::Unknown);
        let passed = verification(vec![Outcome::Passed(String::new())]);
        assert_eq!(Verdict::of(&[not_needed(), passed]), Verdict::Passed);
        let failed = verification(vec![Outcome::Failed(Fault::new("x", "", ""))]);
        assert_eq!(Verdict::of(&[not_needed(), failed]), Verdict::Failed);
    }

    #[test]
    fn one_cause_is_told_once() {
        let failed = |cause: &str| Outcome::Failed(Fault::new("x", "", "").by(cause));
        let done = BTreeMap::from([
            (Check::Name, failed("no name")),
            (Check::Port, Outcome::Failed(Fault::new("x", "", ""))),
        ]);
        let again = Outcome::Hindered { reason: "it fails for the same reason as `name`".into(), fix: None };
        assert_eq!(told_once(failed("no name"), &done), again);
        for other in
            [failed("another"), Outcome::Failed(Fault::new("x", "", "")), Outcome::Passed(String::new())]
        {
            assert_eq!(told_once(other.clone(), &done), other);
        }
    }

    #[test]
    fn a_check_is_not_done_where_one_that_it_stands_on_has_failed() {
        let mut done = BTreeMap::from([
            (Check::Chain, Outcome::NotNeeded("without TLS".into())),
            (Check::Authentication, Outcome::Passed("401".into())),
        ]);
        assert_eq!(hindrance(Check::Password, &done), None);
        done.insert(Check::Names, Outcome::Failed(Fault::new("x", "", "")));
        let Some(Outcome::Hindered { reason, .. }) = hindrance(Check::Password, &done) else { panic!() };
        assert_eq!(reason, "it stands on `names`");
    }
}
