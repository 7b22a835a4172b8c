//! The charts that the state has and the cluster has lost: others have deleted all of it, with its namespace, say. They are
//! installed anew, and so their hooks of an installation run again.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::chart_past::{is_of, moment};
use crate::config::Moves;
use crate::provider::Provider;
use crate::resource::{Address, BlockAddress, Moment, Reading, Target};
use crate::state::{State, StoredResource};

/// Those of these charts with hooks of which nothing is left. One object that is there, or that cannot be read, is enough: so
/// for most charts a single one is asked for.
pub(super) async fn lost_charts(
    charts: BTreeSet<&BlockAddress>,
    state: &State,
    moves: &Moves,
    provider: &dyn Provider,
) -> BTreeSet<BlockAddress> {
    let questions = charts.into_iter().map(async |chart| {
        let all = witnesses(state, moves, chart);
        let (first, others) = all.split_first()?;
        let is_lost =
            are_gone(std::slice::from_ref(first), provider).await && are_gone(others, provider).await;
        is_lost.then(|| chart.clone())
    });
    join_all(questions).await.into_iter().flatten().collect()
}

/// The objects that tell whether something is left of a chart that was there, and has hooks; none of another one. Those that are
/// there for ever come first, and what hooks have left is the last. What lies in no namespace outlives that of its chart, as it
/// would outlive a release of Helm: it counts only where the chart has nothing else.
fn witnesses(state: &State, moves: &Moves, chart: &BlockAddress) -> Vec<Target> {
    let of_chart = || state.resources.iter().filter(|(address, _)| is_of(moves, address, chart));
    if moment(state, moves, chart) != Moment::Upgrade || !of_chart().any(|(_, known)| known.hook.is_some()) {
        return Vec::new();
    }
    let objects = || of_chart().filter(|(_, known)| known.hook.is_none());
    let is_within = |known: &StoredResource| known.identity.namespace.is_some();
    let has_some_within = objects().any(|(_, known)| is_within(known));
    let counts = |(_, known): &(&Address, &StoredResource)| !has_some_within || is_within(known);
    let left_of_hooks = of_chart().filter(|(_, known)| known.hook.is_some());
    objects().chain(left_of_hooks).filter(counts).map(|(_, known)| known.target()).collect()
}

async fn are_gone(targets: &[Target], provider: &dyn Provider) -> bool {
    targets.is_empty()
        || provider.read(targets).await.iter().all(|reading| matches!(reading, Reading::Absent))
}

/// What a plan says of these charts.
pub(super) fn notes(lost: &BTreeSet<BlockAddress>) -> Vec<String> {
    let note = |chart: &BlockAddress| {
        format!(
            "Nothing of {chart} is left in its namespace, though it was applied: others have deleted it. It is installed anew, \
             with its hooks of an installation."
        )
    };
    lost.iter().map(note).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Moved;
    use crate::diagnostic::{SourceId, Span};
    use crate::resource::Identity;
    use crate::state::{Provenance, Readiness};

    fn state(objects: &[(&str, Option<Moment>)]) -> State {
        let mut state = State::new("p");
        for (name, hook) in objects {
            let identity = match name.strip_prefix("cluster-") {
                Some(name) => Identity::cluster("", "Namespace", name),
                None => Identity::namespaced("", "ConfigMap", "a", *name),
            };
            let readiness = match hook {
                Some(_) => Readiness::Completed { content: "c".into() },
                None => Readiness::Ready,
            };
            let target = Target { identity, version: None };
            let known = StoredResource {
                hook: *hook,
                readiness,
                ..StoredResource::new(target, "u", Provenance::Created)
            };
            state.resources.insert(format!("chart.web/ConfigMap/{name}").parse().unwrap(), known);
        }
        state
    }

    #[test]
    fn what_tells_of_a_chart_lies_in_its_namespace() {
        let names = |objects: &[(&str, Option<Moment>)]| {
            let found = witnesses(&state(objects), &Moves::default(), &BlockAddress::new("chart", "web"));
            found.into_iter().map(|target| target.identity.name).collect::<Vec<_>>()
        };
        let (object, hook) = (("b", None), ("a", Some(Moment::Install)));
        assert_eq!(names(&[object, hook, ("cluster-c", None)]), ["b", "a"]);
        assert_eq!(names(&[hook, ("cluster-c", None)]), ["c", "a"]);
        assert!(names(&[object]).is_empty(), "nothing of it runs");
        assert!(names(&[hook]).is_empty(), "it was never installed as a whole");
    }

    #[test]
    fn a_chart_that_has_another_name_now_is_looked_for_under_the_old_one() {
        let state = state(&[("b", None), ("a", Some(Moment::Install))]);
        let span = Span { source: SourceId(0), start: 0, end: 0 };
        let moved = Moved {
            from: "chart.web".parse().unwrap(),
            to: "chart.site".parse().unwrap(),
            from_span: span,
            to_span: span,
        };
        let moves = Moves { moved: vec![moved], removed: Vec::new() };
        assert_eq!(witnesses(&state, &moves, &BlockAddress::new("chart", "site")).len(), 2);
        assert!(witnesses(&state, &moves, &BlockAddress::new("chart", "other")).is_empty());
    }
}
