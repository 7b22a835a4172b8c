//! Reading many objects in few requests.
//!
//! What is asked for is put together by resource type and namespace, and each of these is one list of
//! [`PAGE`] objects a page. A type and namespace of which one object is wanted costs one get instead, and
//! so does what is left when getting it costs less than the pages that are left.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt, stream};
use serde_json::Value;

use crate::provider::Verb;
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::pages::{Item as _, PAGE, Page, Pages, WithOwners};
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::read::marked::mark;
use crate::provider::kubernetes::transport::{Answer, Call, CallError, unread};
use crate::provider::kubernetes::{access, ownership};
use crate::resource::{GroupKind, Identity, Problem, ProblemKind, Reading, Target};

/// How many lists are prepared at once; how many are under way is the transport's business.
const AT_ONCE: usize = 16;
/// How often a list is begun again because its continuation has expired.
const RESTARTS: usize = 3;

/// One answer for each target, in their order.
pub(in crate::provider::kubernetes) async fn read(cluster: &Kubernetes, targets: &[Target]) -> Vec<Reading> {
    type Group = (Served, Option<String>);
    let mut readings: Vec<Option<Reading>> = vec![None; targets.len()];
    let mut groups: HashMap<Group, Vec<usize>> = HashMap::new();
    let mut known: BTreeMap<(GroupKind, Option<String>), Result<Option<Served>, Problem>> = BTreeMap::new();
    let mut broken: Option<Problem> = None;
    for (index, target) in targets.iter().enumerate() {
        let key = (target.identity.group_kind(), target.version.clone());
        if !known.contains_key(&key) {
            // Where the server cannot be reached at all, it is asked once, not for each kind.
            let found = match &broken {
                Some(problem) => Err(problem.clone()),
                None => cluster.discovery.served(target).await,
            };
            if let Err(problem) = &found
                && (!cluster.transport.is_reachable() || problem.kind == ProblemKind::Unauthenticated)
            {
                broken = Some(problem.clone());
            }
            known.insert(key.clone(), found);
        }
        match known.get(&key) {
            Some(Ok(Some(served))) => match check_namespace(served, &target.identity) {
                Ok(()) => {
                    let namespace = target.identity.namespace.clone().filter(|_| served.namespaced);
                    groups.entry((served.clone(), namespace)).or_default().push(index);
                }
                Err(problem) => readings[index] = Some(Reading::Unreadable(problem)),
            },
            Some(Err(problem)) => readings[index] = Some(Reading::Unreadable(problem.clone())),
            _ => readings[index] = Some(Reading::Absent),
        }
    }
    let mut answers = stream::iter(groups)
        .map(|((served, namespace), indices)| async move {
            let identities: Vec<&Identity> = indices.iter().map(|index| &targets[*index].identity).collect();
            let readings = read_group(cluster, &served, namespace.as_deref(), &identities).await;
            (indices, readings)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((indices, found)) = answers.next().await {
        for (index, reading) in indices.into_iter().zip(found) {
            readings[index] = Some(reading);
        }
    }
    readings.into_iter().map(|reading| reading.unwrap_or(Reading::Absent)).collect()
}

/// An object of a namespaced kind needs a namespace in its path.
pub(in crate::provider::kubernetes) fn check_namespace(
    served: &Served,
    identity: &Identity,
) -> Result<(), Problem> {
    if served.namespaced && identity.namespace.is_none() {
        let message = format!("{identity} lives in a namespace, and none is given");
        return Err(Problem::new(ProblemKind::Other, message));
    }
    Ok(())
}

async fn read_group(
    cluster: &Kubernetes,
    served: &Served,
    namespace: Option<&str>,
    identities: &[&Identity],
) -> Vec<Reading> {
    let names: HashSet<&str> = identities.iter().map(|identity| identity.name.as_str()).collect();
    if let ([identity, ..], 1) = (identities, names.len()) {
        let reading = get(cluster, served, identity).await;
        return vec![reading; identities.len()];
    }
    let (mut found, missing) = match search(cluster, served, namespace, &names).await {
        Ok(result) => result,
        // Rights may name single objects: these can be got, and not listed.
        Err(CallError::Refused(refusal)) if refusal.code == 403 => {
            (HashMap::new(), names.iter().map(|name| (*name).to_owned()).collect())
        }
        Err(CallError::Refused(refusal)) if refusal.code == 404 => {
            let reading = not_found(cluster, &identities[0].group_kind()).await;
            return vec![reading; identities.len()];
        }
        Err(failure) => {
            let problem = problem::of(failure, About::new(identities[0]), &cluster.transport.server_info);
            return vec![Reading::Unreadable(problem); identities.len()];
        }
    };
    let singles: Vec<&Identity> = {
        let mut seen = HashSet::new();
        let wanted = identities.iter().filter(|identity| missing.contains(&identity.name));
        wanted.filter(|identity| seen.insert(identity.name.as_str())).copied().collect()
    };
    let gets: Vec<_> = singles
        .into_iter()
        .map(|identity| async move { (identity.name.clone(), get(cluster, served, identity).await) })
        .collect();
    let mut gets = stream::iter(gets).buffer_unordered(AT_ONCE);
    while let Some((name, reading)) = gets.next().await {
        found.insert(name, reading);
    }
    identities.iter().map(|identity| found.get(&identity.name).cloned().unwrap_or(Reading::Absent)).collect()
}

/// One object by its name.
pub(in crate::provider::kubernetes) async fn get(
    cluster: &Kubernetes,
    served: &Served,
    identity: &Identity,
) -> Reading {
    match cluster.transport.send(&Call::get(served.object(identity))).await {
        Ok(Answer { body, .. }) => Reading::Present(Arc::new(ownership::live(body))),
        Err(CallError::Refused(refusal)) if problem::is_absence(&refusal, identity) => Reading::Absent,
        Err(CallError::Refused(refusal)) if refusal.code == 404 => {
            not_found(cluster, &identity.group_kind()).await
        }
        Err(failure) => {
            let problem = problem::of(failure, About::new(identity), &cluster.transport.server_info);
            // A read meets neither admission nor quota: a 403 is about rights, and needs no review, which
            // would be a `create` of one who may only read.
            Reading::Unreadable(access::name_rights(problem, &[Verb::Get], served))
        }
    }
}

/// What a 404 for the path of a kind says of its objects: they are not there only where the kind is not.
async fn not_found(cluster: &Kubernetes, kind: &GroupKind) -> Reading {
    cluster.discovery.not_found(kind).await.map_or(Reading::Absent, Reading::Unreadable)
}

fn reading(item: WithOwners) -> Reading {
    match item {
        WithOwners::Read(live) => Reading::Present(Arc::new(live)),
        WithOwners::TooDeep(_) => Reading::Unreadable(unread()),
    }
}

type Found = (HashMap<String, Reading>, HashSet<String>);

/// Looks for names in a list: what was found, and what is to be got one by one.
async fn search(
    cluster: &Kubernetes,
    served: &Served,
    namespace: Option<&str>,
    names: &HashSet<&str>,
) -> Result<Found, CallError> {
    let mut restarts = 0;
    'list: loop {
        let mut found = HashMap::new();
        let mut marked = Vec::new();
        let mut pages = Pages::new(served, namespace, None);
        while let Some(page) = pages.next::<WithOwners>(&cluster.transport).await? {
            let Page::Items(items, remaining) = page else {
                restarts += 1;
                if restarts > RESTARTS {
                    let missing = names.iter().filter(|name| !found.contains_key(**name));
                    return Ok((found.clone(), missing.map(|name| (*name).to_owned()).collect()));
                }
                continue 'list;
            };
            for mut item in items {
                let object = item.object();
                marked.extend(mark(served, object));
                let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
                if names.contains(name) {
                    found.insert(name.to_owned(), reading(item));
                }
            }
            let missing = names.len() - found.len();
            if missing == 0 && !pages.is_at_end() {
                return Ok((found, HashSet::new()));
            }
            if remaining.is_some_and(|remaining| remaining.div_ceil(PAGE) > missing) {
                let missing = names.iter().filter(|name| !found.contains_key(**name));
                let missing = missing.map(|name| (*name).to_owned()).collect();
                return Ok((found, missing));
            }
        }
        cluster.seen_marks.keep(served, namespace, marked);
        return Ok((found, HashSet::new()));
    }
}
