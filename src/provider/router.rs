//! All houses behind one door: each target goes to its house, by the API group.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;

use super::cluster::{Cluster, Reassignment};
use super::house::{Checkup, House, Introduction, Progress, Until, Verb, Wait, Write, Written};
use super::marked::MarkedObjects;
use crate::resource::{
    GroupKind, Identity, Live, Permit, Problem, ProblemKind, Reading, ReadyRule, Stamp, Target, house_groups,
    house_namespaces, is_house_group,
};

/// What the engine and the apply talk to. [`Router`] is one.
///
/// An implementation says which houses there are. How a request gets to its house, and how the answers of
/// several houses become one list, is the same for all of them.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The cluster: every project has one.
    fn cluster(&self) -> &dyn Cluster;

    /// The house of an API group, where that is not the cluster.
    fn other_house(&self, group: &str) -> Option<&dyn House>;

    /// The house in which a target lives.
    ///
    /// # Errors
    /// [`ProblemKind::UnknownKind`] for a group whose house is not here.
    fn house(&self, target: &Target) -> Result<&dyn House, Problem> {
        let group = target.identity.group.as_str();
        match self.other_house(group) {
            Some(house) => Ok(house),
            None if is_house_group(group) => Err(no_house(&target.identity)),
            None => Ok(self.cluster()),
        }
    }

    /// See [`House::read`]; the houses are asked side by side.
    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        if !targets.iter().any(|target| is_outside(self, &target.identity)) {
            return self.cluster().read(targets).await;
        }
        let asked = parts(self, targets, |target| target).map(|part| async move {
            let answers = match part.house {
                Ok(house) => house.read(&part.requests).await,
                Err(problem) => vec![Reading::Unreadable(problem); part.requests.len()],
            };
            (part.places, answers)
        });
        in_order(targets.len(), join_all(asked).await, || Reading::Unreadable(no_answer()))
    }

    /// See [`House::served`].
    async fn served(&self, targets: &[Target]) -> Vec<Result<(), Problem>> {
        let asked = parts(self, targets, |target| target).map(|part| async move {
            let answers = match part.house {
                Ok(house) => house.served(&part.requests).await,
                Err(problem) => vec![Err(problem); part.requests.len()],
            };
            (part.places, answers)
        });
        in_order(targets.len(), join_all(asked).await, || Err(no_answer()))
    }

    /// See [`House::lacks`]. Where an object of the cluster lacks nothing there, the house is asked in which others make what it
    /// asks for.
    async fn lacks(&self, checkups: &[Checkup]) -> Vec<Option<String>> {
        let asked = parts(self, checkups, |checkup| &checkup.target).map(|part| async move {
            let answers = match part.house {
                Ok(house) => house.lacks(&part.requests).await,
                // That the house is not here is told by every other question.
                Err(_) => vec![None; part.requests.len()],
            };
            (part.places, answers)
        });
        let lacking = in_order(checkups.len(), join_all(asked).await, || None);
        let asked = checkups.iter().zip(lacking).map(|(checkup, lacking)| async move {
            let other = asked_by(self, &checkup.target.identity, &checkup.live).filter(|_| lacking.is_none());
            let Some(house) = other else { return lacking };
            house.lacks(std::slice::from_ref(checkup)).await.pop().flatten()
        });
        join_all(asked).await
    }

    /// See [`House::review`]; the houses are asked side by side.
    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
        if !requests.iter().any(|(_, target)| is_outside(self, &target.identity)) {
            return self.cluster().review(requests).await;
        }
        let asked = parts(self, requests, |(_, target)| target).map(|part| async move {
            let answers = match part.house {
                Ok(house) => house.review(&part.requests).await,
                Err(problem) => vec![Err(problem); part.requests.len()],
            };
            (part.places, answers)
        });
        in_order(requests.len(), join_all(asked).await, || Err(no_answer()))
    }

    /// See [`House::preview`].
    async fn preview(&self, write: &Write) -> Result<Written, Problem> {
        self.house(&write.target)?.preview(write).await
    }

    /// See [`House::write`].
    async fn write(&self, write: &Write) -> Result<Written, Problem> {
        self.house(&write.target)?.write(write).await
    }

    /// See [`House::delete`].
    async fn delete(&self, target: &Target, read: &Live) -> Result<(), Problem> {
        self.house(target)?.delete(target, read).await
    }

    /// See [`House::before_delete`].
    async fn before_delete(&self, target: &Target) -> Result<Option<String>, Problem> {
        self.house(target)?.before_delete(target).await
    }

    /// See [`House::wait`]. What an object of the cluster asks others for is waited for as well.
    async fn wait(&self, wait: &Wait, progress: Progress<'_>) -> Result<Option<Arc<Live>>, Problem> {
        let found = self.house(&wait.target)?.wait(wait, progress).await?;
        let (Until::Ready(rule), Some(live)) = (&wait.until, &found) else { return Ok(found) };
        match asked_by(self, &wait.target.identity, live) {
            Some(house) if *rule != Some(ReadyRule::Written) => {
                let written = Some(Arc::clone(live));
                house.wait(&Wait { written, ..wait.clone() }, progress).await
            }
            _ => Ok(found),
        }
    }

    /// See [`House::goes_on_without`].
    fn goes_on_without(&self, target: &Target) -> bool {
        self.house(target).is_ok_and(|house| house.goes_on_without(target))
    }

    /// What carries the marks of a project in all houses. A house that cannot be looked at is named with the reason.
    ///
    /// # Errors
    /// Where not even the kinds of the cluster can be found out.
    async fn all_marked(&self, project: &str) -> Result<MarkedObjects, Problem> {
        let mut all = self.cluster().all_marked(project).await?;
        for group in house_groups() {
            let Some(house) = self.other_house(group) else { continue };
            match house.marked_of(project).await {
                Ok(found) => {
                    all.seen.extend(found.seen);
                    all.hidden.extend(found.hidden);
                    all.partly.extend(found.partly);
                }
                Err(problem) => {
                    let kind = GroupKind { group: group.to_owned(), kind: "*".to_owned() };
                    all.hidden.push((kind, problem.message));
                }
            }
        }
        all.seen.sort_by(|a, b| a.identity.cmp(&b.identity));
        // A house that lives in the cluster may look at what the cluster looks at too.
        all.hidden.sort();
        all.hidden.dedup();
        Ok(all)
    }

    /// See [`House::write_under`].
    fn write_under(&self, permit: Permit) {
        for house in house_groups().filter_map(|group| self.other_house(group)) {
            house.write_under(permit.clone());
        }
        self.cluster().write_under(permit);
    }

    /// See [`House::introduce`]. A cluster knows its objects by their names.
    fn introduce(&self, introduction: &Introduction<'_>) {
        for house in house_groups().filter_map(|group| self.other_house(group)) {
            house.introduce(introduction);
        }
    }

    /// See [`Cluster::is_namespaced`]. What lives in a house beside it may lie in its namespaces.
    async fn is_namespaced(&self, target: &Target) -> Result<Option<bool>, Problem> {
        if is_outside(self, &target.identity) {
            return Ok(Some(house_namespaces(&target.identity.group).unwrap_or_default()));
        }
        self.cluster().is_namespaced(target).await
    }

    /// See [`Cluster::reassign`]. Another house keeps no owners of fields, so nothing changes hands there: the
    /// object is only held against the stamp, and given back as it is.
    async fn reassign(&self, reassignment: &Reassignment) -> Result<Live, Problem> {
        if !is_outside(self, &reassignment.target.identity) {
            return self.cluster().reassign(reassignment).await;
        }
        let Reassignment { target, stamp, .. } = reassignment;
        match self.house(target)?.read(std::slice::from_ref(target)).await.pop() {
            Some(Reading::Present(live)) if is_at(&live.stamp, stamp) => Ok(Arc::unwrap_or_clone(live)),
            Some(Reading::Present(_) | Reading::Absent) => {
                let message = format!("{} has been changed, or is gone, in the meantime", target.identity);
                Err(Problem::new(ProblemKind::Conflict, message))
            }
            Some(Reading::Unreadable(problem)) => Err(problem),
            None => Err(no_answer()),
        }
    }
}

/// A cluster, and the houses beside it.
#[derive(Clone)]
pub struct Router {
    cluster: Arc<dyn Cluster>,
    others: BTreeMap<String, Arc<dyn House>>,
}

impl Router {
    /// The cluster alone.
    pub fn new(cluster: Arc<dyn Cluster>) -> Self {
        Self { cluster, others: BTreeMap::new() }
    }

    /// With a house beside it, in which all objects of this API group live: one of those that
    /// [`is_house_group`] knows, so that all other rooms know it too.
    #[must_use]
    pub fn with(mut self, group: impl Into<String>, house: Arc<dyn House>) -> Self {
        self.others.insert(group.into(), house);
        self
    }
}

impl Provider for Router {
    fn cluster(&self) -> &dyn Cluster {
        self.cluster.as_ref()
    }

    fn other_house(&self, group: &str) -> Option<&dyn House> {
        self.others.get(group).map(AsRef::as_ref)
    }
}

/// What one house is asked.
struct Part<'p, R> {
    house: Result<&'p dyn House, Problem>,
    requests: Vec<R>,
    /// Where each answer belongs in the list of all.
    places: Vec<usize>,
}

/// The requests by their houses.
fn parts<'p, P: Provider + ?Sized, R: Clone>(
    provider: &'p P,
    requests: &'p [R],
    target: fn(&R) -> &Target,
) -> impl Iterator<Item = Part<'p, R>> {
    // Under no group those to the cluster.
    let mut parts: BTreeMap<Option<&str>, Part<'_, R>> = BTreeMap::new();
    for (place, request) in requests.iter().enumerate() {
        let target = target(request);
        let group = is_outside(provider, &target.identity).then_some(target.identity.group.as_str());
        let part = parts.entry(group).or_insert_with(|| Part {
            house: provider.house(target),
            requests: Vec::new(),
            places: Vec::new(),
        });
        part.requests.push(request.clone());
        part.places.push(place);
    }
    parts.into_values()
}

/// Whether an object lives outside of the cluster.
fn is_outside<P: Provider + ?Sized>(provider: &P, identity: &Identity) -> bool {
    is_house_group(&identity.group) || provider.other_house(&identity.group).is_some()
}

/// The house in which others make what this object of the cluster asks for, if it asks for something.
fn asked_by<'p, P: Provider + ?Sized>(
    provider: &'p P,
    identity: &Identity,
    live: &Live,
) -> Option<&'p dyn House> {
    if is_outside(provider, identity) {
        return None;
    }
    house_groups()
        .filter_map(|group| provider.other_house(group))
        .find(|house| house.is_asked_by(identity, live))
}

/// Puts answers back into the order of the questions. A house that gives too few has not answered the last.
fn in_order<A>(count: usize, answered: Vec<(Vec<usize>, Vec<A>)>, missing: impl Fn() -> A) -> Vec<A> {
    let mut all: BTreeMap<usize, A> =
        answered.into_iter().flat_map(|(places, answers)| places.into_iter().zip(answers)).collect();
    (0..count).map(|place| all.remove(&place).unwrap_or_else(&missing)).collect()
}

/// Whether an object is the one of a stamp, at its moment; with an empty version, at any moment.
fn is_at(found: &Stamp, stamp: &Stamp) -> bool {
    found.uid == stamp.uid && (stamp.version.is_empty() || found.version == stamp.version)
}

fn no_house(identity: &Identity) -> Problem {
    let message = format!("nothing here takes objects of the group `{}`, such as {identity}", identity.group);
    Problem::new(ProblemKind::UnknownKind, message)
        .help("this program cannot write such objects: take them out, or use a version that can")
}

fn no_answer() -> Problem {
    Problem::new(ProblemKind::Other, "no answer was given for it")
}

#[cfg(test)]
mod tests;
