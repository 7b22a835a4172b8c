//! What else is deleted with a namespace or a definition: asked only where the plan deletes one of them. And what stands against
//! the deletion of what lives outside of the cluster.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::fmt::Write as _;

use serde_json::Value;

use super::certificates;
use crate::kubernetes::cascade::CascadeScope;
use crate::kubernetes::namespaces::is_everywhere;
use crate::plan::input::question::{Answer, Question};
use crate::plan::model::change::{Action, Change, Inside};
use crate::plan::model::plan::{Plan, Refusal};
use crate::provider::{Dependent, Dependents};
use crate::resource::{Address, GroupKind, Identity, Live, Problem, Target, is_house_group};

/// How many kinds that could not be seen are named.
const NAMED: usize = 4;

/// A plan that is complete, except for what else is deleted.
#[derive(Debug)]
pub(in crate::plan) struct PendingCascade {
    plan: Box<Plan>,
    /// The changes that the questions without an answer are about, by their position in the plan.
    unanswered: VecDeque<usize>,
    /// The uids of the objects that the plan itself deletes.
    deleted: HashSet<String>,
    /// What cannot be deleted from here.
    refusals: Vec<Refusal>,
}

impl PendingCascade {
    /// The plan, and what must be asked before it is complete.
    pub(in crate::plan) fn new(mut plan: Box<Plan>) -> (Self, Vec<Question>) {
        for change in &mut plan.changes {
            let lost = deleted_objects(change).find_map(certificates::in_secret);
            change.warnings.extend(lost);
        }
        let all = plan.changes.iter().enumerate().flat_map(|(position, change)| {
            deleted_objects(change).filter_map(move |live| Some((position, question(&live.object)?)))
        });
        let (unanswered, questions) = all.unzip();
        let deleted =
            plan.changes.iter().flat_map(deleted_objects).map(|live| live.stamp.uid.clone()).collect();
        (Self { plan, unanswered, deleted, refusals: Vec::new() }, questions)
    }

    /// Writes into the plan what else is deleted, by the answer to the first question that has none yet.
    pub(in crate::plan) fn take(&mut self, answer: Answer) {
        let change = self.unanswered.pop_front().and_then(|position| self.plan.changes.get_mut(position));
        let Some(change) = change else { return };
        match answer {
            Answer::BeforeDelete(Ok(to_do)) => change.warnings.extend(to_do),
            Answer::BeforeDelete(Err(problem)) => self.refusals.push(Refusal {
                address: change.address.clone(),
                target: change.target.clone(),
                obstacle: problem.into(),
            }),
            Answer::Dependents(Ok(dependents)) => {
                change.warnings.extend(unseen(&dependents));
                change.warnings.extend(certificates::among(&dependents.seen));
                change.inside.unseen.extend(dependents.hidden.iter().map(|(kind, _)| kind.clone()));
                change.inside.seen.extend(dependents.seen.iter().map(|one| one.uid.clone()));
                for Dependent { identity, uid, .. } in lost_besides(dependents.seen, &self.deleted) {
                    change.dies_with.push(identity.clone());
                    change.inside.lost.insert(uid, identity);
                }
            }
            Answer::Dependents(Err(problem)) => {
                change.warnings.push(nothing_seen(&problem));
                change.inside.unseen.insert(every_kind());
            }
            _ => {}
        }
    }

    /// The plan, as far as the questions have been answered. What else is deleted is a part of its digest.
    pub(in crate::plan) fn into_plan(mut self) -> Box<Plan> {
        let refused: HashSet<Address> = self.refusals.iter().map(|refusal| refusal.address.clone()).collect();
        self.plan.changes.retain(|change| !refused.contains(&change.address));
        self.plan.refusals.extend(self.refusals);
        self.plan.digest = self.plan.digest_of();
        self.plan
    }
}

/// What must be known of the deletion of an object.
fn question(object: &Value) -> Option<Question> {
    let identity = Identity::of(object)?;
    if is_house_group(&identity.group) {
        return Some(Question::BeforeDelete(Target { identity, version: None }));
    }
    CascadeScope::of(object).map(Question::Dependents)
}

/// The objects that the change deletes.
fn deleted_objects(change: &Change) -> impl Iterator<Item = &Live> {
    let itself = change.prior.as_ref().filter(|_| match change.action {
        Action::Delete => true,
        // A replacement by another name leaves an object of that name alone.
        Action::Replace => change.replaced.is_none(),
        _ => false,
    });
    itself.into_iter().map(AsRef::as_ref).chain(change.replaced.iter().map(|replaced| &replaced.1))
}

/// What a reader would miss: what the plan does not delete itself, what is not deleted with its owner anyway,
/// and what is not in every namespace.
fn lost_besides(seen: Vec<Dependent>, deleted: &HashSet<String>) -> Vec<Dependent> {
    let uids: HashSet<String> = seen.iter().map(|one| one.uid.clone()).collect();
    let is_owned = |one: &Dependent| one.owners.iter().any(|uid| uids.contains(uid) || deleted.contains(uid));
    seen.into_iter()
        .filter(|one| !deleted.contains(&one.uid) && !is_owned(one) && !is_everywhere(&one.identity))
        .collect()
}

/// What stands for all kinds, where none could be looked at.
fn every_kind() -> GroupKind {
    GroupKind { group: String::new(), kind: "all kinds".to_owned() }
}

/// Whether the change deletes an object that takes others with it.
pub fn takes_others(change: &Change) -> bool {
    deleted_objects(change).any(|live| CascadeScope::of(&live.object).is_some())
}

/// What others have made since the plan, and would be deleted with an object: it was not seen then, it has no owner, it
/// is not in every namespace, and it is none of the objects that this run has made, by their uids. An object of a kind
/// that could not be looked at then may have been there already.
pub fn made_since(change: &Change, seen: Vec<Dependent>, made_here: &BTreeSet<String>) -> Vec<Identity> {
    let Inside { seen: before, unseen, .. } = &change.inside;
    let is_new = |one: &Dependent| {
        !before.contains(&one.uid) && !made_here.contains(&one.uid) && one.owners.is_empty()
    };
    let could_be_seen =
        |one: &Dependent| !unseen.contains(&one.identity.group_kind()) && !unseen.contains(&every_kind());
    let new = seen.into_iter().filter(|one| is_new(one) && could_be_seen(one));
    new.map(|one| one.identity).filter(|identity| !is_everywhere(identity)).collect()
}

/// What to say of the kinds that could not be looked at.
fn unseen(dependents: &Dependents) -> Option<String> {
    if dependents.hidden.is_empty() {
        return None;
    }
    let named = dependents.hidden.iter().take(NAMED).map(|(kind, reason)| format!("{kind} ({reason})"));
    let mut text = named.collect::<Vec<_>>().join(", ");
    let more = dependents.hidden.len().saturating_sub(NAMED);
    if more > 0 {
        let _ = write!(text, " and {more} more"); // writing to a String does not fail
    }
    Some(format!("not all that is deleted with it could be seen: {text}"))
}

fn nothing_seen(problem: &Problem) -> String {
    format!("what is deleted with it could not be seen: {problem}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(kind: &str, name: &str, owners: &[&str]) -> Dependent {
        Dependent {
            identity: Identity::namespaced("", kind, "a", name),
            uid: format!("{kind}-{name}"),
            issuer: None,
            owners: owners.iter().map(|owner| (*owner).to_owned()).collect(),
        }
    }

    #[test]
    fn only_what_would_be_missed_is_named() {
        let seen = vec![
            one("ConfigMap", "kube-root-ca.crt", &[]),
            one("ConfigMap", "theirs", &[]),
            one("ConfigMap", "ours", &[]),
            one("Event", "e", &[]),
            one("ReplicaSet", "r", &["deleted-deployment"]),
            one("Pod", "p", &["ReplicaSet-r"]),
            one("Pod", "alone", &["gone"]),
            one("ServiceAccount", "default", &[]),
        ];
        let deleted = ["ConfigMap-ours".to_owned(), "deleted-deployment".to_owned()].into();
        let named: Vec<String> =
            lost_besides(seen, &deleted).iter().map(|one| one.identity.name.clone()).collect();
        assert_eq!(named, ["theirs", "alone"]);
    }

    #[test]
    fn what_is_hidden_is_said() {
        let kind = |kind: &str| GroupKind { group: String::new(), kind: kind.into() };
        let hidden = ["A", "B", "C", "D", "E"].map(|name| (kind(name), "no right".to_owned())).to_vec();
        let said = unseen(&Dependents { seen: vec![], hidden }).unwrap();
        assert!(
            said.ends_with("A (no right), B (no right), C (no right), D (no right) and 1 more"),
            "{said}"
        );
        assert_eq!(unseen(&Dependents::default()), None);
    }
}
