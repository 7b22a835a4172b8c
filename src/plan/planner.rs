//! The step function: asks what it must know, lets decisions be made, and records them.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use crate::kubernetes::openapi::ObjectSchema;
use crate::plan::closing::{Closing, LastQuestion};
use crate::plan::cures::{order, ways_in};
use crate::plan::decision::ruling::Postponed;
use crate::plan::decision::ruling::{NextStep, Ruling};
use crate::plan::decision::{answer, postponed, prediction, reading, trial};
use crate::plan::input::consents::unused_consents;
use crate::plan::input::plan_input::Input;
use crate::plan::input::question::{Answer, Question, Step};
use crate::plan::model::briefing::Briefing;
use crate::plan::model::fidelity::PredictionReason;
use crate::plan::model::plan::{LineageObstacle, Mode, Obstacle, Plan, Refusal};
use crate::plan::removal::cascade::PendingCascade;
use crate::plan::removal::farewell::{Farewells, with_farewells};
use crate::plan::removal::removals::removals;
use crate::plan::removal::strangers;
use crate::plan::view::decisions::Decisions;
use crate::plan::view::first_reading;
use crate::plan::view::index::Index;
use crate::plan::view::overview::Overview;
use crate::plan::view::readings::Readings;
use crate::plan::view::schemas::Schemas;
use crate::plan::view::situation::Situation;
use crate::plan::view::taken_back;
use crate::resource::{Address, FieldPath, Problem, ProblemKind, Target};
use crate::state::Freshness;

/// A question that has no answer yet.
#[derive(Debug)]
enum PendingQuestion {
    Read(Vec<Address>),
    ReadPredecessors(Vec<Address>),
    Last(LastQuestion),
    Served(Vec<Target>),
    Preview { position: usize, sent: Value },
    PreviewWhole { position: usize, sent: Value, takes: Vec<FieldPath> },
    Schema(Target),
}

/// Makes a plan, step by step.
#[derive(Debug)]
pub struct Planner {
    input: Input,
    index: Index,
    readings: Readings,
    schemas: Schemas,
    decisions: Decisions,
    /// What the server refuses now, by position: it is decided when nothing else can be.
    postponed: Vec<(usize, Postponed)>,
    /// What must be predicted, by its position, with the object as it will be sent.
    predictions: BTreeMap<usize, (Value, PredictionReason)>,
    /// The questions without an answer, in the order in which they are answered.
    pending: VecDeque<PendingQuestion>,
    /// The plan, while it is asked what else is deleted.
    cascade: Option<PendingCascade>,
    notes: Vec<String>,
    lineage_obstacle: Option<LineageObstacle>,
    closing: Closing,
}

impl Planner {
    /// A planner that has asked nothing yet; [`advance`](Self::advance) it first.
    pub fn new(input: Input) -> Self {
        Self {
            index: Index::new(&input),
            readings: Readings::default(),
            schemas: Schemas::default(),
            predictions: BTreeMap::new(),
            decisions: Decisions::default(),
            postponed: Vec::new(),
            pending: VecDeque::new(),
            cascade: None,
            notes: input.notes.clone(),
            lineage_obstacle: None,
            closing: Closing::default(),
            input,
        }
    }

    /// Takes the answer to the first question that has none yet, and decides what follows from it. So this
    /// work is done while the server works on the other answers.
    pub fn take(&mut self, answer: Answer) {
        if let Some(cascade) = &mut self.cascade {
            cascade.take(answer);
        } else if let Some(question) = self.pending.pop_front() {
            self.take_in(question, answer);
        }
    }

    /// Asks further, or is done. All questions of the last step must have been answered.
    pub fn advance(&mut self) -> Step {
        if let Some(cascade) = self.cascade.take() {
            return Step::Done(cascade.into_plan());
        }
        if self.pending.is_empty() && self.readings.is_empty() {
            let questions = self.first_questions();
            if !questions.is_empty() {
                return Step::Ask(questions);
            }
            self.look_for_lineage();
        }
        let questions = match self.input.mode {
            Mode::Apply => self.decide_all(),
            Mode::Destroy => Vec::new(),
        };
        if !questions.is_empty() {
            return Step::Ask(questions);
        }
        let questions = self.ask_last();
        if questions.is_empty() { self.conclude() } else { Step::Ask(questions) }
    }

    fn overview(&self) -> Overview<'_> {
        Overview::new(&self.input, &self.index, &self.readings, &self.schemas, &self.decisions)
    }
}

/// What is asked first.
impl Planner {
    fn first_questions(&mut self) -> Vec<Question> {
        let (addresses, targets) = first_reading::targets(self.overview());
        let (renamed, predecessors) = first_reading::predecessors(self.overview());
        let all = [
            (PendingQuestion::Read(addresses), targets),
            (PendingQuestion::ReadPredecessors(renamed), predecessors),
        ];
        let asked = all.into_iter().filter(|(_, targets)| !targets.is_empty());
        let (pending, questions): (Vec<_>, Vec<_>) =
            asked.map(|(pending, targets)| (pending, Question::Read(targets))).unzip();
        self.pending.extend(pending);
        questions
    }

    /// Works from the lineage that the objects carry, where there is no state. Nothing is applied before somebody
    /// has named it: another state of this project name may have made them.
    fn look_for_lineage(&mut self) {
        if self.input.serial > 0 {
            if self.input.lineage_adopted {
                let lineage = &self.input.lineage;
                self.notes.push(format!(
                    "`--adopt-lineage {lineage}` has no effect: that is the lineage of the state that is here."
                ));
            }
            return;
        }
        let found = first_reading::lineages_without_state(self.overview());
        let ours = &self.input.lineage;
        if found.contains(ours) {
            if self.input.lineage_adopted {
                self.notes.push(note_without_state(ours));
            }
        } else if self.input.lineage_adopted {
            let named = ours.clone();
            self.lineage_obstacle = Some(LineageObstacle::NotFound { named, found });
        } else if let Some(lineage) = found.first().cloned() {
            self.notes.push(format!(
                "{} To apply it, agree to take over what that state made: `--adopt-lineage {lineage}`.",
                note_without_state(&lineage)
            ));
            self.lineage_obstacle = Some(LineageObstacle::NotAdopted { found });
            self.input.lineage = lineage;
        }
    }
}

fn is_same_kind(a: &Target, b: &Target) -> bool {
    a.version == b.version && a.identity.group_kind() == b.identity.group_kind()
}

fn note_without_state(lineage: &str) -> String {
    format!(
        "There is no state here, so this plan works from the annotations of what the configuration names (lineage \
         {lineage}). What left the configuration since is not seen, and not deleted."
    )
}

/// What is decided, and recorded.
impl Planner {
    fn take_in(&mut self, question: PendingQuestion, answer: Answer) {
        match (question, answer) {
            (PendingQuestion::Read(addresses), Answer::Read(readings)) => {
                let is_first = self.readings.is_empty();
                self.readings.take(addresses, readings);
                if is_first {
                    self.look_for_lineage();
                }
            }
            (PendingQuestion::ReadPredecessors(addresses), Answer::Read(readings)) => {
                self.readings.take_predecessors(addresses, readings);
            }
            (PendingQuestion::Served(targets), Answer::Served(answers)) => {
                self.readings.take_served(&targets, answers);
            }
            (PendingQuestion::Preview { position, sent }, Answer::Preview(result)) => {
                let situation = self.overview().situation(position);
                if let Some(ruling) = situation.map(|situation| answer::ruling(situation, sent, result)) {
                    self.record(position, ruling);
                }
            }
            (PendingQuestion::PreviewWhole { position, sent, takes }, Answer::Preview(result)) => {
                let situation = self.overview().situation(position);
                if let Some(ruling) = situation.map(|situation| trial::ruling(situation, sent, takes, result))
                {
                    self.record(position, ruling);
                }
            }
            (PendingQuestion::Schema(target), Answer::Schema(schema)) => self.take_schema(&target, schema),
            (PendingQuestion::Last(question), answer) => {
                let mut closing = std::mem::take(&mut self.closing);
                let fits = closing.take(self.overview(), question, answer);
                self.closing = closing;
                if !fits {
                    self.note_misfit();
                }
            }
            (_, _) => self.note_misfit(),
        }
    }

    /// The note says no more: what is sent may hold secrets.
    fn note_misfit(&mut self) {
        self.notes.push("An answer did not fit its question, so this plan may lack something. This is a mistake in regplan: please report it.".to_owned());
    }

    /// Decides what can be decided, and asks for more. Where there is nothing to ask, it is decided what is postponed,
    /// until nothing more follows from that.
    fn decide_all(&mut self) -> Vec<Question> {
        loop {
            let questions = self.decide_what_can_be();
            if !questions.is_empty() || self.postponed.is_empty() {
                return questions;
            }
            let postponed: Vec<usize> = self.postponed.iter().map(|(position, _)| *position).collect();
            let schemas: Vec<Question> =
                postponed.into_iter().filter_map(|position| self.ask_for_schema(position)).collect();
            if !schemas.is_empty() {
                return schemas;
            }
            self.decide_postponed();
        }
    }

    /// Decides at least one of what is postponed: what other changes cure, or else all of it.
    fn decide_postponed(&mut self) {
        let (removed, _) = removals(self.overview());
        let cured = postponed::cured(self.overview(), &self.postponed, &removed);
        if cured.is_empty() {
            for (position, one) in std::mem::take(&mut self.postponed) {
                self.refuse(position, postponed::obstacle(one, &removed));
            }
        }
        for (position, ruling) in cured {
            self.postponed.retain(|(at, _)| *at != position);
            self.record(position, ruling);
        }
    }

    /// Decides what needs no answer, and asks for everything that waits for nothing else.
    fn decide_what_can_be(&mut self) -> Vec<Question> {
        let mut questions = Vec::new();
        let mut outdated = Vec::new();
        let mut unknown_kinds = BTreeMap::new();
        for position in 0..self.input.desired.len() {
            let Some(situation) = self.overview().situation(position) else { continue };
            let is_postponed = self.postponed.iter().any(|(at, _)| *at == position);
            if situation.is_settled() || is_postponed || !situation.is_ready() {
                continue;
            }
            if let Some((sent, reason)) = self.predictions.get(&position) {
                questions.extend(self.predict(position, sent.clone(), reason.clone()));
                continue;
            }
            if situation.is_outdated() {
                outdated.push(position);
                continue;
            }
            match reading::next_step(situation) {
                Some(NextStep::Ruling(Ruling::Predict { sent, reason })) => {
                    questions.extend(self.predict(position, sent, reason));
                }
                Some(NextStep::Ruling(ruling)) => self.record(position, ruling),
                Some(NextStep::Preview { write, sent }) => {
                    self.pending.push_back(PendingQuestion::Preview { position, sent });
                    questions.push(Question::Preview(write));
                }
                Some(NextStep::AskWhetherServed) => {
                    let target = situation.desired().target();
                    let kind = (target.identity.group_kind(), target.version.clone());
                    unknown_kinds.entry(kind).or_insert(target);
                }
                None => {}
            }
        }
        questions.extend(self.ask_whether_served(unknown_kinds.into_values().collect()));
        questions.extend(self.read_again(&outdated));
        questions
    }

    /// Predicts a change, or lets it be tried as a whole; where the schema of its kind helps with that and is not known
    /// yet, it is asked for first.
    fn predict(&mut self, position: usize, sent: Value, reason: PredictionReason) -> Option<Question> {
        let situation = self.overview().situation(position)?;
        if self.lacks_schema(situation) {
            self.predictions.insert(position, (sent, reason));
            return self.ask_for_schema(position);
        }
        let whole = match &reason {
            PredictionReason::TakenFirst { fields } => {
                trial::whole(situation, &sent, fields).zip(Some(fields.clone()))
            }
            _ => None,
        };
        if let Some((whole, takes)) = whole {
            self.predictions.remove(&position);
            self.pending.push_back(PendingQuestion::PreviewWhole { position, sent, takes });
            return Some(Question::PreviewWhole(Box::new(whole)));
        }
        let ruling = prediction::ruling(situation, sent, reason);
        self.predictions.remove(&position);
        self.record(position, ruling);
        None
    }

    /// Whether the schema of its kind would help with a prediction, and is not known yet.
    fn lacks_schema(&self, situation: Situation<'_>) -> bool {
        !self.schemas.is_known(&situation.desired().target()) && prediction::takes_a_schema(situation)
    }

    /// Asks for the schema of a kind, where it is lacking and was not asked for.
    fn ask_for_schema(&mut self, position: usize) -> Option<Question> {
        let situation =
            self.overview().situation(position).filter(|situation| self.lacks_schema(*situation))?;
        let target = situation.desired().target();
        let is_asked = |pending: &PendingQuestion| matches!(pending, PendingQuestion::Schema(asked) if is_same_kind(asked, &target));
        if self.pending.iter().any(is_asked) {
            return None;
        }
        self.pending.push_back(PendingQuestion::Schema(target.clone()));
        Some(Question::Schema(target))
    }

    /// Takes in a schema. Without one, a prediction may name fields that only look different.
    fn take_schema(&mut self, target: &Target, schema: Result<Option<ObjectSchema>, Problem>) {
        let schema = schema.unwrap_or_else(|problem| {
            self.notes.push(format!(
                "The server did not tell which fields a {} has ({problem}). So what is predicted may name fields that \
                 only look different.",
                target.identity.kind
            ));
            None
        });
        self.schemas.take(target, schema);
    }

    /// Asks about kinds, each with one object of it.
    fn ask_whether_served(&mut self, kinds: Vec<Target>) -> Option<Question> {
        if kinds.is_empty() {
            return None;
        }
        self.pending.push_back(PendingQuestion::Served(kinds.clone()));
        Some(Question::Served(kinds))
    }

    fn read_again(&mut self, outdated: &[usize]) -> Option<Question> {
        if outdated.is_empty() {
            return None;
        }
        let desired = outdated.iter().filter_map(|position| self.input.desired.get(*position));
        let (addresses, targets) = desired.map(|desired| (desired.address.clone(), desired.target())).unzip();
        self.pending.push_back(PendingQuestion::Read(addresses));
        Some(Question::ReadAgain(targets))
    }

    fn record(&mut self, position: usize, ruling: Ruling) {
        match ruling {
            Ruling::Decided { change, outcome } => {
                let outcome = outcome.filter(|_| self.index.is_source(position));
                self.decisions.record(position, *change, outcome);
            }
            Ruling::Refused(obstacle) => self.refuse(position, obstacle),
            Ruling::Postponed(one) => self.postponed.push((position, *one)),
            Ruling::Predict { sent, reason } => drop(self.predictions.insert(position, (sent, reason))),
            Ruling::ReadAgain => {
                if let Some(desired) = self.input.desired.get(position) {
                    self.readings.drop_outdated(&desired.address);
                }
            }
        }
    }

    fn refuse(&mut self, position: usize, obstacle: Obstacle) {
        let Some(desired) = self.input.desired.get(position) else { return };
        let refusal = Refusal { address: desired.address.clone(), target: desired.target(), obstacle };
        self.decisions.refuse(position, refusal);
    }
}

/// How it ends.
impl Planner {
    /// The plan; where it deletes what holds others, it is asked first what is deleted with it.
    fn conclude(&mut self) -> Step {
        if self.input.mode == Mode::Apply {
            self.refuse_undecided();
        }
        let (cascade, questions) = PendingCascade::new(Box::new(self.plan()));
        if questions.is_empty() {
            return Step::Done(cascade.into_plan());
        }
        self.cascade = Some(cascade);
        Step::Ask(questions)
    }

    fn refuse_undecided(&mut self) {
        for position in 0..self.input.desired.len() {
            if self.overview().situation(position).is_none_or(Situation::is_settled) {
                continue;
            }
            let message = "it could not be planned: it waits for something that waits for it";
            let problem = Problem::new(ProblemKind::Other, message)
                .help("please report this together with `regplan graph`");
            self.refuse(position, problem.into());
        }
    }

    /// Asks what is asked when everything is decided, once.
    fn ask_last(&mut self) -> Vec<Question> {
        let mut closing = std::mem::take(&mut self.closing);
        let asked = closing.ask(self.overview());
        self.closing = closing;
        let (pending, questions): (Vec<_>, Vec<_>) =
            asked.into_iter().map(|(last, question)| (PendingQuestion::Last(last), question)).unzip();
        self.pending.extend(pending);
        questions
    }

    fn plan(&mut self) -> Plan {
        let (removed, unreadable) = removals(self.overview());
        let (mut changes, mut refusals) = std::mem::take(&mut self.decisions).into_parts();
        changes.extend(removed);
        let Farewells { mut changes, leaving, notes } = with_farewells(self.overview(), changes);
        self.notes.extend(notes);
        for change in &mut changes {
            change.sum_up_schemas();
        }
        let (notes, unknown) = std::mem::take(&mut self.closing).tell(self.overview(), &mut changes);
        self.notes.extend(notes);
        refusals.extend(unreadable);
        ways_in::close_first(&mut changes, &self.input.known);
        refusals.extend(order::settle(&mut changes));
        self.notes.extend(strangers::notes(self.overview()));
        self.notes.extend(taken_back::note(&self.input, &changes));
        self.notes.extend(unused_consents(&self.input, &changes, &refusals));
        Plan {
            project: self.input.project.clone(),
            lineage: self.input.lineage.clone(),
            serial: self.input.serial,
            mode: self.input.mode,
            revision: self.input.revision,
            cluster: self.input.cluster.clone(),
            changes,
            leaving,
            refusals,
            notes: std::mem::take(&mut self.notes),
            targets: self.input.targets.clone(),
            left_out: self.input.left_out.addresses().into_iter().collect(),
            lineage_obstacle: self.lineage_obstacle.take(),
            unknown,
            freshness: Freshness::default(),
            briefing: Briefing::default(),
            // It is known once the plan is complete.
            digest: String::new(),
        }
    }
}
