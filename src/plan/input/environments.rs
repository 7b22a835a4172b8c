//! Two environments that use one state by accident: what was applied for the one is then planned for the other.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::diagnostic::nearest::list;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::input::plan_input::Input;
use crate::plan::model::plan::Mode;
use crate::resource::{Address, Identity};

/// The objects that the state knows in one namespace, and the configuration in another one.
#[derive(Debug, Default)]
struct Moved<'i> {
    /// How many there are.
    count: usize,
    /// How many objects with a namespace the state knows.
    of: usize,
    /// Where they are, and where they are desired.
    namespaces: BTreeSet<(&'i str, &'i str)>,
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
        let is_most = 2 * moved.count > moved.of;
        if is_most && (self.mode == Mode::Destroy || !moved.namespaces.iter().all(is_agreed)) {
            mistakes.push(refusal(self.mode, &moved));
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
        let mut moved = Moved::default();
        for (address, known) in &self.known {
            let identity = &known.target.identity;
            let Some(from) = identity.namespace.as_deref() else { continue };
            moved.of += 1;
            if desired.contains(identity) {
                continue;
            }
            let named = by_name.get(&(identity.kind.as_str(), identity.name.as_str()));
            let to = by_address.get(address).or(named).and_then(|desired| desired.namespace.as_deref());
            if let Some(to) = to.filter(|to| *to != from) {
                moved.count += 1;
                moved.namespaces.insert((from, to));
            }
        }
        moved
    }
}

fn refusal(mode: Mode, moved: &Moved<'_>) -> Diagnostic {
    const OWN_STATE: &str = "if these are two environments, give each its own state: set another `[project] name`, or \
                             `[state] path`, in the files of one of them";
    let Moved { count, of, namespaces } = moved;
    let from = list(namespaces.iter().map(|(from, _)| *from).collect::<BTreeSet<_>>());
    let to: BTreeSet<&str> = namespaces.iter().map(|(_, to)| *to).collect();
    let places = format!("from {from} to {}", list(to.iter().copied()));
    let (message, way_out) = match mode {
        Mode::Apply => {
            let flags: Vec<String> = to.iter().map(|to| format!("--move-to {to}")).collect();
            (
                format!("{count} of {of} objects would move to another namespace ({places})"),
                format!("if the move is meant, add `{}`", flags.join(" ")),
            )
        }
        Mode::Destroy => (
            format!("{count} of {of} objects have another namespace in the configuration ({places})"),
            format!("to destroy what is in {from}, use the configuration that was applied there"),
        ),
    };
    Diagnostic::error("other-environment", format!("{message}, so nothing was planned"))
        .help(format!("{OWN_STATE}; {way_out}"))
}
