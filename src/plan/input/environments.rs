//! Two environments that use one state by accident: what was applied for the one is then planned for the other.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::diagnostic::nearest::list;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::input::plan_input::Input;
use crate::plan::model::plan::Mode;
use crate::resource::{Address, Identity};

/// What to do where one state is used for two environments. `place_key` is the key of `[state]` that gives a state a place
/// of its own.
pub fn own_state(place_key: &str) -> String {
    format!(
        "if these are two environments, give each its own state: set another `[project] name`, or `[state] {place_key}`, in \
         the files of one of them"
    )
}

/// The objects that the state knows in one namespace, and the configuration in another one.
#[derive(Debug, Default)]
struct Moved<'i> {
    /// How many keep their address or their name.
    renamed: usize,
    /// How many go while others of their kind come where the state knows nothing.
    succeeded: usize,
    /// How many objects with a namespace the state knows.
    of: usize,
    /// Where they are, and where they are desired.
    namespaces: BTreeSet<(&'i str, &'i str)>,
}

impl Moved<'_> {
    fn count(&self) -> usize {
        self.renamed + self.succeeded
    }
}

impl Input {
    /// Refuses to plan where most objects have another namespace than the state says, unless somebody agreed.
    pub(super) fn check_environment(&mut self, mistakes: &mut Diagnostics) {
        if self.mode == Mode::Destroy {
            for namespace in &self.consent.move_to {
                let message = format!("a destroy moves nothing: `{namespace}`");
                mistakes.push(Diagnostic::error("not-moved", message).help("leave `--move-to` out"));
            }
        }
        let moved = self.moved_objects();
        let is_agreed = |(_, to): &(&str, &str)| self.consent.move_to.contains(*to);
        let is_most = 2 * moved.count() > moved.of;
        if is_most && (self.mode == Mode::Destroy || !moved.namespaces.iter().all(is_agreed)) {
            mistakes.push(refusal(self, &moved));
        }
        let reached: BTreeSet<&str> =
            moved.namespaces.iter().filter(|_| is_most).map(|(_, to)| *to).collect();
        let unused = self.consent.move_to.iter().filter(|namespace| !reached.contains(namespace.as_str()));
        let notes = unused.map(|namespace| {
            format!("`--move-to {namespace}` has no effect: this plan does not move most objects there.")
        });
        let notes: Vec<String> = notes.collect();
        self.notes.extend(notes.into_iter().filter(|_| self.mode == Mode::Apply));
    }

    fn moved_objects(&self) -> Moved<'_> {
        let desired: HashSet<&Identity> = self.desired.iter().map(|desired| &desired.identity).collect();
        let known: HashSet<&Identity> = self.known.values().map(|known| &known.target.identity).collect();
        let by_address: BTreeMap<&Address, &Identity> =
            self.desired.iter().map(|desired| (&desired.address, &desired.identity)).collect();
        let mut by_name: BTreeMap<(&str, &str), &Identity> = BTreeMap::new();
        for identity in self.desired.iter().map(|desired| &desired.identity) {
            if !known.contains(identity) {
                by_name.entry((&identity.kind, &identity.name)).or_insert(identity);
            }
        }
        let (mut moved, mut leaving, mut found) = (Moved::default(), Vec::new(), HashSet::new());
        for (address, known) in &self.known {
            let identity = &known.target.identity;
            let Some(from) = identity.namespace.as_deref() else { continue };
            moved.of += 1;
            if desired.contains(identity) {
                continue;
            }
            let named = by_name.get(&(identity.kind.as_str(), identity.name.as_str()));
            let Some(to) = by_address.get(address).or(named) else {
                leaving.extend(self.moves.released(address).is_none().then_some((from, identity)));
                continue;
            };
            found.insert(*to);
            if let Some(to) = to.namespace.as_deref().filter(|to| *to != from) {
                moved.renamed += 1;
                moved.namespaces.insert((from, to));
            }
        }
        let coming = self.desired.iter().map(|desired| &desired.identity);
        let coming = coming.filter(|identity| !found.contains(identity) && !known.contains(identity));
        moved.pair(&leaving, coming, &known);
        moved
    }
}

impl<'i> Moved<'i> {
    /// Counts what goes together with what comes of its kind in a namespace where the state knows nothing: that is what
    /// two environments look like whose blocks have other names.
    fn pair(
        &mut self,
        leaving: &[(&'i str, &'i Identity)],
        coming: impl Iterator<Item = &'i Identity>,
        known: &HashSet<&Identity>,
    ) {
        let places: HashSet<&str> = known.iter().filter_map(|known| known.namespace.as_deref()).collect();
        let mut successors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for identity in coming {
            let place = identity.namespace.as_deref().filter(|place| !places.contains(place));
            successors.entry(&identity.kind).or_default().extend(place);
        }
        for (from, identity) in leaving {
            let Some(to) = successors.get_mut(identity.kind.as_str()).and_then(Vec::pop) else { continue };
            self.succeeded += 1;
            self.namespaces.insert((from, to));
        }
    }
}

fn refusal(input: &Input, moved: &Moved<'_>) -> Diagnostic {
    let Moved { succeeded, of, namespaces, .. } = moved;
    let count = moved.count();
    let from = list(namespaces.iter().map(|(from, _)| *from).collect::<BTreeSet<_>>());
    let to: BTreeSet<&str> = namespaces.iter().map(|(_, to)| *to).collect();
    let places = format!("from {from} to {}", list(to.iter().copied()));
    let (message, way_out) = match input.mode {
        Mode::Apply => {
            let what = match succeeded {
                0 => "would move to another namespace",
                _ => "would go, and others of their kinds would come in another namespace",
            };
            let flags: Vec<String> = to.iter().map(|to| format!("--move-to {to}")).collect();
            (
                format!("{count} of {of} objects {what} ({places})"),
                format!("if the move is meant, add `{}`", flags.join(" ")),
            )
        }
        Mode::Destroy => {
            let what = match succeeded {
                0 => "have another namespace in the configuration",
                _ => "are not in the configuration, which has others of their kinds in another namespace",
            };
            (
                format!("{count} of {of} objects {what} ({places})"),
                format!("to destroy what is in {from}, use the configuration that was applied there"),
            )
        }
    };
    Diagnostic::error("other-environment", format!("{message}, so nothing was planned"))
        .help(format!("{}; {way_out}", own_state(input.state_key)))
}
