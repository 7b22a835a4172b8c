//! The tests that a chart brings: which of them is ours, in which order they run, and what is said of them.

use serde_json::Value;

use super::codes;
use super::outcome::{Fault, Outcome};
use super::probe::Maker;
use crate::kubernetes::kinds::install_rank;
use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT, RUN, TEST, is_test_of, tests_of};
use crate::resource::{Address, BlockAddress, Desired, FieldPath, Identity, Live, Problem, ProblemKind};

/// Whose tests they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOwner {
    /// The project.
    pub project: String,
    /// The lineage of its state.
    pub lineage: String,
    /// The chart.
    pub chart: BlockAddress,
    /// The run that makes them now.
    pub run: Maker,
}

/// Who has the object of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestHolder {
    /// This run.
    Us,
    /// Another run of the same tests, which may still go on.
    Run(Maker),
    /// Nobody: it is left of a run of the same tests that has ended.
    Nobody,
    /// An apply of this project, which runs it as well.
    Apply,
    /// This project: it is no run, and is there for ever.
    Chart,
    /// Somebody who has not made it for these tests.
    Others,
}

impl TestOwner {
    /// The object of a test, marked as one of these that this run uses.
    pub fn marked(&self, object: &Value) -> Value {
        with_mark(object, format!("{} {}", self.tests(), self.run.tag()))
    }

    /// The object of a test, marked as one of these that no run uses any more.
    pub fn let_go(&self, object: &Value) -> Value {
        with_mark(object, self.tests())
    }

    /// Who has the object of a test with this address. `has_ended` says whether another run has.
    pub fn holder(&self, test: &Address, live: &Live, has_ended: impl Fn(&Maker) -> bool) -> TestHolder {
        if !is_test_of(live, &self.project, &self.chart) {
            return self.maker_of(test, live);
        }
        let mark = live.annotation(TEST).unwrap_or_default();
        match mark.split_once(' ').map(|(_, run)| run).and_then(Maker::of_tag) {
            Some(run) if run == self.run => TestHolder::Us,
            Some(run) if !has_ended(&run) => TestHolder::Run(run),
            Some(_) | None => TestHolder::Nobody,
        }
    }

    /// Who has made what is no test.
    fn maker_of(&self, test: &Address, live: &Live) -> TestHolder {
        let is_ours = live.annotation(PROJECT) == Some(self.project.as_str())
            && live.annotation(LINEAGE) == Some(self.lineage.as_str())
            && live.annotation(ADDRESS) == Some(test.to_string().as_str());
        match live.annotation(RUN) {
            _ if !is_ours => TestHolder::Others,
            Some(_) => TestHolder::Apply,
            None => TestHolder::Chart,
        }
    }

    fn tests(&self) -> String {
        tests_of(&self.project, &self.chart)
    }
}

fn with_mark(object: &Value, text: String) -> Value {
    let mut marked = object.clone();
    FieldPath::keys(["metadata", "annotations", TEST]).set(&mut marked, Value::from(text));
    marked
}

/// The place of a test among the others, as Helm has it.
pub fn place_of_test(test: &Desired) -> (i64, usize, &str) {
    let weight = test.hook.as_ref().map_or(0, |hook| hook.weight);
    (weight, install_rank(&test.identity.kind), &test.identity.name)
}

/// Whether it does its work and ends. All else that a chart brings for its tests is there for those that do.
pub fn is_test_itself(test: &Identity) -> bool {
    test.is("batch", "Job") || test.is("", "Pod")
}

/// What is said of a test that has not done its work.
pub fn test_failed(test: &Identity, problem: &Problem) -> Fault {
    Fault::new(
        codes::TEST_FAILED,
        format!("{test}: {}", in_one_line(&problem.message)),
        "look at what the chart tests there",
    )
}

/// What is said of a test whose object cannot be made.
pub fn test_refused(test: &Identity, problem: &Problem) -> Fault {
    let fix = match problem.kind {
        ProblemKind::Forbidden => {
            "it takes the right to create, get, watch, patch and delete what the tests of a chart are made of"
        }
        _ => "look at what the namespace lets pods do: quotas, policies, pod security",
    };
    Fault::new(codes::TEST_REFUSED, format!("{test} cannot be made: {}", in_one_line(&problem.message)), fix)
}

/// What is said where another object has the name of a test.
pub fn test_in_the_way(test: &Identity) -> Fault {
    Fault::new(
        codes::TEST_REFUSED,
        format!("{test} is there already, and this project has not made it by `regplan verify`"),
        "delete it if it is left of `helm test`",
    )
}

/// What is said of a test that another run has, and of those that come after it.
pub fn test_of_other_run(test: &Identity, run: &Maker) -> Outcome {
    Outcome::Hindered {
        reason: format!("{test} is of another run, which may still go on"),
        fix: Some(format!("wait until it has ended; from {} on it counts as ended", run.until)),
    }
}

/// What is said of a test that an apply runs as well, and is about to run or to use.
pub fn test_beside_apply(test: &Identity) -> Outcome {
    Outcome::Hindered {
        reason: format!("{test} is run by an apply, which goes on, or may go on"),
        fix: Some("wait until it has ended".to_owned()),
    }
}

/// What is said of a test that an apply has begun, and that goes on without it.
pub fn test_begun_by_apply(test: &Identity) -> Outcome {
    Outcome::Hindered {
        reason: format!("{test} is run by an apply, and has not ended"),
        fix: Some("wait until it has ended, or delete it".to_owned()),
    }
}

/// What is said of the object of a test that is still there when nobody waits for its end any more.
pub fn test_left(test: &Identity, why: &str) -> Fault {
    Fault::new(
        codes::LEFT_BEHIND,
        format!("{test} cannot be deleted: {}", in_one_line(why)),
        "delete it: it is only a test",
    )
}

/// What is said of a test that waits for what a chart brings beside it.
pub fn test_without(other: &Identity) -> Outcome {
    Outcome::Hindered { reason: format!("it needs {other}, which could not be made"), fix: None }
}

/// A message with the lines of a log, in one line.
fn in_one_line(message: &str) -> String {
    let lines: Vec<&str> = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ").replace(":;", ":")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::resource::{Ownership, Stamp};

    #[test]
    fn a_test_is_known_by_its_mark() {
        let run = Maker::here("one", Timestamp::from_second(1_000).unwrap(), 1);
        let (chart, address) = (BlockAddress::new("chart", "web"), "chart.web/Pod/t".parse().unwrap());
        let owner = TestOwner { project: "p".into(), lineage: "l".into(), chart, run: run.clone() };
        let plain = json!({"kind": "Pod", "metadata": {"name": "t"}});
        let holder = |owner: &TestOwner, object: Value, is_ended: bool| {
            let stamp = Stamp { uid: "u".into(), version: "1".into() };
            owner.holder(&address, &Live { object, stamp, ownership: Ownership::default() }, |_| is_ended)
        };
        let marked = owner.marked(&plain);
        assert_eq!(holder(&owner, marked.clone(), true), TestHolder::Us);
        let later = TestOwner { run: Maker { number: 2, ..run.clone() }, ..owner.clone() };
        assert_eq!(holder(&later, marked.clone(), false), TestHolder::Run(run));
        assert_eq!(holder(&later, marked.clone(), true), TestHolder::Nobody);
        assert_eq!(holder(&later, owner.let_go(&marked), false), TestHolder::Nobody);
        let other = TestOwner { project: "q".into(), ..owner.clone() };
        assert_eq!(holder(&other, marked, true), TestHolder::Others);
        assert_eq!(holder(&owner, plain, true), TestHolder::Others);
        let applied = |lineage: &str, more: Value| {
            let mut marks = json!({PROJECT: "p", LINEAGE: lineage, ADDRESS: "chart.web/Pod/t"});
            marks.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            holder(&owner, json!({"kind": "Pod", "metadata": {"name": "t", "annotations": marks}}), true)
        };
        assert_eq!(applied("l", json!({RUN: "sha256:a"})), TestHolder::Apply);
        assert_eq!(applied("l", json!({})), TestHolder::Chart);
        assert_eq!(applied("m", json!({RUN: "sha256:a"})), TestHolder::Others);
        assert_eq!(applied("l", json!({ADDRESS: "chart.other/Pod/t"})), TestHolder::Others);
    }

    #[test]
    fn the_lines_of_a_log_are_told_in_one() {
        let message = "it has failed\n  the last lines of Pod/t, container main:\n    one\n    two";
        assert_eq!(in_one_line(message), "it has failed; the last lines of Pod/t, container main: one; two");
    }
}
