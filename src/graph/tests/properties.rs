//! What holds for every graph.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const NODES: usize = 24;

type Pairs = Vec<(usize, usize)>;

/// Any edges at all, cycles included.
fn pairs() -> impl Strategy<Value = Pairs> {
    prop::collection::vec((0..NODES, 0..NODES), 0..70)
}

/// What each key waits for, directly or not, over keys that are passed through as well.
fn reach(pairs: &[(usize, usize)]) -> BTreeMap<usize, BTreeSet<usize>> {
    (0..NODES)
        .map(|start| {
            let mut seen = BTreeSet::new();
            let mut open = vec![start];
            while let Some(node) = open.pop() {
                for (_, to) in pairs.iter().filter(|(from, _)| *from == node) {
                    if seen.insert(*to) {
                        open.push(*to);
                    }
                }
            }
            (start, seen)
        })
        .collect()
}

/// The pairs that go downwards: without cycles.
fn downwards(pairs: &Pairs) -> Pairs {
    pairs.iter().filter(|(a, b)| a != b).map(|&(a, b)| (a.max(b), a.min(b))).collect()
}

/// Resources with explicit edges, and inferred ones of two strengths: routes may name any object as a
/// parent or a backend, other routes included.
fn routes(explicit: &Pairs, parents: &Pairs, backends: &Pairs) -> Vec<Desired> {
    let name = |node: usize| format!("n{node:02}");
    let refs = |pairs: &Pairs, node: usize| -> Vec<Value> {
        let of_node = pairs.iter().filter(|(from, _)| *from == node);
        let route =
            |to: usize| json!({"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": name(to)});
        of_node.map(|(_, to)| route(*to)).collect()
    };
    (0..NODES)
        .map(|node| {
            let rules = [json!({"backendRefs": refs(backends, node)})];
            let spec = json!({"spec": {"parentRefs": refs(parents, node), "rules": rules}});
            let api_version = "gateway.networking.k8s.io/v1";
            let mut desired = resource(&format!("resource.{}", name(node)), api_version, "HTTPRoute", spec);
            for (_, to) in explicit.iter().filter(|(from, _)| *from == node) {
                desired.depends_on.push((address(&format!("resource.{}", name(*to))), None));
            }
            desired
        })
        .collect()
}

proptest! {
    #[test]
    fn an_order_respects_every_edge_that_closes_no_cycle(pairs in pairs()) {
        let order = Order::from_edges(0..NODES, pairs.clone());
        let sorted = order.sorted();
        prop_assert_eq!(sorted.iter().copied().collect::<BTreeSet<_>>().len(), NODES);
        prop_assert_eq!(sorted.len(), NODES);
        let place = |node: usize| sorted.iter().position(|other| *other == node);
        // The rule, said the slow way: an edge stays if its end does not reach its start yet.
        let mut kept: Pairs = Vec::new();
        for &(from, to) in &pairs {
            if from != to && !reach(&kept)[&to].contains(&from) {
                kept.push((from, to));
            }
        }
        for &(from, to) in &kept {
            prop_assert!(place(to) < place(from));
        }
        let left = pairs.len() - kept.len();
        let stays = super::super::cycle::staying(NODES, &pairs);
        prop_assert_eq!(stays.iter().filter(|stays| !**stays).count(), left);
    }

    #[test]
    fn every_key_is_given_out_once_and_never_too_early(
        pairs in pairs(), own in prop::collection::btree_set(0..NODES, 0..NODES), destroy: bool, picks: Vec<u8>,
    ) {
        let pairs = downwards(&pairs);
        let reach = reach(&pairs);
        let direction = if destroy { Direction::Destroy } else { Direction::Apply };
        let mut queue = Order::from_edges(own.clone(), pairs).queue(direction);
        let mut ready = queue.ready();
        prop_assert!(queue.ready().is_empty());
        let mut picks = picks.into_iter();
        let mut finished = BTreeSet::new();
        while !ready.is_empty() {
            let pick = usize::from(picks.next().unwrap_or(0)) % ready.len();
            let next = ready.swap_remove(pick);
            for other in &own {
                let comes_after = if destroy { &reach[other] } else { &reach[&next] };
                let what = if destroy { next } else { *other };
                if comes_after.contains(&what) {
                    prop_assert!(finished.contains(other), "{next} before {other}");
                }
            }
            ready.extend(queue.finish(&next));
            prop_assert!(queue.finish(&next).is_empty() && queue.fail(&next).is_empty());
            prop_assert!(finished.insert(next));
        }
        prop_assert!(queue.waiting().is_empty());
        prop_assert_eq!(finished, own);
    }

    #[test]
    fn a_failure_skips_exactly_what_waits_for_it(
        pairs in pairs(), own in prop::collection::btree_set(0..NODES, 1..NODES), pick in any::<prop::sample::Index>(),
    ) {
        let pairs = downwards(&pairs);
        let reach = reach(&pairs);
        let failing = *pick.get(&own.iter().copied().collect::<Vec<_>>());
        let mut queue = Order::from_edges(own.clone(), pairs).queue(Direction::Apply);
        let (mut ready, mut finished, mut skipped) = (queue.ready(), BTreeSet::new(), BTreeSet::new());
        while let Some(next) = ready.pop() {
            if next == failing {
                skipped.extend(queue.fail(&next));
            } else {
                ready.extend(queue.finish(&next));
                finished.insert(next);
            }
        }
        let expected: BTreeSet<usize> = own.iter().copied().filter(|node| reach[node].contains(&failing)).collect();
        prop_assert_eq!(&skipped, &expected);
        prop_assert_eq!(finished.len() + skipped.len() + 1, own.len());
        prop_assert!(queue.waiting().is_empty());
    }

    #[test]
    fn a_graph_keeps_what_is_written_and_comes_in_any_order(
        explicit in pairs(), parents in pairs(), backends in pairs(), seed in prop::collection::vec(any::<u32>(), NODES),
    ) {
        let explicit = downwards(&explicit);
        let desired = routes(&explicit, &parents, &backends);
        let mut shuffled: Vec<(u32, Desired)> = seed.into_iter().zip(desired.clone()).collect();
        shuffled.sort_by_key(|(key, _)| *key);
        let graph = build(desired);
        let other = build(shuffled.into_iter().map(|(_, desired)| desired).collect());
        prop_assert_eq!(graph.order(), other.order());
        prop_assert_eq!(graph.edges().collect::<Vec<_>>(), other.edges().collect::<Vec<_>>());
        prop_assert_eq!(graph.yielded(), other.yielded());
        prop_assert_eq!(dot(&graph), dot(&other));

        let order = graph.order();
        let place = |address: &Address| order.iter().position(|other| other == address);
        prop_assert_eq!(order.len(), NODES);
        for edge in graph.edges() {
            prop_assert!(place(edge.to) < place(edge.from));
        }
        let wanted = explicit.iter().chain(&parents).chain(&backends).filter(|(a, b)| a != b);
        let wanted: BTreeSet<(usize, usize)> = wanted.copied().collect();
        prop_assert_eq!(graph.edges().count() + graph.yielded().len(), wanted.len());
        for yielded in graph.yielded() {
            prop_assert!(yielded.reasons.iter().all(|reason| reason.strength().is_some()));
            // It would have closed a cycle: the other end waits for this one already.
            prop_assert!(graph.closure_of(std::slice::from_ref(&yielded.to)).unwrap().contains(&yielded.from));
        }
    }

    #[test]
    fn a_drawing_says_as_much_with_fewer_lines(pairs in pairs()) {
        let graph = build(routes(&downwards(&pairs), &Vec::new(), &Vec::new()));
        let drawing = super::super::drawing::draw(&graph);
        let lines: Pairs = drawing.edges.iter().map(|(from, to, _)| (*from, *to)).collect();
        let full: Pairs = downwards(&pairs);
        prop_assert_eq!(reach(&lines), reach(&full));
        for at in 0..lines.len() {
            let mut fewer = lines.clone();
            fewer.remove(at);
            prop_assert_ne!(reach(&fewer), reach(&full));
        }
    }
}
