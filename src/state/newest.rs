//! What a cluster keeps of the newest state of a project, so that a copy is noticed that is older, or that has gone
//! another way. Pure: who reads and writes it is the engine's business.
//!
//! A serial alone does not tell: two copies that both went from 5 to 6 have the same one. Runs have random names, and each
//! state knows those before it. So a copy is as new as it should be if it knows the run that was recorded last.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::RunId;
use super::model::State;

/// The newest state of a project, as it is recorded in its cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newest {
    /// Its serial.
    pub serial: u64,
    /// The end of its last run; `None` where the first run has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The runs and their ends before that, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_runs: Vec<RunId>,
    /// How many resources it knows; none where everything was destroyed.
    pub resources: usize,
    /// What that run did, as the history calls it.
    pub command: String,
    /// Who did it, as `user@host`.
    pub by: String,
    /// When this was recorded.
    pub at: Timestamp,
    /// The run that has begun since, and whose end is not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<BegunRun>,
    /// The place to which the state has moved, where that needs no such record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
}

/// A run whose end is not recorded: it is under way, or was killed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunRun {
    /// Its name.
    pub run: RunId,
    /// Who began it, as `user@host`.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// How a state compares with the newest one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Freshness {
    /// It is the newest one; or it was never applied; or it is kept where there is but one.
    #[default]
    Newest,
    /// It is newer than what is recorded: the end of its last run could not be recorded.
    Ahead,
    /// Nobody can tell.
    Unknown(NoRecord),
    /// It is not the newest one.
    Stale(Box<Stale>),
}

/// Why it cannot be told whether a state is the newest one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoRecord {
    /// The record cannot be read.
    Unreadable {
        /// Why.
        reason: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// There is none: it was not made yet, or somebody has deleted it.
    Missing,
    /// It is no such record.
    Damaged {
        /// What is wrong with it.
        reason: String,
    },
}

/// A state that is not the newest one, and what is recorded of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// In which way.
    pub kind: Staleness,
    /// Its own serial.
    pub serial: u64,
    /// The newest one.
    pub newest: Newest,
}

/// In which way a state is not the newest one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Staleness {
    /// It is a copy from before the last run.
    Older,
    /// It has gone another way: a run was recorded that it does not know, and it has one that is not recorded.
    Forked,
    /// It is a copy from before a run whose end is not recorded.
    RunBegun(BegunRun),
    /// The state has moved to this place.
    Moved(String),
}

impl Newest {
    /// What is to be recorded of this state when a run has ended.
    pub fn of(state: &State, command: &str, by: String) -> Self {
        Self {
            serial: state.serial,
            run: state.newest_run().cloned(),
            earlier_runs: state.earlier_runs.clone(),
            resources: state.resources.len(),
            command: command.to_owned(),
            by,
            at: Timestamp::now(),
            begun: None,
            moved_to: None,
        }
    }

    /// How this state compares with the newest one.
    pub fn compare(&self, state: &State) -> Freshness {
        // It knows no run, and so believes in nothing that another one could have changed.
        let Some(last) = state.newest_run() else { return Freshness::Newest };
        let stale =
            |kind| Freshness::Stale(Box::new(Stale { kind, serial: state.serial, newest: self.clone() }));
        if let Some(place) = &self.moved_to {
            return stale(Staleness::Moved(place.clone()));
        }
        match (&self.run, &self.begun) {
            (Some(run), _) if !state.knows(run) => stale(self.way_of(last, state)),
            (_, Some(begun)) if !state.knows(&begun.run) => stale(Staleness::RunBegun(begun.clone())),
            (Some(run), None) if run == last && state.serial < self.serial => stale(Staleness::Older),
            (Some(run), None) if run == last => Freshness::Newest,
            _ => Freshness::Ahead,
        }
    }

    fn way_of(&self, last: &RunId, state: &State) -> Staleness {
        // Before runs were remembered, the serial is all that tells.
        let is_of_old =
            state.earlier_runs.is_empty() && state.last_end.is_none() && state.serial < self.serial;
        if self.earlier_runs.contains(last) || is_of_old { Staleness::Older } else { Staleness::Forked }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state after these runs.
    fn after(runs: &[&RunId]) -> State {
        let mut state = State::new("p");
        for run in runs {
            state.serial += 1;
            state.end_run((*run).clone());
        }
        state
    }

    fn recorded(state: &State) -> Newest {
        Newest::of(state, "apply", "kim@laptop".to_owned())
    }

    fn kind(found: Freshness) -> Option<Staleness> {
        match found {
            Freshness::Stale(stale) => Some(stale.kind),
            _ => None,
        }
    }

    #[test]
    fn a_copy_from_before_is_older_and_one_that_went_on_by_itself_is_forked() {
        let (a, b, c) = (RunId::random(), RunId::random(), RunId::random());
        let newest = recorded(&after(&[&a, &b]));
        assert_eq!(newest.compare(&after(&[&a, &b])), Freshness::Newest);
        assert_eq!(kind(newest.compare(&after(&[&a]))), Some(Staleness::Older));
        assert_eq!(kind(newest.compare(&after(&[&a, &c]))), Some(Staleness::Forked), "the same serial");
        assert_eq!(kind(newest.compare(&after(&[&a, &c, &c]))), Some(Staleness::Forked), "a higher serial");
        assert_eq!(newest.compare(&after(&[&a, &b, &c])), Freshness::Ahead);
        assert_eq!(newest.compare(&after(&[])), Freshness::Newest, "it knows nothing");
    }

    #[test]
    fn a_copy_from_the_middle_of_a_run_has_another_end_of_it() {
        let (a, b) = (RunId::random(), RunId::random());
        let mut whole = after(&[&a, &b]);
        let mut half = whole.clone();
        whole.last_end = Some(RunId::standing_for("all of it"));
        half.last_end = Some(RunId::standing_for("half of it"));
        let newest = recorded(&whole);
        assert_eq!(newest.compare(&whole), Freshness::Newest);
        assert_eq!(kind(newest.compare(&half)), Some(Staleness::Forked));
        whole.end_run(RunId::random());
        assert_eq!(newest.compare(&whole), Freshness::Ahead);
    }

    #[test]
    fn what_a_state_has_changed_without_a_run_makes_it_no_other_one() {
        let run = RunId::random();
        let mut edited = after(&[&run]);
        let newest = recorded(&edited);
        edited.serial += 1;
        assert_eq!(newest.compare(&edited), Freshness::Newest);
        let newest = recorded(&edited);
        assert_eq!(kind(newest.compare(&after(&[&run]))), Some(Staleness::Older));
    }

    #[test]
    fn a_run_that_has_begun_is_known_by_its_own_state_alone() {
        let (a, b) = (RunId::random(), RunId::random());
        let begun = BegunRun { run: b.clone(), by: "kim@laptop".to_owned(), at: Timestamp::now() };
        let newest = Newest { begun: Some(begun.clone()), ..recorded(&after(&[&a])) };
        assert_eq!(newest.compare(&after(&[&a, &b])), Freshness::Ahead);
        assert_eq!(kind(newest.compare(&after(&[&a]))), Some(Staleness::RunBegun(begun)));
        let first = Newest { run: None, earlier_runs: Vec::new(), ..newest };
        assert_eq!(first.compare(&after(&[&b])), Freshness::Ahead);
    }

    #[test]
    fn a_state_that_remembers_no_runs_is_told_apart_by_its_serial() {
        let (old, new) = (RunId::random(), RunId::random());
        let newest = Newest { earlier_runs: Vec::new(), ..recorded(&after(&[&old, &new])) };
        assert_eq!(kind(newest.compare(&after(&[&old]))), Some(Staleness::Older));
    }

    #[test]
    fn a_state_that_has_moved_away_is_told_to_every_copy() {
        let run = RunId::random();
        let newest = Newest { moved_to: Some("s3://states/p".to_owned()), ..recorded(&after(&[&run])) };
        assert_eq!(kind(newest.compare(&after(&[&run]))), Some(Staleness::Moved("s3://states/p".to_owned())));
    }
}
