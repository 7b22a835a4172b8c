//! A cluster of plain data that answers the planner, and what plans are made from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::config::Moves;
use crate::diagnostic::Diagnostics;
use crate::graph::Graph;
use crate::kubernetes::certifier::CertifierLack;
use crate::kubernetes::marks::{ADDRESS, LINEAGE, PROJECT};
use crate::kubernetes::openapi::ObjectSchema;
use crate::plan::diff::overlay::overlay;
use crate::plan::{
    Action, Answer, Consent, Input, Known, LeftOut, Mode, Obstacle, Plan, Planner, Question, Reach, Refusal,
    Step,
};
use crate::provider::{CascadeScope, Dependents, Guard, Marked, Whole, Write, Written};
use crate::resource::{
    Address, ClusterIdentity, Desired, GroupKind, Identity, Live, Ownership, Problem, ProblemKind, Reading,
    Stamp, Target,
};

/// What is there, what a write meets, and what was asked.
#[derive(Default)]
pub(super) struct World {
    pub(super) objects: HashMap<Identity, Live>,
    /// Objects that give no answer.
    pub(super) unreadable: Vec<Identity>,
    /// Objects that we have no right to read.
    pub(super) forbidden: Vec<Identity>,
    /// What dry-runs of these objects fail with.
    pub(super) problems: HashMap<Identity, Problem>,
    /// The dry-runs that were asked for.
    pub(super) previews: Vec<Write>,
    /// The cascades that were asked about.
    pub(super) scopes: Vec<CascadeScope>,
    /// What is deleted with whatever is asked about.
    pub(super) dependents: Dependents,
    /// What carries our annotations, wherever it is looked for.
    pub(super) marked: Vec<Marked>,
    /// What the server publishes of its kinds, as one document.
    pub(super) schemas: Option<Arc<Value>>,
    /// The kinds whose schema was asked for.
    pub(super) schemas_asked: Vec<GroupKind>,
    /// Kinds that are not served.
    pub(super) unserved: Vec<&'static str>,
    /// The kinds of which it was asked whether they are served.
    pub(super) kinds_asked: Vec<String>,
    /// What objects lack to be ready.
    pub(super) lacks: HashMap<Identity, String>,
    /// The namespaces whose pods we have no right to ask.
    pub(super) unasked: Vec<String>,
    /// What cert-manager lacks, by namespace.
    pub(super) certifier: BTreeMap<String, CertifierLack>,
    /// Whether a write leaves nothing of what was there.
    pub(super) replacing: bool,
}

impl World {
    /// The same world with this object in it.
    pub(super) fn with(mut self, object: Value) -> Self {
        let identity = Identity::of(&object).unwrap();
        let stamp = Stamp { uid: format!("uid-{}", identity.name), version: "1".into() };
        self.objects.insert(identity, Live { object, stamp, ownership: Ownership::default() });
        self
    }

    /// The same world, in which writes of this object fail.
    pub(super) fn refusing(mut self, object: &Value, problem: Problem) -> Self {
        self.problems.insert(Identity::of(object).unwrap(), problem);
        self
    }

    fn read(&self, target: &Target) -> Reading {
        if self.forbidden.contains(&target.identity) {
            return Reading::Unreadable(Problem::new(ProblemKind::Forbidden, "no right"));
        }
        if self.unreadable.contains(&target.identity) {
            return Reading::Unreadable(Problem::new(ProblemKind::Unreachable, "no answer"));
        }
        self.objects
            .get(&target.identity)
            .cloned()
            .map_or(Reading::Absent, |live| Reading::Present(Arc::new(live)))
    }

    fn served(&mut self, target: &Target) -> Result<(), Problem> {
        self.kinds_asked.push(target.identity.kind.clone());
        let unserved = self.unserved.contains(&target.identity.kind.as_str());
        if unserved { Err(Problem::new(ProblemKind::UnknownKind, "not served")) } else { Ok(()) }
    }

    fn preview(&mut self, write: &Write) -> Result<Written, Problem> {
        self.previews.push(write.clone());
        if let Some(problem) = self.problems.get(&write.target.identity) {
            return Err(problem.clone());
        }
        let live = self.objects.get(&write.target.identity);
        assert_eq!(matches!(write.guard, Guard::Absent), live.is_none(), "the guard fits what is there");
        let object = match live {
            Some(live) if !self.replacing => overlay(&live.object, &write.object),
            _ => write.object.clone(),
        };
        let stamp = Stamp { uid: "dry".into(), version: "dry".into() };
        Ok(Written { live: Live { object, stamp, ownership: Ownership::default() }, warnings: vec![] })
    }

    fn preview_whole(&self, whole: Whole) -> Result<Written, Problem> {
        match self.problems.get(&whole.target.identity) {
            Some(problem) => Err(problem.clone()),
            None => Ok(Written {
                live: Live { object: whole.object, ..Live::clone(&whole.live) },
                warnings: vec![],
            }),
        }
    }

    /// The plan, with all questions answered.
    pub(super) fn plan(&mut self, input: Input) -> Plan {
        let mut planner = Planner::new(input);
        for _ in 0..50 {
            match planner.advance() {
                Step::Done(plan) => return *plan,
                Step::Ask(questions) => {
                    assert!(!questions.is_empty(), "a planner that asks nothing would never end");
                    for question in questions {
                        planner.take(self.answer(question));
                    }
                }
            }
        }
        panic!("the planner does not end");
    }

    fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Read(targets) | Question::ReadAgain(targets) => {
                Answer::Read(targets.iter().map(|target| self.read(target)).collect())
            }
            Question::Served(targets) => {
                Answer::Served(targets.iter().map(|target| self.served(target)).collect())
            }
            Question::Preview(write) => Answer::Preview(self.preview(&write)),
            Question::PreviewWhole(whole) => Answer::Preview(self.preview_whole(*whole)),
            Question::Schema(target) => {
                self.schemas_asked.push(target.identity.group_kind());
                let schema = |document| {
                    ObjectSchema::of(document, &target.identity.group_kind(), target.version.as_deref()?)
                };
                Answer::Schema(Ok(self.schemas.clone().and_then(schema)))
            }
            Question::Lacks(checkups) => {
                let lacks = checkups.iter().map(|checkup| self.lacks.get(&checkup.target.identity).cloned());
                Answer::Lacks(lacks.collect())
            }
            Question::Dependents(scope) => {
                self.scopes.push(scope);
                Answer::Dependents(Ok(self.dependents.clone()))
            }
            Question::BeforeDelete(target) => {
                Answer::BeforeDelete(match self.problems.get(&target.identity) {
                    Some(problem) => Err(problem.clone()),
                    None => Ok(Some("take it away by hand".to_owned())),
                })
            }
            Question::MayAskPods(namespaces) => {
                let may = namespaces.iter().map(|namespace| Ok(!self.unasked.contains(namespace)));
                Answer::MayAskPods(may.collect())
            }
            Question::Certifier(namespaces) => {
                let lacks = namespaces.iter().map(|namespace| self.certifier.get(namespace).cloned());
                Answer::Certifier(lacks.collect())
            }
            Question::Marked(_) => Answer::Marked(self.marked.clone()),
        }
    }
}

/// A namespace.
pub(super) fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// A volume claim in the namespace `a`.
pub(super) fn claim(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "a"}})
}

/// A map in the namespace `a`.
#[expect(clippy::needless_pass_by_value, reason = "every caller makes its value here")]
pub(super) fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "a"}, "data": data})
}

/// The object with our marks.
pub(super) fn marked(mut object: Value, address: &str) -> Value {
    object["metadata"]["annotations"] = json!({PROJECT: "p", LINEAGE: "l", ADDRESS: address});
    object
}

/// A resource of this name that is desired.
pub(super) fn desired(name: &str, object: Value) -> Desired {
    Desired::new(Address::block("resource", name), object).unwrap()
}

/// A plan of these resources, with a state that knows nothing.
pub(super) fn input(desired: Vec<Desired>) -> Input {
    Input {
        project: "p".into(),
        lineage: "l".into(),
        lineage_adopted: false,
        serial: 1,
        state_key: "path",
        cluster: ClusterIdentity { uid: Some("c".into()), server: "https://c".into(), ca_digest: None },
        mode: Mode::Apply,
        desired: desired.into_iter().map(Arc::new).collect(),
        dependencies: HashMap::new(),
        known: BTreeMap::new(),
        consent: Consent::default(),
        imports: BTreeSet::new(),
        reach: Reach::default(),
        targets: Vec::new(),
        hook_order: BTreeMap::new(),
        farewells: Vec::new(),
        leaving: BTreeMap::new(),
        replace: BTreeSet::new(),
        moves: Moves::default(),
        left_out: LeftOut::default(),
        moved: BTreeMap::new(),
        revision: None,
        barred: BTreeMap::new(),
        applied_then: BTreeSet::new(),
        used_consents: BTreeSet::new(),
        notes: Vec::new(),
    }
}

/// The same input, which knows this object.
pub(super) fn with_known(mut input: Input, address: &Address, object: &Value) -> Input {
    let target = Target::of(object).unwrap();
    let uid = format!("uid-{}", target.identity.name);
    input.known.insert(address.clone(), Known { uid, ..Known::of(target) });
    input
}

/// What a server says of a field that cannot change.
pub(super) fn immutable(path: &str) -> Problem {
    let mut problem = Problem::new(ProblemKind::Rejected, "Job \"j\" is invalid");
    problem.causes = vec![(path.parse().ok(), "FieldValueInvalid".into(), "field is immutable".into())];
    problem
}

/// What went wrong, where that is what stands against it.
pub(super) fn problem(refusal: &Refusal) -> &Problem {
    match &refusal.obstacle {
        Obstacle::Problem(problem) => problem,
        obstacle @ Obstacle::Replacement { .. } => panic!("{obstacle:?}"),
    }
}

/// What is done to which resource.
pub(super) fn actions(plan: &Plan) -> Vec<(String, Action)> {
    plan.changes.iter().map(|change| (change.address.to_string(), change.action)).collect()
}

/// The fields that change.
pub(super) fn fields(plan: &Plan) -> Vec<String> {
    plan.changes.iter().flat_map(|change| &change.fields).map(|field| field.path.to_string()).collect()
}

pub(super) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// A map with one key.
pub(super) fn map(name: &str) -> Value {
    config_map(name, json!({"k": "v"}))
}

/// A resource that depends on these.
pub(super) fn depending_on(name: &str, dependencies: &[&str]) -> Desired {
    let mut desired = desired(name, map(name));
    desired.depends_on = dependencies.iter().map(|dependency| (address(dependency), None)).collect();
    desired
}

/// What the input comes to with the graph of its resources.
pub(super) fn settle(mut input: Input) -> Result<Input, Diagnostics> {
    let graph = Graph::build(input.desired.iter().map(|desired| (**desired).clone()).collect()).unwrap();
    let dependencies = |desired: &Arc<Desired>| {
        let dependencies = graph.dependencies_of(&desired.address).into_iter().cloned().collect();
        (desired.address.clone(), dependencies)
    };
    input.dependencies = input.desired.iter().map(dependencies).collect();
    input.settle(&graph)
}

/// The same input, which knows these maps.
pub(super) fn with_known_maps(input: Input, names: &[&str]) -> Input {
    names.iter().fold(input, |input, name| with_known(input, &Address::block("resource", *name), &map(name)))
}

/// A world with these maps, which are ours.
pub(super) fn world_of(names: &[&str]) -> World {
    names
        .iter()
        .fold(World::default(), |world, name| world.with(marked(map(name), &format!("resource.{name}"))))
}

/// The same input, limited to these targets.
pub(super) fn targeting(mut input: Input, targets: &[&str]) -> Input {
    input.targets = targets.iter().map(|target| address(target)).collect();
    input
}
