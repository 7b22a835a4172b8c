//! In which order the hooks of a chart run, and what of the chart they come before or after.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::model::Graph;
use crate::kubernetes::kinds::{install_rank, is_definition, is_namespace};
use crate::resource::{Address, BlockAddress, Desired, Hook, Side};

/// What a chart has.
#[derive(Default)]
struct Parts<'g> {
    /// What runs before the objects, in order.
    before: Vec<&'g Desired>,
    /// The objects that are there for ever.
    objects: Vec<&'g Desired>,
    /// What runs after them, in order.
    after: Vec<&'g Desired>,
}

impl Graph {
    /// What each resource awaits because of the hooks of its chart, beside what it depends on.
    ///
    /// They run one after the other: by weight, then by kind, then by name. Definitions and namespaces come first, and so
    /// does whatever a hook needs itself: what objects need of each other is stronger than this order.
    pub fn hook_order(&self) -> BTreeMap<Address, Vec<Address>> {
        let mut order = HookOrder::of(self);
        for parts in self.charts_with_hooks().into_values() {
            let (first, others): (Vec<&Desired>, Vec<&Desired>) = parts
                .objects
                .into_iter()
                .partition(|object| is_definition(&object.identity) || is_namespace(&object.identity));
            order.one_after_the_other(&parts.before);
            order.all_after(&parts.before, &first);
            order.all_after(&others, &parts.before);
            order.one_after_the_other(&parts.after);
            order.all_after(&parts.after, &parts.before);
            order.all_after(&parts.after, &first);
            order.all_after(&parts.after, &others);
        }
        order.found
    }

    /// The charts of which something runs now.
    fn charts_with_hooks(&self) -> BTreeMap<&BlockAddress, Parts<'_>> {
        let mut charts: BTreeMap<&BlockAddress, Parts<'_>> = BTreeMap::new();
        let runs = |desired: &Desired| desired.hook.as_ref().is_some_and(|hook| hook.side().is_some());
        let blocks: HashSet<&BlockAddress> =
            self.resources().filter(|desired| runs(desired)).map(|desired| &desired.address.block).collect();
        for desired in self.resources().filter(|desired| blocks.contains(&desired.address.block)) {
            let parts = charts.entry(&desired.address.block).or_default();
            match desired.hook.as_ref().map(Hook::side) {
                None => parts.objects.push(desired),
                Some(Some(Side::Before)) => parts.before.push(desired),
                Some(Some(Side::After)) => parts.after.push(desired),
                Some(None) => {}
            }
        }
        for parts in charts.values_mut() {
            parts.before.sort_by_key(|hook| place(hook));
            parts.after.sort_by_key(|hook| place(hook));
        }
        charts
    }
}

/// The place of a hook among those of the same phase.
fn place(hook: &Desired) -> (i64, usize, &str) {
    let weight = hook.hook.as_ref().map_or(0, |hook| hook.weight);
    (weight, install_rank(&hook.identity.kind), &hook.identity.name)
}

/// What awaits what, found so far.
struct HookOrder<'g> {
    /// What each resource waits for, directly: by the graph, and by this order.
    below: HashMap<&'g Address, Vec<&'g Address>>,
    found: BTreeMap<Address, Vec<Address>>,
}

impl<'g> HookOrder<'g> {
    fn of(graph: &'g Graph) -> Self {
        let mut below: HashMap<&Address, Vec<&Address>> = HashMap::new();
        for edge in graph.edges() {
            below.entry(edge.from).or_default().push(edge.to);
        }
        Self { below, found: BTreeMap::new() }
    }

    fn one_after_the_other(&mut self, hooks: &[&'g Desired]) {
        for pair in hooks.windows(2) {
            self.all_after(&pair[1..], &pair[..1]);
        }
    }

    /// Lets all of these come after all of those, but for what those need themselves.
    fn all_after(&mut self, these: &[&'g Desired], those: &[&'g Desired]) {
        for one in these {
            for other in those {
                if !self.reaches(&other.address, &one.address) {
                    self.below.entry(&one.address).or_default().push(&other.address);
                    self.found.entry(one.address.clone()).or_default().push(other.address.clone());
                }
            }
        }
    }

    /// Whether one waits for another, directly or not.
    fn reaches(&self, from: &'g Address, to: &Address) -> bool {
        let mut open = vec![from];
        let mut seen: HashSet<&Address> = HashSet::new();
        while let Some(next) = open.pop() {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                open.extend(self.below.get(next).into_iter().flatten().copied());
            }
        }
        false
    }
}
