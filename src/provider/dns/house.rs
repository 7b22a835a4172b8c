//! What can be done with a record set.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use serde_json::Value;

use super::content::{Content, Names};
use super::credentials::{Credentials, LookUp, ReadSecret};
use super::directory::Directory;
use super::entry::Entry;
use super::keeper::{Fault, Keeper};
use super::manual::{ManualRecords, Person};
use super::marker::Marker;
use super::object;
use super::place::Place;
use super::requested;
use super::rfc2136::NameServer;
use super::service::{Cloudflare, DigitalOcean, Service, Zones};
use super::wait;
use crate::config::SecretSource;
use crate::kubernetes::marks::PROJECT;
use crate::kubernetes::record_requests::RecordRequest;
use crate::provider::{
    Checkup, Guard, House, Introduction, Marked, MarkedObjects, Progress, Verb, Wait, Write, Written,
};
use crate::resource::record_set::marked_by;
use crate::resource::{Identity, Live, Permit, Problem, ProblemKind, Reading, Target};

/// What is said of a record that leads to its keeper.
const PROXIED: &str =
    "the record is proxied, and bodies of more than 100 MB do not get through: it will not be any more";
/// How often a write is repeated whose answer was lost, and that was not done.
const TRIES: u32 = 3;
/// For how long the first repetition waits.
const PAUSE: Duration = Duration::from_millis(300);

/// The house of record sets.
pub struct Dns {
    credentials: Credentials,
    directory: RwLock<Arc<Directory>>,
    permit: RwLock<Permit>,
    manual: ManualRecords,
    request_limit: Option<Duration>,
    zones: Arc<Zones>,
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns").finish_non_exhaustive()
    }
}

impl Dns {
    /// A house that finds keys in this environment, and in files.
    pub fn new(variables: LookUp, read: ReadSecret) -> Self {
        Self {
            credentials: Credentials::new(variables, read),
            directory: RwLock::default(),
            permit: RwLock::new(Permit::always()),
            manual: ManualRecords::default(),
            request_limit: None,
            zones: Arc::default(),
        }
    }

    /// The same, where this becomes of records that a person makes.
    #[must_use]
    pub fn with_manual(self, manual: ManualRecords) -> Self {
        Self { manual, ..self }
    }

    /// The same, where one request to a service may take so long, if that is shorter than usual.
    #[must_use]
    pub fn with_request_limit(self, request_limit: Option<Duration>) -> Self {
        Self { request_limit, ..self }
    }

    fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers what this run has done.
    fn note(&self, done: impl FnOnce(Directory) -> Directory) {
        let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        *directory = Arc::new(done(Directory::clone(&directory)));
    }

    fn permit(&self) -> Permit {
        self.permit.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn entry(&self, identity: &Identity, spec: &Value) -> Result<Entry, Problem> {
        let place = Place::of(spec).ok_or_else(|| nowhere(identity))?;
        Ok(Entry {
            identity: identity.clone(),
            spec: spec.clone(),
            names: Names::of(identity, &place.zone),
            keeper: self.keeper(identity, place, &self.directory().folder)?,
        })
    }

    fn keeper(&self, identity: &Identity, place: Place, folder: &Path) -> Result<Box<dyn Keeper>, Problem> {
        let key = |source: Option<&SecretSource>| self.credentials.value(source, folder);
        if let Some(settings) = place.rfc2136 {
            let key = key(settings.key.as_ref());
            return Ok(Box::new(NameServer::new(settings, key)));
        }
        if let Some(settings) = place.cloudflare {
            let token = key(settings.api_token.as_ref());
            let cloudflare = Cloudflare::new(&settings, token, self.request_limit, Arc::clone(&self.zones))?;
            return Ok(Box::new(Service::new(cloudflare, settings.name_servers)));
        }
        if let Some(settings) = place.digitalocean {
            let token = key(settings.token.as_ref());
            let digitalocean = DigitalOcean::new(&settings, token, self.request_limit)?;
            return Ok(Box::new(Service::new(digitalocean, settings.name_servers)));
        }
        let Some(settings) = place.manual else { return Err(nowhere(identity)) };
        Ok(Box::new(Person::new(settings, identity, self.directory().standing(identity), self.manual)))
    }

    /// The record set as the house knows it.
    fn known(&self, target: &Target) -> Result<Entry, Problem> {
        let directory = self.directory();
        self.entry(&target.identity, directory.spec(&target.identity)?)
    }

    /// The record set of a write. Where a key cannot be had, the object is sent without what names it.
    fn written(&self, write: &Write) -> Result<Entry, Problem> {
        let spec = write.object.get("spec").cloned().unwrap_or_default();
        match self.entry(&write.target.identity, &spec) {
            Ok(entry) => Ok(entry),
            Err(problem) => self.known(&write.target).map_err(|_| problem),
        }
    }

    async fn read_one(&self, target: &Target) -> Result<Option<Live>, Problem> {
        let entry = self.known(target)?;
        let live = entry.live().await?;
        self.check_move(&entry, live.as_ref()).await?;
        Ok(live)
    }

    /// Refuses a record set that was written somewhere else than where it is looked for: what stands there would be left
    /// behind.
    async fn check_move(&self, entry: &Entry, live: Option<&Live>) -> Result<(), Problem> {
        let directory = self.directory();
        let recorded = directory.recorded(&entry.identity).and_then(|object| object.get("spec"));
        let Some(recorded) = recorded else { return Ok(()) };
        let (Some(old), Some(new)) = (Place::of(recorded), Place::of(&entry.spec)) else { return Ok(()) };
        if old.is_same_home(&new) {
            return Ok(());
        }
        let name = &entry.names.name;
        let there = self.entry(&entry.identity, recorded)?.live().await.map_err(|problem| {
            let message = format!("{name} was written at {}, which cannot be asked: {}", old.server(), problem.message);
            Problem::new(ProblemKind::Settings, message)
                .help(
                    "give its key once more. If that server or its key is gone for good, let the state forget the record, \
                     which then stays where it is: `regplan state rm ADDRESS`",
                )
        })?;
        let is_left_behind =
            there.is_some_and(|there| live.is_none_or(|live| live.stamp.uid != there.stamp.uid));
        if !is_left_behind {
            return Ok(());
        }
        let message = format!(
            "{name} was written at {} (zone {}), and is now looked for at {} (zone {}), where it is not",
            old.server(),
            old.zone,
            new.server(),
            new.zone
        );
        Err(Problem::new(ProblemKind::Conflict, message).help(
            "take the block out and apply, then put it in with the new server: so nothing is left behind. If the old one \
             cannot be written any more, let the state forget the record, which then stays where it is: `regplan state rm \
             ADDRESS`",
        ))
    }

    /// What a write would make of what stands there.
    async fn outcome(&self, write: &Write) -> Result<Outcome, Problem> {
        let identity = &write.target.identity;
        let entry = self.written(write)?;
        let spec = &entry.spec;
        let before = entry.keeper.read(&entry.names).await?;
        let found = object::live(identity, spec, &before);
        let holds = match (&write.guard, &found) {
            (Guard::Absent, None) => true,
            (Guard::At(stamp), Some(live)) => live.stamp == *stamp,
            (Guard::Absent, Some(_)) | (Guard::At(_), None) => false,
        };
        if !holds {
            return Err(moved(&entry.names.name));
        }
        let uid = before.owner().map_or_else(|| entry.keeper.new_uid(), |marker| marker.uid);
        let after = object::content(identity, &write.object, uid)?;
        if after.is_alias() || after.has_texts() {
            let others = entry.keeper.others(&entry.names).await?;
            object::check_others(&entry.names, &after, &others)?;
        }
        Ok(Outcome { entry, before, after })
    }

    /// The record sets of a project in the zone in which this one lies.
    async fn found_in(
        &self,
        project: &str,
        zone: &str,
        neighbour: &Identity,
        spec: &Value,
    ) -> Result<Vec<Marked>, Problem> {
        let texts = self.entry(neighbour, spec)?.keeper.texts(zone).await?;
        let is_ours = |text: &str| {
            Marker::read(text)
                .is_some_and(|marker| marker.annotations.get(PROJECT).is_some_and(|own| own == project))
        };
        let names: BTreeSet<Identity> = texts
            .iter()
            .filter(|found| is_ours(&found.text))
            .filter_map(|found| marked_by(&found.name))
            .collect();
        let spec = object::without_records(spec);
        let mut found = Vec::new();
        for identity in names {
            let live = self.entry(&identity, &spec)?.live().await?;
            found.extend(live.and_then(|live| marked(&identity, &live)).filter(|one| one.project == project));
        }
        Ok(found)
    }

    /// Puts one content in the place of another. A write whose answer is lost is looked up before it is repeated. One that was
    /// done in part is gone on with.
    async fn replace(&self, outcome: &Outcome) -> Result<(), Problem> {
        let Outcome { entry: Entry { names, keeper, .. }, before, after } = outcome;
        let is_step = |found: &Content| keeper.goes_by_steps() && found.lies_between(before, after);
        let mut there = before.clone();
        for tries in 1.. {
            let is_begun = there != *before;
            let not_done =
                |problem| if is_begun { half_done(&names.name, problem) } else { as_of_write(problem) };
            self.permit().ask().map_err(not_done)?;
            let lost = match keeper.write(names, &there, after).await {
                Ok(()) => break,
                Err(Fault::NotDone(problem)) => return Err(not_done(problem)),
                Err(Fault::Lost(problem)) => problem,
            };
            there = match keeper.read(names).await {
                Ok(found) if found == *after => break,
                Ok(found) if found != *before && !is_step(&found) => {
                    return Err(Problem { kind: ProblemKind::Overtaken, ..lost });
                }
                Ok(found) if tries < TRIES => found,
                Ok(found) if found == *before => return Err(Problem { kind: ProblemKind::Other, ..lost }),
                Ok(_) => return Err(half_done(&names.name, lost)),
                Err(_) => return Err(Problem { kind: ProblemKind::Unreachable, ..lost }),
            };
            tokio::time::sleep(PAUSE * tries).await;
        }
        Ok(())
    }
}

/// What a write does.
struct Outcome {
    entry: Entry,
    before: Content,
    after: Content,
}

impl Outcome {
    fn live(&self) -> Result<Live, Problem> {
        let Entry { identity, spec, names, .. } = &self.entry;
        object::live(identity, spec, &self.after).ok_or_else(|| moved(&names.name))
    }
}

fn nowhere(identity: &Identity) -> Problem {
    let message = format!("`spec` of {identity} does not say where it is written");
    Problem::new(ProblemKind::Settings, message).help("write it as a [dns] block, with `zone` and a provider")
}

/// What a record set says of itself, with what leads to it.
fn marked(identity: &Identity, live: &Live) -> Option<Marked> {
    let marked = Marked::of(identity, live)?;
    Some(Marked { object: Some(live.object.clone()), ..marked })
}

/// That a zone is not listed.
fn only_named(zone: &str, problem: &Problem) -> String {
    let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!(
        "records of DNS in the zone {zone} are looked for only at names of the configuration and the state, since the \
         zone is not listed: {}{help}",
        problem.message
    )
}

fn moved(name: &str) -> Problem {
    Problem::new(ProblemKind::Conflict, format!("the records of {name} are not as they were read"))
}

/// A change of which some steps were done, and another one was not.
fn half_done(name: &str, problem: Problem) -> Problem {
    let message = format!("the change of {name} was done in part: {}", problem.message);
    Problem { kind: ProblemKind::Unreachable, message, ..problem }
        .help("plan and apply again: the new plan goes on from what stands there")
}

/// A key that is missing only keeps a plan from trying; a write fails.
fn as_of_write(problem: Problem) -> Problem {
    match problem.kind {
        ProblemKind::DryRunRefused => Problem { kind: ProblemKind::Settings, ..problem },
        _ => problem,
    }
}

#[async_trait]
impl House for Dns {
    fn write_under(&self, permit: Permit) {
        *self.permit.write().unwrap_or_else(PoisonError::into_inner) = permit;
    }

    fn introduce(&self, introduction: &Introduction<'_>) {
        let directory = Arc::new(Directory::of(introduction));
        *self.directory.write().unwrap_or_else(PoisonError::into_inner) = directory;
    }

    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        let all = targets.iter().map(|target| async move {
            match self.read_one(target).await {
                Ok(Some(live)) => Reading::Present(Arc::new(live)),
                Ok(None) => Reading::Absent,
                Err(problem) => Reading::Unreadable(problem),
            }
        });
        join_all(all).await
    }

    async fn preview(&self, write: &Write) -> Result<Written, Problem> {
        let outcome = self.outcome(write).await?;
        let Entry { names, keeper, .. } = &outcome.entry;
        keeper.try_write(names, &outcome.before).await?;
        let is_proxied = outcome.before.records.iter().any(|record| record.proxied);
        let warnings =
            is_proxied.then(|| PROXIED.to_owned()).into_iter().chain(keeper.to_do(names, &outcome.after));
        let warnings = warnings.collect();
        Ok(Written { live: outcome.live()?, warnings })
    }

    async fn write(&self, write: &Write) -> Result<Written, Problem> {
        let outcome = self.outcome(write).await?;
        self.replace(&outcome).await?;
        let Entry { identity, names, keeper, .. } = &outcome.entry;
        keeper.confirm(names, &outcome.after).await?;
        self.note(|directory| directory.with_written(identity.clone(), write.object.clone()));
        let warnings = keeper.to_do(names, &outcome.after).into_iter().collect();
        Ok(Written { live: outcome.live()?, warnings })
    }

    async fn delete(&self, target: &Target, read: &Live) -> Result<(), Problem> {
        let entry = self.known(target)?;
        let before = entry.keeper.read(&entry.names).await?;
        match object::live(&entry.identity, &entry.spec, &before) {
            None => Ok(()),
            Some(live) if live.stamp == read.stamp => {
                self.replace(&Outcome { entry, before, after: Content::default() }).await?;
                self.note(|directory| directory.with_deleted(target.identity.clone()));
                Ok(())
            }
            Some(_) => Err(moved(&entry.names.name)),
        }
    }

    async fn before_delete(&self, target: &Target) -> Result<Option<String>, Problem> {
        let Entry { keeper, names, .. } = self.known(target)?;
        keeper.before_delete(&names).map_err(as_of_write)
    }

    async fn lacks(&self, checkups: &[Checkup]) -> Vec<Option<String>> {
        let all = checkups.iter().map(|checkup| async move {
            if let Some(request) = RecordRequest::of(&checkup.target.identity, &checkup.live.object) {
                return requested::lacking(&request, checkup).await;
            }
            let entry = self.known(&checkup.target).ok()?;
            wait::lacking(&entry, checkup).await
        });
        join_all(all).await
    }

    fn goes_on_without(&self, target: &Target) -> bool {
        self.known(target).is_ok_and(|entry| entry.keeper.goes_on_without())
    }

    async fn wait(&self, wait: &Wait, progress: Progress<'_>) -> Result<Option<Arc<Live>>, Problem> {
        let asking = wait.written.as_ref();
        let request = asking.and_then(|live| RecordRequest::of(&wait.target.identity, &live.object));
        match (request, asking) {
            (Some(request), Some(asking)) => requested::wait(&request, asking, wait, progress).await,
            _ => wait::wait(&self.known(&wait.target)?, wait, progress).await,
        }
    }

    /// A `DNSEndpoint` asks external-dns for records.
    fn is_asked_by(&self, identity: &Identity, live: &Live) -> bool {
        RecordRequest::of(identity, &live.object).is_some()
    }

    /// Of the names that it was told of, and of all others in the same zones, as far as these are listed.
    async fn marked_of(&self, project: &str) -> Result<MarkedObjects, Problem> {
        let directory = self.directory();
        let identities = directory.identities();
        let targets: Vec<Target> =
            identities.into_iter().map(|identity| Target { identity, version: None }).collect();
        let readings = self.read(&targets).await;
        let mut found = MarkedObjects::default();
        for (Target { identity, .. }, reading) in targets.iter().zip(readings) {
            match reading {
                Reading::Present(live) => {
                    found.seen.extend(marked(identity, &live).filter(|one| one.project == project));
                }
                Reading::Unreadable(problem) => {
                    let message = format!("{}: {}", identity.name, problem.message);
                    found.hidden.push((identity.group_kind(), message));
                }
                Reading::Absent => {}
            }
        }
        for ((zone, _), (identity, spec)) in directory.homes() {
            match self.found_in(project, &zone, identity, spec).await {
                Ok(seen) => {
                    let known = &targets;
                    let is_new = |one: &Marked| !known.iter().any(|target| target.identity == one.identity);
                    found.seen.extend(seen.into_iter().filter(is_new));
                }
                Err(problem) => found.partly.push(only_named(&zone, &problem)),
            }
        }
        Ok(found)
    }

    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
        requests.iter().map(|_| Ok(true)).collect()
    }
}
