//! The tests that a chart brings: which of them is ours, in which order they run, and what is said of them.

use serde_json::Value;

use super::codes;
use super::outcome::{Fault, Outcome};
use crate::kubernetes::kinds::install_rank;
use crate::resource::{BlockAddress, Desired, FieldPath, Identity, Live, Problem, ProblemKind};

/// The annotation that says whose test an object is.
const MARK: &str = "regplan.dev/verify";

/// Whose tests they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOwner {
    /// The project.
    pub project: String,
    /// The chart.
    pub chart: BlockAddress,
}

impl TestOwner {
    /// The object of a test, marked as one of these.
    pub fn marked(&self, object: &Value) -> Value {
        let mut marked = object.clone();
        mark().set(&mut marked, Value::from(self.text()));
        marked
    }

    /// Whether the object was made for one of these tests.
    pub fn has_made(&self, live: &Live) -> bool {
        live.annotation(MARK) == Some(&self.text())
    }

    fn text(&self) -> String {
        format!("{}/{}", self.project, self.chart)
    }
}

fn mark() -> FieldPath {
    FieldPath::keys(["metadata", "annotations", MARK])
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

/// What is said of a test that waits for what a chart brings beside it.
pub fn test_without(other: &Identity) -> Outcome {
    Outcome::Hindered { reason: format!("it needs {other}, which is not there"), fix: None }
}

/// A message with the lines of a log, in one line.
fn in_one_line(message: &str) -> String {
    let lines: Vec<&str> = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ").replace(":;", ":")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::{Ownership, Stamp};

    #[test]
    fn a_test_is_known_by_its_mark() {
        let owner = TestOwner { project: "p".into(), chart: BlockAddress::new("chart", "web") };
        let object = owner.marked(&json!({"kind": "Pod", "metadata": {"name": "t"}}));
        let live = |object: Value| Live {
            object,
            stamp: Stamp { uid: "u".into(), version: "1".into() },
            ownership: Ownership::default(),
        };
        assert!(owner.has_made(&live(object.clone())));
        let other = TestOwner { project: "q".into(), ..owner.clone() };
        assert!(!other.has_made(&live(object)) && !owner.has_made(&live(json!({}))));
    }

    #[test]
    fn the_lines_of_a_log_are_told_in_one() {
        let message = "it has failed\n  the last lines of Pod/t, container main:\n    one\n    two";
        assert_eq!(in_one_line(message), "it has failed; the last lines of Pod/t, container main: one; two");
    }
}
