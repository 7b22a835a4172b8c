//! Looks at all objects of many kinds: at their metadata alone, or at the whole objects.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use serde_json::Value;

use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::pages::{Item, Page, Pages, WithOwners};
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::shallow::Shallow;
use crate::provider::kubernetes::transport::CallError;
use crate::resource::{GroupKind, Identity, Problem, ProblemKind, Target};

/// How many lists are prepared at once; how many are under way is the transport's business.
const AT_ONCE: usize = 16;
/// For how long a kind is asked for that the server cannot list. Of all kinds that are installed one is often
/// broken, because the server behind it is down; its objects are then said not to be seen.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries at a kind that is listed and not served.
const PAUSE: Duration = Duration::from_millis(500);

/// What is asked for of each object, and what is found in it.
pub(super) struct Look<I, T> {
    pages: for<'s> fn(&'s Served, Option<&str>) -> Pages<'s>,
    of: fn(&Served, I) -> Option<T>,
}

impl<I, T> Clone for Look<I, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I, T> Copy for Look<I, T> {}

impl<T> Look<Shallow, T> {
    /// At its metadata alone.
    pub(super) fn at_metadata(of: fn(&Served, Shallow) -> Option<T>) -> Self {
        Self { pages: |served, namespace| Pages::of_metadata(served, namespace, PATIENCE), of }
    }
}

impl<T> Look<WithOwners, T> {
    /// At all of it.
    pub(super) fn at_all(of: fn(&Served, WithOwners) -> Option<T>) -> Self {
        Self { pages: |served, namespace| Pages::within(served, namespace, PATIENCE), of }
    }
}

/// What the look finds in each object of these kinds; and the kinds that cannot be listed, each with the
/// reason.
pub(super) async fn survey<I: Item, T>(
    cluster: &Kubernetes,
    kinds: Vec<Served>,
    namespace: Option<&str>,
    look: Look<I, T>,
) -> (Vec<T>, Vec<(GroupKind, String)>) {
    let lists = kinds.into_iter().map(|served| async move {
        let found = list(cluster, &served, namespace, look).await;
        (served, found)
    });
    let mut lists = stream::iter(lists).buffer_unordered(AT_ONCE);
    let (mut seen, mut hidden) = (Vec::new(), Vec::new());
    while let Some((served, result)) = lists.next().await {
        match result {
            Ok(found) => seen.extend(found),
            Err(problem) => hidden.push((group_kind(&served), reason(&problem))),
        }
    }
    (seen, hidden)
}

/// All objects of a kind of the whole cluster, which messages call by this name.
///
/// # Errors
/// They cannot be listed.
pub(super) async fn all_of(
    cluster: &Kubernetes,
    target: &Target,
    called: &str,
) -> Result<Vec<Value>, Problem> {
    let Some(served) = cluster.discovery.served(target).await? else {
        return Err(cluster.unknown_kind(target).await);
    };
    let (objects, hidden) = survey(cluster, vec![served], None, Look::at_all(whole)).await;
    match hidden.into_iter().next() {
        None => Ok(objects),
        Some((_, reason)) => {
            Err(Problem::new(ProblemKind::Other, format!("the {called} cannot be listed: {reason}")))
        }
    }
}

fn whole(_: &Served, item: WithOwners) -> Option<Value> {
    match item {
        WithOwners::Read(live) => Some(live.object),
        WithOwners::TooDeep(_) => None,
    }
}

fn group_kind(served: &Served) -> GroupKind {
    GroupKind { group: served.group.clone(), kind: served.kind.clone() }
}

fn reason(problem: &Problem) -> String {
    match problem.kind {
        ProblemKind::Forbidden => "no permission to read them".to_owned(),
        _ => problem.message.clone(),
    }
}

async fn list<I: Item, T>(
    cluster: &Kubernetes,
    served: &Served,
    namespace: Option<&str>,
    look: Look<I, T>,
) -> Result<Vec<T>, Problem> {
    let begun = Instant::now();
    let mut all = Vec::new();
    let mut pages = (look.pages)(served, namespace);
    loop {
        match pages.next::<I>(&cluster.transport).await {
            Ok(None) => return Ok(all),
            Ok(Some(Page::Items(items, _))) => {
                all.extend(items.into_iter().filter_map(|item| (look.of)(served, item)));
            }
            Ok(Some(Page::Expired)) => {
                all.clear();
                pages = (look.pages)(served, namespace);
            }
            // A kind that has no list has no objects that are stored, and one that is gone has none at all.
            Err(CallError::Refused(refusal)) if refusal.code == 405 => return Ok(all),
            Err(CallError::Refused(refusal)) if refusal.code == 404 => {
                let Some(problem) = cluster.discovery.not_found(&group_kind(served)).await else {
                    return Ok(all);
                };
                if begun.elapsed() >= PATIENCE {
                    return Err(problem);
                }
                // A definition that comes or goes is listed for a moment while nobody serves its objects.
                tokio::time::sleep(PAUSE).await;
                all.clear();
                pages = (look.pages)(served, namespace);
            }
            Err(failure) => {
                let identity = Identity::cluster(served.group.as_str(), served.kind.as_str(), "");
                return Err(problem::of(failure, About::new(&identity), &cluster.transport.server_info));
            }
        }
    }
}
