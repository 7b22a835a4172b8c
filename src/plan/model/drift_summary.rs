//! A plan's drift in numbers: whether the cluster or the configuration has changed, and which managers changed it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::plan::model::change::{Action, Change};
use crate::plan::model::field_change::{Cause, FieldChange};
use crate::plan::model::plan::Plan;
use crate::resource::Address;
use crate::resource::FieldManager;

/// Why a plan changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// The cluster has changed, and nothing else.
    Drift,
    /// The configuration has changed, and nothing else.
    Configuration,
    /// Both have.
    Both,
    /// Neither: objects that others made are taken over, and nothing else is done.
    Adoption,
}

/// What one manager changed in what was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drifted {
    /// The field manager; `None` for what the server keeps no trace of.
    pub manager: Option<String>,
    /// How many fields. A field that several managers own counts for each of them.
    pub fields: usize,
    /// In which resources; also those that are gone, or of which only the ownership changed.
    pub addresses: Vec<Address>,
    /// When it last wrote to one of them (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
}

/// The drift that the plan changes back, by manager: most fields first, unknown managers last.
pub fn drift_summary(plan: &Plan) -> Vec<Drifted> {
    let mut found: BTreeMap<Option<&str>, Tally<'_>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.reverts_drift()) {
        // An object that is gone, or of which only the ownership changed, has no field that says so.
        if let Some(Cause::Drift { by }) = &change.cause {
            count(&mut found, &change.address, by, 0);
        }
        for field in change.attributed() {
            if let Cause::Drift { by } = &field.cause {
                count(&mut found, &change.address, by, 1);
            }
        }
    }
    let mut drifted: Vec<Drifted> = found.into_iter().map(|(manager, tally)| tally.of(manager)).collect();
    drifted.sort_by(|a, b| {
        let key = |one: &Drifted| (one.manager.is_none(), std::cmp::Reverse(one.fields));
        key(a).cmp(&key(b)).then_with(|| a.manager.cmp(&b.manager))
    });
    drifted
}

#[derive(Default)]
struct Tally<'p> {
    fields: usize,
    addresses: BTreeSet<&'p Address>,
    latest: Option<&'p str>,
}

impl Tally<'_> {
    fn of(self, manager: Option<&str>) -> Drifted {
        Drifted {
            manager: manager.map(str::to_owned),
            fields: self.fields,
            addresses: self.addresses.into_iter().cloned().collect(),
            latest: self.latest.map(str::to_owned),
        }
    }
}

fn count<'p>(
    found: &mut BTreeMap<Option<&'p str>, Tally<'p>>,
    address: &'p Address,
    by: &'p [FieldManager],
    fields: usize,
) {
    let mut managers: BTreeMap<Option<&str>, Option<&str>> = BTreeMap::new();
    if by.is_empty() {
        managers.insert(None, None);
    }
    for manager in by {
        let latest = managers.entry(Some(&manager.name)).or_default();
        *latest = (*latest).max(manager.time.as_deref());
    }
    for (manager, time) in managers {
        let tally = found.entry(manager).or_default();
        tally.fields += fields;
        tally.addresses.insert(address);
        // The server writes all times in one form, so the order of the texts is the order in time.
        tally.latest = tally.latest.max(time);
    }
}

impl Change {
    /// The fields that say whose change they are. Those of an object that is created do not: the whole change
    /// says it.
    fn attributed(&self) -> &[FieldChange] {
        if self.action == Action::Create { &[] } else { &self.fields }
    }

    fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.cause.iter().chain(self.attributed().iter().map(|field| &field.cause))
    }

    /// Whether it changes back what others changed since the last apply.
    pub fn reverts_drift(&self) -> bool {
        let is_drift = |cause: &Cause| match cause {
            Cause::Drift { .. } => true,
            // What is taken over was never applied before.
            Cause::Conflict { .. } => self.action != Action::Adopt,
            Cause::Yours => false,
        };
        self.action.writes() && self.causes().any(is_drift)
    }

    /// Whether it does what has changed in the configuration.
    pub fn follows_configuration(&self) -> bool {
        let mut causes = self.causes().peekable();
        let is_new = self.moved_from.is_some() || self.replaced.is_some() || causes.peek().is_none();
        self.action.writes() && (is_new || causes.any(|cause| !matches!(cause, Cause::Drift { .. })))
    }
}

impl Plan {
    /// Why it changes something; `None` where it changes nothing in the cluster.
    pub fn occasion(&self) -> Option<Occasion> {
        let mut writes = self.changes.iter().filter(|change| change.action.writes()).peekable();
        if writes.peek().is_some() && writes.all(|change| change.action == Action::Adopt) {
            return Some(Occasion::Adoption);
        }
        let drift = self.changes.iter().any(Change::reverts_drift);
        let configuration = self.changes.iter().any(Change::follows_configuration);
        match (drift, configuration) {
            (true, true) => Some(Occasion::Both),
            (true, false) => Some(Occasion::Drift),
            (false, true) => Some(Occasion::Configuration),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::plan::model::fidelity::Fidelity;
    use crate::plan::model::field_change::After;
    use crate::plan::testing::plan;
    use crate::resource::{Identity, Operation, Target};

    fn by(manager: &str, time: &str) -> FieldManager {
        let (manager, time) = (manager.to_owned(), Some(time.to_owned()));
        FieldManager { name: manager, operation: Operation::Update, subresource: None, time }
    }

    fn line(cause: Cause) -> FieldChange {
        FieldChange { cause, ..FieldChange::new("spec.x".parse().unwrap(), None, After::Absent) }
    }

    fn change(name: &str, action: Action, cause: Option<Cause>, lines: Vec<Cause>) -> Change {
        let target = Target { identity: Identity::cluster("", "X", name), version: None };
        let address = Address::block("resource", name);
        let fields = lines.into_iter().map(line).collect();
        Change { cause, fields, ..Change::new(address, target, action, Fidelity::DryRun) }
    }

    fn drift(managers: &[FieldManager]) -> Cause {
        Cause::Drift { by: managers.to_vec() }
    }

    #[test]
    fn drift_and_configuration_are_told_apart() {
        let occasion = |changes| plan(changes).occasion();
        let update = |lines| change("a", Action::Update, None, lines);
        let created = |cause| change("a", Action::Create, cause, vec![Cause::Yours]);
        assert_eq!(occasion(vec![change("a", Action::None, None, vec![])]), None);
        assert_eq!(occasion(vec![update(vec![drift(&[])])]), Some(Occasion::Drift));
        assert_eq!(occasion(vec![update(vec![Cause::Yours])]), Some(Occasion::Configuration));
        assert_eq!(occasion(vec![update(vec![Cause::Yours, drift(&[])])]), Some(Occasion::Both));
        assert_eq!(occasion(vec![update(vec![Cause::Conflict { by: vec![] }])]), Some(Occasion::Both));
        // Whole objects: made for the first time, made again, left out of the configuration, taken over.
        assert_eq!(occasion(vec![created(None)]), Some(Occasion::Configuration));
        assert_eq!(occasion(vec![created(Some(drift(&[])))]), Some(Occasion::Drift));
        assert_eq!(occasion(vec![change("a", Action::Delete, None, vec![])]), Some(Occasion::Configuration));
        let conflict = vec![Cause::Conflict { by: vec![] }];
        let adopted = || change("a", Action::Adopt, None, conflict.clone());
        assert_eq!(occasion(vec![adopted()]), Some(Occasion::Adoption));
        assert_eq!(occasion(vec![adopted(), created(None)]), Some(Occasion::Configuration));
        let quiet = change("a", Action::Update, Some(drift(&[])), vec![]);
        assert_eq!(occasion(vec![quiet]), Some(Occasion::Drift));
    }

    #[test]
    fn drift_is_summed_up_by_manager() {
        let (early, late) = (by("kubectl", "2026-01-01T00:00:00Z"), by("kubectl", "2026-01-02T00:00:00Z"));
        let scaler = by("scaler", "2026-01-03T00:00:00Z");
        let found = drift_summary(&plan(vec![
            change(
                "a",
                Action::Update,
                None,
                vec![drift(&[late.clone(), early]), drift(&[scaler]), Cause::Yours],
            ),
            change("b", Action::Update, None, vec![drift(&[late]), drift(&[])]),
            change("c", Action::Create, Some(drift(&[])), vec![Cause::Yours]),
            change("d", Action::None, None, vec![]),
        ]));
        let told: BTreeMap<_, _> = found
            .iter()
            .map(|one| {
                let addresses: Vec<_> =
                    one.addresses.iter().map(|address| address.block.name.as_str()).collect();
                (one.manager.as_deref(), (one.fields, addresses.join(" "), one.latest.as_deref()))
            })
            .collect();
        assert_eq!(
            found.iter().map(|one| one.manager.as_deref()).collect::<Vec<_>>(),
            [Some("kubectl"), Some("scaler"), None]
        );
        assert_eq!(told[&Some("kubectl")], (2, "a b".to_owned(), Some("2026-01-02T00:00:00Z")));
        assert_eq!(told[&Some("scaler")], (1, "a".to_owned(), Some("2026-01-03T00:00:00Z")));
        assert_eq!(told[&None], (1, "b c".to_owned(), None));
    }
}
