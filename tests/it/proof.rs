//! What a plan proves to be unchanged is unchanged: an apply of it changes nothing on the server, for random objects
//! that other managers have changed at random.

mod objects;
mod other_managers;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use regplan::config::Moves;
use regplan::kubernetes::atomic;
use regplan::plan::{
    self, Change, Consent, Fidelity, Input, Known, LeftOut, Mode, Plan, Planner, Proof, Reach,
};
use regplan::provider::kubernetes::{Environment, Kubernetes, Settings};
use regplan::provider::{Guard, Provider as _, Router, Write};
use regplan::resource::{Address, Applied, Desired, Live, ProblemKind, Target, Timeouts};
use serde_json::Value;

use self::other_managers::OtherManagers;
use crate::harness::{Namespace, block_on};

tests! {
    what_is_proved_unchanged_is_left_as_it_is_by_a_real_apply,
    the_fields_that_are_owned_as_a_whole_are_those_of_the_servers_schema,
}

const PROJECT: &str = "p";
/// The seed of the random objects. `REGPLAN_PROOF_SEED` is another one.
const SEED: u64 = 4;
const ROUNDS: usize = 4;
const OBJECTS: usize = 48;
/// How often the rest of a round is tried again, because a controller changed an object in between.
const ATTEMPTS: usize = 20;

/// One object: what is desired, and the record of the apply that created it.
struct Case {
    desired: Desired,
    uid: String,
    applied: Applied,
    /// What other managers did to it since, for the message of a failure.
    edits: Vec<String>,
}

fn what_is_proved_unchanged_is_left_as_it_is_by_a_real_apply() {
    let ns = Namespace::new();
    objects::define(&ns);
    let seed = std::env::var("REGPLAN_PROOF_SEED").map_or(SEED, |text| text.parse().unwrap());
    let mut rng = StdRng::seed_from_u64(seed);
    let settings = Settings {
        kubeconfig: Some(ns.cluster().kubeconfig().to_owned()),
        ..Settings::new(Environment::from_iter([]))
    };
    block_on(async {
        let provider = Router::new(Arc::new(Kubernetes::connect(&settings).await.unwrap()));
        let mut proofs: BTreeMap<(String, &str), usize> = BTreeMap::new();
        for round in 0..ROUNDS {
            let wanted: Vec<Desired> = (0..OBJECTS)
                .map(|index| objects::desired(&mut rng, &ns, &format!("r{round}-{index}")))
                .collect();
            let made = join_all(wanted.into_iter().map(|desired| make(&provider, desired))).await;
            let mut cases: Vec<Case> = made.into_iter().flatten().collect();
            assert!(cases.len() > OBJECTS / 2, "most of what the generator makes is valid");
            let mut other_managers: Vec<OtherManagers> =
                cases.iter().map(|_| OtherManagers::new(&ns, rng.random())).collect();
            let work = cases.iter_mut().zip(&mut other_managers);
            join_all(work.map(|(case, other_managers)| async {
                case.edits = other_managers.edit(&case.desired, PROJECT).await;
            }))
            .await;
            the_next_second().await;
            for with_records in [true, false] {
                let found = check(&provider, &cases, with_records, seed).await;
                for (kind, proof) in found {
                    *proofs.entry((kind, proof)).or_default() += 1;
                }
            }
        }
        // Without this, a planner that proves nothing would pass.
        let count = |proof: &str| -> BTreeMap<&str, usize> {
            let found = proofs.iter().filter(|((_, by), _)| *by == proof);
            found.map(|((kind, _), count)| (kind.as_str(), *count)).collect()
        };
        let (by_record, by_ownership) = (count("record"), count("ownership"));
        assert_eq!(by_record.len(), objects::KINDS.len(), "by record (seed {seed}): {by_record:?}");
        assert!(
            by_ownership.values().sum::<usize>() > OBJECTS / 2,
            "by ownership (seed {seed}): {by_ownership:?}"
        );
    });
}

/// Waits for the next second. The times in `managedFields` have a resolution of one second, so an apply that
/// only writes a new time would not be seen within the same second.
async fn the_next_second() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let then = now();
    while now() == then {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The first apply. An object that the server refuses is left out.
async fn make(provider: &Router, desired: Desired) -> Option<Case> {
    let plan = planned(provider, input(vec![desired.clone()], BTreeMap::new())).await;
    let sent = plan.changes.first()?.send.clone()?;
    let written = provider.write(&write(desired.target(), sent.clone(), Guard::Absent)).await.ok()?;
    let applied = plan::record(PROJECT, &desired, &sent, &written.live);
    Some(Case { desired, uid: written.live.stamp.uid, applied, edits: Vec::new() })
}

fn write(target: Target, object: Value, guard: Guard) -> Write {
    Write { target, object, guard, manager: regplan::kubernetes::field_manager(PROJECT) }
}

/// Plans all cases, and applies those that the plan proves to be unchanged.
async fn check(
    provider: &Router,
    cases: &[Case],
    with_records: bool,
    seed: u64,
) -> Vec<(String, &'static str)> {
    let mut left: Vec<&Case> = cases.iter().collect();
    let mut proved = Vec::new();
    for _ in 0..ATTEMPTS {
        let known =
            left.iter().map(|case| (case.desired.address.clone(), known(case, with_records))).collect();
        let wanted = left.iter().map(|case| case.desired.clone()).collect();
        let plan = planned(provider, input(wanted, known)).await;
        let changes: HashMap<Address, Change> =
            plan.changes.into_iter().map(|change| (change.address.clone(), change)).collect();
        let tries = left.iter().filter_map(|case| {
            let change = changes.get(&case.desired.address)?;
            let Fidelity::Proved(proof) = change.fidelity else { return None };
            Some(async move { (*case, proof, change, again(provider, change).await) })
        });
        let mut moved = Vec::new();
        for (case, proof, change, after) in join_all(tries).await {
            let Some(after) = after else {
                moved.push(case);
                continue;
            };
            let (prior, sent) = (change.prior.as_ref().unwrap(), change.send.as_ref().unwrap());
            assert!(
                after.stamp == prior.stamp,
                "{} was proved by {proof:?} and changed (seed {seed})\nsent: {sent}\nbefore: {}\n{:?}\n\
                 after: {}\n{:?}\nby other managers:\n{}",
                case.desired.identity,
                prior.object,
                prior.ownership,
                after.object,
                after.ownership,
                case.edits.join("\n"),
            );
            let name = match proof {
                Proof::Record => "record",
                Proof::Ownership => "ownership",
            };
            proved.push((case.desired.identity.kind.clone(), name));
        }
        left = moved;
        if left.is_empty() {
            return proved;
        }
    }
    panic!("{} objects are moved all the time (seed {seed})", left.len());
}

/// The object after a real apply; `None` where it has changed since it was read.
async fn again(provider: &Router, change: &Change) -> Option<Live> {
    let guard = Guard::At(change.stamp()?.clone());
    match provider.write(&write(change.target.clone(), change.send.clone()?, guard)).await {
        Ok(written) => Some(written.live),
        Err(problem) if problem.kind == ProblemKind::Conflict => None,
        Err(problem) => panic!("what was proved was refused: {problem}"),
    }
}

fn known(case: &Case, with_record: bool) -> Known {
    Known {
        target: case.desired.target(),
        uid: case.uid.clone(),
        dependencies: Vec::new(),
        protect: false,
        timeouts: Timeouts::default(),
        applied: with_record.then(|| Arc::new(case.applied.clone())),
        ready: None,
        awaited_since: None,
        completed: None,
        random_of: None,
        hook: None,
        leftover: None,
        leaves_for: None,
        doubted: false,
        taken_over: false,
    }
}

fn input(desired: Vec<Desired>, known: BTreeMap<Address, Known>) -> Input {
    Input {
        project: PROJECT.to_owned(),
        lineage: "l".to_owned(),
        lineage_adopted: false,
        serial: 1,
        state_key: "path",
        cluster: regplan::resource::ClusterIdentity { uid: None, server: String::new(), ca_digest: None },
        mode: Mode::Apply,
        desired: desired.into_iter().map(Arc::new).collect(),
        dependencies: HashMap::new(),
        known,
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

async fn planned(provider: &Router, input: Input) -> Plan {
    regplan::engine::run_planner(Planner::new(input), provider, 16).await.unwrap()
}

/// A field name in the tables is atomic in all kinds of the server that have it.
fn the_fields_that_are_owned_as_a_whole_are_those_of_the_servers_schema() {
    let ns = Namespace::absent();
    let (_, index) = ns.cluster().request("GET", "/openapi/v3", None);
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut wrong = Vec::new();
    for (path, document) in index["paths"].as_object().unwrap() {
        let group = match path.split('/').collect::<Vec<_>>().as_slice() {
            ["api", _] => String::new(),
            ["apis", group, _] => (*group).to_owned(),
            _ => continue,
        };
        if !regplan::resource::is_builtin_group(&group) {
            continue;
        }
        let (_, api) = ns.cluster().request("GET", document["serverRelativeURL"].as_str().unwrap(), None);
        let schemas = &api["components"]["schemas"];
        for (schema, definition) in schemas.as_object().unwrap() {
            for (name, property) in definition["properties"].as_object().into_iter().flatten() {
                let Some(is_atomic) = is_atomic(schemas, name, property) else { continue };
                *seen.entry(name.clone()).or_default() += 1;
                if !is_atomic {
                    wrong.push(format!("{schema}.{name}"));
                }
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "these are not owned as a whole: {wrong:#?}");
    for name in atomic::MAPS.iter().chain(atomic::LISTS) {
        assert!(seen.contains_key(*name), "no kind has the field `{name}`");
    }
}

/// Whether a field that a table names is atomic; `None` for other fields, and for fields that are not of the
/// table's type.
fn is_atomic(schemas: &Value, name: &str, property: &Value) -> Option<bool> {
    let reference = property["allOf"][0]["$ref"].as_str().or_else(|| property["$ref"].as_str());
    let referred = reference.and_then(|path| schemas.get(path.rsplit('/').next()?));
    let fact = |key: &str| {
        let own = property.get(key);
        own.or_else(|| referred.and_then(|schema| schema.get(key))).and_then(Value::as_str)
    };
    match fact("type") {
        Some("array") if atomic::LISTS.contains(&name) => {
            Some(fact("x-kubernetes-list-type").is_none_or(|sort| sort == "atomic"))
        }
        Some("object") if atomic::MAPS.contains(&name) => {
            Some(fact("x-kubernetes-map-type") == Some("atomic"))
        }
        _ => None,
    }
}
