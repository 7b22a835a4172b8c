//! Does all that a chart has made at random come from one run? What belongs together (an authority, and what it has signed)
//! fits only then.

use std::collections::BTreeSet;

use crate::blocks::codes;
use crate::blocks::facts::{ChartPast, GoesOn, RandomPast};
use crate::blocks::keys::span_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::list;
use crate::resource::{Address, Batch, Identity};

/// Why objects of one chart must not be of two runs.
const TOGETHER: &str = "they may belong together, as an authority and what it has signed do";

/// What to do beside a run that is under way.
const WAIT: &str = "wait for its end, and plan again";

/// The objects that have something random.
#[derive(Default)]
pub(super) struct Members {
    /// Those that are in the cluster.
    pub(super) there: Vec<Identity>,
    /// Those that are not there, and may be made.
    pub(super) absent: Vec<Identity>,
}

/// What becomes of what a chart has made at random.
#[derive(Debug, PartialEq)]
pub(super) enum Course {
    /// It stays, and what is new is of the same run from now on, where that is known.
    Stays(Option<Batch>),
    /// Nothing is there yet.
    New,
    /// A run was cut off that was to make all of it anew: that is done now.
    Resumed,
    /// The run was cut off that was to make all of it for the first time.
    Torn,
}

/// What becomes of it, by what the state knows of these objects.
pub(super) fn course(members: &Members, random: &RandomPast) -> Course {
    let Members { there, absent } = members;
    let is_recorded = |member: &Identity| random.made_by.contains_key(member);
    let is_doubted = |member: &Identity| random.in_doubt.contains(member);
    let runs: BTreeSet<_> = there.iter().filter_map(|member| random.made_by.get(member)).collect();
    let is_half_renewed = there.iter().chain(absent).any(|member| is_recorded(member) && is_doubted(member));
    if is_half_renewed || runs.len() > 1 {
        return Course::Resumed;
    }
    if there.is_empty() {
        return Course::New;
    }
    let is_of_cut_off_run = |member: &Identity| match random.made_by.get(member) {
        Some(run) => run.is_some() && *run == random.cut_off,
        None => is_doubted(member),
    };
    if !absent.is_empty() && there.iter().all(is_of_cut_off_run) {
        return Course::Torn;
    }
    let doubted = random.cut_off.as_ref().filter(|_| there.iter().any(is_doubted));
    Course::Stays(match (runs.first(), doubted) {
        (Some(run), _) => run.as_ref().map(|run| Batch::Of(run.clone())),
        (None, Some(run)) => Some(Batch::Of(run.clone())),
        (None, None) => Some(Batch::New),
    })
}

/// Says what has become of it, where that is not as a reader expects.
pub(super) fn tell(
    block: &Block,
    namespace: &str,
    members: &Members,
    course: &Course,
    past: &ChartPast,
) -> Option<Diagnostic> {
    let address = |member: &Identity| Address::object(block.address.clone(), member, Some(namespace));
    let named = |members: &[Identity]| {
        let addresses: Vec<String> = members.iter().map(|member| address(member).to_string()).collect();
        list(addresses.iter().map(String::as_str))
    };
    let (block_address, at) = (&block.address, span_of(block, ["chart"]));
    let open: Vec<Identity> = members
        .absent
        .iter()
        .filter(|member| !past.agreed.contains(&address(member).to_string()))
        .cloned()
        .collect();
    let (there, absent) = (named(&members.there), named(&open));
    match course {
        Course::Resumed => Some(resumed(&block_address.to_string(), past.random.goes_on).at(at, "")),
        _ if open.is_empty() || members.there.is_empty() => None,
        Course::Torn => {
            let consents: Vec<String> = open.iter().map(|member| format!("--consent {}", address(member))).collect();
            let torn = Torn { chart: &block_address.to_string(), there: &there, absent: &absent, consents: &consents.join(" ") };
            Some(torn.told(past.random.goes_on).at(at, ""))
        }
        Course::Stays(_) => Some(
            Diagnostic::warning(
                codes::CHART_RANDOM,
                format!(
                    "what `{block_address}` makes at random is kept in {there}, and made anew in {absent}; {TOGETHER}"
                ),
            )
            .at(at, "")
            .help(format!("where they do, make all of it anew, as one: `regplan rotate {block_address}`")),
        ),
        Course::New => None,
    }
}

/// Says that a rotation has not come to its end.
fn resumed(chart: &str, goes_on: GoesOn) -> Diagnostic {
    let what = format!("what `{chart}` makes at random: some of it is new, and some is not");
    let (message, help) = match goes_on {
        GoesOn::Yes => (format!("a run is under way that makes anew {what}"), WAIT),
        GoesOn::Perhaps => (
            format!("a run has not ended that makes anew {what}; it is under way, or was killed"),
            "where it is under way, wait for its end, and plan again; where it was killed, this plan makes all of it anew, as one",
        ),
        GoesOn::No => {
            (format!("a run was cut off that made anew {what}"), "this plan makes all of it anew, as one")
        }
    };
    Diagnostic::warning(codes::CHART_RANDOM, message).help(help)
}

/// A first apply that has not written all that its chart makes at random: the words for what there is to say of it.
struct Torn<'t> {
    chart: &'t str,
    there: &'t str,
    absent: &'t str,
    consents: &'t str,
}

impl Torn<'_> {
    fn told(&self, goes_on: GoesOn) -> Diagnostic {
        match goes_on {
            GoesOn::Yes => self.goes_on(),
            GoesOn::Perhaps => self.perhaps_goes_on(),
            GoesOn::No => self.is_cut_off(),
        }
    }

    /// It is not over.
    fn goes_on(&self) -> Diagnostic {
        let (chart, place) = (self.chart, self.place());
        let message = format!("the first apply of `{chart}` is under way: {place}");
        Diagnostic::error(codes::CHART_RANDOM, message).help(WAIT)
    }

    /// It is over.
    fn is_cut_off(&self) -> Diagnostic {
        let (chart, place) = (self.chart, self.place());
        let message = format!("the first apply of `{chart}` was cut off: {place}; {TOGETHER}");
        Diagnostic::error(codes::CHART_RANDOM, message).help(self.way_out())
    }

    /// It may be over.
    fn perhaps_goes_on(&self) -> Diagnostic {
        let (chart, place) = (self.chart, self.place());
        let message =
            format!("the first apply of `{chart}` has not ended, so it is under way, or was killed: {place}");
        let way_out = self.way_out();
        Diagnostic::error(codes::CHART_RANDOM, message).help(format!(
            "where it is under way, wait for its end, and plan again. Where it was killed, {way_out}"
        ))
    }

    fn place(&self) -> String {
        format!("what it makes at random is in {}, and not yet in {}", self.there, self.absent)
    }

    fn way_out(&self) -> String {
        format!(
            "make all of it anew, as one: `regplan rotate {}`. Where what is there is in use already (the password of a \
             database), keep it, and agree to new values beside it: `{}`",
            self.chart, self.consents
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<Identity> {
        names.iter().map(|name| Identity::namespaced("", "Secret", "a", *name)).collect()
    }

    /// What becomes of `there` and `absent`, where the state knows the runs of these, and a run is in doubt about those.
    fn of(there: &[&str], absent: &[&str], made_by: &[(&str, Option<&str>)], in_doubt: &[&str]) -> Course {
        let members = Members { there: named(there), absent: named(absent) };
        let made_by = made_by.iter().map(|(name, run)| (named(&[name]).remove(0), run.map(str::to_owned)));
        let random = RandomPast {
            made_by: made_by.collect(),
            cut_off: Some("last".to_owned()),
            goes_on: GoesOn::No,
            in_doubt: named(in_doubt).into_iter().collect(),
        };
        course(&members, &random)
    }

    fn stays(run: &str) -> Course {
        Course::Stays(Some(Batch::Of(run.to_owned())))
    }

    #[test]
    fn what_is_of_one_run_stays_and_what_is_new_joins_it() {
        assert_eq!(of(&[], &["a", "b"], &[], &[]), Course::New);
        assert_eq!(of(&["a"], &["b"], &[("a", Some("first"))], &[]), stays("first"));
        assert_eq!(of(&["a", "b"], &[], &[("a", Some("last")), ("b", Some("last"))], &[]), stays("last"));
        // A new one was perhaps made beside the old one.
        assert_eq!(of(&["a", "b"], &[], &[("a", Some("first"))], &["b"]), stays("first"));
        // An older program has not noted the run, or others have made the objects.
        assert_eq!(of(&["a"], &["b"], &[("a", None)], &[]), Course::Stays(None));
        assert_eq!(of(&["a", "b"], &[], &[], &[]), Course::Stays(Some(Batch::New)));
        assert_eq!(of(&["a", "b"], &[], &[("a", Some("first"))], &[]), stays("first"));
    }

    #[test]
    fn a_renewal_that_was_cut_off_is_done_now() {
        assert_eq!(of(&["a", "b"], &[], &[("a", Some("last")), ("b", Some("first"))], &[]), Course::Resumed);
        assert_eq!(of(&["a", "b"], &[], &[("a", Some("last")), ("b", None)], &[]), Course::Resumed);
        // Nobody knows whether it was written.
        let both = [("a", Some("first")), ("b", Some("first"))];
        assert_eq!(of(&["a", "b"], &[], &both, &["a"]), Course::Resumed);
        assert_eq!(of(&["a"], &["b"], &[("a", Some("last")), ("b", Some("first"))], &["b"]), Course::Resumed);
    }

    #[test]
    fn a_first_apply_that_was_cut_off_is_seen() {
        assert_eq!(of(&["a"], &["b"], &[("a", Some("last"))], &[]), Course::Torn);
        assert_eq!(of(&["a"], &["b"], &[], &["a", "b"]), Course::Torn);
        assert_eq!(of(&["a", "b"], &[], &[], &["a", "b"]), stays("last"));
    }
}
