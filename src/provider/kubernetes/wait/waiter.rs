//! Waiting: until an object is ready, has a field, or is gone.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::cause::{Cause, with_cause};
use super::explain;
use super::gateway_class::{self, FOR_A_CONTROLLER};
use super::hopeless::Hopeless;
use super::logs;
use super::patience::Patience;
use super::{definition, storage_class};
use crate::kubernetes::completion::has_ended;
use crate::kubernetes::events::missing_account;
use crate::kubernetes::kinds::is_definition;
use crate::kubernetes::readiness::{self, Readiness, StorageClass};
use crate::kubernetes::{deletion_time, pods};
use crate::provider::kubernetes::client::Kubernetes;
use crate::provider::kubernetes::discovery::Served;
use crate::provider::kubernetes::ownership;
use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::read::{check_namespace, get};
use crate::provider::kubernetes::transport::CallError;
use crate::provider::kubernetes::watch::Hub;
use crate::provider::{OnTrouble, Progress, ToCome, Until, Wait};
use crate::resource::{Identity, Live, Problem, ProblemKind, Reading, ReadyRule};

/// Rollouts that take longer than this have their pods looked at.
const PODS_AFTER: Duration = Duration::from_secs(2);
/// What takes no longer than this is not told: a definition is mostly established within a second, and a chart has many.
const QUIET: Duration = Duration::from_secs(1);
/// What waits for longer than this is told a way out, where there is one.
const WAY_OUT_AFTER: Duration = Duration::from_secs(5);
/// Between two looks at discovery, for which there is no watch.
const DISCOVERY_PAUSE: Duration = Duration::from_millis(250);

/// Waits. The object as it then is; `None` where it is gone.
pub(in crate::provider::kubernetes) async fn wait(
    cluster: &Kubernetes,
    wait: &Wait,
    progress: Progress<'_>,
) -> Result<Option<Arc<Live>>, Problem> {
    let identity = &wait.target.identity;
    let Some(served) = cluster.discovery.served(&wait.target).await? else {
        return match wait.until {
            Until::Gone { .. } => Ok(None),
            _ => Err(cluster.unknown_kind(&wait.target).await),
        };
    };
    check_namespace(&served, identity)?;
    let first = first_look(cluster, &served, wait).await?;
    let mut waiter = Waiter::new(cluster, &served, wait, first.as_deref(), progress);
    let version = match first {
        Some(live) => {
            let Step::Wait(_) = waiter.step(Some(&live.object)).await? else {
                return Ok(waiter.finish(Some(live)));
            };
            // What is ready at once needs no copy.
            waiter.last = Some(Arc::new(live.object.clone()));
            live.stamp.version.clone()
        }
        None => match waiter.step(None).await? {
            Step::Done => return Ok(waiter.finish(None)),
            Step::Wait(_) => String::new(),
        },
    };
    waiter.follow(&version).await
}

/// The object before any watch. Most objects are ready at once, and need none. Those that were just written need not even be
/// read.
async fn first_look(
    cluster: &Kubernetes,
    served: &Served,
    wait: &Wait,
) -> Result<Option<Arc<Live>>, Problem> {
    if let Some(live) = &wait.written {
        return Ok(Some(Arc::clone(live)));
    }
    match get(cluster, served, &wait.target.identity).await {
        Reading::Present(live) => Ok(Some(live)),
        Reading::Absent => Ok(None),
        Reading::Unreadable(problem) => Err(problem),
    }
}

/// How long to wait where nobody has said so.
fn default_timeout(identity: &Identity, object: Option<&Value>, until: &Until) -> Duration {
    match until {
        Until::Gone { .. } => deletion_time::time_to_go(identity),
        Until::Field(_) => readiness::TIME_OF_A_CONTROLLER,
        Until::Ready(rule) => readiness::time_to_ready(identity, object, rule.as_ref()),
    }
}

/// How long the class of a Gateway may stay without a controller. Whoever expects one from elsewhere says how long that may take.
fn time_of_class(wait: &Wait) -> Duration {
    match (wait.on_trouble, wait.timeout) {
        (OnTrouble::Wait, Some(given)) => given,
        (OnTrouble::Fail, _) | (OnTrouble::Wait, None) => FOR_A_CONTROLLER,
    }
}

enum Step {
    Done,
    /// Look again when something changes, or at this moment.
    Wait(Option<Instant>),
}

impl Step {
    /// The same, with a look at this moment at the latest.
    fn no_later_than(self, moment: Option<Instant>) -> Self {
        match self {
            Self::Done => Self::Done,
            Self::Wait(when) => Self::Wait(when.into_iter().chain(moment).min()),
        }
    }
}

struct Waiter<'a> {
    cluster: &'a Kubernetes,
    served: &'a Served,
    identity: &'a Identity,
    until: &'a Until,
    uid: Option<&'a str>,
    /// The object as it was seen last.
    last: Option<Arc<Value>>,
    limit: Duration,
    deadline: Instant,
    progress: Progress<'a>,
    /// What was told last.
    said: String,
    /// What was missing then, without a cause that events name.
    missing: String,
    cause: Cause,
    /// Whether the watch sees nothing at the moment.
    is_blind: bool,
    class: Option<StorageClass>,
    patience: Patience,
    pods: Option<Arc<Hub>>,
    /// What keeps its pods from running.
    pod_cause: Option<String>,
    /// The last one of its pods whose containers are not made yet.
    starting: Option<Arc<Value>>,
    hopeless: Hopeless,
    on_trouble: OnTrouble,
    /// How long the class of a Gateway may stay without a controller.
    time_of_class: Duration,
    to_come: &'a ToCome,
    began: Instant,
}

/// The kind of the accounts of pods.
fn accounts() -> Served {
    Served {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "ServiceAccount".to_owned(),
        plural: "serviceaccounts".to_owned(),
        namespaced: true,
    }
}

impl<'a> Waiter<'a> {
    fn new(
        cluster: &'a Kubernetes,
        served: &'a Served,
        wait: &'a Wait,
        first: Option<&Live>,
        progress: Progress<'a>,
    ) -> Self {
        let identity = &wait.target.identity;
        let default = || default_timeout(identity, first.map(|live| &live.object), &wait.until);
        let (limit, began) = (wait.timeout.unwrap_or_else(default), Instant::now());
        Self {
            cluster,
            served,
            identity,
            until: &wait.until,
            uid: wait.uid.as_deref(),
            last: None,
            limit,
            deadline: began + limit,
            progress,
            said: String::new(),
            missing: String::new(),
            cause: Cause::new(began),
            is_blind: false,
            class: None,
            patience: Patience::default(),
            pods: None,
            pod_cause: None,
            starting: None,
            hopeless: Hopeless::default(),
            on_trouble: wait.on_trouble,
            time_of_class: time_of_class(wait),
            to_come: &wait.to_come,
            began,
        }
    }

    fn finish(&self, live: Option<Arc<Live>>) -> Option<Arc<Live>> {
        live.filter(|_| !matches!(self.until, Until::Gone { .. }))
    }

    fn join(&self, name: Option<&str>) -> Arc<Hub> {
        self.cluster.hubs.join(self.served, self.identity.namespace.as_deref(), name)
    }

    /// Looks at the object whenever it changes, once everything up to a version has been seen.
    async fn follow(&mut self, version: &str) -> Result<Option<Arc<Live>>, Problem> {
        let mut hub = self.join(None);
        let mut changes = hub.subscribe();
        let mut named = false;
        loop {
            changes.mark_unchanged();
            let mut look_again = None;
            if let Some(failure) = hub.failure() {
                match failure {
                    // Rights may name single objects.
                    CallError::Refused(refusal) if refusal.code == 403 && !named => {
                        named = true;
                        hub = self.join(Some(&self.identity.name));
                        changes = hub.subscribe();
                        continue;
                    }
                    failure => {
                        let server_info = &self.cluster.transport.server_info;
                        return Err(problem::of(failure, About::new(self.identity), server_info));
                    }
                }
            }
            // As long as nothing can be seen, that is what there is to tell.
            self.is_blind = false;
            if let Some(transport_error) = hub.transport_error() {
                self.tell(format!("the cluster cannot be watched at the moment: {transport_error}"));
                self.is_blind = true;
            }
            if self.said.is_empty() && !self.missing.is_empty() {
                // What was held back in the quiet time. The watch may be slow.
                self.say(self.missing.clone());
            }
            if hub.has_seen(version) {
                let object = hub.object(&self.identity.name);
                let is_it = |gone: &Arc<Value>| Some(ownership::stamp(gone).uid.as_str()) == self.known_uid();
                let gone = || hub.deleted(&self.identity.name).filter(is_it);
                if let Some(seen) = object.clone().or_else(gone) {
                    self.last = Some(seen);
                }
                match self.step(object.as_deref()).await? {
                    Step::Done => {
                        let live = object.map(|object| Arc::new(ownership::live((*object).clone())));
                        return Ok(self.finish(live));
                    }
                    Step::Wait(when) => look_again = when,
                }
            }
            let mut pod_changes = self.pods.as_ref().map(|pods| pods.subscribe());
            let until = look_again.unwrap_or(self.deadline).min(self.end_of_quiet());
            tokio::select! {
                _ = changes.changed() => {}
                () = next_change(&mut pod_changes) => {}
                () = sleep_until(until) => {
                    if Instant::now() >= self.deadline {
                        return Err(self.timed_out(self.last.clone().as_deref()).await);
                    }
                }
            }
        }
    }

    fn tell(&mut self, text: String) {
        self.missing.clone_from(&text);
        self.say(text);
    }

    fn say(&mut self, text: String) {
        if Instant::now() >= self.began + QUIET && text != self.said && !self.is_blind {
            (self.progress)(&text);
            self.said = text;
        }
    }

    /// When it is looked again at the latest: then what is missing is told, where nothing was yet.
    fn end_of_quiet(&self) -> Instant {
        let end = self.began + QUIET;
        if self.said.is_empty() && Instant::now() < end { end.min(self.deadline) } else { self.deadline }
    }

    /// Tells what is missing, with the cause that pods or events name.
    async fn tell_cause(&mut self, missing: String, uid: Option<&str>) {
        let starting = self.starting.as_deref().and_then(pods::uid);
        let by_events = self.cause.look(self.cluster, self.identity, starting.or(uid)).await;
        let told = with_cause(&missing, self.pod_cause.as_deref().or(by_events));
        self.missing = missing;
        self.say(told);
    }

    async fn step(&mut self, object: Option<&Value>) -> Result<Step, Problem> {
        match (self.until, object) {
            (Until::Gone { .. }, None) => Ok(Step::Done),
            (Until::Gone { uid }, Some(object)) => {
                if ownership::stamp(object).uid != *uid {
                    return Ok(Step::Done);
                }
                self.tell(deletion_time::lingering(self.identity, object));
                Ok(Step::Wait(None))
            }
            (Until::Ready(rule), None) => self.gone_step(rule.as_ref()).await,
            (Until::Field(_), None) => Err(self.deleted()),
            (Until::Field(path), Some(object)) => match readiness::field(object, path) {
                Readiness::Waiting(missing) => {
                    let way_out = self.way_out(object);
                    self.tell(way_out.map_or(missing.clone(), |way_out| format!("{missing}; {way_out}")));
                    Ok(Step::Wait(self.moment_of_way_out(object)))
                }
                _ => Ok(Step::Done),
            },
            (Until::Ready(rule), Some(object)) => {
                let class = self.storage_class(object).await;
                match readiness::judge(self.identity, object, rule.as_ref(), class) {
                    Readiness::Ready if rule.is_none() => self.served_step(object).await,
                    Readiness::Ready => Ok(Step::Done),
                    Readiness::Failed(why) => Err(self.failed(&why, object).await),
                    Readiness::Waiting(missing) => {
                        let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
                        if let Some(way_out) = self.way_out(object) {
                            self.tell_cause(format!("{missing}; {way_out}"), uid).await;
                            let step = self.class_step(object, &missing).await?;
                            return Ok(step.no_later_than(self.cause.next_look()));
                        }
                        let step = self.pods_step(object, &missing).await?;
                        self.tell_cause(missing.clone(), uid).await;
                        self.check_mounts(object, &missing).await?;
                        self.check_account(object, &missing).await?;
                        Ok(step.no_later_than(self.cause.next_look()))
                    }
                }
            }
        }
    }

    /// What the user can do about an object that waits for what may never come; only after some seconds.
    fn way_out(&self, object: &Value) -> Option<String> {
        self.possible_way_out(object).filter(|_| Instant::now() >= self.began + WAY_OUT_AFTER)
    }

    fn possible_way_out(&self, object: &Value) -> Option<String> {
        match self.until {
            Until::Field(path) => readiness::way_to_address(path),
            Until::Ready(_) | Until::Gone { .. } => readiness::way_out(self.identity, object),
        }
    }

    /// When a way out is told, if there is one and it was not told yet.
    fn moment_of_way_out(&self, object: &Value) -> Option<Instant> {
        let moment = self.began + WAY_OUT_AFTER;
        (Instant::now() < moment && self.possible_way_out(object).is_some()).then_some(moment)
    }

    /// What is gone may have done its work before.
    async fn gone_step(&self, rule: Option<&ReadyRule>) -> Result<Step, Problem> {
        let last = self.last.as_deref();
        let end = if let Some(ended) = last.filter(|last| has_ended(self.identity, last)) {
            Some(readiness::judge(self.identity, ended, rule, StorageClass::default()))
        } else if let Some(uid) = self.known_uid() {
            explain::end(self.cluster, self.identity, uid).await
        } else {
            None
        };
        match end {
            Some(Readiness::Ready) => Ok(Step::Done),
            Some(Readiness::Failed(why)) => {
                let message = format!("{} does not become ready: {why}", self.identity);
                Err(self.explained(message, last).await)
            }
            Some(Readiness::Waiting(_)) | None => Err(self.deleted()),
        }
    }

    /// The uid of the object that is waited for.
    fn known_uid(&self) -> Option<&str> {
        self.uid.or_else(|| self.last.as_deref()?.pointer("/metadata/uid")?.as_str())
    }

    fn deleted(&self) -> Problem {
        let message = format!("{} is not there any more: somebody has deleted it", self.identity);
        Problem::new(ProblemKind::Other, message)
    }

    async fn storage_class(&mut self, object: &Value) -> StorageClass {
        if let Some(class) = self.class {
            return class;
        }
        let class = storage_class::class_of(self.cluster, self.identity, object).await;
        // A default class is filled in a moment later.
        if object.pointer("/spec/storageClassName").is_some() {
            self.class = Some(class);
        }
        class
    }

    /// A definition is ready only when its kind can be used.
    async fn served_step(&mut self, object: &Value) -> Result<Step, Problem> {
        if !is_definition(self.identity) {
            return Ok(Step::Done);
        }
        while Instant::now() < self.deadline {
            if let Ok(true) = timeout_at(self.deadline, definition::is_served(self.cluster, object)).await {
                return Ok(Step::Done);
            }
            self.tell("its kind is established, but not served yet".to_owned());
            sleep(DISCOVERY_PAUSE).await;
        }
        Err(self.timed_out(Some(object)).await)
    }

    /// Looks for pods that will not heal.
    async fn pods_step(&mut self, object: &Value, missing: &str) -> Result<Step, Problem> {
        let now = Instant::now();
        let labels = pods::selector(self.identity, object);
        let is_pod = self.identity.is("", "Pod");
        if labels.is_none() && !is_pod {
            return Ok(Step::Wait(self.moment_of_way_out(object)));
        }
        if now < self.began + PODS_AFTER {
            return Ok(Step::Wait(Some(self.began + PODS_AFTER)));
        }
        let mut own: Vec<Arc<Value>> = Vec::new();
        if let Some(labels) = &labels {
            let namespace = self.identity.namespace.as_deref();
            let hub = self.pods.get_or_insert_with(|| {
                let served = Served {
                    group: String::new(),
                    version: "v1".to_owned(),
                    kind: "Pod".to_owned(),
                    plural: "pods".to_owned(),
                    namespaced: true,
                };
                self.cluster.hubs.join(&served, namespace, None)
            });
            own = hub.objects(|pod| pods::is_selected(pod, labels));
            own.sort_by_key(|pod| pods::made(pod).to_owned());
        }
        let looked: Vec<&Value> = if is_pod { vec![object] } else { own.iter().map(AsRef::as_ref).collect() };
        self.pod_cause = looked.iter().rev().find_map(|pod| pods::cause(pod));
        self.starting =
            own.iter().rev().find(|pod| pods::is_being_made(pod) && !pods::is_ending(pod)).cloned();
        let (mut hopeless, mut next) = self.patience.look(looked.iter().copied(), now);
        if self.on_trouble == OnTrouble::Fail {
            let (more, look_again) = self.hopeless.look(self.cluster, &looked, now).await;
            hopeless.extend(more);
            next = next.into_iter().chain(look_again).min();
        }
        for name in hopeless {
            let pod =
                own.iter().find(|pod| pod.pointer("/metadata/name").and_then(Value::as_str) == Some(&name));
            // An old pod that is being replaced may be as broken as it likes.
            let counts = match pod {
                Some(pod) => explain::is_latest(self.cluster, self.identity, object, pod).await == Some(true),
                None => is_pod,
            };
            if counts {
                return Err(self.failed(missing, object).await);
            }
        }
        Ok(Step::Wait(next))
    }

    /// Fails where a pod lacks what it mounts, and that is to end the wait.
    async fn check_mounts(&self, object: &Value, missing: &str) -> Result<(), Problem> {
        let uid = pods::uid(self.starting.as_deref().unwrap_or(object));
        let is_to_end = self.on_trouble == OnTrouble::Fail && self.cause.is_missing_mount_of(uid);
        let is_latest = match &self.starting {
            _ if !is_to_end => false,
            Some(pod) => explain::is_latest(self.cluster, self.identity, object, pod).await == Some(true),
            None => self.identity.is("", "Pod"),
        };
        if is_latest { Err(self.failed(missing, object).await) } else { Ok(()) }
    }

    /// Fails where no pods can be made because their account is not there, and that is to end the wait. The last that a
    /// controller has said may be of the time before the account came.
    async fn check_account(&self, object: &Value, missing: &str) -> Result<(), Problem> {
        let said = [Some(missing), self.cause.named()];
        let name = said.into_iter().flatten().find_map(missing_account);
        let account = self.identity.namespace.as_deref().zip(name);
        let Some((namespace, name)) = account.filter(|_| self.on_trouble == OnTrouble::Fail) else {
            return Ok(());
        };
        let account = Identity::namespaced("", "ServiceAccount", namespace, name);
        if self.to_come.contains(&account) {
            return Ok(());
        }
        let is_missing = matches!(get(self.cluster, &accounts(), &account).await, Reading::Absent);
        if is_missing { Err(self.failed(missing, object).await) } else { Ok(()) }
    }

    /// Fails where nobody has answered for a Gateway in the time of its class, and that is because of the class.
    async fn class_step(&self, object: &Value, missing: &str) -> Result<Step, Problem> {
        if readiness::unanswered_class(self.identity, object).is_none() {
            return Ok(Step::Wait(None));
        }
        let moment = self.began + self.time_of_class;
        if Instant::now() < moment {
            return Ok(Step::Wait(Some(moment)));
        }
        match gateway_class::lack(self.cluster, self.identity, object, self.to_come).await {
            Some(lack) => {
                let mut problem = self.failed(&format!("{missing}; {lack}"), object).await;
                problem.help = Some(
                    "install the controller of the class, or name a class that has one; where one comes by itself, say in \
                     `lifecycle.timeouts` how long to wait for it"
                        .to_owned(),
                );
                Err(problem)
            }
            None => Ok(Step::Wait(None)),
        }
    }

    async fn failed(&self, why: &str, object: &Value) -> Problem {
        let message = format!("{} does not become ready: {why}", self.identity);
        self.explained(message, Some(object)).await
    }

    async fn timed_out(&self, object: Option<&Value>) -> Problem {
        let limit = words(self.limit);
        let mut message = match self.until {
            Until::Gone { .. } => format!("{} is not gone after {limit}", self.identity),
            Until::Field(path) => format!("{} has no `{path}` after {limit}", self.identity),
            Until::Ready(_) => format!("{} is not ready after {limit}", self.identity),
        };
        // The events stand below.
        if !self.missing.is_empty() && !matches!(self.until, Until::Field(_)) {
            message.push_str(": ");
            message.push_str(&self.missing);
        }
        let mut problem = self.explained(message, object).await;
        problem.help =
            Some("where it needs more time, give it some in the block's `lifecycle.timeouts`".to_owned());
        problem
    }

    async fn explained(&self, mut message: String, object: Option<&Value>) -> Problem {
        if let Some(object) = object {
            for line in explain::lines(self.cluster, self.identity, object).await {
                message.push_str("\n  ");
                message.push_str(&line);
            }
        }
        if let (Until::Ready(Some(ReadyRule::Ended)), Some(object)) = (self.until, object) {
            for line in logs::last_lines(self.cluster, self.identity, object).await {
                message.push_str("\n  ");
                message.push_str(&line);
            }
        }
        Problem::new(ProblemKind::Other, message)
    }
}

async fn next_change(changes: &mut Option<tokio::sync::watch::Receiver<u64>>) {
    match changes {
        Some(changes) => {
            let _ = changes.changed().await; // an error is the end of that watch: the object's own goes on
        }
        None => std::future::pending().await,
    }
}

/// `90 s`, `10 min`.
fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds >= 120 && seconds.is_multiple_of(60) {
        return format!("{} min", seconds / 60);
    }
    if time.subsec_millis() > 0 { format!("{:.1} s", time.as_secs_f64()) } else { format!("{seconds} s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Target;

    #[test]
    fn a_class_has_the_time_that_the_block_gives_unless_trouble_is_to_end_the_wait() {
        let given = Duration::from_mins(20);
        let time = |on_trouble, timeout| {
            let target = Target { identity: Identity::namespaced("", "ConfigMap", "a", "b"), version: None };
            time_of_class(&Wait { timeout, on_trouble, ..Wait::of(target, Until::Ready(None)) })
        };
        assert_eq!(time(OnTrouble::Wait, None), FOR_A_CONTROLLER);
        assert_eq!(time(OnTrouble::Wait, Some(given)), given);
        assert_eq!(time(OnTrouble::Fail, Some(given)), FOR_A_CONTROLLER);
    }
}
