//! What a dry-run's answer means for a resource.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::diff::field_changes;
use crate::plan::diff::immutable;
use crate::plan::diff::overlay;
use crate::plan::model::change::{Action, Cause, Change, Fidelity, FieldChange, Proof, Tracking};
use crate::plan::ownership::adoption;
use crate::plan::ownership::attribution;
use crate::plan::ownership::attribution::Evidence;
use crate::plan::ownership::claim;
use crate::plan::ownership::claim::Claim;
use crate::plan::ownership::handover;
use crate::plan::ownership::owners;
use crate::plan::ownership::restore::{RestoredOwnership, restored_ownership};
use crate::plan::planner::removal;
use crate::plan::planner::{Decision, Planner};
use crate::plan::proof::record;
use crate::plan::redact::{redact, redact_all};
use crate::plan::sent::object;
use crate::provider::Written;
use crate::resource::{Desired, Live, Problem, ProblemKind, Reading, is_house_group};

/// How often an object that moves under our eyes is read again.
const READS: u8 = 20;

impl Planner {
    pub(in crate::plan) fn predict(
        &mut self,
        index: usize,
        live: Option<&Live>,
        sent: Value,
        reason: String,
    ) {
        let fidelity = Fidelity::Predicted(reason);
        let Some(live) = live else {
            let change = self.create(index, fidelity, sent);
            self.decide(index, change, None);
            return;
        };
        let answer = self.predicted(&self.input.desired[index], live, &sent);
        let desired = &self.input.desired[index];
        let mut fields = self.replaced_fields(desired, live, &sent);
        if immutable::mark(&desired.identity, &live.object, &mut fields) {
            let story = immutable::story(&desired.identity, &fields);
            let problem = Problem::new(ProblemKind::Rejected, story);
            self.decide_replacement(index, live, fidelity, &problem, fields);
            return;
        }
        self.decide_update(index, live, fidelity, sent, Arc::new(answer), Vec::new());
    }

    /// Takes in what the server says that the write would come to.
    pub(in crate::plan) fn judge(&mut self, index: usize, sent: Value, result: Result<Written, Problem>) {
        let address = self.input.desired[index].address.clone();
        let live = self.live(&address).cloned();
        let desired = &self.input.desired[index];
        let before = live.as_ref().map(|live| &live.object);
        let result = match result {
            Ok(written) => Ok(Written { warnings: redact_all(desired, before, written.warnings), ..written }),
            Err(problem) => Err(redact(desired, before, problem)),
        };
        match result {
            Ok(written) => match live {
                None => {
                    let manager = crate::kubernetes::field_manager(&self.input.project);
                    if let Err(problem) = handover::refuse_parts(&manager, desired, &written.live) {
                        self.refuse(index, problem);
                        return;
                    }
                    let mut change = self.create(index, Fidelity::DryRun, sent);
                    change.warnings = written.warnings;
                    self.decide(index, change, None);
                }
                Some(live) => {
                    let Written { live: answer, warnings } = written;
                    let answer = Arc::new(answer);
                    self.decide_update(index, &live, Fidelity::DryRun, sent, Arc::clone(&answer), warnings);
                    self.remember(index, &answer);
                }
            },
            Err(problem) => self.judge_problem(index, live, sent, problem),
        }
    }

    /// Keeps the record of a write that need not be made, for a state that has none.
    ///
    /// It is made of the server's answer, not of the object that was read: where our ownership is not what a
    /// write would leave, this record proves nothing.
    fn remember(&mut self, index: usize, answer: &Live) {
        let Some(Decision { change, .. }) = self.decisions.get_mut(&index) else { return };
        // Most are remembered as they are already.
        if change.action == Action::None
            && change.is_to_be_remembered()
            && let Some(sent) = &change.send
        {
            let applied = record::record(&self.input.project, &self.input.desired[index], sent, answer);
            change.applied = Some(Arc::new(applied));
        }
    }

    fn judge_problem(&mut self, index: usize, live: Option<Arc<Live>>, sent: Value, problem: Problem) {
        match problem.kind {
            ProblemKind::DryRunRefused => {
                self.predict(index, live.as_deref(), sent, format!("the server could not try it: {problem}"));
            }
            ProblemKind::Forbidden => {
                self.predict(
                    index,
                    live.as_deref(),
                    sent,
                    format!("our rights do not allow to try it: {problem}"),
                );
            }
            ProblemKind::Conflict => {
                let reads = self.reads.entry(index).or_default();
                *reads += 1;
                if *reads > READS {
                    self.refuse(index, problem);
                } else {
                    self.readings.remove(&self.input.desired[index].address);
                }
            }
            _ => match (live, immutable::named_by_server(&problem)) {
                (Some(live), Some(named)) => {
                    let desired = &self.input.desired[index];
                    let mut fields = self.replaced_fields(desired, &live, &sent);
                    immutable::mark_named(&desired.identity, &live.object, &named, &mut fields);
                    self.decide_replacement(index, &live, Fidelity::DryRun, &problem, fields);
                }
                (Some(_), None) if problem.kind == ProblemKind::Rejected && problem.help.is_none() => {
                    let way_out = removal::never_replaced(&self.input.desired[index]);
                    self.refuse(index, Problem { help: way_out.map(str::to_owned), ..problem });
                }
                _ => self.refuse(index, problem),
            },
        }
    }

    pub(in crate::plan) fn create(&self, index: usize, fidelity: Fidelity, sent: Value) -> Change {
        let fields = field_changes::created(&self.input.desired[index], &sent);
        let mut change = self.change(index, Action::Create, fidelity, Some(sent));
        let known = self.input.known.get(&change.address);
        if known.is_some_and(|known| known.target.identity == change.target.identity && !known.uid.is_empty())
        {
            change.reason = Some("it was applied before, and is gone".to_owned());
            let applied = known.and_then(|known| known.applied.as_deref());
            let sent = change.send.as_ref().unwrap_or(&Value::Null);
            change.cause = Some(attribution::cause_of_absence(applied, &self.input.desired[index], sent));
        }
        if change.reason.is_none() {
            let desired = &self.input.desired[index];
            let field_release = handover::field_release(
                &crate::kubernetes::field_manager(&self.input.project),
                desired,
                None,
            );
            change.reason =
                field_release.ok().and_then(|field_release| handover::story(&field_release, desired, None));
        }
        change.fields = fields;
        self.tell_unreplaced(index, &mut change);
        change
    }

    /// Decides on an object of which is proved that a write would change nothing.
    pub(in crate::plan) fn decide_proved(
        &mut self,
        index: usize,
        live: &Arc<Live>,
        proof: Proof,
        sent: Value,
    ) {
        let desired = &self.input.desired[index];
        let known = self.known_as(desired).map(|(_, known)| known);
        let standing = claim::standing(desired, live, known, self.owner(), &self.input.consent.adopt);
        let fidelity = Fidelity::Proved(proof);
        let is_plain = !matches!(standing, Claim::Adopted) && self.why_replaced(index).is_none();
        if !is_plain || known.is_some_and(|known| known.uid != live.stamp.uid) {
            self.decide_update(index, live, fidelity, sent, Arc::clone(live), Vec::new());
            self.remember(index, live);
            return;
        }
        let foreign = owners::foreign(&self.input.project, &sent, live, live, &[]);
        let mut change = self.change(index, Action::None, fidelity, Some(sent));
        change.foreign = foreign;
        self.decide(index, change, Some(Arc::clone(live)));
        self.remember(index, live);
    }

    /// Decides what becomes of an object that is there; `answer` is what the write would come to.
    pub(in crate::plan) fn decide_update(
        &mut self,
        index: usize,
        live: &Live,
        fidelity: Fidelity,
        sent: Value,
        answer: Arc<Live>,
        warnings: Vec<String>,
    ) {
        let desired = &self.input.desired[index];
        let mut all = field_changes::changed(desired, &live.object, &answer.object);
        attribution::attribute(&mut all, self.evidence(desired, &sent, live, &answer));
        let known = self.known_as(desired).map(|(_, known)| known);
        let standing = claim::standing(desired, live, known, self.owner(), &self.input.consent.adopt);
        let why = self.why_replaced(index);
        let against = why.as_ref().and_then(|why| self.why_not(why, desired, known, live, &standing));
        if let Some(problem) = against {
            self.refuse(index, problem);
            return;
        }
        let manager = crate::kubernetes::field_manager(&self.input.project);
        // What stands against letting go was said before anything was asked.
        let field_release = handover::field_release(&manager, desired, Some(live)).unwrap_or_default();
        let (marks, mut fields): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|field| crate::kubernetes::marks::is_ours_path(&field.path));
        let quiet =
            quiet_update(&fields, &marks, || restored_ownership(&self.input.project, &sent, live, &answer));
        let action = match standing {
            Claim::Adopted => Action::Adopt,
            _ if why.is_some() => Action::Replace,
            _ if fields.is_empty() && quiet.is_none() && !field_release.gives_up() => Action::None,
            _ => Action::Update,
        };
        let is_made_anew = known.is_some_and(|known| !known.uid.is_empty() && known.uid != live.stamp.uid);
        let foreign = owners::foreign(&self.input.project, &sent, live, &answer, &fields);
        let unchanged = if action == Action::None { 0 } else { field_changes::unchanged(&sent, &fields) };
        let (quiet, cause) = quiet.map(|quiet| (quiet.reason, quiet.cause)).unzip();
        let mut taken_from = Vec::new();
        let mut sent = sent;
        let reason = match action {
            Action::Adopt => {
                taken_from = adoption::taken_from(&manager, live, &sent);
                fields.extend(adoption::note_that_goes(desired, live));
                Some(adoption::story(live, &taken_from))
            }
            Action::Replace => {
                sent = self.as_made(index, live);
                let loss = crate::kubernetes::immutable::loss(&desired.identity);
                why.map(|why| loss.map_or_else(|| why.reason(), |loss| format!("{}; {loss}", why.reason())))
            }
            _ if is_made_anew => Some("it was deleted and made again by others".to_owned()),
            Action::Update => handover::story(&field_release, desired, Some(live)).or(quiet),
            _ => quiet,
        };
        let mut change = self.change(index, action, fidelity, Some(sent));
        change.cause = if is_made_anew { Some(Cause::Drift { by: Vec::new() }) } else { cause };
        change.fields = fields;
        change.foreign = foreign;
        change.unchanged = unchanged;
        change.taken_from = taken_from;
        change.reason = change.reason.or(reason);
        change.warnings = warnings;
        self.decide(index, change, Some(answer));
    }

    /// What tells whose the changes of an object are.
    fn evidence<'a>(
        &'a self,
        desired: &'a Desired,
        sent: &'a Value,
        live: &'a Live,
        answer: &'a Live,
    ) -> Evidence<'a> {
        let applied = self.known_as(desired).and_then(|(_, known)| known.applied.as_deref());
        Evidence { project: &self.input.project, applied, desired, sent, live, answer }
    }

    fn decide_replacement(
        &mut self,
        index: usize,
        live: &Live,
        fidelity: Fidelity,
        problem: &Problem,
        fields: Vec<FieldChange>,
    ) {
        let desired = &self.input.desired[index];
        let known = self.known_as(desired).map(|(_, known)| known);
        if let Some(problem) = removal::why_not_replaced(desired, known, live, problem, &self.input.consent) {
            self.refuse(index, problem);
            return;
        }
        let sent = self.as_made(index, live);
        let mut change = self.change(index, Action::Replace, fidelity, Some(sent));
        change.reason = Some(immutable::story(&change.target.identity, &fields));
        change.fields = fields;
        self.decide(index, change, None);
    }

    /// What differs between an object and the one that takes its place.
    fn replaced_fields(&self, desired: &Desired, live: &Live, sent: &Value) -> Vec<FieldChange> {
        let answer = self.predicted(desired, live, sent);
        let mut fields = field_changes::field_changes(desired, &live.object, &answer.object);
        attribution::attribute(&mut fields, self.evidence(desired, sent, live, &answer));
        fields
    }

    /// What a write would probably come to; whose the fields then are nobody can tell.
    fn predicted(&self, desired: &Desired, live: &Live, sent: &Value) -> Live {
        let manager = crate::kubernetes::field_manager(&self.input.project);
        let tried = handover::as_tried(&manager, desired, live, sent);
        // A house that keeps no field owners takes the object as a whole.
        let is_taken_whole = is_house_group(&desired.identity.group);
        let object = if is_taken_whole { tried } else { overlay::outcome(&manager, live, &tried) };
        Live { object, stamp: live.stamp.clone(), ownership: live.ownership.clone() }
    }

    /// What is sent for an object that is made anew.
    fn as_made(&self, index: usize, live: &Live) -> Value {
        let desired = &self.input.desired[index];
        let mut sent = object::object(desired, None, self.owner());
        self.fill_in(index, &mut sent);
        handover::carry_over(&mut sent, desired, live);
        sent
    }

    pub(in crate::plan) fn change(
        &self,
        index: usize,
        action: Action,
        fidelity: Fidelity,
        send: Option<Value>,
    ) -> Change {
        let desired = &self.input.desired[index];
        let known = self.known_as(desired);
        let live = self.live(&desired.address);
        let replaced = self.predecessor(desired);
        // With the old object's end the write is a replacement, whatever it is of the new one by itself.
        let action = match (&replaced, action) {
            (Some(_), Action::Create) => Action::Replace,
            (Some(_), Action::None) => Action::Update,
            _ => action,
        };
        let reason =
            replaced.map(|(known, _)| format!("{} is deleted: it had this address", known.target.identity));
        let moved_from = known.map(|(address, _)| address).filter(|address| **address != desired.address);
        let moved_from = moved_from.or_else(|| self.input.moved.get(&desired.address));
        Change {
            reason,
            prior: live.cloned(),
            send,
            dependencies: self.input.dependencies.get(&desired.address).cloned().unwrap_or_default(),
            moved_from: moved_from.cloned(),
            replaced: replaced.map(|(known, live)| Box::new((known.target.clone(), live.clone()))),
            tracking: self.tracking(index),
            protected: claim::is_protected(
                &desired.identity,
                Some(desired),
                known.map(|(_, known)| known),
                live.map(AsRef::as_ref),
            ),
            timeouts: desired.lifecycle.timeouts,
            unchecked: desired
                .unchecked
                .iter()
                .map(|(path, why)| (path.clone(), why.reason.clone()))
                .collect(),
            desired: Some(Arc::clone(desired)),
            ..Change::new(desired.address.clone(), desired.target(), action, fidelity)
        }
    }

    fn tracking(&self, index: usize) -> Tracking {
        let desired = &self.input.desired[index];
        let live = self.live(&desired.address);
        let known = self.input.known.get(&desired.address);
        let is_known = known.is_some_and(|known| live.is_none_or(|live| live.stamp.uid == known.uid));
        match live {
            _ if matches!(self.readings.get(&desired.address), Some(Reading::Unreadable(_))) => {
                Tracking::Untracked
            }
            _ if is_known => {
                let stands_on = self.input.dependencies.get(&desired.address).map_or(&[][..], Vec::as_slice);
                let is_same = known.is_some_and(|known| {
                    known.dependencies == stands_on
                        && known.timeouts == desired.lifecycle.timeouts
                        && known.applied.is_some()
                });
                if is_same { Tracking::Known } else { Tracking::Outdated }
            }
            Some(live) if desired.shared && !claim::is_marked_ours(live, self.owner()) => Tracking::Untracked,
            _ => Tracking::New,
        }
    }

    pub(in crate::plan) fn decide(&mut self, index: usize, change: Change, outcome: Option<Arc<Live>>) {
        let is_made_anew = change.action == Action::Replace && change.prior.is_some();
        if is_made_anew && let Some(problem) = self.why_not_made_anew(index) {
            self.refuse(index, problem);
            return;
        }
        let outcome = outcome.filter(|_| self.is_source(index));
        self.decisions.insert(index, Decision { change, outcome });
    }
}

/// What is to be said of an update without a line to show, if there is one: our marks change, or nothing
/// but the ownership does.
fn quiet_update(
    fields: &[FieldChange],
    marks: &[FieldChange],
    restored_ownership: impl FnOnce() -> Option<RestoredOwnership>,
) -> Option<RestoredOwnership> {
    match (fields, marks) {
        ([], []) => restored_ownership(),
        ([], _) => Some(RestoredOwnership {
            reason: "only our annotations change".to_owned(),
            cause: attribution::in_common(marks.iter().map(|mark| &mark.cause)),
        }),
        _ => None,
    }
}

/// Whether the object stays what it is, but for our marks and its ownership.
pub(in crate::plan) fn is_quiet(change: &Change) -> bool {
    change.action == Action::Update && change.fields.is_empty() && change.replaced.is_none()
}
