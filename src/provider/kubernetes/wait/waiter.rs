//! What an object lacks that is waited for, and what is told of that.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::cause::{Cause, with_cause};
use super::explain;
use super::gateway_class;
use super::hopeless::Hopeless;
use super::limits;
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
use crate::provider::kubernetes::read::get;
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

/// What a look at the object has shown.
pub(super) enum Step {
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

/// Who waits for one object: what it lacks, and what was told of that.
pub(super) struct Waiter<'a> {
    pub(super) cluster: &'a Kubernetes,
    served: &'a Served,
    pub(super) identity: &'a Identity,
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
    pub(super) fn new(
        cluster: &'a Kubernetes,
        served: &'a Served,
        wait: &'a Wait,
        first: Option<&Live>,
        progress: Progress<'a>,
    ) -> Self {
        let (limit, began) = (limits::limit(wait, first), Instant::now());
        Self {
            cluster,
            served,
            identity: &wait.target.identity,
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
            time_of_class: limits::time_of_class(wait),
            to_come: &wait.to_come,
            began,
        }
    }

    pub(super) fn finish(&self, live: Option<Arc<Live>>) -> Option<Arc<Live>> {
        live.filter(|_| !matches!(self.until, Until::Gone { .. }))
    }

    pub(super) fn join(&self, name: Option<&str>) -> Arc<Hub> {
        self.cluster.hubs.join(self.served, self.identity.namespace.as_deref(), name)
    }

    /// Keeps the object as it is now, or as it was when it was deleted.
    pub(super) fn keep(&mut self, seen: Arc<Value>) {
        self.last = Some(seen);
    }

    /// The object as it was seen last.
    pub(super) fn last(&self) -> Option<Arc<Value>> {
        self.last.clone()
    }

    /// Changes of its pods, where these are looked at.
    pub(super) fn pod_changes(&self) -> Option<watch::Receiver<u64>> {
        self.pods.as_ref().map(|pods| pods.subscribe())
    }

    /// When it is looked at next, be there a change or not.
    pub(super) fn next_look(&self, look_again: Option<Instant>) -> Instant {
        look_again.unwrap_or(self.deadline).min(self.end_of_quiet())
    }

    /// Whether its time is over.
    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Tells of a watch that sees nothing. As long as nothing can be seen, that is what there is to tell.
    pub(super) fn tell_of_watch(&mut self, transport_error: Option<String>) {
        self.is_blind = false;
        if let Some(transport_error) = transport_error {
            self.tell(format!("the cluster cannot be watched at the moment: {transport_error}"));
            self.is_blind = true;
        }
        if self.said.is_empty() && !self.missing.is_empty() {
            // What was held back in the quiet time. The watch may be slow.
            self.say(self.missing.clone());
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

    pub(super) async fn step(&mut self, object: Option<&Value>) -> Result<Step, Problem> {
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
    pub(super) fn known_uid(&self) -> Option<&str> {
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

    pub(super) async fn timed_out(&self, object: Option<&Value>) -> Problem {
        let limit = limits::words(self.limit);
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
