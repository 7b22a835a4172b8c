//! Two runs at once, with each backend: one of them waits or is refused, and none of them harms the other.

use rustix::process::Signal;

use super::backends::{BACKENDS, clean_up};
use super::checks;
use super::mode::Mode;
use super::shop::{PROTECTED, Version};
use crate::harness::{Ended, Namespace, Project, wait_until};

tests! {
    two_runs_at_once_do_not_meet,
    plans_while_an_apply_goes_on_see_a_whole_state,
    a_holder_that_stands_still_is_not_taken_over_and_one_that_was_killed_is,
}

const OBJECTS: usize = 20;

/// What runs at once.
const PAIRS: [[&str; 2]; 3] = [["apply", "apply"], ["apply", "destroy"], ["destroy", "destroy"]];

/// How often each pair runs.
fn rounds() -> usize {
    match Mode::here() {
        Mode::Short => 1,
        Mode::Long => 20,
    }
}

/// It did its work, or was refused because of the other one.
#[track_caller]
fn is_done_or_refused(ended: &Ended) {
    let refused = ended.exit_code() == Some(1) && ended.stderr().contains("is locked by");
    ended.check(
        ended.succeeded() || refused,
        "should have done its work, or named the one that holds the lock",
    );
}

/// An apply that nobody disturbs, and what has to be true then.
#[track_caller]
fn converges(ns: &Namespace, project: &Project<'_>, context: &str) {
    project.apply();
    project.expect_settled();
    let state = checks::pulled(project, context).unwrap();
    checks::is_settled(&state, &[], context);
    checks::agree(ns, &state, context);
    for address in PROTECTED {
        assert!(state["resources"].get(address).is_some(), "{context}: {address} is gone");
    }
    clean_up(ns);
}

fn two_runs_at_once_do_not_meet() {
    for backend in BACKENDS {
        let (ns, place) = (Namespace::new(), backend.start());
        let project = place.let_in(ns.project(), OBJECTS);
        for round in 0..rounds() {
            for pair in PAIRS {
                let runs = pair.map(|command| project.regplan([command, "--auto-approve"]).spawn());
                let ended = runs.map(|run| run.wait().any());
                ended.iter().for_each(is_done_or_refused);
                let context = format!("{}, round {round}, {pair:?} at once", backend.name);
                assert!(ended.iter().any(Ended::succeeded), "{context}: one of them should do its work");
            }
            converges(&ns, &project, backend.name);
        }
    }
}

fn plans_while_an_apply_goes_on_see_a_whole_state() {
    for backend in BACKENDS {
        let (ns, place) = (Namespace::new(), backend.start());
        let project = place.let_in(ns.project(), OBJECTS);
        for version in [Version::First, Version::Second] {
            place.write(&project, version, OBJECTS);
            let mut apply = project.regplan(["apply", "--auto-approve", "--parallelism", "2"]).spawn();
            let mut plans = 0;
            while !apply.has_ended() {
                // An object that changes while it is read is no mistake; a state that cannot be read is one.
                let plan = project.run(["plan", "--format", "json"]).any();
                plan.check(plan.succeeded(), "should have made a plan");
                project.run(["state", "list"]).any().stderr_lacks("damaged");
                plans += 1;
            }
            apply.wait().success();
            assert!(plans > 0);
        }
        converges(&ns, &project, backend.name);
    }
}

fn a_holder_that_stands_still_is_not_taken_over_and_one_that_was_killed_is() {
    // Where a lock runs out, it is taken over: `shared_state::lock` shows what becomes of such a holder.
    for backend in BACKENDS.iter().filter(|backend| backend.ends_with_process) {
        let (ns, place) = (Namespace::new(), backend.start());
        let project = place.let_in(ns.project(), OBJECTS);
        let mut holder = project.regplan(["apply", "--auto-approve", "--parallelism", "1"]).spawn();
        holder.until("created ");
        holder.signal(Signal::STOP);
        for command in ["apply", "destroy"] {
            let refused = project.run([command, "--auto-approve"]).code(1);
            refused.stderr_contains("is locked by").stderr_contains(&format!("process {}", holder.id()));
        }
        let seen = ns.list("configmap").len();
        holder.signal(Signal::CONT);
        wait_until("it goes on", || ns.list("configmap").len() > seen);
        holder.kill();
        converges(&ns, &project, backend.name);
    }
}
