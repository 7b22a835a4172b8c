//! Which kinds the server serves, and where.
//!
//! Aggregated discovery costs two requests whatever is installed; a server without it is asked group by
//! group. A group that cannot be asked (an `APIService` whose server is down) never fails the others: its
//! kinds are *unreadable*, neither served nor unknown.
//!
//! The list of all groups has gaps while a server starts. So where a kind is not in it, its group itself is asked,
//! and only a server that calls itself ready is believed about what is not there. A kind with a definition that serves
//! no version is not gone either: its objects are stored, and cannot be read.

mod catalogue;
mod definitions;
mod failure;
mod group;
mod served;
mod unserved;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

pub(in crate::provider::kubernetes) use self::catalogue::Lookup;
use self::catalogue::{Catalogue, array, group_versions};
pub(in crate::provider::kubernetes) use self::served::{Served, encode};
use crate::kubernetes::conditions::text;
use crate::provider::ServerApis;
use crate::provider::kubernetes::transport::{Call, CallError, Transport};
use crate::resource::{GroupKind, Problem, ProblemKind, Target};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// What is younger than this is not asked for again because of an unknown kind.
const FRESH: Duration = Duration::from_secs(10);

/// Discovery, which keeps what it has read.
pub(in crate::provider::kubernetes) struct Discovery {
    transport: Transport,
    known: Mutex<Option<Known>>,
}

/// What was read at one moment.
struct Known {
    when: Instant,
    catalogue: Catalogue,
    /// The groups that were asked themselves, because a kind of theirs was not in the list of all groups.
    asked: HashSet<String>,
}

impl Discovery {
    pub(in crate::provider::kubernetes) fn new(transport: Transport) -> Self {
        Self { transport, known: Mutex::new(None) }
    }

    /// Looks a kind up. One that is unknown is looked up afresh, unless what we know is seconds old.
    pub(in crate::provider::kubernetes) async fn lookup(&self, kind: &GroupKind) -> Result<Lookup, Problem> {
        let mut known = self.known.lock().await;
        let kept = known.take().filter(|known| {
            matches!(known.catalogue.lookup(kind), Lookup::Served(_)) || known.when.elapsed() < FRESH
        });
        let kept = match kept {
            Some(kept) => known.insert(kept),
            None => known.insert(self.fetch().await?),
        };
        let found = kept.catalogue.lookup(kind);
        if found != Lookup::Unknown || kept.asked.contains(&kind.group) {
            return Ok(found);
        }
        group::ask(&self.transport, &kind.group, &mut kept.catalogue).await;
        kept.asked.insert(kind.group.clone());
        Ok(kept.catalogue.lookup(kind))
    }

    /// Every kind whose objects live in namespaces, as [`kinds`](Self::kinds) gives it.
    pub(in crate::provider::kubernetes) async fn namespaced(
        &self,
    ) -> Result<(Vec<Served>, Vec<(GroupKind, String)>), Problem> {
        let (mut kinds, hidden) = self.kinds().await?;
        kinds.retain(|served| served.namespaced);
        Ok((kinds, hidden))
    }

    /// The kinds of a group, as far as they were read already. Nothing is asked for.
    pub(in crate::provider::kubernetes) async fn known_of(&self, group: &str) -> Vec<Served> {
        let known = self.known.lock().await;
        let kinds = known.iter().flat_map(|known| known.catalogue.kinds.values());
        kinds
            .filter_map(|versions| versions.first())
            .filter(|served| served.group == group)
            .cloned()
            .collect()
    }

    /// Every kind, in the server's preferred version, and what cannot be known of others.
    pub(in crate::provider::kubernetes) async fn kinds(
        &self,
    ) -> Result<(Vec<Served>, Vec<(GroupKind, String)>), Problem> {
        // What was read before the server was ready may have gaps.
        let readiness = group::readiness(&self.transport).await;
        let Known { catalogue, .. } = self.fetch().await?;
        let preferred = catalogue.kinds.values().filter_map(|versions| versions.first());
        let mut kinds: Vec<Served> = preferred.cloned().collect();
        kinds.sort_by(|a, b| (&a.group, &a.kind).cmp(&(&b.group, &b.kind)));
        let skipped = catalogue.skipped.iter().map(|(group, problem)| {
            (GroupKind { group: group.clone(), kind: "all kinds".to_owned() }, problem.message.clone())
        });
        let gaps = readiness.err().map(|problem| {
            (GroupKind { group: String::new(), kind: "other kinds".to_owned() }, problem.message)
        });
        Ok((kinds, skipped.chain(gaps).collect()))
    }

    /// The server's version, and the names of all that it serves.
    pub(in crate::provider::kubernetes) async fn everything(&self) -> Result<ServerApis, Problem> {
        // What was read before the server was ready may have gaps.
        group::readiness(&self.transport).await?;
        let version = self.transport.send(&Call::get("/version")).await;
        let version = version.map_err(|failure| self.problem(failure))?.body;
        let mut known = self.known.lock().await;
        let kept = match known.take() {
            Some(kept) => known.insert(kept),
            None => known.insert(self.fetch().await?),
        };
        let kinds = kept.catalogue.kinds.values().flatten();
        let names = kinds.flat_map(|served| {
            let version = served.api_version();
            [format!("{version}/{}", served.kind), version]
        });
        let apis: BTreeSet<String> = names.collect();
        Ok(ServerApis { version: text(&version, "gitVersion").to_owned(), apis: apis.into_iter().collect() })
    }

    /// What a 404 means that does not name the object that was asked for: `None` where the kind is not served any
    /// more, and otherwise why nothing can be said.
    pub(in crate::provider::kubernetes) async fn not_found(&self, kind: &GroupKind) -> Option<Problem> {
        self.forget().await;
        let mut asked = Catalogue::default();
        group::ask(&self.transport, &kind.group, &mut asked).await;
        match asked.lookup(kind) {
            Lookup::Unknown => None,
            Lookup::Served(_) => {
                let server = &self.transport.server_info.server;
                let message = format!("{server} serves {kind}, and answers HTTP 404 for its objects");
                Some(
                    Problem::new(ProblemKind::Unreachable, message)
                        .help("it may be starting; run the same command again"),
                )
            }
            Lookup::Unreadable(problem) => Some(problem),
        }
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
        let help = unserved::removed(target).unwrap_or_else(|| "change its apiVersion".to_owned());
        Err(Problem::new(ProblemKind::UnknownKind, message).help(help))
    }

    /// What to do about a kind that is not served.
    pub(in crate::provider::kubernetes) async fn help_for_unserved(&self, target: &Target) -> String {
        let known = self.known.lock().await;
        let kinds = known.as_ref().map(|known| &known.catalogue.kinds);
        let preferred = kinds.into_iter().flat_map(|kinds| kinds.values()).filter_map(|all| all.first());
        unserved::help(target, preferred)
    }

    /// All versions of a kind, the preferred one first; none where it is not served.
    async fn versions(&self, kind: &GroupKind) -> Result<Vec<Served>, Problem> {
        match self.lookup(kind).await? {
            Lookup::Served(served) => Ok(served),
            Lookup::Unknown => Ok(Vec::new()),
            Lookup::Unreadable(problem) => {
                let message = format!("nothing can be said about {kind}: {problem}");
                let unavailable = "see `kubectl get apiservices` for the ones that are not available";
                let help = problem.help.clone().unwrap_or_else(|| unavailable.to_owned());
                Err(Problem::new(ProblemKind::Unreachable, message).help(help).caused_by(problem))
            }
        }
    }

    async fn fetch(&self) -> Result<Known, Problem> {
        let ask = |path: &'static str| {
            let call = Call { accept: AGGREGATED, ..Call::get(path) };
            async move { self.transport.send(&call).await }
        };
        let mut catalogue = Catalogue::default();
        let (core, groups) = if self.transport.is_reachable() {
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
        group::read_versions(&self.transport, versions, &mut catalogue).await;
        Ok(Known { when: Instant::now(), catalogue, asked: HashSet::new() })
    }

    fn problem(&self, failure: CallError) -> Problem {
        failure::problem(&self.transport, failure)
    }
}
