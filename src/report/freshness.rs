//! The words for how a state compares with the newest one. Not escaped.

use serde_json::{Value, json};

use crate::report::format::plural::plural;
use crate::resource::{Problem, to_the_second};
use crate::state::{Freshness, Newest, NoRecord, Stale, Staleness};

/// What readers of a plan or of drift must know of the state; `None` where it is the newest one.
pub fn told(freshness: &Freshness) -> Option<String> {
    match freshness {
        Freshness::Newest | Freshness::Ahead => None,
        Freshness::Unknown(reason) => {
            Some(format!("Cannot tell whether the state here is the newest one: {}.", unknown(reason)))
        }
        Freshness::Stale(stale) => Some(format!("{}. To go on, {}.", staleness(stale), way_out(stale))),
    }
}

fn unknown(reason: &NoRecord) -> String {
    match reason {
        NoRecord::Unreadable { reason, help: None } => reason.clone(),
        NoRecord::Unreadable { reason, help: Some(help) } => format!("{reason}; {help}"),
        NoRecord::Missing => "nothing is recorded of it in the cluster; the next apply does that".to_owned(),
        NoRecord::Damaged { reason } => {
            format!("the record in the cluster is damaged ({reason}); the next apply writes it anew")
        }
    }
}

/// In which way a state is not the newest one, as a sentence without its end.
pub fn staleness(stale: &Stale) -> String {
    let Stale { kind, serial, newest } = stale;
    match kind {
        Staleness::Older => format!(
            "The state here (serial {serial}) is older than the newest one (serial {}): {}",
            newest.serial,
            last_run(newest)
        ),
        Staleness::Forked => format!(
            "The state here (serial {serial}) and the newest one (serial {}) have gone different ways; on the other: {}",
            newest.serial,
            last_run(newest)
        ),
        Staleness::RunBegun(begun) => format!(
            "A run that {} began at {} on another copy of this state has not ended, or was killed: the state here \
             (serial {serial}) does not know what it did",
            begun.by,
            to_the_second(begun.at)
        ),
        Staleness::Moved(place) => {
            format!("The state has moved to `{place}`: what is here (serial {serial}) is an old copy")
        }
    }
}

fn last_run(newest: &Newest) -> String {
    let Newest { command, by, at, resources, .. } = newest;
    let left = match resources {
        0 => "nothing is left of what was applied".to_owned(),
        count => format!("it knows {count} {}", plural(*count, "resource", "resources")),
    };
    format!("{by} ran `{command}` until {}, and {left}", to_the_second(*at))
}

/// What to do about a state that is not the newest one.
pub fn way_out(stale: &Stale) -> String {
    match &stale.kind {
        Staleness::Older | Staleness::Forked => {
            "bring the newest state here: copy its folder, or `regplan state pull > FILE` there and `regplan state push \
             FILE` here; if it is lost, `regplan state rebuild` makes this one the newest"
                .to_owned()
        }
        Staleness::RunBegun(_) => {
            "wait for its end, or run the same command once more where it began, and bring that state here; if that is \
             lost, `regplan state rebuild` makes this one the newest"
                .to_owned()
        }
        Staleness::Moved(_) => {
            "let `[state]` name the place where it is; if it is to come back, move it with `regplan state migrate`"
                .to_owned()
        }
    }
}

/// That the newest state could not be recorded.
pub fn not_recorded(problem: &Problem) -> String {
    let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    format!(
        "it could not be recorded in the cluster that this is the newest state, so a plan from another copy does not \
         notice this run: {}{help}",
        problem.message
    )
}

/// The same for programs.
pub(in crate::report) fn json(freshness: &Freshness) -> Value {
    let verdict = match freshness {
        Freshness::Newest | Freshness::Ahead => "here",
        Freshness::Unknown(_) => "unknown",
        Freshness::Stale(stale) => match stale.kind {
            Staleness::Older => "newer_elsewhere",
            Staleness::Forked => "forked",
            Staleness::RunBegun(_) => "run_elsewhere",
            Staleness::Moved(_) => "moved",
        },
    };
    json!({ "verdict": verdict, "message": told(freshness) })
}
