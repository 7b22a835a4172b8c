//! How long the tests took: the slowest of them, and whether all together stay within a budget.
//!
//! The budget is for all tests on a machine with two cores and no other work. A run over the budget is no failure,
//! because a busy machine takes longer too. But the run warns, so that a suite that becomes slow is noticed.

use std::fmt::{self, Display, Formatter};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

tests! {
    the_budget_is_for_all_tests_on_enough_cores,
    another_budget_can_be_set_and_none,
    the_report_names_the_slowest_and_warns_only_over_the_budget,
    a_feature_with_a_budget_of_its_own_is_measured_from_its_first_test_to_its_last,
}

/// The environment variable with another budget in seconds, for a slower machine, or `off`.
const VARIABLE: &str = "REGPLAN_TEST_BUDGET";

/// What all tests together may take.
const BUDGET: Duration = Duration::from_mins(4);

/// The cores that the budget is made for.
const CORES: usize = 2;

/// How many of the slowest tests are named.
const SLOWEST: usize = 10;

/// What each test took, in the order in which they ended.
#[derive(Debug, Default)]
pub(crate) struct Times(Mutex<Vec<Noted>>);

/// A test that has ended.
#[derive(Debug, Clone)]
struct Noted {
    test: String,
    started: Instant,
    time: Duration,
}

impl Times {
    /// Notes when a test has started, and what it took.
    pub(crate) fn note(&self, test: &str, started: Instant, time: Duration) {
        self.noted().push(Noted { test: test.to_owned(), started, time });
    }

    /// The slowest tests, the slowest of them first.
    pub(crate) fn slowest(&self) -> Vec<(String, Duration)> {
        let mut times: Vec<_> = self.noted().iter().map(|noted| (noted.test.clone(), noted.time)).collect();
        times.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        times.truncate(SLOWEST);
        times
    }

    /// What the tests of a feature with a budget of its own took; `None` where none of them ran.
    pub(crate) fn share(&self, feature: &'static str, budget: Duration) -> Option<Share> {
        let noted = self.noted();
        let of_feature = || noted.iter().filter(|noted| noted.test.starts_with(feature));
        let first = of_feature().map(|noted| noted.started).min()?;
        let last = of_feature().map(|noted| noted.started + noted.time).max()?;
        Some(Share { feature, tests: of_feature().count(), time: last - first, budget })
    }

    fn noted(&self) -> MutexGuard<'_, Vec<Noted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the tests of one feature took, and what they may take.
#[derive(Debug)]
pub(crate) struct Share {
    /// The beginning of their names.
    feature: &'static str,
    tests: usize,
    /// From the start of the first of them to the end of the last one: so long a run waits for them.
    time: Duration,
    budget: Duration,
}

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { feature, tests, time, budget } = self;
        write!(f, "{feature} {tests} tests, from the first to the last: {:.1} s; ", time.as_secs_f64())?;
        if time <= budget {
            return writeln!(f, "within the budget of {} s", budget.as_secs());
        }
        writeln!(f, "OVER the budget of {} s", budget.as_secs())?;
        writeln!(f, "warning: {feature} has become too slow, or the machine is busy with something else")
    }
}

/// What a run of tests is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Budget {
    /// This much time.
    Time(Duration),
    /// Nothing, and why.
    None(String),
}

impl Budget {
    /// The budget for this machine and environment, when so many tests were left out.
    pub(crate) fn here(left_out: u64) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let wish = std::env::var(VARIABLE).ok();
        Self::choose(wish.as_deref(), cores, left_out)
    }

    /// Some tests alone are never compared. Then comes what the environment says, and then the number of cores.
    fn choose(wish: Option<&str>, cores: usize, left_out: u64) -> Self {
        if left_out > 0 {
            return Self::None("it is for all tests, and some were left out".into());
        }
        match wish {
            Some("off") => Self::None(format!("{VARIABLE} is off")),
            Some(wish) => wish.parse().map_or_else(
                |_| Self::None(format!("{VARIABLE} is neither `off` nor a number of seconds: {wish}")),
                |seconds| Self::Time(Duration::from_secs(seconds)),
            ),
            None if cores < CORES => Self::None(format!("it is for {CORES} cores, and here is {cores}")),
            None => Self::Time(BUDGET),
        }
    }
}

/// The report at the end of a run.
#[derive(Debug)]
pub(crate) struct Report {
    /// From [`Times::slowest`].
    pub(crate) slowest: Vec<(String, Duration)>,
    /// How many tests ran.
    pub(crate) tests: u64,
    /// What all of them took.
    pub(crate) total: Duration,
    /// How many ran at the same time.
    pub(crate) at_once: usize,
    /// What they may take.
    pub(crate) budget: Budget,
    /// The tests of features that have a budget of their own.
    pub(crate) shares: Vec<Share>,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "slowest tests, in seconds")?;
        for (name, time) in &self.slowest {
            writeln!(f, "{:8.1}  {name}", time.as_secs_f64())?;
        }
        self.shares.iter().try_for_each(|share| share.fmt(f))?;
        let Self { tests, at_once, .. } = self;
        write!(f, "{tests} tests, {at_once} at once: {:.1} s; ", self.total.as_secs_f64())?;
        match &self.budget {
            Budget::None(why) => writeln!(f, "not compared with the budget ({why})"),
            Budget::Time(budget) if self.total <= *budget => {
                writeln!(f, "within the budget of {} s", budget.as_secs())
            }
            Budget::Time(budget) => {
                writeln!(f, "OVER the budget of {} s", budget.as_secs())?;
                writeln!(
                    f,
                    "warning: the tests have become too slow, or the machine is busy with something else"
                )
            }
        }
    }
}

fn the_budget_is_for_all_tests_on_enough_cores() {
    assert_eq!(Budget::choose(None, 2, 0), Budget::Time(BUDGET));
    assert_eq!(Budget::choose(None, 64, 0), Budget::Time(BUDGET));
    let Budget::None(why) = Budget::choose(None, 1, 0) else { panic!("one core is compared") };
    assert_eq!(why, "it is for 2 cores, and here is 1");
    let Budget::None(why) = Budget::choose(Some("60"), 2, 3) else { panic!("some tests are compared") };
    assert!(why.contains("some were left out"), "{why}");
}

fn another_budget_can_be_set_and_none() {
    assert_eq!(Budget::choose(Some("600"), 1, 0), Budget::Time(Duration::from_mins(10)));
    for (wish, word) in [("off", "is off"), ("soon", "neither `off` nor a number of seconds: soon")] {
        let Budget::None(why) = Budget::choose(Some(wish), 2, 0) else { panic!("{wish} is compared") };
        assert!(why.contains(word), "{why}");
    }
}

fn the_report_names_the_slowest_and_warns_only_over_the_budget() {
    let times = Times::default();
    for second in 1..=12 {
        times.note(&format!("module::test_{second}"), Instant::now(), Duration::from_secs(second));
    }
    let slowest = times.slowest();
    assert_eq!((slowest.len(), slowest[0].0.as_str()), (SLOWEST, "module::test_12"));
    let report = |seconds: u64, budget: Budget| {
        let slowest = vec![("module::slow".to_owned(), Duration::from_millis(12_340))];
        let total = Duration::from_secs(seconds);
        Report { slowest, tests: 13, total, at_once: 6, budget, shares: Vec::new() }.to_string()
    };
    let within = report(240, Budget::Time(BUDGET));
    assert_eq!(
        within,
        "slowest tests, in seconds\n    12.3  module::slow\n\
         13 tests, 6 at once: 240.0 s; within the budget of 240 s\n"
    );
    let over = report(241, Budget::Time(BUDGET));
    assert!(over.contains("241.0 s; OVER the budget of 240 s\nwarning: "), "{over}");
    let other = report(241, Budget::None("the reason".into()));
    assert!(other.contains("not compared with the budget (the reason)"), "{other}");
    assert!(!other.contains("warning"), "{other}");
}

fn a_feature_with_a_budget_of_its_own_is_measured_from_its_first_test_to_its_last() {
    let (times, begun) = (Times::default(), Instant::now());
    let seconds = Duration::from_secs;
    for (test, start, time) in [("force::b", 20, 160), ("force::a", 10, 30), ("others::c", 0, 500)] {
        times.note(test, begun + seconds(start), seconds(time));
    }
    let share = |budget| times.share("force::", seconds(budget)).unwrap().to_string();
    assert_eq!(
        share(170),
        "force:: 2 tests, from the first to the last: 170.0 s; within the budget of 170 s\n"
    );
    assert!(share(169).contains("OVER the budget of 169 s\nwarning: force:: has"), "{}", share(169));
    assert!(times.share("none::", seconds(1)).is_none());
}
