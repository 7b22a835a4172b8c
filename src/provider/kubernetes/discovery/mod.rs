//! Which kinds the server serves, and where.
//!
//! Aggregated discovery costs two requests whatever is installed; a server without it is asked group by
//! group. A group that cannot be asked (an `APIService` whose server is down) never fails the others: its
//! kinds are *unreadable*, neither served nor unknown.

mod catalogue;
mod served;

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

pub(in crate::provider::kubernetes) use self::catalogue::Lookup;
use self::catalogue::{Catalogue, array, group_versions};
pub(in crate::provider::kubernetes) use self::served::{Served, encode};
use crate::kubernetes::conditions::text;
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::transport::{Call, CallError, Transport};
use crate::resource::{GroupKind, Identity, Problem, ProblemKind, Target};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// What is younger than this is not asked for again because of an unknown kind.
const FRESH: Duration = Duration::from_secs(10);

/// Discovery, which keeps what it has read.
pub(in crate::provider::kubernetes) struct Discovery {
    transport: Transport,
    known: Mutex<Option<(Instant, Arc<Catalogue>)>>,
}

impl Discovery {
    pub(in crate::provider::kubernetes) fn new(transport: Transport) -> Self {
        Self { transport, known: Mutex::new(None) }
    }

    /// Looks a kind up. One that is unknown is looked up afresh, unless what we know is seconds old.
    pub(in crate::provider::kubernetes) async fn lookup(&self, kind: &GroupKind) -> Result<Lookup, Problem> {
        let mut known = self.known.lock().await;
        if let Some((when, catalogue)) = &*known {
            let found = catalogue.lookup(kind);
            if matches!(found, Lookup::Served(_)) || when.elapsed() < FRESH {
                return Ok(found);
            }
        }
        let catalogue = Arc::new(self.fetch().await?);
        let found = catalogue.lookup(kind);
        *known = Some((Instant::now(), catalogue));
        Ok(found)
    }

    /// Every kind whose objects live in namespaces, in the server's preferred version, and what cannot be
    /// known of others.
    pub(in crate::provider::kubernetes) async fn namespaced(
        &self,
    ) -> Result<(Vec<Served>, Vec<(GroupKind, String)>), Problem> {
        let mut known = self.known.lock().await;
        let catalogue = if let Some((_, catalogue)) = &*known {
            Arc::clone(catalogue)
        } else {
            let catalogue = Arc::new(self.fetch().await?);
            *known = Some((Instant::now(), Arc::clone(&catalogue)));
            catalogue
        };
        let preferred = catalogue.kinds.values().filter_map(|versions| versions.first());
        let mut kinds: Vec<Served> = preferred.filter(|served| served.namespaced).cloned().collect();
        kinds.sort_by(|a, b| (&a.group, &a.kind).cmp(&(&b.group, &b.kind)));
        let skipped = catalogue.skipped.iter().map(|(group, problem)| {
            (GroupKind { group: group.clone(), kind: "all kinds".to_owned() }, problem.message.clone())
        });
        Ok((kinds, skipped.collect()))
    }

    /// Forgets what is known, since a kind was added or has changed.
    pub(in crate::provider::kubernetes) async fn forget(&self) {
        *self.known.lock().await = None;
    }

    /// How to read or delete the target: in its own version where that is served, else in the server's preferred
    /// one. `None` for a kind that is not served.
    ///
    /// # Errors
    /// Where discovery gives no answer for the kind: then it is neither served nor unknown.
    pub(in crate::provider::kubernetes) async fn served(
        &self,
        target: &Target,
    ) -> Result<Option<Served>, Problem> {
        let versions = self.versions(&target.identity.group_kind()).await?;
        let own = target.version.as_ref();
        let own = own.and_then(|own| versions.iter().find(|served| served.version == *own));
        Ok(own.or(versions.first()).cloned())
    }

    /// How to write the target: in its own version, since in another one the same fields may mean something
    /// else. `None` for a kind that is not served.
    ///
    /// # Errors
    /// As of [`served`](Self::served), and a kind that is served in other versions only.
    pub(in crate::provider::kubernetes) async fn served_exactly(
        &self,
        target: &Target,
    ) -> Result<Option<Served>, Problem> {
        let kind = target.identity.group_kind();
        let versions = self.versions(&kind).await?;
        let Some(version) = &target.version else { return Ok(versions.into_iter().next()) };
        let exact = versions.iter().find(|served| served.version == *version);
        if exact.is_some() || versions.is_empty() {
            return Ok(exact.cloned());
        }
        let others: Vec<&str> = versions.iter().map(|served| served.version.as_str()).collect();
        let message =
            format!("the server serves {kind} in the version {}, not in {version}", others.join(", "));
        Err(Problem::new(ProblemKind::UnknownKind, message).help("change its apiVersion"))
    }

    /// All versions of a kind, the preferred one first; none where it is not served.
    async fn versions(&self, kind: &GroupKind) -> Result<Vec<Served>, Problem> {
        match self.lookup(kind).await? {
            Lookup::Served(served) => Ok(served),
            Lookup::Unknown => Ok(Vec::new()),
            Lookup::Unreadable(problem) => {
                let message = format!("nothing can be said about {kind}: {problem}");
                Err(Problem::new(ProblemKind::Unreachable, message)
                    .help("see `kubectl get apiservices` for the ones that are not available")
                    .caused_by(problem))
            }
        }
    }

    async fn fetch(&self) -> Result<Catalogue, Problem> {
        let ask = |path: &'static str| {
            let call = Call { accept: AGGREGATED, ..Call::get(path) };
            async move { self.transport.send(&call).await }
        };
        let mut catalogue = Catalogue::default();
        let (core, groups) = if self.transport.is_contacted() {
            futures::join!(ask("/api"), ask("/apis"))
        } else {
            // A server that does not answer need not be asked twice.
            let core = ask("/api").await.map_err(|failure| self.problem(failure))?;
            (Ok(core), ask("/apis").await)
        };
        let core = core.map_err(|failure| self.problem(failure))?.body;
        let groups = groups.map_err(|failure| self.problem(failure))?.body;
        let mut versions: Vec<(String, String)> = Vec::new();
        if text(&core, "kind") == "APIGroupDiscoveryList" {
            catalogue.add_aggregated(&core);
        } else {
            let names = array(&core, "versions").iter().filter_map(Value::as_str);
            versions.extend(names.map(|version| (String::new(), version.to_owned())));
        }
        if text(&groups, "kind") == "APIGroupDiscoveryList" {
            catalogue.add_aggregated(&groups);
        } else {
            versions.extend(group_versions(&groups));
        }
        let lists = stream::iter(versions).map(|(group, version)| async move {
            let base = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
            let answer = self.transport.send(&Call::get(format!("{base}/{version}"))).await;
            (group, version, answer)
        });
        // In order, since the preferred version of a group comes first.
        let mut lists = lists.buffered(8);
        while let Some((group, version, answer)) = lists.next().await {
            match answer {
                Ok(answer) => catalogue.add_resources(&group, &version, &answer.body),
                Err(failure) => catalogue.skip(&group, self.problem(failure)),
            }
        }
        Ok(catalogue)
    }

    fn problem(&self, failure: CallError) -> Problem {
        let discovery = Identity::cluster("", "API", "discovery");
        let problem = problem::of(failure, About::new(&discovery), &self.transport.server_info);
        if problem.kind != ProblemKind::UnknownKind {
            return problem;
        }
        let server = &self.transport.server_info.server;
        let message = format!("{server} does not answer as a Kubernetes API server does");
        Problem::new(ProblemKind::Unreachable, message).caused_by(problem)
    }
}
