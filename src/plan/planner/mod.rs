//! The step function: from readings over dry-runs to decisions.

mod cascade;
mod dependencies;
mod known;
mod outcome;
mod removal;
mod replace;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use crate::kubernetes::field_manager;
use crate::kubernetes::marks::{LINEAGE, PROJECT};
use crate::plan::diff::compare::keyed;
use crate::plan::input::question::{Answer, Input, Question, Step};
use crate::plan::model::change::{Action, Change, Fidelity, Proof};
use crate::plan::model::plan::{Mode, Plan, Refusal};
use crate::plan::ownership::claim;
use crate::plan::ownership::claim::Claim;
use crate::plan::ownership::handover;
use crate::plan::ownership::handover::FieldRelease;
use crate::plan::planner::cascade::PendingCascade;
use crate::plan::proof::ownership;
use crate::plan::proof::record;
use crate::plan::sent::object;
use crate::plan::sent::object::Owner;
use crate::plan::sent::resolve::{Unresolvable, resolve};
use crate::provider::{Guard, Write};
use crate::resource::{Address, Desired, GroupKind, Identity, Live, Problem, ProblemKind, Reading, Target};

/// Whose answer is awaited.
#[derive(Debug)]
enum PendingQuestion {
    Read(Vec<Address>),
    ReadPredecessors(Vec<Address>),
    Preview { index: usize, sent: Value },
}

/// What was decided of a desired resource.
#[derive(Debug)]
pub(in crate::plan) struct Decision {
    pub(in crate::plan) change: Change,
    /// The object as it will be, where that is known and others look into it.
    pub(in crate::plan) outcome: Option<Arc<Live>>,
}

/// Makes a plan, step by step.
#[derive(Debug)]
pub struct Planner {
    pub(in crate::plan) input: Input,
    pub(in crate::plan) readings: HashMap<Address, Reading>,
    /// What stood under an address whose object has another name now.
    pub(in crate::plan) predecessors: HashMap<Address, Reading>,
    pub(in crate::plan) decisions: BTreeMap<usize, Decision>,
    pub(in crate::plan) refusals: Vec<Refusal>,
    pub(in crate::plan) refused: BTreeSet<usize>,
    /// How often each was read again, because it moved between reading and dry-run.
    pub(in crate::plan) reads: HashMap<usize, u8>,
    pub(in crate::plan) by_address: HashMap<Address, usize>,
    pub(in crate::plan) namespaces: HashMap<String, usize>,
    pub(in crate::plan) kinds: HashMap<GroupKind, usize>,
    pub(in crate::plan) known_identities: HashMap<Identity, Address>,
    /// Those that others look into: for a value, or for the schema of their kind. Only of these it is kept what
    /// they will be; thousands of answers would take as much room as all that is there.
    pub(in crate::plan) sources: HashSet<usize>,
    /// What has not been answered yet.
    asked: VecDeque<PendingQuestion>,
    /// What is decided, while what else dies is asked.
    draft: Option<PendingCascade>,
    notes: Vec<String>,
}

impl Planner {
    /// A planner that has asked nothing yet; [`advance`](Self::advance) it first.
    pub fn new(input: Input) -> Self {
        let mut planner = Self {
            readings: HashMap::new(),
            predecessors: HashMap::new(),
            decisions: BTreeMap::new(),
            refusals: Vec::new(),
            refused: BTreeSet::new(),
            reads: HashMap::new(),
            by_address: HashMap::new(),
            namespaces: HashMap::new(),
            kinds: HashMap::new(),
            known_identities: HashMap::new(),
            sources: HashSet::new(),
            asked: VecDeque::new(),
            draft: None,
            notes: input.notes.clone(),
            input,
        };
        for (index, desired) in planner.input.desired.iter().enumerate() {
            planner.by_address.insert(desired.address.clone(), index);
            if desired.identity.is("", "Namespace") {
                planner.namespaces.insert(desired.identity.name.clone(), index);
            }
            if let Some(kind) = defines(&desired.object) {
                planner.kinds.insert(kind, index);
            }
        }
        planner.sources = planner.kinds.values().copied().collect();
        for desired in &planner.input.desired {
            planner.sources.extend(planner.referred(desired));
        }
        for (address, known) in &planner.input.known {
            planner.known_identities.insert(known.target.identity.clone(), address.clone());
        }
        planner
    }

    /// Takes the answer to the first of the questions that has none yet, and decides what follows from it: so
    /// much is done while the server works on the others.
    pub fn take(&mut self, answer: Answer) {
        if let Some(draft) = &mut self.draft {
            draft.take(answer);
        } else if let Some(asked) = self.asked.pop_front() {
            self.take_in(asked, answer);
        }
    }

    /// Asks further, or is done; what was asked last has been answered.
    pub fn advance(&mut self) -> Step {
        if let Some(draft) = self.draft.take() {
            return Step::Done(draft.into_plan());
        }
        if self.asked.is_empty() && self.readings.is_empty() {
            let questions = self.first_questions();
            if !questions.is_empty() {
                return Step::Ask(questions);
            }
        }
        let questions = match self.input.mode {
            Mode::Apply => self.decide_what_can_be(),
            Mode::Destroy => Vec::new(),
        };
        if questions.is_empty() { self.conclude() } else { Step::Ask(questions) }
    }

    /// The plan; where something in it takes others along, that is asked first.
    fn conclude(&mut self) -> Step {
        let (draft, questions) = PendingCascade::new(Box::new(self.finish()));
        if questions.is_empty() {
            return Step::Done(draft.into_plan());
        }
        self.draft = Some(draft);
        Step::Ask(questions)
    }

    fn first_questions(&mut self) -> Vec<Question> {
        // The lineage of a lost state may stand on any object, and must not be missed.
        let witnesses: &[Arc<Desired>] =
            if self.is_without_state() { &self.input.left_out.desired } else { &[] };
        let desired = self.input.desired.iter().chain(witnesses);
        let desired = desired.map(|desired| (desired.address.clone(), desired.target()));
        let known = self.input.known.iter().map(|(address, known)| (address, &known.target));
        let (renamed, known): (Vec<_>, Vec<_>) = known
            .filter(|(address, target)| !self.is_desired_as(address, &target.identity))
            .partition(|(address, _)| self.by_address.contains_key(*address));
        let owned = |(address, target): (&Address, &Target)| (address.clone(), target.clone());
        let (addresses, targets): (Vec<_>, Vec<_>) = desired.chain(known.into_iter().map(owned)).unzip();
        let (renamed, predecessors): (Vec<_>, Vec<_>) = renamed.into_iter().map(owned).unzip();
        let mut questions = Vec::new();
        for (asked, targets) in [
            (PendingQuestion::Read(addresses), targets),
            (PendingQuestion::ReadPredecessors(renamed), predecessors),
        ] {
            if !targets.is_empty() {
                self.asked.push_back(asked);
                questions.push(Question::Read(targets));
            }
        }
        questions
    }

    fn take_in(&mut self, asked: PendingQuestion, answer: Answer) {
        match (asked, answer) {
            (PendingQuestion::Read(addresses), Answer::Read(readings)) => {
                self.readings.extend(addresses.into_iter().zip(readings));
                self.take_over_lineage();
            }
            (PendingQuestion::ReadPredecessors(addresses), Answer::Read(readings)) => {
                self.predecessors.extend(addresses.into_iter().zip(readings));
            }
            (PendingQuestion::Preview { index, sent }, Answer::Preview(result)) => {
                self.judge(index, sent, result);
            }
            (asked, _) => self.notes.push(format!("an answer did not fit its question ({asked:?})")),
        }
    }

    fn is_without_state(&self) -> bool {
        self.input.serial == 0 && self.input.known.is_empty()
    }

    /// Without a state, the annotations of what is desired say which lineage this is.
    fn take_over_lineage(&mut self) {
        if !self.is_without_state() {
            return;
        }
        let found = self.input.desired.iter().chain(&self.input.left_out.desired).find_map(|desired| {
            let live = self.live(&desired.address)?;
            (live.annotation(PROJECT) == Some(self.input.project.as_str()))
                .then(|| live.annotation(LINEAGE).map(str::to_owned))?
        });
        if let Some(lineage) = found.filter(|lineage| *lineage != self.input.lineage) {
            self.notes.push(format!(
                "There is no state here, so this plan works from the annotations of what the configuration \
                 names (lineage {lineage}). What left the configuration since is not seen, and not deleted."
            ));
            self.input.lineage = lineage;
        }
    }

    pub(in crate::plan) fn owner(&self) -> Owner<'_> {
        Owner { project: &self.input.project, lineage: &self.input.lineage }
    }

    pub(in crate::plan) fn live(&self, address: &Address) -> Option<&Arc<Live>> {
        match self.readings.get(address)? {
            Reading::Present(live) => Some(live),
            Reading::Absent | Reading::Unreadable(_) => None,
        }
    }

    /// Decides what needs no answer, and asks for everything that waits for nothing else.
    fn decide_what_can_be(&mut self) -> Vec<Question> {
        let mut questions = Vec::new();
        let mut reread = Vec::new();
        for index in 0..self.input.desired.len() {
            if self.is_settled(index)
                || !self.dependencies(index).all(|dependency| self.is_settled(dependency))
            {
                continue;
            }
            if self
                .reads
                .get(&index)
                .is_some_and(|_| !self.readings.contains_key(&self.input.desired[index].address))
            {
                reread.push(index);
            } else if let Some(question) = self.consider(index) {
                questions.push(question);
            }
        }
        if !reread.is_empty() {
            let addresses = reread.iter().map(|index| self.input.desired[*index].address.clone()).collect();
            let targets = reread.iter().map(|index| self.input.desired[*index].target()).collect();
            self.asked.push_back(PendingQuestion::Read(addresses));
            questions.push(Question::ReadAgain(targets));
        }
        questions
    }

    fn is_settled(&self, index: usize) -> bool {
        self.decisions.contains_key(&index) || self.refused.contains(&index)
    }

    /// Decides one resource, or says what must be asked.
    fn consider(&mut self, index: usize) -> Option<Question> {
        let address = self.input.desired[index].address.clone();
        if let Some(problem) = self.predecessor_problem(index) {
            self.refuse(index, problem);
            return None;
        }
        match self.readings.get(&address)? {
            // Whoever may work only inside a namespace need not be able to look at it: what is read and
            // tried inside says whether it is there.
            Reading::Unreadable(problem)
                if self.input.desired[index].shared && problem.kind == ProblemKind::Forbidden =>
            {
                let change = self.change(index, Action::None, Fidelity::Observed, None);
                self.decide(index, change, None);
                None
            }
            Reading::Unreadable(problem) => {
                let problem = problem.clone();
                self.refuse(index, problem);
                None
            }
            Reading::Absent => self.consider_write(index, None),
            Reading::Present(live) => {
                let live = live.clone();
                self.consider_present(index, &live)
            }
        }
    }

    /// What stands against deleting what had the address before.
    fn predecessor_problem(&self, index: usize) -> Option<Problem> {
        let desired = &self.input.desired[index];
        if let Some(Reading::Unreadable(problem)) = self.predecessors.get(&desired.address) {
            return Some(problem.clone());
        }
        let (known, live) = self.predecessor(desired)?;
        removal::why_predecessor_stays(desired, known, live, &self.input.consent)
    }

    fn consider_present(&mut self, index: usize, live: &Arc<Live>) -> Option<Question> {
        let desired = &self.input.desired[index];
        let known = self.known_as(desired).map(|(_, known)| known);
        match claim::standing(desired, live, known, self.owner(), &self.input.consent.adopt) {
            Claim::Foreign(problem) => {
                self.refuse(index, problem);
                None
            }
            // A namespace that is there serves its purpose, whoever made it.
            Claim::Used | Claim::Ours if desired.shared => {
                let change = self.change(index, Action::None, Fidelity::Observed, None);
                self.decide(index, change, Some(Arc::clone(live)));
                None
            }
            _ if live.is_ending() => {
                let problem = Problem::new(ProblemKind::Conflict, "it is being deleted").help(
                    "wait until it is gone, then plan again; `kubectl describe` shows the finalizers that it waits for",
                );
                self.refuse(index, problem);
                None
            }
            _ => self.consider_write(index, Some(live)),
        }
    }

    fn consider_write(&mut self, index: usize, live: Option<&Arc<Live>>) -> Option<Question> {
        let desired = &self.input.desired[index];
        let manager = field_manager(&self.input.project);
        let field_release = match handover::field_release(&manager, desired, live.map(AsRef::as_ref)) {
            Ok(field_release) => field_release,
            Err(problem) => {
                self.refuse(index, problem);
                return None;
            }
        };
        let mut sent = object::object(desired, live.map(AsRef::as_ref), self.owner());
        let pending = self.fill_in(index, &mut sent);
        let why_not = self.why_not_asked(index, pending.as_deref());
        if let Some(reason) = why_not {
            match self.schema_problem(index, live.map(AsRef::as_ref), &sent) {
                Some(problem) => self.refuse(index, problem),
                None => self.predict(index, live.map(AsRef::as_ref), sent, reason),
            }
            return None;
        }
        let provable = live.filter(|_| field_release == FieldRelease::default());
        if let Some((live, proof)) = provable.and_then(|live| Some((live, self.proof(desired, &sent, live)?)))
        {
            self.decide_proved(index, live, proof, sent);
            return None;
        }
        let write = Write {
            target: desired.target(),
            object: live
                .map_or_else(|| sent.clone(), |live| handover::as_tried(&manager, desired, live, &sent)),
            guard: live.map_or(Guard::Absent, |live| Guard::At(live.stamp.clone())),
            manager,
        };
        self.asked.push_back(PendingQuestion::Preview { index, sent });
        Some(Question::Preview(Box::new(write)))
    }

    /// What proves that sending this would change nothing, if anything does.
    fn proof(&self, desired: &Desired, sent: &Value, live: &Live) -> Option<Proof> {
        if ownership::may_hide_a_map(live) {
            return None;
        }
        let project = &self.input.project;
        let known = self.known_as(desired).map(|(_, known)| known);
        let known = known.filter(|known| known.uid == live.stamp.uid);
        let applied = known.and_then(|known| known.applied.as_deref());
        if applied.is_some_and(|applied| record::proves_unchanged(applied, project, desired, sent, live)) {
            return Some(Proof::Record);
        }
        ownership::proves_unchanged(project, sent, live).then_some(Proof::Ownership)
    }

    /// Puts the values into the object that are known already; says what is not.
    pub(in crate::plan) fn fill_in(&self, index: usize, sent: &mut Value) -> Option<String> {
        let mut pending = None;
        for (path, expression) in self.input.desired[index].unresolved.iter() {
            let value = resolve(
                expression,
                |address| self.by_address.contains_key(address),
                |address, path| path.get(self.settled_object(address)?).cloned(),
            );
            match value {
                Ok(value) => {
                    keyed(&self.input.desired[index].object, path).set(sent, value);
                }
                Err(Unresolvable::Pending(field)) => {
                    let (address, field) = *field;
                    pending.get_or_insert(format!("{address}.{field} is known only after apply"));
                }
                Err(Unresolvable::Dangling(text)) => {
                    pending.get_or_insert(format!("`{text}` refers to nothing"));
                }
            }
        }
        pending
    }

    /// The object in which references may be looked up already: one that stays as it is, or whose
    /// outcome the server told.
    fn settled_object(&self, address: &Address) -> Option<&Value> {
        let decision = self.decisions.get(self.by_address.get(address)?)?;
        match decision.change.action {
            Action::None | Action::Update | Action::Adopt => {
                decision.outcome.as_ref().map(|live| &live.object)
            }
            _ => None,
        }
    }

    pub(in crate::plan) fn refuse(&mut self, index: usize, problem: Problem) {
        let desired = &self.input.desired[index];
        self.refusals.push(Refusal { address: desired.address.clone(), target: desired.target(), problem });
        self.refused.insert(index);
    }

    fn finish(&mut self) -> Plan {
        for index in 0..self.input.desired.len() {
            if self.input.mode == Mode::Apply && !self.is_settled(index) {
                let problem = Problem::new(
                    ProblemKind::Other,
                    "it could not be planned: what it stands on waits for it",
                );
                self.refuse(index, problem.help("please report this together with `regplan graph`"));
            }
        }
        let removed = removal::changes(self);
        let decisions = std::mem::take(&mut self.decisions);
        let changes = decisions.into_values().map(|decision| decision.change).chain(removed).collect();
        let mut plan = Plan {
            project: self.input.project.clone(),
            lineage: self.input.lineage.clone(),
            serial: self.input.serial,
            mode: self.input.mode,
            cluster: self.input.cluster.clone(),
            changes,
            refusals: std::mem::take(&mut self.refusals),
            notes: std::mem::take(&mut self.notes),
            targets: self.input.targets.clone(),
            left_out: self.input.left_out.addresses().into_iter().collect(),
            digest: String::new(),
        };
        plan.digest = plan.digest_of();
        plan
    }
}

/// The kind that a CRD defines.
pub(in crate::plan) fn defines(object: &Value) -> Option<GroupKind> {
    if !Identity::of(object)?.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        return None;
    }
    let text = |pointer: &str| object.pointer(pointer)?.as_str().map(str::to_owned);
    Some(GroupKind { group: text("/spec/group")?, kind: text("/spec/names/kind")? })
}
