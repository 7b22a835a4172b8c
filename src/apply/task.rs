//! How one change is carried out: the write, then the wait until the resource is ready.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::certifier;
use super::guarded;
use super::login;
use super::patience::PatientWriter;
use super::place::Place;
use super::removal::{self, Removal};
use crate::kubernetes::certifier::asked_in;
use crate::kubernetes::marks::is_note_of_a_tool;
use crate::kubernetes::pull_login::asked_pods;
use crate::plan::{self, Action, Change, FieldRelease, Plan, Unresolvable};
use crate::provider::{
    Guard, OnTrouble, Progress, Provider, Reassignment, Shift, ToCome, Until, Wait, Write, Written,
};
use crate::resource::{Address, Desired, FieldPath, Live, Problem, ProblemKind, ReadyRule, Stamp, Target};

/// A resource that this one refers to, as it is after its own change.
#[derive(Debug, Clone)]
pub(super) struct Dependency {
    pub(super) target: Target,
    pub(super) object: Value,
}

/// One change, and what is needed to carry it out.
#[derive(Debug)]
pub(super) struct Task<'p> {
    pub(super) change: &'p Change,
    pub(super) desired: &'p Desired,
    pub(super) plan: &'p Plan,
    pub(super) dependencies: HashMap<Address, Dependency>,
    /// Its object as it was read or written last, where it was by now.
    pub(super) current: Option<Arc<Live>>,
    /// The uids of what this run has made, where others are deleted with the object.
    pub(super) made_here: BTreeSet<String>,
    /// Whether a failure that waiting may not heal ends the wait.
    pub(super) on_trouble: OnTrouble,
    /// What this run is still to make or to start.
    pub(super) to_come: ToCome,
}

/// The result of a write or a delete.
#[derive(Debug)]
pub(super) enum Done {
    /// The object exists; it may still have to become ready.
    Present { sent: Box<Value>, live: Box<Live>, warnings: Vec<String> },
    /// The object does not exist any more.
    Gone,
}

/// An object that can be written now.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) object: Value,
    /// What could not be made sure before.
    pub(super) warnings: Vec<String>,
}

impl Task<'_> {
    /// The write with the guard of a create; other writes replace the guard.
    fn write(&self, object: Value) -> Write {
        let target = self.change.target.clone();
        Write {
            target,
            object,
            guard: Guard::Absent,
            manager: crate::kubernetes::field_manager(&self.plan.project),
        }
    }

    /// Removes the objects whose place the new one takes, where there are any. They go first: until then the state
    /// knows the old object under this address, and no kill in between can lose it.
    pub(super) async fn make_room(
        &self,
        provider: &dyn Provider,
        place: &mut Place,
        progress: Progress<'_>,
        stop: &CancellationToken,
    ) -> Result<Removal, Problem> {
        if let Some(replaced) = &self.change.replaced {
            let (target, live) = &**replaced;
            let timeout = self.desired.lifecycle.timeouts.delete;
            guarded::holds_nothing_new(provider, self.change, live, &self.made_here).await?;
            guarded::delete(provider, target, live, None).await?;
            place.leave();
            let removed = removal::await_end(provider, target, &live.stamp, timeout, progress, stop).await?;
            if removed == Removal::Asked {
                return Ok(removed);
            }
            place.take().await;
        }
        match self.change.action {
            Action::Replace | Action::Run => {
                removal::remove(provider, self.change, &self.made_here, place, progress, stop).await
            }
            _ => Ok(Removal::Gone),
        }
    }

    /// Creates or updates, once there is [room](Self::make_room); `object` is what
    /// [`object_to_write`](Self::object_to_write) gave.
    pub(super) async fn perform(&self, prepared: Prepared, provider: &dyn Provider) -> Result<Done, Problem> {
        let Prepared { object, warnings: mut told } = prepared;
        let field_release = self.field_release()?;
        let writer = PatientWriter { plan: self.plan, change: self.change };
        let updated =
            matches!(self.change.action, Action::Update | Action::Adopt).then(|| self.change.stamp());
        let (written, object) = if let Some(stamp) = updated.flatten() {
            let write = self.write(object.clone());
            let mut stamp = stamp.clone();
            for shift in self.shifts(&field_release, &object) {
                stamp = guarded::reassign(provider, &write, &stamp, shift, self.change, self.desired).await?;
            }
            (guarded::update(provider, write, &stamp, writer, self.desired).await?, object)
        } else {
            guarded::create(provider, self.write(object), writer).await?
        };
        let Written { live, warnings } = self.release(provider, written, &field_release).await;
        let sent = Box::new(plan::sent_after_release(object, &field_release));
        told.extend(warnings);
        Ok(Done::Present { sent, live: Box::new(live), warnings: told })
    }

    /// The fields that the configuration leaves to others, and how we release them.
    fn field_release(&self) -> Result<FieldRelease, Problem> {
        let prior = match self.change.action {
            Action::Update | Action::Adopt => self.change.prior.as_deref(),
            _ => None,
        };
        plan::field_release(&crate::kubernetes::field_manager(&self.plan.project), self.desired, prior)
    }

    /// The fields that get another field manager before the write, if there are any.
    fn shifts(&self, field_release: &FieldRelease, object: &Value) -> Vec<Shift> {
        let released = field_release.released.clone();
        let first = if self.change.action == Action::Adopt {
            let notes = self.change.fields.iter().map(|field| &field.path);
            let notes = notes.filter(|path| is_note_of_a_tool(path)).cloned().collect();
            Some(Shift::TakeOver { from: self.change.taken_from.clone(), object: object.clone(), notes })
        } else {
            (!released.is_empty()).then_some(Shift::Release(released))
        };
        let takes = self.change.takes.clone();
        first.into_iter().chain((!takes.is_empty()).then_some(Shift::Take(takes))).collect()
    }

    /// Releases the fields that are sent once and left to others from then on. The object exists already:
    /// where the release fails, the object is recorded all the same, and the next plan releases the fields.
    async fn release(
        &self,
        provider: &dyn Provider,
        written: Written,
        field_release: &FieldRelease,
    ) -> Written {
        if field_release.once_made.is_empty() {
            return written;
        }
        let reassignment = Reassignment {
            target: self.change.target.clone(),
            stamp: Stamp { version: String::new(), ..written.live.stamp.clone() },
            manager: crate::kubernetes::field_manager(&self.plan.project),
            shift: Shift::Release(field_release.once_made.clone()),
        };
        match provider.reassign(&reassignment).await {
            Ok(live) => Written { live, ..written },
            Err(problem) => {
                let mut written = written;
                written.warnings.push(format!(
                    "what `ignore_changes` leaves to others is still managed by regplan ({problem}); the next plan hands it over"
                ));
                written
            }
        }
    }

    /// Whether something may have to be waited for before the write.
    pub(super) fn may_wait(&self) -> bool {
        let sent = self.change.send.as_ref();
        self.desired.unresolved.iter().next().is_some()
            || sent.is_some_and(|sent| asked_pods(sent).is_some())
            || asked_in(&self.change.target.identity).is_some()
    }

    /// The object as it is written, once everything is there that must be there before.
    pub(super) async fn object_to_write(
        &self,
        provider: &dyn Provider,
        progress: Progress<'_>,
    ) -> Result<Prepared, Problem> {
        let object = self.whole_object(provider, progress).await?;
        let prior = self.change.prior.as_deref();
        let timeout = self.desired.lifecycle.timeouts.ready;
        let warning = login::await_taken(provider, &object, prior, timeout, progress).await?;
        let identity = &self.change.target.identity;
        let unasked = certifier::await_whole(provider, self.plan, identity, timeout, progress).await?;
        Ok(Prepared { object, warnings: warning.into_iter().chain(unasked).collect() })
    }

    /// The object as it was approved, with the values put in that are known only now.
    async fn whole_object(&self, provider: &dyn Provider, progress: Progress<'_>) -> Result<Value, Problem> {
        let mut object = self.change.send.clone().unwrap_or_default();
        let mut dependencies = self.dependencies.clone();
        for (path, expression) in self.desired.unresolved.iter() {
            let path = plan::keyed(&self.desired.object, path);
            // A value that the plan knew is in the object already, and was approved as it is.
            if path.get(&object) != path.get(&self.desired.object) {
                continue;
            }
            let value = loop {
                let found = plan::resolve(
                    expression,
                    |address| dependencies.contains_key(address),
                    |address, field| field.get(&dependencies.get(address)?.object).cloned(),
                );
                match found {
                    Ok(value) => break value,
                    Err(Unresolvable::Pending(pending)) => {
                        let (address, field) = *pending;
                        let timeout = self.desired.lifecycle.timeouts.ready;
                        let dependency =
                            await_field(provider, &dependencies, &address, field, timeout, progress).await?;
                        dependencies.insert(address, dependency);
                    }
                    Err(Unresolvable::Dangling(text)) => return Err(self.dangling(&text)),
                }
            };
            path.set(&mut object, value);
        }
        Ok(object)
    }

    /// A reference that leads to nothing, now that everything is there that it could lead to.
    fn dangling(&self, text: &str) -> Problem {
        let block = &self.change.address.block;
        Problem::new(ProblemKind::Other, format!("`{text}` refers to nothing")).help(format!(
            "look up in the cluster what the object has there, correct the reference in [{block}], and apply again"
        ))
    }

    /// When the resource is ready, if not by the rule of its kind. A hook is ready when it has done its work.
    fn ready_rule(&self) -> Option<ReadyRule> {
        let own = self.desired.hook.as_ref().map(|_| ReadyRule::Ended);
        self.desired.lifecycle.ready.clone().or(own)
    }

    /// Waits until the resource is ready.
    pub(super) async fn settle(
        &self,
        provider: &dyn Provider,
        progress: Progress<'_>,
    ) -> Result<Option<Arc<Live>>, Problem> {
        let lifecycle = &self.desired.lifecycle;
        let wait = Wait {
            target: self.change.target.clone(),
            until: Until::Ready(self.ready_rule()),
            uid: self.current.as_ref().map(|live| live.stamp.uid.clone()),
            written: self.current.clone().filter(|_| self.change.action.writes()),
            timeout: lifecycle.timeouts.ready,
            on_trouble: self.on_trouble,
            to_come: self.to_come.clone(),
        };
        provider.wait(&wait, progress).await
    }
}

async fn await_field(
    provider: &dyn Provider,
    dependencies: &HashMap<Address, Dependency>,
    address: &Address,
    field: FieldPath,
    timeout: Option<Duration>,
    progress: Progress<'_>,
) -> Result<Dependency, Problem> {
    let lost = || {
        Problem::new(ProblemKind::Other, format!("{address} is gone, and its {field} was waited for"))
            .help("somebody else has deleted it: apply again, and it is made anew")
    };
    let dependency = dependencies.get(address).ok_or_else(lost)?;
    progress(&format!("waits for {address}.{field}"));
    let (target, until) = (dependency.target.clone(), Until::Field(field.clone()));
    let wait = Wait { timeout, ..Wait::of(target, until) };
    let live = provider.wait(&wait, progress).await?.ok_or_else(lost)?;
    if field.get(&live.object).is_none_or(Value::is_null) {
        let problem = Problem::new(ProblemKind::Other, format!("{address} still has no {field}"));
        return Err(problem.help("find out what is to fill this field, and apply again once it has a value"));
    }
    Ok(Dependency { target: dependency.target.clone(), object: live.object.clone() })
}
